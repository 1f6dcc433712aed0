//! Hands 64 MiB to the host in one call.

use kamld_programs::{Outcome, answer, program, tasks::Task, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    let title = "x".repeat(64 << 20);
    let task = Task::start(&title, None, "steps")?;
    task.finish("");
    answer("true")
}

program!(run, ["program", "hand-over"]);
