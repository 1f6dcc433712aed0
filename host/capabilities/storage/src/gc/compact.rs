//! Compaction: what is in use of small packs and of packs that are mostly garbage moves into new ones.
//!
//! The old packs are left to the next collection, which finds that nothing leads to them any more: whoever reads them
//! now can go on until their grace period is over.
//! Invariants: a record is changed only after what it leads to is durable, and only when nobody changed it meanwhile;
//! a tree keeps its hash, so neither commits nor comparisons notice.

use super::{GcReport, Known, Run, mark::Marks};
use crate::{
    error::{Error, Result},
    leases::Lease,
    records::{BranchRecord, Dropped, Head, RefRecord, StoredCommit, last_part, parse},
    refstore::{Expect, Wrote},
    relocate::Relocation,
    tree::NodeRef,
};
use futures::{StreamExt, TryStreamExt, stream};
use kamld_types::Hash;
use object_store::path::Path;
use std::{collections::HashSet, sync::Arc};
use uuid::Uuid;

/// Packs below this size are small. Fewer than so many of them are left alone.
const SMALL: u64 = 1 << 20;
const FEW: usize = 16;
/// Bytes in use and parts that one collection moves: what is left is for the next one. A part takes some 100 bytes of
/// memory while it moves.
const MOST_BYTES: u64 = 256 << 20;
const MOST_PARTS: u64 = 400_000;
/// Records written at the same time, which share a commit.
const TOGETHER: usize = 64;
/// Records changed between two flushes of the new packs.
const BATCH: usize = 512;
/// How often a branch is tried that others keep moving.
const ATTEMPTS: usize = 8;

type Moving<'a> = Relocation<Box<dyn Fn(Uuid) -> bool + Send + Sync + 'a>>;

