//! Relocation: rewriting trees so that nothing in them refers to packs that are being evacuated.
//!
//! Lives here: copying nodes and packed bodies into new packs, and rewriting the nodes above what moved.
//! Must not live here: which packs are worth evacuating, updating the records that hold roots, deleting old packs.
//! Invariants: a relocated tree has the same logical hash as before, only its location sections differ; a body is
//! verified against its hash before it is written again; new packs are durable once `flush` has returned, and only
//! then may a root be stored.
//! Memory: one entry for each part that moves, some 15 bytes for each node that does not, and one pack in progress.

use crate::{
    damage::Mark,
    error::{Error, Result},
    leases::Lease,
    pack::PackWriter,
    seen::Places,
    tree::{Entry, Location, Node, NodeRef, Nodes},
};
use bytes::Bytes;
use futures::future::BoxFuture;
use kamld_types::Hash;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// Where a part of a pack starts.
pub type Place = (Uuid, u64);

/// Packed bodies closer together than this are read in one request: cheaper than another round trip.
const GAP: u64 = 64 << 10;
/// The most bytes that one request for several bodies reads.
const READ: u64 = 8 << 20;

/// One relocation of any number of trees. Trees that share nodes are given to the same relocation, which
/// then writes each shared node and body once.
pub struct Relocation<L> {
    nodes: Arc<Nodes>,
    pack: PackWriter,
    /// Whether everything in a pack has to leave it.
    leaves: L,
    /// Nodes that moved, by their old place.
    moved: HashMap<Place, NodeRef>,
    /// Nodes written by this relocation, by hash: an equal node in another evacuated pack is not written again.
    written: HashMap<Hash, NodeRef>,
    /// Nodes below which nothing moved.
    unmoved: Places,
    /// Bodies that moved, by their old place.
    bodies: HashMap<Place, Location>,
    stuck: HashMap<Place, Hash>,
}

impl<L: Fn(Uuid) -> bool + Send + Sync> Relocation<L> {
    pub fn new(nodes: Arc<Nodes>, leaves: L) -> Self {
        Self {
            pack: PackWriter::new(nodes.clone()),
            nodes,
            leaves,
            moved: HashMap::new(),
            written: HashMap::new(),
            unmoved: Places::default(),
            bodies: HashMap::new(),
            stuck: HashMap::new(),
        }
    }

    /// Protects what is written from garbage collection as long as the lease lives.
    #[must_use]
    pub fn under(mut self, lease: Arc<Lease>) -> Self {
        self.pack = self.pack.under(lease);
        self
    }

    /// Relocates the tree below `root` and returns its new root; `root` itself when nothing below it moved. Store the
    /// new root only after `flush`. `corrupt` when a node cannot be read: then it is not known what lies below it, so
    /// none of the evacuated packs may be deleted.
    pub async fn tree(&mut self, root: &NodeRef) -> Result<NodeRef> {
        self.node(root.clone()).await
    }

    /// Makes everything that was moved so far durable.
    pub async fn flush(&mut self) -> Result<()> {
        self.pack.flush().await
    }

    /// Bodies that could not be copied since their bytes are damaged: place and hash. Their entries still refer to the
    /// old place, so the packs of these places must stay.
    pub fn stuck(&self) -> &HashMap<Place, Hash> {
        &self.stuck
    }

