//! Repair: damaged parts are written again, at the places where they were, from a good copy elsewhere in the store.
//!
//! Lives here: where copies are looked for, and how a copy is made to fit. Must not live here: finding damage (`check`).
//! Copies of a body: a part of any other pack, or a whole object, with the same hash. Copies of a tree node: the node in
//! the cache, or an equal node in any other pack; the locations of such a copy may differ, but they are as good.
//! Invariants: nothing is written that does not match the hash of what it replaces; records and roots stay as they are,
//! since every part keeps its place.

use crate::{
    backing::Backing,
    check::{Damage, body},
    damage::Mark,
    error::{Error, Result},
    pack::{PartKind, read_index},
    store::Inner,
    tree::{Location, Node, NodeRef},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use kamld_types::Hash;
use object_store::path::Path;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// Indexes that are read at the same time.
const PARALLEL: usize = 8;

/// What is damaged.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Body {
        path: Arc<str>,
        mark: Mark,
    },
    Node(NodeRef),
    Index(Uuid),
    /// Named by its key. Nothing else says what was in it.
    Record(String),
}

/// What two findings of the same damage have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Whole(Hash),
    Place(Uuid, u64),
    Index(Uuid),
    Record(String),
}

impl What {
    pub fn key(&self) -> Key {
        match self {
            What::Body { mark: Mark { location: Location::Packed { pack, offset }, .. }, .. } => {
                Key::Place(*pack, *offset)
            }
            What::Body { mark, .. } => Key::Whole(mark.hash),
            What::Node(at) => Key::Place(at.pack, at.offset),
            What::Index(pack) => Key::Index(*pack),
            What::Record(key) => Key::Record(key.clone()),
        }
    }
}

/// Damage as it is reported, and what it is.
pub(crate) struct Found {
    pub damage: Damage,
    pub what: What,
}

/// Good bytes for a part of a pack.
struct Good {
    /// Which finding they repair.
    place: usize,
    mark: Option<Mark>,
    offset: u64,
    bytes: Bytes,
}

/// Where a copy may be: pack, offset and length.
type Copies = HashMap<Hash, Vec<(Uuid, u64, u32)>>;

impl Inner {
    /// Repairs bodies and nodes, as far as there are good copies. Answers which of them were written again.
    pub(crate) async fn repair(&self, found: &[Found]) -> Result<HashSet<usize>> {
        let mut wanted = HashMap::new();
        for found in found {
            match &found.what {
                What::Body { mark, .. } => drop(wanted.insert(mark.hash, PartKind::Body)),
                What::Node(at) => drop(wanted.insert(at.hash, PartKind::Node)),
                What::Index(_) | What::Record(_) => {}
            }
        }
        if wanted.is_empty() {
            return Ok(HashSet::new());
        }
        let copies = self.copies(&wanted).await?;
        let mut repaired = HashSet::new();
        // The parts of one pack are written together, since each write replaces the whole pack.
        let mut packs: HashMap<Uuid, Vec<Good>> = HashMap::new();
        for (place, found) in found.iter().enumerate() {
            match &found.what {
                What::Body { mark, .. } => {
                    let Some(bytes) = self.good_body(mark, &copies).await? else { continue };
                    match mark.location {
                        Location::Packed { pack, offset } => {
                            packs.entry(pack).or_default().push(Good { place, mark: Some(*mark), offset, bytes });
                        }
                        _ => {
                            self.backing().rewrite(&[*mark], &bytes).await?;
                            repaired.insert(place);
                        }
                    }
                }
                What::Node(at) => {
                    if let Some(bytes) = self.good_node(at, &copies).await? {
                        packs.entry(at.pack).or_default().push(Good { place, mark: None, offset: at.offset, bytes });
                    }
                }
                What::Index(_) | What::Record(_) => {}
            }
        }
        for (pack, parts) in packs {
            let bytes: Vec<_> = parts.iter().map(|part| (part.offset, part.bytes.clone())).collect();
            self.backing().rewrite_parts(pack, &bytes).await?;
            for part in parts {
                repaired.insert(part.place);
                if let Some(mark) = part.mark {
                    self.backing().unmark_damaged(&mark).await;
                }
            }
        }
        Ok(repaired)
    }

    /// Every part of any pack that has one of the hashes, by the indexes of the packs.
    async fn copies(&self, wanted: &HashMap<Hash, PartKind>) -> Result<Copies> {
        let backing = self.backing();
        let listed: Vec<_> = backing.store.list(Some(&Path::from("packs"))).try_collect().await?;
        let packs: Vec<Uuid> = listed.iter().filter_map(|meta| meta.location.filename()?.parse().ok()).collect();
        let mut indexes = stream::iter(packs)
            .map(|pack| async move { (pack, read_index(backing, pack).await) })
            .buffer_unordered(PARALLEL);
        let mut copies = Copies::new();
        while let Some((pack, index)) = indexes.next().await {
            let parts = match index {
                Ok(parts) => parts,
                Err(Error::Corrupt(_)) => continue,
                Err(error) => return Err(error),
            };
            for part in parts.into_iter().filter(|part| wanted.get(&part.hash) == Some(&part.kind)) {
                copies.entry(part.hash).or_default().push((pack, part.offset, part.len));
            }
        }
        Ok(copies)
    }

    /// The bytes of a damaged body, from another place. Large objects have no copies: equal ones share their bytes.
    async fn good_body(&self, mark: &Mark, copies: &Copies) -> Result<Option<Bytes>> {
        let mut places = vec![Location::Whole];
        for (pack, offset, _) in copies.get(&mark.hash).into_iter().flatten() {
            places.push(Location::Packed { pack: *pack, offset: *offset });
        }
        for location in places {
            if location == mark.location {
                continue;
            }
            let (key, start) = match location {
                Location::Packed { pack, offset } => (Backing::pack_key(pack), offset),
                _ if mark.size > crate::objects::SMALL => continue,
                _ => (Backing::object_key(mark.hash), 0),
            };
            match body(self.backing(), &Mark { location, ..*mark }).await {
                Ok(()) => return Ok(Some(self.backing().range(&key, start, mark.size).await?)),
                Err(Error::Corrupt(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Bytes for the place of a damaged node: exactly as long, and with the same hash.
    async fn good_node(&self, at: &NodeRef, copies: &Copies) -> Result<Option<Bytes>> {
        let fits = |bytes: &Bytes| bytes.len() == at.len as usize && Node::decode(at, bytes).is_ok();
        if let Some(cached) = self.nodes.cached(at) {
            let (_, bytes) = cached.encode();
            if fits(&bytes) {
                return Ok(Some(bytes));
            }
        }
        let backing = self.backing();
        let own = part(backing, at).await?.unwrap_or_default();
        for (pack, offset, len) in copies.get(&at.hash).into_iter().flatten() {
            let copy = NodeRef { pack: *pack, offset: *offset, len: *len, ..at.clone() };
            if (copy.pack, copy.offset) == (at.pack, at.offset) {
                continue;
            }
            let Some(bytes) = part(backing, &copy).await? else { continue };
            if Node::decode(&copy, &bytes).is_err() {
                continue;
            }
            // What the node is from the copy, where things are from the damaged node, if that half of it is good.
            let joined = Node::join(&bytes, &own).filter(fits);
            if let Some(bytes) = joined.or_else(|| Node::padded(&bytes, at.len as usize).filter(fits)) {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

/// The stored bytes of a node; none when they are missing or cut.
async fn part(backing: &Backing, at: &NodeRef) -> Result<Option<Bytes>> {
    match backing.part(at.pack, at.offset, u64::from(at.len)).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Error::Corrupt(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
