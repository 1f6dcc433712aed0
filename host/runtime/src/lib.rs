//! Runs plug-ins: the engine, its limits, compiled components, instances, and the path of every call.
//!
//! Lives here: everything about WebAssembly but the generated bindings. Must not live here: what a capability does
//! (`kamld-storage`, `kamld-metadata`), where packages come from (`kamld-registry`), how a person asks (`kamld-server`).
//! Invariants: a fresh instance for each call; a call that is cut off drops its store; no guest can keep the host from
//! answering; every limit is in `Limits`, and `Runtime::self_test` proves that it bites.

pub mod admin;
mod budget;
pub mod cache;
mod call;
pub mod compile;
mod declared;
mod diagnosis;
mod engine;
mod faults;
mod guest;
mod introduction;
mod ledger;
mod limits;
mod log;
mod media;
mod memory;
mod meter;
mod parts;
mod plugin;
mod plugin_host;
mod probe;
mod runtime;
mod self_test;
mod surfaces;
mod tasks;
mod threads;
mod ticker;
mod troubles;
mod turns;
mod view_check;

pub use call::Caller;
pub use compile::Compiler;
pub use declared::Declared;
pub use faults::Health;
pub use guest::{Guest, HostCall, Linkage};
pub use ledger::{Account, Ledger};
pub use limits::{Budget, Limits};
pub use parts::Parts;
pub use plugin::{Status, Version, waits_for_a_grant};
pub use plugin_host::Previews;
pub use runtime::{Column, Commands, Config, Description, Runtime, Told};
pub use self_test::Report;
pub use tasks::{State as TaskState, Task, Tasks};
pub use troubles::Trouble;
