//! Leases: what readers and writers of this process are using, so that garbage collection leaves it alone.
//!
//! The rule that makes collection safe beside writers: whoever reads a ref begins a lease before, and says what it found
//! (`hold`); whoever writes a ref says so while it still holds its lease (`wrote`). The collector first lists what could
//! go, then waits until every lease that was begun before has said what it holds, then marks all that is held or was
//! written since it started. What is left was not reachable at that moment, and nobody can reach it from then on.
//! Single objects and commits can come back to life without a ref, since they are found by hash: `pin` guards those.
//! Must not live here: what is reachable, which files there are.

use crate::tree::NodeRef;
use kamld_types::{CommitId, Hash};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};
use tokio::sync::Notify;
use uuid::Uuid;

#[derive(Default)]
pub struct Leases {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    open: BTreeMap<u64, Held>,
    /// Hashes in use by somebody who may write a reference to them, with how many do.
    pinned: HashMap<Hash, usize>,
    /// Hashes that the collector is deleting right now.
    deleting: HashSet<Hash>,
    /// Set while a collection runs.
    collecting: Option<Written>,
    /// How many hold collections off.
    holds: usize,
}

/// A commit and the id of its asset.
pub type AssetCommit = (Uuid, CommitId);

/// What one lease protects.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Whether its holder has said what it uses.
    settled: bool,
    pub roots: Vec<NodeRef>,
    /// Packs that are being written and that no root names yet.
    pub packs: Vec<Uuid>,
    pub commits: Vec<AssetCommit>,
    pinned: Vec<Hash>,
}

/// What was written or pinned since a collection began.
#[derive(Clone, Debug, Default)]
pub struct Written {
    pub roots: Vec<NodeRef>,
    pub commits: Vec<AssetCommit>,
    pinned: HashSet<Hash>,
}

/// Released when dropped.
pub struct Lease {
    leases: Arc<Leases>,
    number: u64,
}

impl Leases {
    /// To be called before a ref is read.
    pub fn begin(self: &Arc<Self>) -> Lease {
        let mut state = self.state.lock();
        state.next += 1;
        let number = state.next;
        state.open.insert(number, Held::default());
        Lease { leases: self.clone(), number }
    }

    /// Starts to record what is written. One collection at a time.
    pub fn start(&self) -> bool {
        let mut state = self.state.lock();
        if state.collecting.is_some() || state.holds > 0 {
            return false;
        }
        state.collecting = Some(Written::default());
        true
    }

    /// Holds collections off until the answer is dropped. None while one runs.
    pub fn hold_off(self: &Arc<Self>) -> Option<HoldOff> {
        let mut state = self.state.lock();
        if state.collecting.is_some() {
            return None;
        }
        state.holds += 1;
        Some(HoldOff(self.clone()))
    }

    pub fn end(&self) {
        self.state.lock().collecting = None;
    }

    /// Waits until each lease that is open now has said what it holds, or has ended; then answers all that is held
    /// at one moment, and all that was written since the start.
    pub async fn settled(&self) -> (Vec<Held>, Written) {
        let newest = self.state.lock().next;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let state = self.state.lock();
                if state.open.range(..=newest).all(|(_, held)| held.settled) {
                    let held = state.open.values().cloned().collect();
                    return (held, state.collecting.clone().unwrap_or_default());
                }
            }
            changed.await;
        }
    }

    /// Begins to delete what has this hash: whoever looks for it waits until the answer is dropped. None when it is in
    /// use, or was since the collection began.
    pub fn delete(self: &Arc<Self>, hash: Hash) -> Option<Deleting> {
        let mut state = self.state.lock();
        let used = state.pinned.contains_key(&hash)
            || state.collecting.as_ref().is_some_and(|written| written.pinned.contains(&hash));
        if used {
            return None;
        }
        state.deleting.insert(hash);
        Some(Deleting { leases: self.clone(), hash })
    }
}

