//! Answers small questions: who calls, whether this is the first call of the instance, what a task is told.

use kamld_programs::{Outcome, answer, context, features, kv, previews, program, tasks::Task, types::Error};
use std::sync::atomic::{AtomicU64, Ordering};

/// State of the instance: it must never be seen to grow.
static CALLS: AtomicU64 = AtomicU64::new(0);

fn run(name: &[String]) -> Result<Outcome, Error> {
    match name[1].as_str() {
        "count" => answer((CALLS.fetch_add(1, Ordering::Relaxed) + 1).to_string()),
        "who" => {
            let call = context::current();
            answer(format!("[{:?}, {:?}, {:?}, {:?}]", call.person, call.plugin, call.trace_id, call.locale))
        }
        "features" => answer(format!(
            "[{}, {}, {}]",
            features::has("kamld:metadata/kv@0.1.0"),
            features::has("kamld:metadata/kv@0.1.9"),
            features::has("kamld:weather/rain@9.0.0")
        )),
        // Reports progress until the person stops it: the host's answer is a value, and is handed on.
        "work" => {
            let task = Task::start("counting to infinity", None, "steps")?;
            let mut done = 0;
            loop {
                done += 1;
                task.progress(done)?;
            }
        }
        // A thousand calls of a capability, for their cost.
        "ask" => {
            for _ in 0..1000 {
                kv::get("colour")?;
            }
            answer("1000")
        }
        // Asks the same until it is refused, and hands on in which words.
        "insist" => loop {
            match kv::get("colour") {
                Ok(_) => {}
                Err(Error::Denied(detail)) => return answer(format!("{:?}", detail.message)),
                Err(other) => return Err(other),
            }
        },
        "preview" => match previews::open("birds/strikes/2019.csv", 0, 10) {
            Ok(nodes) => answer(nodes.len().to_string()),
            Err(Error::Denied(detail)) => answer(format!("{:?}", detail.message)),
            Err(other) => Err(other),
        },
        _ => answer("null"),
    }
}

program!(
    run,
    ["program", "count"],
    ["program", "who"],
    ["program", "features"],
    ["program", "work"],
    ["program", "ask"],
    ["program", "insist"],
    ["program", "preview"],
);
