//! Checking everything that can be reached: records, nodes, bodies, each against its hash.
//!
//! Reads the store itself, never the cache. Changes nothing.

use crate::{
    backing::Backing,
    error::{Error, Result},
    pack::read_index,
    records::{AssetRecord, RefRecord, last_part, parse},
    store::{AssetStore, Inner},
    tree::{Entry, Location, Node, NodeRef},
};
use futures::{StreamExt, stream};
use kamld_types::{AssetId, Hash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::HashSet, sync::Arc};

/// Objects that are read at the same time.
const PARALLEL: usize = 8;
/// Bytes of a large object that are read at once.
const STEP: u64 = 4 << 20;

/// What a check has seen so far, or in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    pub assets: u64,
    pub commits: u64,
    pub nodes: u64,
    /// Different bodies that were read.
    pub objects: u64,
    /// Bytes that were read of them.
    pub bytes: u64,
    pub damaged: Vec<Damage>,
}

/// One thing that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    pub asset: AssetId,
    /// The branch, version or commit through which it was found.
    pub at: String,
    /// The path of an object; none when a record or a node is damaged.
    pub path: Option<String>,
    pub what: String,
}

struct Check<'a, F> {
    inner: &'a Arc<Inner>,
    report: CheckReport,
    progress: F,
    nodes: HashSet<(Hash, uuid::Uuid, u64)>,
    bodies: HashSet<(Hash, Location)>,
    commits: HashSet<Hash>,
    packs: HashSet<uuid::Uuid>,
    asset: AssetId,
}

impl AssetStore {
    /// Reads everything that any ref reaches; `progress` is told now and then. Errors only when the store
    /// cannot be read at all; what is damaged stands in the report.
    pub async fn check(&self, progress: impl FnMut(&CheckReport) + Send) -> Result<CheckReport> {
        let mut check: Option<Check<'_, _>> = None;
        let mut progress = Some(progress);
        for record in self.inner.records.all("asset/").await? {
            let mut parts = record.key.split('/').skip(1);
            let (Some(project), Some(name)) = (parts.next(), parts.next()) else { continue };
            let asset = AssetId::new(project, name)?;
            let stored: AssetRecord = parse(&record.key, &record.value)?;
            if let Some(progress) = progress.take() {
                let report = CheckReport::default();
                check = Some(Check {
                    inner: &self.inner,
                    report,
                    progress,
                    nodes: HashSet::new(),
                    bodies: HashSet::new(),
                    commits: HashSet::new(),
                    packs: HashSet::new(),
                    asset: asset.clone(),
                });
            }
            if let Some(check) = &mut check {
                check.asset = asset;
                check.one_asset(&stored).await?;
            }
        }
        Ok(check.map(|check| check.report).unwrap_or_default())
    }
}

impl<F: FnMut(&CheckReport) + Send> Check<'_, F> {
    fn damaged(&mut self, at: &str, path: Option<&str>, what: String) {
        let (asset, at, path) = (self.asset.clone(), at.to_owned(), path.map(str::to_owned));
        self.report.damaged.push(Damage { asset, at, path, what });
    }

    async fn one_asset(&mut self, record: &AssetRecord) -> Result<()> {
        self.report.assets += 1;
        let records = &self.inner.records;
        let mut commits: Vec<(Hash, String)> = Vec::new();
        let mut trees = Vec::new();
        for found in records.all(&format!("ref/{}/", record.id)).await? {
            let name = last_part(&found.key).to_owned();
            match parse::<RefRecord>(&found.key, &found.value) {
                Err(error) => self.damaged(&name, None, error.to_string()),
                Ok(RefRecord::Version(version)) => commits.push((version.commit, name)),
                Ok(RefRecord::Branch(branch)) => {
                    commits.extend(branch.head.as_ref().map(|head| (head.commit, name.clone())));
                    trees.extend(branch.trees().map(|tree| (tree, name.clone())));
                }
            }
        }
        while let Some((id, from)) = commits.pop() {
            if !self.commits.insert(id) {
                continue;
            }
            self.report.commits += 1;
            match records.commit(record.id, id).await {
                Err(error @ Error::Corrupt(_)) => self.damaged(&from, None, error.to_string()),
                Err(error) => return Err(error),
                Ok(None) => self.damaged(&from, None, format!("commit {} is missing", id.short())),
                Ok(Some(commit)) => {
                    commits.extend(commit.record.parents.iter().map(|parent| (*parent, id.short())));
                    trees.extend(commit.tree.map(|tree| (tree, id.short())));
                }
            }
        }
        for (tree, from) in trees {
            self.tree(tree, &from).await?;
        }
        self.packs().await
    }

    /// The index of each pack in use, which other programs need to read a pack alone.
    async fn packs(&mut self) -> Result<()> {
        let nodes = self.nodes.iter().map(|(_, pack, _)| *pack);
        let bodies = self.bodies.iter().filter_map(|(_, location)| match location {
            Location::Packed { pack, .. } => Some(*pack),
            _ => None,
        });
        let packs: HashSet<uuid::Uuid> = nodes.chain(bodies).collect();
        for pack in packs {
            if self.packs.insert(pack) {
                match read_index(self.inner.backing(), pack).await {
                    Ok(_) => {}
                    Err(error @ Error::Corrupt(_)) => self.damaged("", None, error.to_string()),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn tree(&mut self, root: NodeRef, from: &str) -> Result<()> {
        let mut next = vec![root];
        while let Some(at) = next.pop() {
            if !self.nodes.insert((at.hash, at.pack, at.offset)) {
                continue;
            }
            self.report.nodes += 1;
            match self.inner.nodes.read(&at).await {
                Ok(Node::Inner(_, children)) => next.extend(children.into_iter().map(|child| child.node)),
                Ok(Node::Leaf(entries)) => {
                    self.bodies(entries, from).await?;
                    (self.progress)(&self.report);
                }
                Err(error @ Error::Corrupt(_)) => {
                    self.damaged(from, None, format!("{error} ({} objects below it)", at.objects))
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn bodies(&mut self, entries: Vec<Entry>, from: &str) -> Result<()> {
        let fresh: Vec<Entry> =
            entries.into_iter().filter(|entry| self.bodies.insert((entry.hash, entry.location))).collect();
        let backing = self.inner.backing().clone();
        let mut checks = stream::iter(fresh)
            .map(|entry| {
                let backing = backing.clone();
                async move { (body(&backing, &entry).await, entry) }
            })
            .buffered(PARALLEL);
        while let Some((result, entry)) = checks.next().await {
            self.report.objects += 1;
            self.report.bytes += entry.size;
            match result {
                Ok(()) => {}
                Err(error @ Error::Corrupt(_)) => self.damaged(from, Some(&entry.path), error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

async fn body(backing: &Backing, entry: &Entry) -> Result<()> {
    let (key, start) = match entry.location {
        Location::Empty => return Ok(()),
        Location::Whole => (Backing::object_key(entry.hash), 0),
        Location::Packed { pack, offset } => (Backing::pack_key(pack), offset),
    };
    let mut hasher = Sha256::new();
    let mut at = 0;
    while at < entry.size {
        let len = (entry.size - at).min(STEP);
        hasher.update(&backing.range(&key, start + at, len).await?);
        at += len;
    }
    if hasher.finalize()[..] == entry.hash.0 {
        return Ok(());
    }
    Err(Error::corrupt(format!("the bytes in {key} do not match hash {}", entry.hash.short())))
}
