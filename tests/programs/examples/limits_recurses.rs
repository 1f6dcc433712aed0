//! Calls itself without end.

use kamld_programs::{Outcome, answer, program, types::Error};

/// The way back to itself goes through a value, so that no compiler turns it into a loop or a warning.
struct Deeper(fn(&Deeper, u64) -> u64);

fn deeper(next: &Deeper, level: u64) -> u64 {
    let frame = std::hint::black_box([level; 16]);
    (next.0)(next, level + 1) + frame[(level % 16) as usize]
}

fn run(_: &[String]) -> Result<Outcome, Error> {
    let next = std::hint::black_box(Deeper(deeper));
    answer(deeper(&next, 0).to_string())
}

program!(run, ["program", "recurse"]);
