//! What SQL asks of storage and of policy, as small traits of its own.
//!
//! Lives here: the traits and their plain data. Must not live here: anything that opens or parses an object.
//! Invariants: a snapshot never changes while it is held; `Access` is asked about each object before it is opened.

use async_trait::async_trait;
use bytes::Bytes;
use kamld_types::{AssetId, Hash, ObjectPath, Problem, RefName};
use serde::{Deserialize, Serialize};
use std::{ops::Range, sync::Arc};

/// One object of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub path: ObjectPath,
    /// Bytes.
    pub size: u64,
    pub hash: Hash,
    /// Such as `text/csv`; empty when nobody said.
    pub media_type: String,
    /// Milliseconds since 1970.
    pub modified: i64,
}

/// The assets that queries read. The host implements it over storage.
#[async_trait]
pub trait Objects: Send + Sync {
    /// The state of an asset at a ref (none: the working state of its default branch). `not-found` without the
    /// asset or the ref.
    async fn snapshot(&self, asset: &AssetId, at: Option<&RefName>) -> Result<Arc<dyn Snapshot>, Problem>;

    /// Names of all projects; the caller filters by [`Access::may_see`].
    async fn projects(&self) -> Result<Vec<String>, Problem>;

    /// Names of the assets of a project, for guesses and completion; empty when there is no such project.
    async fn assets(&self, project: &str) -> Result<Vec<String>, Problem>;

    /// Names of the branches and versions of an asset, for guesses and completion.
    async fn refs(&self, asset: &AssetId) -> Result<Vec<String>, Problem>;

    /// How many rows an object has, when somebody found out before.
    async fn known_rows(&self, _: &Entry) -> Option<u64> {
        None
    }
}

/// An asset as it was at one moment.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// Names the content: two snapshots with one token hold the same objects.
    fn token(&self) -> String;

    async fn stat(&self, path: &ObjectPath) -> Result<Option<Entry>, Problem>;

    /// At most `limit` objects whose path begins with `prefix` and sorts behind `after`, sorted by path.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Entry>, Problem>;

    /// Exactly the bytes of the range, which lies within the object. At most 8 MiB are asked for at once.
    async fn read(&self, path: &ObjectPath, range: Range<u64>) -> Result<Bytes, Problem>;
}

/// What one caller may read. Asked for each query anew.
pub trait Access: Send + Sync {
    /// Decides, before it is opened, whether this object may be read. The answer reaches the person as it is.
    fn may_read(&self, asset: &AssetId, path: &str) -> Result<(), Problem>;

    /// Whether a guess may show `PROJECT`, `PROJECT/ASSET` or `PROJECT/ASSET/PATH`. Told to nobody.
    fn may_see(&self, resource: &str) -> bool;

    /// The same of many resources at once.
    fn visible(&self, resources: &[String]) -> Vec<bool> {
        resources.iter().map(|resource| self.may_see(resource)).collect()
    }

    /// Decides about all objects that a pattern stands for: all or none.
    fn may_read_all(&self, asset: &AssetId, pattern: &str, paths: &[String]) -> Result<(), Problem> {
        for path in paths {
            if !self.may_see(&format!("{asset}/{path}")) {
                // Refused as the pattern that was asked for: which objects there are is not told.
                self.may_read(asset, pattern)?;
                return Err(Problem::denied(format!("not all objects that '{pattern}' stands for may be read"))
                    .help("narrow the pattern, or ask for a wider grant"));
            }
            self.may_read(asset, path)?;
        }
        Ok(())
    }
}

/// Access to everything: for the host's own reading on nobody's behalf, such as descriptions at upload.
pub struct Everything;

impl Access for Everything {
    fn may_read(&self, _: &AssetId, _: &str) -> Result<(), Problem> {
        Ok(())
    }

    fn may_see(&self, _: &str) -> bool {
        true
    }
}
