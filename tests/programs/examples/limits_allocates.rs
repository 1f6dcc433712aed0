//! Takes memory until there is none, and touches all of it.

use kamld_programs::{Outcome, program, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1; 4 << 20]));
    }
}

program!(run, ["program", "allocate"]);
