//! Takes 100 MiB, touches all of it, and sleeps with it.

use kamld_programs::{Outcome, answer, program, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    let held = std::hint::black_box(vec![1u8; 100 << 20]);
    std::thread::sleep(std::time::Duration::from_secs(1_000_000));
    answer(held.len().to_string())
}

program!(run, ["program", "hold"]);
