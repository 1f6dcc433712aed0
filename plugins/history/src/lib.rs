//! The history of an asset: changes, commits, branches, versions, and going back.
//!
//! `declare` says which commands there are, `changes`, `lately` and `refs` run them, `shape` makes data and views; `screens`
//! draws the tabs. Must not live here: previews of one object. Invariant: everything in `shape` is pure.

mod changes;
mod declare;
mod lately;
mod refs;
mod screens;
mod shape;

struct Plugin;

kamld_sdk::plugin! { commands: Plugin, surface: Plugin }
