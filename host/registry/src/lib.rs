//! What is installed here and who allowed it: packages, the local store, the grants file, the audit log.
//!
//! Lives here: reading components and embedding manifests, `DIR/plugins`, `DIR/grants.toml`, `DIR/audit.log`.
//! Must not live here: running a component or compiling one (the runtime), deciding a call (policy), cargo.
//! Invariants: the digest of a package binds its manifest; what is loaded was verified against its digest; a file is
//! replaced whole or not at all; what an admin did is in the audit log before it is answered.
//!
//! Everything here waits for the disk: call it from a thread that may block.

pub mod audit;
pub mod check;
pub mod component;
mod durable;
pub mod grants;
pub mod package;
pub mod store;

pub use audit::{Action, Audit, Verdict};
pub use component::Component;
pub use grants::Grants;
pub use package::Package;
pub use store::{Entry, Store};
