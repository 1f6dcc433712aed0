//! Packs: one object of the store for all nodes and small bodies of one batch.
//!
//! Layout: magic, the parts one behind the other, the index (kind, offset, length, hash of each part),
//! then `u32` length of the index, `u32` crc32 of the index, magic. So a check can walk a pack alone.
//! Invariant: a part never moves; a pack is written once, whole, durably. Only a repair replaces it, by the same parts.

use crate::{
    backing::Backing,
    error::{Error, Result},
    leases::Lease,
    tree::{Location, Node, Nodes},
};
use bytes::{Bytes, BytesMut};
use kamld_types::Hash;
use object_store::PutPayload;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

const HEAD: &[u8; 8] = b"KAMLDPK1";
const FOOT: &[u8; 8] = b"KAMLDPKX";
const INDEX_ENTRY: usize = 1 + 8 + 4 + 32;
/// A batch that grows beyond this goes out as several packs, so that memory stays bounded.
const ROLL: u64 = 32 << 20;
/// Parsed nodes of the current pack that are kept for the cache, in bytes of memory.
const FRESH: usize = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    Body,
    Node,
}

/// One line of a pack's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub kind: PartKind,
    pub offset: u64,
    pub len: u32,
    /// Of a body: SHA-256 of its bytes. Of a node: its logical hash.
    pub hash: Hash,
}

pub struct PackWriter {
    nodes: Arc<Nodes>,
    id: Uuid,
    parts: Vec<Bytes>,
    index: Vec<Part>,
    size: u64,
    /// Bodies of this batch, in whichever of its packs.
    bodies: HashMap<Hash, Location>,
    fresh: Vec<(u64, Arc<Node>)>,
    fresh_weight: usize,
    /// Protects the packs until a ref leads to them.
    lease: Option<Arc<Lease>>,
}

impl PackWriter {
    pub fn new(nodes: Arc<Nodes>) -> Self {
        Self {
            nodes,
            id: Uuid::now_v7(),
            parts: Vec::new(),
            index: Vec::new(),
            size: HEAD.len() as u64,
            bodies: HashMap::new(),
            fresh: Vec::new(),
            fresh_weight: 0,
            lease: None,
        }
    }

    /// Protects what is written from garbage collection as long as the lease lives.
    #[must_use]
    pub fn under(mut self, lease: Arc<Lease>) -> Self {
        self.lease = Some(lease);
        self
    }

    fn add(&mut self, kind: PartKind, hash: Hash, bytes: Bytes) -> u64 {
        let offset = self.size;
        self.size += bytes.len() as u64;
        self.index.push(Part { kind, offset, len: bytes.len() as u32, hash });
        self.parts.push(bytes);
        offset
    }

    /// Adds a small body, once per hash.
    pub fn add_body(&mut self, hash: Hash, bytes: Bytes) -> Location {
        if let Some(location) = self.bodies.get(&hash) {
            return *location;
        }
        let pack = self.id;
        let offset = self.add(PartKind::Body, hash, bytes);
        let location = Location::Packed { pack, offset };
        self.bodies.insert(hash, location);
        location
    }

    /// Flushes the current pack when it has grown large, so that a caller who adds many bodies holds one pack of them.
    pub async fn roll(&mut self) -> Result<()> {
        if self.size > ROLL { self.flush().await } else { Ok(()) }
    }

    /// Adds a node; a pack that has grown large goes out before it.
    pub async fn add_node(&mut self, hash: Hash, bytes: Bytes, node: Node) -> Result<(Uuid, u64)> {
        self.roll().await?;
        let (pack, offset) = (self.id, self.add(PartKind::Node, hash, bytes));
        if self.fresh_weight < FRESH {
            self.fresh_weight += node.weight();
            self.fresh.push((offset, Arc::new(node)));
        }
        Ok((pack, offset))
    }

    /// A part that is not in the store yet.
    pub fn part(&self, pack: Uuid, offset: u64) -> Option<Bytes> {
        if pack != self.id {
            return None;
        }
        let place = self.index.binary_search_by_key(&offset, |part| part.offset).ok()?;
        self.parts.get(place).cloned()
    }

    /// Makes everything added so far durable.
    pub async fn flush(&mut self) -> Result<()> {
        if self.parts.is_empty() {
            return Ok(());
        }
        if let Some(lease) = &self.lease {
            lease.pack(self.id);
        }
        let end = close(&self.index);
        let parts = std::mem::take(&mut self.parts);
        let payload: PutPayload = std::iter::once(Bytes::from_static(HEAD)).chain(parts).chain([end.into()]).collect();
        self.nodes.backing.put(&Backing::pack_key(self.id), payload).await?;
        for (offset, node) in self.fresh.drain(..) {
            self.nodes.keep((self.id, offset), node);
        }
        self.fresh_weight = 0;
        self.index.clear();
        self.size = HEAD.len() as u64;
        self.id = Uuid::now_v7();
        Ok(())
    }
}

