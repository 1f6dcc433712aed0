//! Names, addresses, ids and errors that every crate of the host shares.
//!
//! Lives here: plain data with its parsing and checking. Must not live here: I/O, clocks, policy.
//! Invariant: a value of one of these types has been checked; nobody checks it a second time.

pub mod address;
pub mod command;
pub mod hash;
pub mod name;
pub mod person;
pub mod problem;
pub mod surface;
pub mod text;
pub mod view;

pub use address::{Address, AssetId};
pub use hash::{CommitId, Hash};
pub use name::{AssetName, BranchName, ObjectPath, PluginId, ProjectName, RefName, VersionName};
pub use person::{By, Person, Right, Role};
pub use problem::{Kind, Position, Problem};
pub use view::Node;
