//! Writes 100,000 lines, the first of them of 1 MiB, then answers.

use kamld_programs::{Outcome, answer, program, types::Error};

fn run(_: &[String]) -> Result<Outcome, Error> {
    println!("{}", "x".repeat(1 << 20));
    for line in 1..100_000 {
        println!("line {line}");
    }
    answer("100000")
}

program!(run, ["program", "flood"]);
