//! Waits without using the processor: only the wall clock of the host ends it.

use kamld_programs::{Outcome, answer, program, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    std::thread::sleep(std::time::Duration::from_secs(1_000_000));
    answer("true")
}

program!(run, ["program", "wait"]);
