//! Leaves through the door for processes.

use kamld_programs::{Outcome, program, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    std::process::exit(3);
}

program!(run, ["program", "exit"]);
