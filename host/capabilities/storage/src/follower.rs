//! Who has to follow when things get another name: what is known about an object is kept elsewhere, under its address.
//!
//! Lives here: the seam. Must not live here: what is kept.
//! Invariant: a follower is told after the change is durable and before the person is; when the machine stops between
//! the two, what is kept stays under the old name, where it waits for an object to come back.

use async_trait::async_trait;
use kamld_types::{AssetId, Problem};

/// Follows names. Only the default branch is followed: on the others an object may still be where it was.
#[async_trait]
pub trait Follower: Send + Sync {
    /// An object, or a folder and all below it, got another path. Paths have no `/` at their end.
    async fn moved(&self, asset: &AssetId, from: &str, to: &str) -> Result<(), Problem>;

    /// An asset is gone, with all that is in it.
    async fn removed(&self, asset: &AssetId) -> Result<(), Problem>;
}
