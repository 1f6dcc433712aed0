//! `kamld`: the only place that chooses a back end.
//!
//! Reading order: `local` (what needs no server), `up` (the composition root); the command line is in the library.

mod backup;
mod local;
mod up;

use std::process::ExitCode;

/// Bounds the memory of worker processes; in the server it costs nothing.
#[global_allocator]
static METER: kamld_worker::Meter = kamld_worker::Meter;

fn main() -> ExitCode {
    kamld::cli::main(&local::Host)
}