    fn node(&mut self, at: NodeRef) -> BoxFuture<'_, Result<NodeRef>> {
        Box::pin(async move {
            let place = (at.pack, at.offset);
            if self.unmoved.contains(at.pack, at.offset) {
                return Ok(at);
            }
            if let Some(new) = self.moved.get(&place) {
                return Ok(new.clone());
            }
            let leaves = (self.leaves)(at.pack);
            if let Some(new) = self.written.get(&at.hash).filter(|_| leaves) {
                let new = new.clone();
                self.moved.insert(place, new.clone());
                return Ok(new);
            }
            // Never from the cache, where a copy of the node may have other locations.
            let mut node = self.nodes.read(&at).await?;
            let changed = match &mut node {
                Node::Leaf(entries) => self.entries(entries).await?,
                Node::Inner(_, children) => {
                    let mut changed = false;
                    for child in children {
                        let new = self.node(child.node.clone()).await?;
                        if new != child.node {
                            child.node = new;
                            changed = true;
                        }
                    }
                    changed
                }
            };
            if !changed && !leaves {
                self.unmoved.insert(at.pack, at.offset);
                return Ok(at);
            }
            let (hash, bytes) = node.encode();
            if hash != at.hash {
                return Err(Error::internal(format!("relocating tree node {} changed its hash", at.hash.short())));
            }
            let len = u32::try_from(bytes.len()).map_err(|_| Error::internal("a tree node is larger than 4 GiB"))?;
            let (pack, offset) = self.pack.add_node(hash, bytes, node).await?;
            let new = NodeRef { pack, offset, len, ..at };
            self.moved.insert(place, new.clone());
            self.written.insert(hash, new.clone());
            // A large tree must not keep a thread from everyone else.
            tokio::task::consume_budget().await;
            Ok(new)
        })
    }

    /// Gives the entries of a leaf their new locations; whether any of them changed.
    async fn entries(&mut self, entries: &mut [Entry]) -> Result<bool> {
        let mut wanted = Vec::new();
        let mut seen = HashSet::new();
        for entry in entries.iter() {
            let Location::Packed { pack, offset } = entry.location else { continue };
            let place = (pack, offset);
            if self.bodies.contains_key(&place) || self.stuck.contains_key(&place) {
                continue;
            }
            if (self.leaves)(pack) && seen.insert(place) {
                wanted.push(Wanted { place, pack, offset, len: entry.size, hash: entry.hash });
            }
        }
        self.copy(wanted).await?;
        let mut changed = false;
        for entry in entries {
            let Location::Packed { pack, offset } = entry.location else { continue };
            if let Some(new) = self.bodies.get(&(pack, offset)) {
                entry.location = *new;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Copies bodies into the new pack, reading neighbours together.
    async fn copy(&mut self, mut wanted: Vec<Wanted>) -> Result<()> {
        wanted.sort_unstable_by_key(|body| (body.pack, body.offset));
        let mut rest = &wanted[..];
        while let Some(first) = rest.first() {
            let mut end = first.offset + first.len;
            let joins = |body: &&Wanted, end: u64| {
                let to = body.offset + body.len;
                body.pack == first.pack && body.offset <= end + GAP && to.max(end) - first.offset <= READ
            };
            let mut count = 1;
            while let Some(next) = rest.get(count).filter(|next| joins(next, end)) {
                end = end.max(next.offset + next.len);
                count += 1;
            }
            let (run, behind) = rest.split_at(count);
            rest = behind;
            match self.nodes.backing.part(first.pack, first.offset, end - first.offset).await {
                Ok(bytes) => {
                    for body in run {
                        let from = (body.offset - first.offset) as usize;
                        self.keep(body, bytes.slice(from..from + body.len as usize)).await?;
                    }
                }
                // A pack that is cut short still holds what lies before the cut.
                Err(Error::Corrupt(_)) => {
                    for body in run {
                        match self.nodes.backing.part(body.pack, body.offset, body.len).await {
                            Ok(bytes) => self.keep(body, bytes).await?,
                            Err(Error::Corrupt(_)) => self.leave(body).await,
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn keep(&mut self, body: &Wanted, bytes: Bytes) -> Result<()> {
        if Sha256::digest(&bytes)[..] != body.hash.0 {
            self.leave(body).await;
            return Ok(());
        }
        self.pack.roll().await?;
        // Copied out of the run of neighbours, which would otherwise stay in memory until the pack goes out.
        let location = self.pack.add_body(body.hash, Bytes::copy_from_slice(&bytes));
        self.bodies.insert(body.place, location);
        Ok(())
    }

    /// A damaged body stays where it is, known as damaged, so that a put of the same bytes repairs it there.
    async fn leave(&mut self, body: &Wanted) {
        self.stuck.insert(body.place, body.hash);
        let location = Location::Packed { pack: body.pack, offset: body.offset };
        let mark = Mark { hash: body.hash, size: body.len, location };
        self.nodes.backing.mark_damaged(mark, "a body that compaction could not move").await;
    }
}

/// A body that has to move.
struct Wanted {
    /// Where entries say that it is.
    place: Place,
    /// Where it is read.
    pack: Uuid,
    offset: u64,
    len: u64,
    hash: Hash,
}

#[cfg(test)]
mod tests;
