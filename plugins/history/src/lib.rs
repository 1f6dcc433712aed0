//! The history of an asset: changes, commits, branches, versions, and going back.
//!
//! `declare` says which commands there are, `changes` and `refs` run them, `shape` makes data and views.
//! Must not live here: bytes of objects. Invariant: everything in `shape` is pure.

mod changes;
mod declare;
mod refs;
mod shape;

struct Plugin;

kamld_sdk::plugin! { commands: Plugin }
