//! Assets and what is in them, as a person on a terminal wants to see and handle them.
//!
//! `declare` says which commands there are; `assets`, `listing`, `showing`, `objects`, `space` and `tags` fetch and act;
//! `shape` makes data and views. Must not live here: history (plug-in `kamld/history`), drawing objects (previews).
//! Invariant: everything in `shape` is pure, and every answer has the shape that `declare` promises.

mod assets;
mod declare;
mod listing;
mod objects;
mod shape;
mod showing;
mod space;
mod tags;

struct Plugin;

kamld_sdk::plugin! { commands: Plugin }
