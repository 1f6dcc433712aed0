//! What is in use: walks everything that a ref leads to, once.
//!
//! Memory: a filter of fixed size for contents, and for each pack a compressed set of the places in use (2 to 4 bytes a
//! node or small body).

use super::{Filter, GcReport, Known, Run};
use crate::{
    error::{Error, Result},
    model::Millis,
    records::{Dropped, RefRecord, StoredCommit, last_part, parse},
    tree::{Location, Node, NodeRef, Nodes},
};
use kamld_types::{CommitId, Hash};
use roaring::RoaringTreemap;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// What of one pack is in use.
#[derive(Default)]
pub struct PackUse {
    /// Offsets of nodes and bodies in use.
    parts: RoaringTreemap,
    pub bytes: u64,
    /// Held as a whole by somebody who writes it.
    pub whole: bool,
}

impl PackUse {
    pub fn parts(&self) -> u64 {
        self.parts.len()
    }
}

pub struct Marks {
    nodes: Arc<Nodes>,
    pub packs: HashMap<Uuid, PackUse>,
    filter: Filter,
    whole: u64,
    whole_bytes: u64,
}

impl Marks {
    pub fn new(nodes: Arc<Nodes>) -> Self {
        Self { nodes, packs: HashMap::new(), filter: Filter::default(), whole: 0, whole_bytes: 0 }
    }

    /// Whether the part was not marked before.
    fn part(&mut self, pack: Uuid, offset: u64, len: u64) -> bool {
        let used = self.packs.entry(pack).or_default();
        let new = used.parts.insert(offset);
        if new {
            used.bytes += len;
        }
        new
    }

    /// Marks a tree. Answers the bytes of bodies that were not marked before. `corrupt` when a node cannot be read.
    pub async fn tree(&mut self, root: &NodeRef) -> Result<u64> {
        let mut fresh = 0;
        let mut next = vec![root.clone()];
        while let Some(at) = next.pop() {
            if !self.part(at.pack, at.offset, u64::from(at.len)) {
                continue;
            }
            // Past the cache: old nodes must not push out those that are in use.
            match self.nodes.read(&at).await? {
                Node::Inner(_, children) => next.extend(children.into_iter().map(|child| child.node)),
                Node::Leaf(entries) => {
                    for entry in entries {
                        let known = self.filter.contains(&entry.hash.0);
                        self.filter.insert(&entry.hash.0);
                        match entry.location {
                            Location::Packed { pack, offset } if self.part(pack, offset, entry.size) => {
                                fresh += entry.size;
                            }
                            Location::Whole if !known => {
                                fresh += entry.size;
                                self.whole += 1;
                                self.whole_bytes += entry.size;
                            }
                            _ => {}
                        }
                    }
                }
            }
            tokio::task::consume_budget().await;
        }
        Ok(fresh)
    }

    pub fn uses_object(&self, hash: Hash) -> bool {
        self.filter.contains(&hash.0)
    }

    /// Marks a pack as a whole.
    pub fn pack(&mut self, pack: Uuid) {
        self.packs.entry(pack).or_default().whole = true;
    }

    pub fn totals(&self) -> (u64, u64) {
        let packed: u64 = self.packs.values().map(|used| used.bytes).sum();
        (self.whole + self.packs.len() as u64, self.whole_bytes + packed)
    }

    pub fn memory(&self) -> u64 {
        let sets: u64 = self.packs.values().map(|used| used.parts.serialized_size() as u64 + 96).sum();
        Filter::size() + sets
    }

    pub fn into_filter(self) -> Filter {
        self.filter
    }
}

/// Commits that nothing leads to, by asset.
#[derive(Default)]
pub struct Doomed {
    pub commits: HashMap<Uuid, Vec<(CommitId, u64)>>,
}

