//! Reading nodes: from memory when they were used lately, else from their pack, verified.
//!
//! Lives here: the cache of parsed nodes, bounded by the memory that they take.
//! Invariants: only nodes whose pack is durable enter the cache; the key is the place of a node and not its hash, since
//! equal nodes in different packs may refer to different locations.

use super::{Node, NodeRef};
use crate::{backing::Backing, error::Result, pack::PackWriter};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// The pack of a node and its offset there.
type Place = (Uuid, u64);

/// 64 MiB hold some 400,000 entries: the inner nodes of a tree of 10 M objects (20 MiB parsed) stay in memory
/// with room for the leaves in use.
pub const CACHE: usize = 64 << 20;

pub struct Nodes {
    pub backing: Backing,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    nodes: HashMap<Place, (Arc<Node>, u64)>,
    /// By the time of last use, oldest first.
    order: BTreeMap<u64, Place>,
    clock: u64,
    weight: usize,
}

impl Nodes {
    pub fn new(backing: Backing) -> Self {
        Self { backing, cache: Mutex::default() }
    }

    /// The node, from cache, from the pack that is being written, or from the store.
    pub async fn load(&self, at: &NodeRef, fresh: Option<&PackWriter>) -> Result<Arc<Node>> {
        if let Some(node) = self.cached(at) {
            return Ok(node);
        }
        if let Some(bytes) = fresh.and_then(|pack| pack.part(at.pack, at.offset)) {
            return Ok(Arc::new(Node::decode(at, &bytes)?));
        }
        let node = Arc::new(self.read(at).await?);
        self.keep((at.pack, at.offset), node.clone());
        Ok(node)
    }

    /// The node as it stands in the cache.
    pub fn cached(&self, at: &NodeRef) -> Option<Arc<Node>> {
        self.cache.lock().get(&(at.pack, at.offset))
    }

    /// Reads from the store, whatever the cache holds.
    pub async fn read(&self, at: &NodeRef) -> Result<Node> {
        let bytes = self.backing.part(at.pack, at.offset, u64::from(at.len)).await?;
        Node::decode(at, &bytes)
    }

    pub fn keep(&self, place: Place, node: Arc<Node>) {
        self.cache.lock().keep(place, node);
    }
}

impl Cache {
    fn get(&mut self, place: &Place) -> Option<Arc<Node>> {
        let (node, used) = self.nodes.get_mut(place)?;
        self.order.remove(used);
        self.clock += 1;
        *used = self.clock;
        self.order.insert(self.clock, *place);
        Some(node.clone())
    }

    fn keep(&mut self, place: Place, node: Arc<Node>) {
        self.clock += 1;
        self.weight += node.weight();
        if let Some((old, used)) = self.nodes.insert(place, (node, self.clock)) {
            self.weight -= old.weight();
            self.order.remove(&used);
        }
        self.order.insert(self.clock, place);
        while self.weight > CACHE {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            if let Some((node, _)) = self.nodes.remove(&oldest) {
                self.weight -= node.weight();
            }
        }
    }
}
