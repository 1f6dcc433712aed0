//! The engine in a process of its own: planning, reading of formats, running, sorting.
//!
//! What a text, a file or a function makes the engine allocate and compute is not bounded by any check that one could
//! write beside it. So none of it happens in the process that serves: a worker has a bound on its memory, is killed when it
//! is out of time or when nobody waits for it, and gives back all that it held.
//!
//! In reading order: `wire` (what the two say to each other), `pool` (workers and what each may have), `talk` (the host's
//! end of one task: it looks up, admits and reads for the worker), `remote` (the same questions at the worker's end),
//! `child` (the worker).
//!
//! Must not live here: how a query is planned. Invariants: the worker opens nothing itself; the host reads an object for
//! it only after admitting it; a worker does one task at a time.

mod child;
mod pool;
mod remote;
mod talk;
mod wire;

pub use child::main;
pub(crate) use pool::Workers;
pub(crate) use remote::Link;
pub(crate) use talk::{Failure, Served, Widen, begin, one};
pub(crate) use wire::{Answer, Found as FoundObjects, Settings, Task};
