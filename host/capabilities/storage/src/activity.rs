//! What happened lately: the newest commits of many assets.
//!
//! Invariant: about as many commits are read as are answered. An asset is opened only when its last change is newer
//! than every commit that waits, since no commit of its default branch is newer than that change.

use crate::{
    error::{Error, Result},
    model::{Asset, Commit},
    records::AssetRecord,
    store::AssetStore,
};
use kamld_types::{AssetId, Hash};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
};

/// What waits to be looked at, by its place in the list of assets.
enum Next {
    Asset(usize),
    Commit(usize, Box<Commit>),
}

/// What waits, the newest first; of one moment, what came first.
#[derive(Default)]
struct Waiting {
    order: BinaryHeap<(u64, Reverse<usize>)>,
    all: Vec<Option<Next>>,
}

impl Waiting {
    fn push(&mut self, time: u64, next: Next) {
        self.order.push((time, Reverse(self.all.len())));
        self.all.push(Some(next));
    }

    fn pop(&mut self) -> Option<(u64, Next)> {
        let (time, Reverse(place)) = self.order.pop()?;
        Some((time, self.all.get_mut(place)?.take()?))
    }
}

impl AssetStore {
    /// The newest commits that the default branches of `assets` lead to, newest first; at most `limit`.
    pub async fn recent(&self, assets: &[Asset], limit: usize) -> Result<Vec<(Asset, Commit)>> {
        let mut waiting = Waiting::default();
        for (place, asset) in assets.iter().enumerate() {
            waiting.push(asset.modified, Next::Asset(place));
        }
        let mut records: Vec<Option<AssetRecord>> = vec![None; assets.len()];
        let mut seen = HashSet::new();
        let mut answer = Vec::new();
        while answer.len() < limit {
            let Some((time, next)) = waiting.pop() else { break };
            let (place, wanted) = match next {
                Next::Asset(place) => match self.inner.resolved(&assets[place].id, None).await {
                    Ok(found) => {
                        records[place] = Some(found.asset);
                        (place, found.commit.into_iter().collect())
                    }
                    // Removed since it was listed.
                    Err(Error::NotFound(_)) => continue,
                    Err(error) => return Err(error),
                },
                Next::Commit(place, commit) => {
                    let parents: Vec<Hash> = commit.parents.clone();
                    answer.push((assets[place].clone(), *commit));
                    (place, parents)
                }
            };
            let Some(record) = records[place].clone() else { continue };
            for id in wanted {
                if seen.insert((place, id)) {
                    let commit = self.commit_of(&assets[place].id, &record, id).await?;
                    // A clock that went back must not put a parent before its child.
                    waiting.push(commit.created.min(time), Next::Commit(place, Box::new(commit)));
                }
            }
        }
        Ok(answer)
    }

    async fn commit_of(&self, asset: &AssetId, record: &AssetRecord, id: Hash) -> Result<Commit> {
        Ok(self.inner.stored_commit(asset, record, id).await?.to_commit())
    }
}
