//! What the store hands out: assets, objects, branches, versions, commits, changes, pages.
//!
//! Lives here: plain data. Must not live here: how any of it is stored.

use kamld_types::{AssetId, BranchName, CommitId, Hash, ObjectPath, RefName, VersionName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Milliseconds since 1970, UTC.
pub type Millis = u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssetKind {
    Dataset,
    Model,
}

/// An asset as it stands on its default branch, working changes included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    pub id: AssetId,
    pub kind: AssetKind,
    pub created: Millis,
    pub modified: Millis,
    pub objects: u64,
    /// Sum of the sizes of its objects, in bytes.
    pub size: u64,
    pub default_branch: BranchName,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Object {
    pub path: ObjectPath,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub hash: Hash,
    pub media_type: String,
    pub modified: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    pub name: BranchName,
    /// None until the first commit.
    pub head: Option<CommitId>,
    /// Whether there are working changes.
    pub changed: bool,
    pub modified: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub name: VersionName,
    pub commit: CommitId,
    pub created: Millis,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    pub id: CommitId,
    pub parents: Vec<CommitId>,
    pub author: String,
    pub message: String,
    pub created: Millis,
    pub objects: u64,
    pub size: u64,
    pub properties: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Change {
    Added { after: Object },
    Modified { before: Object, after: Object },
    Removed { before: Object },
}

impl Change {
    pub fn path(&self) -> &ObjectPath {
        match self {
            Change::Added { after } | Change::Modified { after, .. } => &after.path,
            Change::Removed { before } => &before.path,
        }
    }
}

/// Some changes in the order of their paths, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangePage {
    pub changes: Vec<Change>,
    pub next: Option<String>,
}

/// What a listing shows: objects, and the folders that hide deeper ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    Object(Object),
    /// Its path ends in `/`.
    Folder(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// Only paths that start so.
    pub prefix: String,
    /// Everything below as objects; else folders are shown as one entry each.
    pub recursive: bool,
    /// Go on behind this path (what `Page::next` said).
    pub after: Option<String>,
    /// 1 to 10,000.
    pub limit: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub entries: Vec<Listed>,
    pub next: Option<String>,
}

/// Sent after each durable change of a branch or version, and when an asset comes or goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub asset: AssetId,
    /// The ref that changed; the default branch when the asset came or went.
    pub at: RefName,
}

/// Who commits, and with which words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitWords {
    pub author: String,
    pub message: String,
    pub properties: BTreeMap<String, String>,
}

/// The time now.
pub fn now() -> Millis {
    u64::try_from(chrono::Utc::now().timestamp_millis()).unwrap_or_default()
}
