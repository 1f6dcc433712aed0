//! Checking everything that can be reached: records, nodes, bodies, each against its hash.
//!
//! Reads the store itself, never the cache. Changes nothing but what is known of damage; `repair` is the one that writes.
//! Memory: 2 to 20 bytes for each node and packed body, at most 64 MiB for whole objects (a store with more than two
//! million of them has its trees walked several times, and a few objects are read twice), and some 150 bytes for each
//! commit.

use crate::{
    backing::Backing,
    damage::{Mark, put_again},
    error::{Error, Result},
    pack::{Part, PartKind, read_index},
    records::{AssetRecord, RefRecord, last_part, parse},
    repair::{Found, Key, What},
    seen::{Places, Wholes},
    store::{AssetStore, Inner},
    tree::{Entry, Location, Node, NodeRef},
};
use futures::{StreamExt, stream};
use kamld_types::{AssetId, Hash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// Objects that are read at the same time.
const PARALLEL: usize = 8;
/// Bytes of a large object that are read at once.
const STEP: u64 = 4 << 20;
/// Damage that each line of progress names.
const IN_PROGRESS: usize = 100;

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
    /// What is damaged, and still is after a repair.
    pub damaged: Vec<Damage>,
    /// What was damaged and is good again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repaired: Vec<Damage>,
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
    /// SHA-256 of what the bytes of an object should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// The command that repairs an object, with FILE for a file that has this hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
}

struct Check<'a, F> {
    inner: &'a Arc<Inner>,
    report: CheckReport,
    progress: F,
    nodes: Places,
    bodies: Places,
    wholes: Wholes,
    /// Trees of whole objects beyond the first turn: everything else was looked at in the first one.
    wholes_only: bool,
    commits: HashSet<Hash>,
    packs: HashSet<Uuid>,
    roots: Vec<NodeRef>,
    found: Vec<Found>,
    /// What is in `found`, or was and is repaired.
    reported: HashSet<Key>,
    asset: AssetId,
}

impl AssetStore {
    /// Reads everything that any ref reaches; `progress` is told now and then. Errors only when the store
    /// cannot be read at all; what is damaged stands in the report.
    pub async fn check(&self, progress: impl FnMut(&CheckReport) + Send) -> Result<CheckReport> {
        let Some(check) = Check::all(&self.inner, progress).await? else { return Ok(CheckReport::default()) };
        Ok(check.finish())
    }

    /// As `check`; then what is damaged is written again wherever a good copy of it is found in the store, at the places
    /// where it was, so that everything that refers to them is repaired, old commits too.
    pub async fn check_and_repair(&self, progress: impl FnMut(&CheckReport) + Send) -> Result<CheckReport> {
        let Some(mut check) = Check::all(&self.inner, progress).await? else { return Ok(CheckReport::default()) };
        check.repair().await?;
        Ok(check.finish())
    }
}

impl<'a, F: FnMut(&CheckReport) + Send> Check<'a, F> {
    /// Looks at everything; none when there are no assets.
    async fn all(inner: &'a Arc<Inner>, progress: F) -> Result<Option<Self>> {
        // So that marks of what turns out to be good are removed.
        inner.backing().damaged_places(Hash([0; 32])).await?;
        let mut assets = Vec::new();
        for record in inner.records.all("asset/").await? {
            let mut parts = record.key.split('/').skip(1);
            let (Some(project), Some(name)) = (parts.next(), parts.next()) else { continue };
            let asset = AssetId::new(project, name)?;
            let stored: AssetRecord = parse(&record.key, &record.value)?;
            assets.push((asset, stored));
        }
        let Some((first, _)) = assets.first() else { return Ok(None) };
        let mut check = Self {
            inner,
            report: CheckReport::default(),
            progress,
            nodes: Places::default(),
            bodies: Places::default(),
            wholes: Wholes::default(),
            wholes_only: false,
            commits: HashSet::new(),
            packs: HashSet::new(),
            roots: Vec::new(),
            found: Vec::new(),
            reported: HashSet::new(),
            asset: first.clone(),
        };
        for (asset, stored) in &assets {
            check.asset = asset.clone();
            check.one_asset(stored).await?;
        }
        while check.wholes.next_turn() {
            check.wholes_only = true;
            check.nodes = Places::default();
            for (asset, stored) in &assets {
                check.asset = asset.clone();
                check.one_asset(stored).await?;
            }
        }
        check.wholes_only = false;
        Ok(Some(check))
    }

    fn finish(self) -> CheckReport {
        let damaged = self.found.into_iter().map(|found| found.damage).collect();
        CheckReport { damaged, ..self.report }
    }

