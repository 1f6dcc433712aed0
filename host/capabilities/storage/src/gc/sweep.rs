//! Deleting garbage, after a last look at what is in use at this very moment.
//!
//! Invariants: commits that are to go are closed to new readers first, so that nobody can bring back what they lead to;
//! then all that is held or was written since the collection began is marked; only what is still unmarked goes.

use super::{
    GcReport, Run,
    garbage::{Garbage, Thing},
    mark::{Doomed, Marks},
};
use crate::{
    error::{Error, Result},
    leases::{Deleting, Held},
    records::commit_key,
    refstore::Expect,
};
use futures::{StreamExt, TryStreamExt, stream};
use kamld_types::CommitId;
use object_store::ObjectStoreExt;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Deletions at the same time.
const TOGETHER: usize = 64;

impl Run<'_> {
    pub(super) async fn sweep(
        &self,
        marks: &mut Marks,
        doomed: Doomed,
        garbage: Vec<Garbage>,
        report: &mut GcReport,
    ) -> Result<()> {
        let leases = &self.store.inner.leases;
        let mut closed: HashMap<CommitId, Deleting> = HashMap::new();
        let mut used: HashMap<Uuid, Vec<CommitId>> = HashMap::new();
        for (asset, commits) in &doomed.commits {
            for (id, _) in commits {
                match leases.delete(*id) {
                    Some(deleting) => drop(closed.insert(*id, deleting)),
                    None => used.entry(*asset).or_default().push(*id),
                }
            }
        }
        let reached = self.mark_in_use(marks, used).await?;
        self.delete_commits(&doomed, closed, &reached, report).await?;
        let (due, mut left): (Vec<_>, Vec<_>) = garbage
            .into_iter()
            .filter(|garbage| match garbage.thing {
                Thing::Pack(pack) => !marks.packs.contains_key(&pack),
                Thing::Object(hash) => !marks.uses_object(hash),
            })
            .partition(|garbage| self.older_than(garbage.since, self.options.grace));
        let waiting: u64 = left.iter().map(|garbage| garbage.bytes).sum();
        if let Some(first) = left.iter().map(|garbage| garbage.since).min() {
            let until = first.saturating_add(self.options.grace.as_millis() as u64);
            let what = match left.len() {
                1 => "1 pack or object".to_owned(),
                many => format!("{many} packs and objects"),
            };
            report.hold(what, waiting, "no longer used, and still in the grace period", Some(until));
        }
        if self.options.dry_run {
            for garbage in due {
                report.free(kind(garbage.thing), || garbage.thing.key().to_string(), garbage.bytes);
            }
            return Ok(());
        }
        let mut deletions = stream::iter(due)
            .map(|garbage| async move { self.delete(garbage.thing).await.map(|gone| (garbage, gone)) })
            .buffer_unordered(TOGETHER);
        let mut done = 0;
        while let Some((garbage, gone)) = deletions.try_next().await? {
            if gone {
                report.free(kind(garbage.thing), || garbage.thing.key().to_string(), garbage.bytes);
                self.store.inner.backing().uncount(garbage.bytes);
            } else {
                left.push(garbage);
            }
            done += 1;
            if done % 256 == 0 {
                (self.progress)(report);
            }
        }
        self.remember(&left).await
    }

    /// Marks what is held now or was written since the start. Answers the commits that this reached, by asset.
    async fn mark_in_use(
        &self,
        marks: &mut Marks,
        used: HashMap<Uuid, Vec<CommitId>>,
    ) -> Result<HashMap<Uuid, HashSet<CommitId>>> {
        let mut reached: HashMap<Uuid, HashSet<CommitId>> = HashMap::new();
        let (held, written) = self.store.inner.leases.settled().await;
        let mut commits: Vec<(Uuid, CommitId)> = written.commits;
        commits.extend(used.into_iter().flat_map(|(asset, ids)| ids.into_iter().map(move |id| (asset, id))));
        let mut roots = written.roots;
        for Held { roots: own, packs, commits: named, .. } in held {
            roots.extend(own);
            commits.extend(named);
            for pack in packs {
                marks.pack(pack);
            }
        }
        for root in roots {
            marks.tree(&root).await?;
        }
        for (asset, id) in commits {
            match self.mark_commits(asset, vec![id], reached.entry(asset).or_default(), marks).await {
                // A lease outlives its commit when its asset was emptied from the bin meanwhile.
                Err(Error::Corrupt(_)) if self.store.inner.records.commit(asset, id).await?.is_none() => {}
                other => drop(other?),
            }
        }
        Ok(reached)
    }

    async fn delete_commits(
        &self,
        doomed: &Doomed,
        mut closed: HashMap<CommitId, Deleting>,
        reached: &HashMap<Uuid, HashSet<CommitId>>,
        report: &mut GcReport,
    ) -> Result<()> {
        let mut deletions = Vec::new();
        for (asset, commits) in &doomed.commits {
            for (id, bytes) in commits {
                if reached.get(asset).is_some_and(|reached| reached.contains(id)) {
                    continue;
                }
                if let Some(deleting) = closed.remove(id) {
                    report.free("commits that no ref reaches", || id.short(), *bytes);
                    deletions.push((commit_key(*asset, *id), deleting));
                }
            }
        }
        if self.options.dry_run {
            return Ok(());
        }
        stream::iter(deletions.into_iter().map(Ok))
            .try_for_each_concurrent(TOGETHER, |(key, deleting)| {
                let refs = self.store.inner.records.refs.clone();
                to_the_end(async move {
                    let deleted = refs.delete(&key, Expect::Any, Vec::new()).await;
                    drop(deleting);
                    deleted.map(drop)
                })
            })
            .await
    }

    /// False when it is in use after all.
    async fn delete(&self, thing: Thing) -> Result<bool> {
        let inner = self.store.inner.clone();
        let deleting = match thing {
            Thing::Pack(_) => None,
            Thing::Object(hash) => match inner.leases.delete(hash) {
                None => return Ok(false),
                deleting => deleting,
            },
        };
        to_the_end(async move {
            if let Thing::Pack(pack) = thing {
                // A put of the same bytes must not write a pack again that is gone.
                inner.backing().forget_pack(pack).await;
            }
            let deleted = inner.backing().store.delete(&thing.key()).await;
            drop(deleting);
            match deleted {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(true),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }
}

/// Runs to its end also when nobody waits for it any more: a deletion that goes on after it was given up would take what
/// somebody found in the meantime.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.map_err(|error| Error::internal(format!("a deletion stopped: {error}")))?
}

fn kind(thing: Thing) -> &'static str {
    match thing {
        Thing::Pack(_) => "packs that nothing leads to",
        Thing::Object(_) => "objects that nothing leads to",
    }
}
