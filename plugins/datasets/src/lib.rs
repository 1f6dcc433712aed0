//! Assets and what is in them, as a person on a terminal wants to see and handle them.
//!
//! `declare` says which commands there are; `assets`, `listing`, `showing`, `objects`, `space` and `tags` fetch and act;
//! `screens` are the same on the page; `shape` makes data and views of all of it.
//! Must not live here: history (plug-in `kamld/history`), drawing objects (previews).
//! Invariant: everything in `shape` is pure, and every answer has the shape that `declare` promises.

mod assets;
mod declare;
mod listing;
mod objects;
mod screens;
mod shape;
mod showing;
mod space;
mod tags;

struct Plugin;

kamld_sdk::plugin! { commands: Plugin, surface: Plugin }
