//! Panics, with words that a person should get to see.

use kamld_programs::{Outcome, answer, program, types::Error};

fn run(name: &[String]) -> Result<Outcome, Error> {
    if name[1] == "fine" {
        return answer("true");
    }
    panic!("the seventh seal is broken");
}

program!(run, ["program", "trap"], ["program", "fine"]);
