//! The content-addressed sorted tree of an asset's objects.
//!
//! Lives here: nodes, where they are cut, applying changes, reading in order, comparing.
//! Must not live here: assets, branches, commits.
//! Invariant: the shape of a tree is a function of its entries alone, so that equal content has an
//! equal root hash whatever its history; every node is verified when it is read.

pub mod apply;
pub mod cursor;
pub mod cut;
pub mod diff;
pub mod node;
pub mod nodes;
#[cfg(test)]
mod properties;

pub use apply::{Batch, Body, Copied, Edit, Edits, Put};
pub use cursor::Cursor;
pub use diff::Diff;
pub use node::{Child, Entry, Location, Node, NodeRef};
pub use nodes::Nodes;
