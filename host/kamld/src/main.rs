//! `kamld`: the command line, the configuration, and the only place that chooses a back end.
//!
//! Reading order: `cli` (everything over HTTP), `local` (what needs no server), `config`, `workshop` and `template`
//! (building plug-ins), `up` (the composition root).

mod cli;
mod config;
mod local;
mod template;
mod up;
mod workshop;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(&local::Host)
}