impl Run<'_> {
    pub(super) async fn compact(&self, assets: &[Known], marks: &Marks, report: &mut GcReport) -> Result<()> {
        let chosen = self.choose(marks).await?;
        if chosen.is_empty() {
            return Ok(());
        }
        let lease = Arc::new(self.store.inner.leases.begin());
        lease.hold(None, None);
        let leaves: Box<dyn Fn(Uuid) -> bool + Send + Sync> = Box::new(|pack| chosen.contains(&pack));
        let mut moving: Moving<'_> = Relocation::new(self.store.inner.nodes.clone(), leaves).under(lease.clone());
        for asset in assets {
            match self.compact_asset(asset, &mut moving, &lease).await {
                Ok(()) => {}
                // What is damaged stays where it is, and so do its packs.
                Err(Error::Corrupt(words)) => {
                    report.hold(format!("packs of {}", asset.name), 0, format!("they are not compacted: {words}"), None)
                }
                Err(error) => return Err(error),
            }
            (self.progress)(report);
        }
        self.move_compared(&mut moving, &lease).await?;
        if !moving.stuck().is_empty() {
            let what = format!("{} small objects", moving.stuck().len());
            report.hold(
                what,
                0,
                "their bytes are damaged, so their packs stay as they are: `kamld storage check`",
                None,
            );
        }
        report.compacted += chosen.len() as u64;
        Ok(())
    }

    /// Packs that are worth moving: the emptiest first.
    async fn choose(&self, marks: &Marks) -> Result<HashSet<Uuid>> {
        let mut small = Vec::new();
        let mut sparse = Vec::new();
        let mut listed = self.store.inner.backing().store.list(Some(&Path::from("packs")));
        while let Some(meta) = listed.try_next().await? {
            let Some(pack) = meta.location.filename().and_then(|name| Uuid::try_parse(name).ok()) else { continue };
            let Some(used) = marks.packs.get(&pack).filter(|used| !used.whole) else { continue };
            let candidate = (used.bytes, used.parts(), pack);
            if used.bytes * 2 < meta.size {
                sparse.push(candidate);
            } else if meta.size < SMALL {
                small.push(candidate);
            }
        }
        if small.len() + sparse.len() >= FEW {
            sparse.append(&mut small);
        }
        // A pack alone gains nothing, unless it is mostly garbage and large.
        sparse.sort_unstable();
        let (mut bytes, mut parts) = (0, 0);
        let fits = sparse.into_iter().take_while(|(used, count, _)| {
            bytes += used;
            parts += count;
            bytes <= MOST_BYTES && parts <= MOST_PARTS
        });
        Ok(fits.map(|(_, _, pack)| pack).collect())
    }

    async fn compact_asset(&self, asset: &Known, moving: &mut Moving<'_>, lease: &Lease) -> Result<()> {
        let records = &self.store.inner.records;
        let prefix = format!("commit/{}/", asset.id);
        let mut after: Option<String> = None;
        loop {
            let page = records.refs.list(&prefix, after.as_deref(), BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            let mut changed = Vec::new();
            for record in page {
                let id: Hash = last_part(&record.key).parse().map_err(Error::from)?;
                let Some(tree) = StoredCommit::read(id, &record.value)?.tree else { continue };
                let moved = moving.tree(&tree).await?;
                if moved != tree {
                    let value = StoredCommit::with_tree(&record.value, &moved)?;
                    changed.push((record, value, moved));
                }
            }
            moving.flush().await?;
            stream::iter(changed)
                .map(|(record, value, moved)| async move {
                    // A conflict means that the commit is gone or was moved by another process: both are fine.
                    if let Wrote::Done(_) =
                        records.refs.put(&record.key, value, Expect::Tag(record.tag), vec![]).await?
                    {
                        lease.wrote([moved], None);
                    }
                    Ok::<_, Error>(())
                })
                .buffer_unordered(TOGETHER)
                .try_collect::<()>()
                .await?;
        }
        for record in records.all(&format!("dropped/{}/", asset.id)).await? {
            let mut dropped: Dropped = parse(&record.key, &record.value)?;
            if self.move_branch(&mut dropped.branch, moving).await?
                && let Wrote::Done(_) = records.put(&record.key, &dropped, Expect::Tag(record.tag), vec![]).await?
            {
                lease.wrote(dropped.branch.trees(), None);
            }
        }
        for record in records.all(&format!("ref/{}/", asset.id)).await? {
            for _ in 0..ATTEMPTS {
                let Some((RefRecord::Branch(mut branch), tag)) = records.get::<RefRecord>(&record.key).await? else {
                    break;
                };
                if !self.move_branch(&mut branch, moving).await? {
                    break;
                }
                let trees: Vec<NodeRef> = branch.trees().collect();
                let put = records.put(&record.key, &RefRecord::Branch(branch), Expect::Tag(tag), vec![]).await?;
                if let Wrote::Done(_) = put {
                    lease.wrote(trees, None);
                    break;
                }
            }
        }
        Ok(())
    }

    /// What others compare with moves too: else they would hold the old packs for as long as nothing changes.
    async fn move_compared(&self, moving: &mut Moving<'_>, lease: &Lease) -> Result<()> {
        let Some(compared) = &self.options.compared else { return Ok(()) };
        for (asset, token) in compared.states()? {
            let Ok(root) = serde_json::from_slice::<NodeRef>(&token) else { continue };
            match moving.tree(&root).await {
                Ok(moved) if moved != root => {
                    moving.flush().await?;
                    let to = serde_json::to_vec(&moved).map_err(|error| Error::internal(error.to_string()))?;
                    lease.wrote([moved], None);
                    compared.moved(&asset, &token, &to)?;
                }
                Ok(_) => {}
                // It was collected before: whoever compares with it begins again from the start.
                Err(error) => tracing::debug!(%asset, %error, "an old state cannot be read"),
            }
        }
        Ok(())
    }

    /// Whether any of its trees moved; they are durable then.
    async fn move_branch(&self, branch: &mut BranchRecord, moving: &mut Moving<'_>) -> Result<bool> {
        let before = branch.clone();
        if let Some(Head { tree: Some(tree), .. }) = &mut branch.head {
            *tree = moving.tree(tree).await?;
        }
        if let Some(tree) = &mut branch.working {
            *tree = moving.tree(tree).await?;
        }
        moving.flush().await?;
        Ok(*branch != before)
    }
}