    fn damaged(&mut self, at: &str, what: What, why: String) {
        if self.wholes_only && !matches!(what, What::Body { mark: Mark { location: Location::Whole, .. }, .. }) {
            return;
        }
        if !self.reported.insert(what.key()) {
            return;
        }
        let (path, hash, repair) = match &what {
            What::Body { path, mark } => {
                (Some(path.to_string()), Some(mark.hash), Some(put_command(&self.asset, at, path, mark.hash)))
            }
            _ => (None, None, None),
        };
        let damage = Damage { asset: self.asset.clone(), at: at.to_owned(), path, what: why, hash, repair };
        // Progress names the first ones at once; the report at the end is made of what is left then.
        if self.report.damaged.len() < IN_PROGRESS {
            self.report.damaged.push(damage.clone());
        }
        self.found.push(Found { damage, what });
    }

    async fn one_asset(&mut self, record: &AssetRecord) -> Result<()> {
        let first_turn = u64::from(!self.wholes_only);
        self.report.assets += first_turn;
        // Each asset has commits of its own.
        self.commits.clear();
        let records = &self.inner.records;
        let mut commits: Vec<(Hash, String)> = Vec::new();
        let mut trees = Vec::new();
        for found in records.all(&format!("ref/{}/", record.id)).await? {
            let name = last_part(&found.key).to_owned();
            match parse::<RefRecord>(&found.key, &found.value) {
                Err(error) => self.damaged(&name, What::Record(found.key), error.to_string()),
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
            self.report.commits += first_turn;
            match records.commit(record.id, id).await {
                Err(error @ Error::Corrupt(_)) => {
                    self.damaged(&from, What::Record(format!("{}/{id}", record.id)), error.to_string());
                }
                Err(error) => return Err(error),
                Ok(None) => {
                    let what = What::Record(format!("{}/{id}", record.id));
                    self.damaged(&from, what, format!("commit {} is missing", id.short()));
                }
                Ok(Some(commit)) => {
                    commits.extend(commit.record.parents.iter().map(|parent| (*parent, id.short())));
                    trees.extend(commit.tree.map(|tree| (tree, id.short())));
                }
            }
        }
        for (tree, from) in trees {
            if !self.wholes_only && !self.nodes.contains(tree.pack, tree.offset) {
                self.roots.push(tree.clone());
            }
            self.tree(tree, &from).await?;
        }
        if self.wholes_only { Ok(()) } else { self.packs().await }
    }

    /// The index of each pack in use, which other programs need to read a pack alone.
    async fn packs(&mut self) -> Result<()> {
        let packs: HashSet<Uuid> = self.nodes.packs().chain(self.bodies.packs()).collect();
        for pack in packs {
            if self.packs.insert(pack) {
                match read_index(self.inner.backing(), pack).await {
                    Ok(_) => {}
                    Err(error @ Error::Corrupt(_)) => self.damaged("", What::Index(pack), error.to_string()),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn tree(&mut self, root: NodeRef, from: &str) -> Result<()> {
        let mut next = vec![root];
        while let Some(at) = next.pop() {
            if !self.nodes.insert(at.pack, at.offset) {
                continue;
            }
            self.report.nodes += u64::from(!self.wholes_only);
            match self.inner.nodes.read(&at).await {
                Ok(Node::Inner(_, children)) => next.extend(children.into_iter().map(|child| child.node)),
                Ok(Node::Leaf(entries)) => {
                    self.bodies(entries, from).await?;
                    (self.progress)(&self.report);
                }
                Err(error @ Error::Corrupt(_)) => {
                    let why = format!("{error} ({} objects below it)", at.objects);
                    self.damaged(from, What::Node(at), why);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn bodies(&mut self, entries: Vec<Entry>, from: &str) -> Result<()> {
        let mut fresh = Vec::new();
        for entry in entries {
            let new = match entry.location {
                Location::Empty => false,
                Location::Packed { pack, offset } => !self.wholes_only && self.bodies.insert(pack, offset),
                Location::Whole => self.wholes.insert(entry.hash),
            };
            if new {
                fresh.push(entry);
            }
        }
        let backing = self.inner.backing().clone();
        let mut checks = stream::iter(fresh)
            .map(|entry| {
                let backing = backing.clone();
                async move { (body(&backing, &mark_of(&entry)).await, entry) }
            })
            .buffered(PARALLEL);
        while let Some((result, entry)) = checks.next().await {
            self.report.objects += 1;
            self.report.bytes += entry.size;
            let mark = mark_of(&entry);
            match result {
                Ok(()) => backing.found_good(&mark).await,
                Err(error @ Error::Corrupt(_)) => {
                    backing.mark_damaged(mark, &format!("{}/{}", self.asset, entry.path)).await;
                    self.damaged(from, What::Body { path: entry.path, mark }, error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Repairs until nothing more can be repaired: what lies below a repaired node is looked at, too.
    async fn repair(&mut self) -> Result<()> {
        loop {
            let pending = std::mem::take(&mut self.found);
            let repaired = self.inner.repair(&pending).await?;
            let mut any = false;
            for (place, found) in pending.into_iter().enumerate() {
                if !repaired.contains(&place) {
                    self.found.push(found);
                    continue;
                }
                self.asset = found.damage.asset.clone();
                let good = match &found.what {
                    What::Body { mark, .. } => match body(self.inner.backing(), mark).await {
                        Ok(()) => true,
                        Err(Error::Corrupt(_)) => false,
                        Err(error) => return Err(error),
                    },
                    What::Node(at) => {
                        self.nodes.remove(at.pack, at.offset);
                        self.reported.remove(&found.what.key());
                        self.wholes = Wholes::default();
                        self.tree(at.clone(), &found.damage.at).await?;
                        !self.reported.contains(&found.what.key())
                    }
                    What::Index(_) | What::Record(_) => false,
                };
                if good {
                    any = true;
                    self.report.repaired.push(found.damage);
                } else if !matches!(found.what, What::Node(_)) {
                    self.found.push(found);
                }
            }
            if !any {
                break;
            }
            self.packs().await?;
        }
        self.repair_indexes().await
    }

    /// Indexes are rebuilt of what the trees say, so only when every node can be read.
    async fn repair_indexes(&mut self) -> Result<()> {
        let wanted = |found: &Found| match found.what {
            What::Index(pack) => Some(pack),
            _ => None,
        };
        let mut parts: HashMap<Uuid, Vec<Part>> =
            self.found.iter().filter_map(wanted).map(|pack| (pack, Vec::new())).collect();
        if parts.is_empty() || self.found.iter().any(|found| matches!(found.what, What::Node(_))) {
            return Ok(());
        }
        let mut seen = Places::default();
        let mut next = self.roots.clone();
        while let Some(at) = next.pop() {
            if !seen.insert(at.pack, at.offset) {
                continue;
            }
            if let Some(parts) = parts.get_mut(&at.pack) {
                parts.push(Part { kind: PartKind::Node, offset: at.offset, len: at.len, hash: at.hash });
            }
            match self.inner.nodes.read(&at).await? {
                Node::Inner(_, children) => next.extend(children.into_iter().map(|child| child.node)),
                Node::Leaf(entries) => {
                    for entry in entries {
                        let Location::Packed { pack, offset } = entry.location else { continue };
                        if let Some(parts) = parts.get_mut(&pack)
                            && seen.insert(pack, offset)
                        {
                            let len = u32::try_from(entry.size).unwrap_or(u32::MAX);
                            parts.push(Part { kind: PartKind::Body, offset, len, hash: entry.hash });
                        }
                    }
                }
            }
        }
        for found in std::mem::take(&mut self.found) {
            let parts = wanted(&found).and_then(|pack| Some((pack, parts.remove(&pack)?)));
            let rebuilt = match parts {
                Some((pack, parts)) => match self.inner.backing().rewrite_index(pack, parts).await {
                    Ok(()) => true,
                    // The pack is missing, and nothing of it was found elsewhere.
                    Err(Error::Corrupt(_)) => false,
                    Err(error) => return Err(error),
                },
                None => false,
            };
            if rebuilt { self.report.repaired.push(found.damage) } else { self.found.push(found) }
        }
        Ok(())
    }
}

fn mark_of(entry: &Entry) -> Mark {
    Mark { hash: entry.hash, size: entry.size, location: entry.location }
}

/// The command that repairs an object: bytes are known by their hash, so a put at any path repairs them everywhere. At
/// the object's own path when it is on a branch; else at a new one, since the branch may have something else there now.
fn put_command(asset: &AssetId, at: &str, path: &str, hash: Hash) -> String {
    let of_commit = at.is_empty() || at.bytes().all(|b| b.is_ascii_hexdigit());
    put_again(&match of_commit {
        true => format!("{asset}/repaired-{}", hash.short()),
        false => format!("{asset}@{at}/{path}"),
    })
}

/// Reads the bytes of an object and compares them with its hash.
pub(crate) async fn body(backing: &Backing, mark: &Mark) -> Result<()> {
    let (key, start) = match mark.location {
        Location::Empty => return Ok(()),
        Location::Whole => (Backing::object_key(mark.hash), 0),
        Location::Packed { pack, offset } => (Backing::pack_key(pack), offset),
    };
    let mut hasher = Sha256::new();
    let mut at = 0;
    while at < mark.size {
        let len = (mark.size - at).min(STEP);
        hasher.update(&backing.range(&key, start + at, len).await?);
        at += len;
    }
    if hasher.finalize()[..] == mark.hash.0 {
        return Ok(());
    }
    Err(Error::corrupt(format!("the bytes in {key} do not match hash {}", mark.hash.short())))
}

#[cfg(test)]
mod tests;
