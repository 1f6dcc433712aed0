//! The records behind the names: how assets, branches, versions and commits lie in the refs.
//!
//! Keys: `asset/PROJECT/NAME`, `removed/ID`, `branch/ID/NAME`, `version/ID/NAME`, `commit/ID/HASH`.
//! Values are JSON. A commit is two lines: what its id is the hash of, and where its tree lies.
//! Invariant: a commit's id is the SHA-256 of its first line, which is checked on every read.

use crate::{
    error::{Error, Result},
    model::{AssetKind, Commit, Millis},
    refstore::{Expect, Flush, Record, RefStore, Tag, Wrote},
    tree::NodeRef,
};
use bytes::Bytes;
use kamld_types::{AssetId, BranchName, CommitId, Hash, VersionName};
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

    pub fn to_commit(&self) -> Commit {
        let CommitRecord { objects, size, parents, author, message, created, properties, .. } = self.record.clone();
        Commit { id: self.id, parents, author, message, created, objects, size, properties }
    }
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

pub fn branch_key(asset: Uuid, branch: &BranchName) -> String {
    format!("branch/{asset}/{branch}")
}

pub fn version_key(asset: Uuid, version: &VersionName) -> String {
    format!("version/{asset}/{version}")
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

    pub async fn put<T: Serialize>(&self, key: &str, value: &T, expect: Expect, flush: Flush) -> Result<Wrote> {
        self.refs.put(key, json(value)?.into(), expect, flush).await
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
