//! What is installed here and who allowed it: packages, the local store, the grants file, the audit log.
//!
//! Lives here: reading components and embedding manifests, `DIR/plugins`, `DIR/grants.toml`, `DIR/audit.log`,
//! `DIR/audit`; `reserved`, the ids of the product; `plan`, what an installation would change; `changes`, which change
//! several of them; `durable`, the file operations under them.
//! Must not live here: running a component or compiling one (the runtime), deciding a call (policy), cargo.
//! Invariants: the digest of a package binds its manifest; what is loaded was verified against its digest; a file is
//! replaced atomically; what an admin did is in the audit log before it is answered.
//!
//! Everything here waits for the disk: call it from a thread that may block, in async code through `spawn_blocking`.
//! The one exception is `Denials::denied`, which only appends to a file.

pub mod audit;
pub mod changes;
pub mod check;
pub mod component;
pub mod durable;
pub mod grants;
pub mod package;
pub mod plan;
pub mod reserved;
pub mod store;

pub use audit::{Action, Audit, Verdict};
pub use changes::Registry;
pub use component::Component;
pub use grants::Grants;
pub use package::Package;
pub use plan::{Consent, Plan};
pub use reserved::{Origin, Reserved};
pub use store::{Entry, Store};