impl Run<'_> {
    /// Marks all that refs, bins and others lead to. Answers the commits that nothing leads to.
    pub(super) async fn mark(&self, assets: &[Known], marks: &mut Marks, report: &mut GcReport) -> Result<Doomed> {
        let mut doomed = Doomed::default();
        // What is there comes first, so that a bin is charged only for what it alone holds.
        let (bin, there): (Vec<_>, Vec<_>) = assets.iter().partition(|asset| asset.removed.is_some());
        for asset in there {
            self.mark_asset(asset, marks, &mut doomed, report).await?;
            (self.progress)(report);
        }
        for (asset, token) in self.compared()? {
            if let Ok(root) = serde_json::from_slice::<NodeRef>(&token)
                && let Err(error) = marks.tree(&root).await
            {
                // It was collected before: whoever compares with it begins again from the start.
                tracing::debug!(%asset, %error, "an old state cannot be read");
            }
        }
        for asset in bin {
            let fresh = self.mark_asset(asset, marks, &mut doomed, report).await?;
            let until = asset.removed.map(|removed| removed + self.bin_millis());
            report.hold(format!("asset {}", asset.name), fresh, "removed, and still in the bin", until);
        }
        Ok(doomed)
    }

    fn bin_millis(&self) -> Millis {
        u64::try_from(self.options.bin.as_millis()).unwrap_or(u64::MAX)
    }

    async fn mark_asset(
        &self,
        asset: &Known,
        marks: &mut Marks,
        doomed: &mut Doomed,
        report: &mut GcReport,
    ) -> Result<u64> {
        let records = &self.store.inner.records;
        let mut reached = HashSet::new();
        let mut fresh = 0;
        let mut heads = Vec::new();
        for (_, found) in records.refs_of(asset.id).await? {
            match found {
                RefRecord::Version(version) => heads.push(version.commit),
                RefRecord::Branch(branch) => {
                    heads.extend(branch.head.as_ref().map(|head| head.commit));
                    for tree in branch.trees() {
                        fresh += marks.tree(&tree).await?;
                    }
                }
            }
        }
        fresh += self.mark_commits(asset.id, heads, &mut reached, marks).await?;
        for record in records.all(&format!("dropped/{}/", asset.id)).await? {
            let dropped: Dropped = parse(&record.key, &record.value)?;
            if self.older_than(dropped.dropped, self.options.bin) {
                // Its record goes in any case; a dry run leaves it and does not follow it.
                continue;
            }
            let mut alone = 0;
            for tree in dropped.branch.trees() {
                alone += marks.tree(&tree).await?;
            }
            let head = dropped.branch.head.iter().map(|head| head.commit).collect();
            alone += self.mark_commits(asset.id, head, &mut reached, marks).await?;
            let until = Some(dropped.dropped.saturating_add(self.bin_millis()));
            let what = format!("branch '{}' of {}", dropped.name, asset.name);
            report.hold(what, alone, "removed, and still in the bin", until);
        }
        // Commits that no ref reaches can still be named by their id, until their grace period is over.
        let prefix = format!("commit/{}/", asset.id);
        let mut after: Option<String> = None;
        let mut unreached = Vec::new();
        loop {
            let page = records.refs.list(&prefix, after.as_deref(), 1000).await?;
            after = page.last().map(|record| record.key.clone());
            let Some(_) = &after else { break };
            for record in page {
                let id: Hash = last_part(&record.key).parse().map_err(Error::from)?;
                if reached.contains(&id) {
                    continue;
                }
                let commit = StoredCommit::read(id, &record.value)?;
                unreached.push((id, commit.record.created, record.value.len() as u64));
            }
        }
        for (id, created, bytes) in unreached {
            if self.older_than(created, self.options.grace) {
                doomed.commits.entry(asset.id).or_default().push((id, bytes));
            } else {
                let alone = self.mark_commits(asset.id, vec![id], &mut reached, marks).await?;
                let until = created.saturating_add(self.options.grace.as_millis() as u64);
                let what = format!("commit {} of {}", id.short(), asset.name);
                report.hold(
                    what,
                    alone,
                    "no branch or version leads to it, and it is still in the grace period",
                    Some(until),
                );
            }
        }
        if let Some(list) = doomed.commits.get_mut(&asset.id) {
            list.retain(|(id, _)| !reached.contains(id));
        }
        Ok(fresh)
    }

    /// Marks commits, what they hold, and all before them.
    pub(super) async fn mark_commits(
        &self,
        asset: Uuid,
        mut next: Vec<CommitId>,
        reached: &mut HashSet<CommitId>,
        marks: &mut Marks,
    ) -> Result<u64> {
        let mut fresh = 0;
        while let Some(id) = next.pop() {
            if !reached.insert(id) {
                continue;
            }
            let commit = self.store.inner.records.commit(asset, id).await?;
            let commit = commit.ok_or_else(|| Error::corrupt(format!("commit {} is missing", id.short())))?;
            if let Some(tree) = &commit.tree {
                fresh += marks.tree(tree).await?;
            }
            next.extend(commit.record.parents);
        }
        Ok(fresh)
    }
}
