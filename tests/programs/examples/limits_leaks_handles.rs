//! Opens handles at the host and keeps every one of them.

use kamld_programs::{Outcome, answer, program, tasks::Task, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    let mut kept = Vec::new();
    for count in 0..1_000_000 {
        kept.push(Task::start(&format!("task {count}"), None, "steps")?);
    }
    answer(kept.len().to_string())
}

program!(run, ["program", "leak"]);
