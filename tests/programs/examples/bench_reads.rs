//! Reads an object through the contract in 1 MiB steps and answers how many bytes there were: for `tests/bench`.

use kamld_programs::{Outcome, answer, objects, program, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    let reader = objects::open("bench", "reads", None, "large.bin")?;
    let mut at = 0;
    loop {
        let bytes = reader.read_at(at, 1 << 20)?;
        if bytes.is_empty() {
            return answer(at.to_string());
        }
        at += bytes.len() as u64;
    }
}

program!(run, ["program", "read"]);
