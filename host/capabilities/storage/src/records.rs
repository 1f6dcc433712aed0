//! The records behind the names: how assets, branches, versions and commits lie in the refs.
//!
//! Keys: `asset/PROJECT/NAME`, `ref/ID/NAME` (a branch or a version: one key, so that they cannot share a name),
//! `commit/ID/HASH`; in the bin, `removed/ID` (an asset) and `dropped/ID/MILLIS-NAME` (a branch).
//! Values are JSON. A commit is two lines: what its id is the hash of, and where its tree lies.
//! Invariant: a commit's id is the SHA-256 of its first line, which is checked on every read.

use crate::{
    error::{Error, Result},
    model::{AssetKind, Commit, Millis},
    refstore::{Companion, Expect, Record, RefStore, Tag, Wrote},
    tree::NodeRef,
};
use bytes::Bytes;
use kamld_types::{AssetId, BranchName, CommitId, Hash};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetRecord {
    pub id: Uuid,
    pub kind: AssetKind,
    pub created: Millis,
    pub default_branch: BranchName,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    pub name: AssetId,
    pub removed: Millis,
    pub asset: AssetRecord,
}

/// A branch that was removed, as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    pub name: BranchName,
    pub dropped: Millis,
    pub branch: BranchRecord,
}

/// What a name of an asset stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefRecord {
    Branch(BranchRecord),
    Version(VersionRecord),
}

impl RefRecord {
    pub fn branch(self) -> Option<BranchRecord> {
        match self {
            RefRecord::Branch(branch) => Some(branch),
            RefRecord::Version(_) => None,
        }
    }

    pub fn version(self) -> Option<VersionRecord> {
        match self {
            RefRecord::Version(version) => Some(version),
            RefRecord::Branch(_) => None,
        }
    }
}

/// The last commit of a branch, with its tree at hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub commit: CommitId,
    pub tree: Option<NodeRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchRecord {
    pub head: Option<Head>,
    /// The tree of the working state.
    pub working: Option<NodeRef>,
    pub modified: Millis,
}

impl BranchRecord {
    pub fn head_tree(&self) -> Option<&NodeRef> {
        self.head.as_ref().and_then(|head| head.tree.as_ref())
    }

    /// The trees that it leads to.
    pub fn trees(&self) -> impl Iterator<Item = NodeRef> {
        self.head_tree().into_iter().chain(&self.working).cloned()
    }

    pub fn changed(&self) -> bool {
        self.head_tree().map(|n| n.hash) != self.working.as_ref().map(|n| n.hash)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    pub commit: CommitId,
    pub created: Millis,
    pub message: String,
}

/// The first line of a commit: its id is the hash of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRecord {
    /// The hash of the tree; none for an empty one.
    pub tree: Option<Hash>,
    pub objects: u64,
    pub size: u64,
    pub parents: Vec<CommitId>,
    pub author: String,
    pub message: String,
    pub created: Millis,
    pub properties: BTreeMap<String, String>,
}

/// A commit with the place of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCommit {
    pub id: CommitId,
    pub record: CommitRecord,
    pub tree: Option<NodeRef>,
}

impl StoredCommit {
    pub fn new(record: CommitRecord, tree: Option<NodeRef>) -> Result<(Self, Bytes)> {
        let mut bytes = json(&record)?;
        let id = Hash(Sha256::digest(&bytes).into());
        bytes.push(b'\n');
        bytes.extend(json(&tree)?);
        Ok((Self { id, record, tree }, bytes.into()))
    }

    pub fn read(id: CommitId, bytes: &[u8]) -> Result<Self> {
        let damaged =
            || Error::corrupt(format!("commit {} is damaged", id.short())).help("restore the data folder from a copy");
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(damaged)?;
        let (first, second) = (&bytes[..end], &bytes[end + 1..]);
        if Sha256::digest(first)[..] != id.0 {
            return Err(damaged());
        }
        let record: CommitRecord = serde_json::from_slice(first).map_err(|_| damaged())?;
        let tree: Option<NodeRef> = serde_json::from_slice(second).map_err(|_| damaged())?;
        if tree.as_ref().map(|t| t.hash) != record.tree {
            return Err(damaged());
        }
        Ok(Self { id, record, tree })
    }

    /// The bytes of a commit whose tree lies elsewhere now.
    pub fn with_tree(bytes: &[u8], tree: &NodeRef) -> Result<Bytes> {
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| Error::corrupt("a commit has no tree"))?;
        Ok([&bytes[..=end], &json(&Some(tree))?].concat().into())
    }

    pub fn to_commit(&self) -> Commit {
        let CommitRecord { objects, size, parents, author, message, created, properties, .. } = self.record.clone();
        Commit { id: self.id, parents, author, message, created, objects, size, properties }
    }
}

pub fn companion<T: Serialize>(key: String, value: &T) -> Result<Companion> {
    Ok((key, json(value)?.into()))
}

/// The name at the end of a key.
pub fn last_part(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| Error::internal(format!("a record cannot be written as JSON: {error}")))
}

/// The refs, by what they are instead of by key.
#[derive(Clone)]
pub struct Records {
    pub refs: Arc<dyn RefStore>,
}

pub fn asset_key(asset: &AssetId) -> String {
    format!("asset/{}/{}", asset.project, asset.name)
}

pub fn ref_key(asset: Uuid, name: impl std::fmt::Display) -> String {
    format!("ref/{asset}/{name}")
}

pub fn removed_key(asset: Uuid) -> String {
    format!("removed/{asset}")
}

pub fn dropped_key(asset: Uuid, dropped: &Dropped) -> String {
    format!("dropped/{asset}/{:013}-{}", dropped.dropped, dropped.name)
}

pub fn commit_key(asset: Uuid, commit: CommitId) -> String {
    format!("commit/{asset}/{commit}")
}

/// Records read at once by `all`.
const PAGE: usize = 1000;

pub fn parse<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T> {
    serde_json::from_slice(value).map_err(|_| {
        Error::corrupt(format!("the record '{key}' cannot be read"))
            .help("it is damaged, or was written by a newer version of the program")
    })
}

impl Records {
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<(T, Tag)>> {
        match self.refs.get(key).await? {
            Some((value, tag)) => Ok(Some((parse(key, &value)?, tag))),
            None => Ok(None),
        }
    }

    pub async fn put<T: Serialize>(&self, key: &str, value: &T, expect: Expect, with: Vec<Companion>) -> Result<Wrote> {
        self.refs.put(key, json(value)?.into(), expect, with).await
    }

    /// The refs of an asset, each with its name.
    pub async fn refs_of(&self, asset: Uuid) -> Result<Vec<(String, RefRecord)>> {
        let found = self.all(&format!("ref/{asset}/")).await?;
        found.iter().map(|record| Ok((last_part(&record.key).to_owned(), parse(&record.key, &record.value)?))).collect()
    }

    /// All records below a prefix.
    pub async fn all(&self, prefix: &str) -> Result<Vec<Record>> {
        let mut records: Vec<Record> = Vec::new();
        loop {
            let after = records.last().map(|record| record.key.clone());
            let page = self.refs.list(prefix, after.as_deref(), PAGE).await?;
            let full = page.len() == PAGE;
            records.extend(page);
            if !full {
                return Ok(records);
            }
        }
    }

    pub async fn commit(&self, asset: Uuid, id: CommitId) -> Result<Option<StoredCommit>> {
        match self.refs.get(&commit_key(asset, id)).await? {
            Some((bytes, _)) => Ok(Some(StoredCommit::read(id, &bytes)?)),
            None => Ok(None),
        }
    }
}
