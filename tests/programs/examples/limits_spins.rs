//! Spins and never asks the host for anything: only the CPU budget ends it.

use kamld_programs::{Outcome, program, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    let mut turns = 0u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

program!(run, ["program", "spin"]);
