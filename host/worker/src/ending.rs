//! Why a worker ended.
//!
//! Must not live here: what a person is told; that depends on what the worker did. Invariant: signals are how the limits
//! of the system are felt, so each that a limit sends has a name here.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

const ABORTED: i32 = 6;
const KILLED: i32 = 9;
const SEGMENT: i32 = 11;
const OUT_OF_TIME: i32 = 24;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Done,
    /// It used more processor time than it may.
    OutOfTime,
    /// An allocation failed: more memory than it may have.
    OutOfMemory,
    /// It recursed deeper than its stack.
    TooDeep,
    /// The system killed it, most likely because the machine has no memory left.
    Killed,
    /// Another signal.
    Signal(i32),
    /// It gave up, with this last line of its words.
    Failed(String),
}

impl Ending {
    /// From how it ended and what it wrote to its standard error.
    pub fn of(status: ExitStatus, said: &str) -> Self {
        match status.signal() {
            Some(OUT_OF_TIME) => Ending::OutOfTime,
            Some(ABORTED | SEGMENT) if said.contains("overflowed its stack") => Ending::TooDeep,
            Some(ABORTED) if said.contains("memory allocation of") => Ending::OutOfMemory,
            Some(KILLED) => Ending::Killed,
            Some(signal) => Ending::Signal(signal),
            None if status.success() => Ending::Done,
            None => {
                let line = said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing");
                Ending::Failed(line.trim_start_matches("error: ").to_owned())
            }
        }
    }
}
