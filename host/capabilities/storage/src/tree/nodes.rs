//! Reading nodes: from memory when they were used lately, else from their pack, verified.
//!
//! Lives here: the cache of parsed nodes, bounded by the memory that they take.
//! Invariants: only nodes whose pack is durable enter the cache; an entry is found by hash and place, so that whoever
//! starts at a root that a ref names today meets only places that are reachable today. Garbage collection moves nodes:
//! found by hash alone, a cached node could lead to packs that are gone.

use super::{Node, NodeRef};
use crate::{backing::Backing, error::Result, pack::PackWriter};
use kamld_types::Hash;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// 64 MiB hold some 400,000 entries: the inner nodes of a tree of 10 M objects (20 MiB parsed) stay in memory
/// with room for the leaves in use.
pub const CACHE: usize = 64 << 20;

pub struct Nodes {
    pub backing: Backing,
    cache: Mutex<Cache>,
}

/// The hash of a node and its place.
pub type Key = (Hash, Uuid, u64);

#[derive(Default)]
struct Cache {
    nodes: HashMap<Key, (Arc<Node>, u64)>,
    /// By the time of last use, oldest first.
    order: BTreeMap<u64, Key>,
    clock: u64,
    weight: usize,
}

impl Nodes {
    pub fn new(backing: Backing) -> Self {
        Self { backing, cache: Mutex::default() }
    }

    /// The node, from cache, from the pack that is being written, or from the store.
    pub async fn load(&self, at: &NodeRef, fresh: Option<&PackWriter>) -> Result<Arc<Node>> {
        if let Some(node) = self.cache.lock().get(&at.key()) {
            return Ok(node);
        }
        if let Some(bytes) = fresh.and_then(|pack| pack.part(at.pack, at.offset)) {
            return Ok(Arc::new(Node::decode(at, &bytes)?));
        }
        let node = Arc::new(self.read(at).await?);
        self.keep(at.key(), node.clone());
        Ok(node)
    }

    /// Reads from the store, whatever the cache holds.
    pub async fn read(&self, at: &NodeRef) -> Result<Node> {
        let bytes = self.backing.part(at.pack, at.offset, u64::from(at.len)).await?;
        Node::decode(at, &bytes)
    }

    pub fn keep(&self, key: Key, node: Arc<Node>) {
        self.cache.lock().keep(key, node);
    }
}

impl Cache {
    fn get(&mut self, key: &Key) -> Option<Arc<Node>> {
        let (node, used) = self.nodes.get_mut(key)?;
        self.order.remove(used);
        self.clock += 1;
        *used = self.clock;
        self.order.insert(self.clock, *key);
        Some(node.clone())
    }

    fn keep(&mut self, key: Key, node: Arc<Node>) {
        self.clock += 1;
        self.weight += node.weight();
        if let Some((old, used)) = self.nodes.insert(key, (node, self.clock)) {
            self.weight -= old.weight();
            self.order.remove(&used);
        }
        self.order.insert(self.clock, key);
        while self.weight > CACHE {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            if let Some((node, _)) = self.nodes.remove(&oldest) {
                self.weight -= node.weight();
            }
        }
    }
}
