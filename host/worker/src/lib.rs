//! Worker processes: where the host does what a stranger's text or file asks for.
//!
//! A query, a file format or a component can make a library allocate, loop or recurse without end, and a thread cannot be
//! killed. A process can: its memory is bounded by its own allocator, its time by whoever started it, and all that it held
//! is given back when it ends.
//!
//! In reading order: `meter` (the bound on memory), `confine` (the limits that the system keeps), `frame` (messages),
//! `launch` (starting one and talking with it), `ending` (why one ended).
//!
//! Must not live here: what a worker does. Invariant: a worker ends with the process that started it.

pub mod confine;
pub mod ending;
pub mod frame;
pub mod launch;
pub mod meter;

pub use confine::Confines;
pub use ending::Ending;
pub use frame::Frame;
pub use launch::{Launch, Process};
pub use meter::Meter;