impl Lease {
    /// Says what is in use, after a ref was read. May be called again for more.
    pub fn hold(&self, roots: impl IntoIterator<Item = NodeRef>, commits: impl IntoIterator<Item = AssetCommit>) {
        let mut state = self.leases.state.lock();
        if let Some(held) = state.open.get_mut(&self.number) {
            held.settled = true;
            held.roots.extend(roots);
            held.commits.extend(commits);
        }
        drop(state);
        self.leases.changed.notify_waiters();
    }

    /// Protects a pack that is about to be written.
    pub fn pack(&self, pack: Uuid) {
        if let Some(held) = self.leases.state.lock().open.get_mut(&self.number) {
            held.packs.push(pack);
        }
    }

    /// Says that refs now lead to these, so that a running collection marks them too.
    pub fn wrote(&self, roots: impl IntoIterator<Item = NodeRef>, commits: impl IntoIterator<Item = AssetCommit>) {
        if let Some(written) = &mut self.leases.state.lock().collecting {
            written.roots.extend(roots);
            written.commits.extend(commits);
        }
    }

    /// Protects an object or a commit by its hash, before it is looked for. Waits while it is being deleted.
    pub async fn pin(&self, hash: Hash) {
        loop {
            let changed = self.leases.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.leases.state.lock();
                if !state.deleting.contains(&hash) {
                    *state.pinned.entry(hash).or_default() += 1;
                    if let Some(written) = &mut state.collecting {
                        written.pinned.insert(hash);
                    }
                    if let Some(held) = state.open.get_mut(&self.number) {
                        held.pinned.push(hash);
                    }
                    return;
                }
            }
            changed.await;
        }
    }
}

/// What has this hash is being deleted. It must live until the deletion has happened, whoever stops waiting for it.
pub struct Deleting {
    leases: Arc<Leases>,
    pub hash: Hash,
}

impl Drop for Deleting {
    fn drop(&mut self) {
        self.leases.state.lock().deleting.remove(&self.hash);
        self.leases.changed.notify_waiters();
    }
}

/// No collection begins while this lives.
pub struct HoldOff(Arc<Leases>);

impl Drop for HoldOff {
    fn drop(&mut self) {
        self.0.state.lock().holds -= 1;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.leases.state.lock();
        if let Some(held) = state.open.remove(&self.number) {
            for hash in held.pinned {
                if let Some(count) = state.pinned.get_mut(&hash) {
                    *count -= 1;
                    if *count == 0 {
                        state.pinned.remove(&hash);
                    }
                }
            }
        }
        drop(state);
        self.leases.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn root(n: u8) -> NodeRef {
        NodeRef { hash: Hash([n; 32]), level: 0, objects: 1, bytes: 1, pack: Uuid::nil(), offset: 0, len: 1 }
    }

    #[tokio::test]
    async fn the_collector_waits_for_whoever_is_reading_a_ref_and_sees_what_it_found() {
        let leases = Arc::new(Leases::default());
        assert!(leases.start());
        assert!(!leases.start(), "one collection at a time");
        let reading = leases.begin();
        assert!(leases.settled().now_or_never().is_none(), "it must wait");
        reading.hold([root(1)], []);
        let (held, _) = leases.settled().await;
        assert_eq!(held.iter().flat_map(|held| held.roots.clone()).collect::<Vec<_>>(), [root(1)]);
        reading.wrote([root(2)], []);
        drop(reading);
        let (held, written) = leases.settled().await;
        assert!(held.is_empty());
        assert_eq!(written.roots, [root(2)], "what was written is remembered after its writer is done");
    }

    #[tokio::test]
    async fn a_pinned_hash_is_not_deleted_and_a_pin_waits_for_a_deletion() {
        let leases = Arc::new(Leases::default());
        leases.start();
        let hash = Hash([7; 32]);
        let lease = leases.begin();
        lease.pin(hash).await;
        assert!(leases.delete(hash).is_none());
        drop(lease);
        assert!(leases.delete(hash).is_none(), "it was in use since the collection began");
        leases.end();
        leases.start();
        let deleting = leases.delete(hash).unwrap();
        let lease = leases.begin();
        assert!(lease.pin(hash).now_or_never().is_none(), "it must wait");
        drop(deleting);
        lease.pin(hash).await;
    }
}