fn write_index(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.len() * INDEX_ENTRY);
    for part in parts {
        out.push(match part.kind {
            PartKind::Body => 0,
            PartKind::Node => 1,
        });
        out.extend(part.offset.to_le_bytes());
        out.extend(part.len.to_le_bytes());
        out.extend(part.hash.0);
    }
    out
}

/// All bytes of a stored pack; none when it is missing.
async fn stored(backing: &Backing, pack: Uuid) -> Result<Option<BytesMut>> {
    let key = Backing::pack_key(pack);
    let Some(size) = backing.size(&key).await? else { return Ok(None) };
    Ok(Some(BytesMut::from(&backing.range(&key, 0, size).await?[..])))
}

/// Repairs parts of a stored pack: the given bytes are written at their offsets, everything else stays as it is, and the
/// pack is replaced as a whole. A pack that is missing or too short is filled up with zeros, so that its other parts can
/// be repaired too; its index is then still damaged. One call at a time for a pack.
pub async fn splice(backing: &Backing, pack: Uuid, parts: &[(u64, Bytes)]) -> Result<()> {
    let mut bytes = stored(backing, pack).await?.unwrap_or_default();
    bytes.resize(bytes.len().max(HEAD.len()), 0);
    bytes[..HEAD.len()].copy_from_slice(HEAD);
    for (offset, part) in parts {
        let from = usize::try_from(*offset).map_err(|_| Error::internal("a part lies beyond the end of memory"))?;
        let to = from + part.len();
        bytes.resize(bytes.len().max(to), 0);
        bytes[from..to].copy_from_slice(part);
    }
    backing.replace(&Backing::pack_key(pack), bytes.freeze().into()).await
}

/// Gives a stored pack whose index is damaged a new one, behind all that it holds. `parts` in any order.
pub async fn rebuild_index(backing: &Backing, pack: Uuid, mut parts: Vec<Part>) -> Result<()> {
    let Some(mut bytes) = stored(backing, pack).await? else {
        return Err(Error::corrupt(format!("pack {pack} is missing from the store")));
    };
    parts.sort_unstable_by_key(|part| part.offset);
    parts.dedup_by_key(|part| part.offset);
    bytes.extend(close(&parts));
    backing.replace(&Backing::pack_key(pack), bytes.freeze().into()).await
}

/// The index and what follows it.
fn close(parts: &[Part]) -> Vec<u8> {
    let mut index = write_index(parts);
    let (len, crc) = (index.len() as u32, crc32fast::hash(&index));
    index.extend(len.to_le_bytes());
    index.extend(crc.to_le_bytes());
    index.extend(FOOT);
    index
}

/// The index of a stored pack; `corrupt` when it is damaged.
pub async fn read_index(backing: &Backing, pack: Uuid) -> Result<Vec<Part>> {
    let damaged = || Error::corrupt(format!("the index of pack {pack} is damaged"));
    let Some(size) = backing.size(&Backing::pack_key(pack)).await? else {
        return Err(Error::corrupt(format!("pack {pack} is missing from the store")));
    };
    let foot_at = size.checked_sub(16).ok_or_else(damaged)?;
    let foot = backing.part(pack, foot_at, 16).await?;
    let number = |at: usize| foot[at..at + 4].iter().rev().fold(0u32, |n, b| (n << 8) | u32::from(*b));
    let len = u64::from(number(0));
    if &foot[8..] != FOOT || len % INDEX_ENTRY as u64 != 0 {
        return Err(damaged());
    }
    let index = backing.part(pack, foot_at.checked_sub(len).ok_or_else(damaged)?, len).await?;
    if crc32fast::hash(&index) != number(4) {
        return Err(damaged());
    }
    let part = |line: &[u8]| {
        Some(Part {
            kind: if line[0] == 0 { PartKind::Body } else { PartKind::Node },
            offset: u64::from_le_bytes(*line.get(1..9)?.first_chunk()?),
            len: u32::from_le_bytes(*line.get(9..13)?.first_chunk()?),
            hash: Hash(*line.get(13..45)?.first_chunk()?),
        })
    };
    index.chunks_exact(INDEX_ENTRY).map(part).collect::<Option<_>>().ok_or_else(damaged)
}
