//! Asks the host for 4 GB in one call.

use kamld_programs::{Outcome, answer, program, random, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    answer(random::get_random_bytes(4 << 30).len().to_string())
}

program!(run, ["program", "ask"]);
