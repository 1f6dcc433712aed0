//! Where capabilities meet: each states what it needs of another as a small trait, and here it is answered.
//!
//! Must not live here: anything but translation. Invariant: a join opens nothing that its caller was not admitted to.

mod follow;
mod index;
mod tables;

pub use follow::FollowingCatalog;
pub use index::{IndexedAssets, PluginDescriber};
pub use tables::StoredTables;
