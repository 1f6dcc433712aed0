//! One node of the tree and its bytes.
//!
//! Layout: `u32` length of the logical part, the logical part, the locations, `u32` crc32 over the
//! length and the locations. The hash of a node is the SHA-256 of its logical part; where things
//! are stored stands apart, so that it does not change what a tree is.
//! Invariant: encoding is canonical (one content, one logical part) and decoding checks both parts.

use crate::error::{Error, Result};
use bytes::Bytes;
use kamld_types::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

const MAGIC: [u8; 3] = [b'K', b'T', 1];

/// Where the bytes of an object are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// No bytes, nowhere.
    Empty,
    /// An object of its own, named by its hash.
    Whole,
    /// A part of a pack, as long as the object.
    Packed { pack: Uuid, offset: u64 },
}

/// Points at a node and says what is below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRef {
    pub hash: Hash,
    pub level: u8,
    pub objects: u64,
    /// Sum of the sizes of all objects below.
    pub bytes: u64,
    pub pack: Uuid,
    pub offset: u64,
    pub len: u32,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: Arc<str>,
    pub size: u64,
    pub hash: Hash,
    pub media_type: Arc<str>,
    pub modified: u64,
    pub location: Location,
}

/// One subtree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// The last path below it.
    pub last: Arc<str>,
    pub node: NodeRef,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Leaf(Vec<Entry>),
    /// Children of one level less.
    Inner(u8, Vec<Child>),
}

impl Node {
    pub fn level(&self) -> u8 {
        match self {
            Node::Leaf(_) => 0,
            Node::Inner(level, _) => *level,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Node::Leaf(entries) => entries.len(),
            Node::Inner(_, children) => children.len(),
        }
    }

    /// The last path of it; none for an empty node, which is never stored.
    pub fn last(&self) -> Option<Arc<str>> {
        match self {
            Node::Leaf(entries) => entries.last().map(|e| e.path.clone()),
            Node::Inner(_, children) => children.last().map(|c| c.last.clone()),
        }
    }

    /// Objects and bytes below.
    pub fn sums(&self) -> (u64, u64) {
        match self {
            Node::Leaf(entries) => (entries.len() as u64, entries.iter().map(|e| e.size).sum()),
            Node::Inner(_, children) => {
                children.iter().fold((0, 0), |(n, b), c| (n + c.node.objects, b + c.node.bytes))
            }
        }
    }

    /// About how much memory the parsed node takes, in bytes.
    pub fn weight(&self) -> usize {
        match self {
            Node::Leaf(entries) => entries.iter().map(|e| 136 + e.path.len()).sum(),
            Node::Inner(_, children) => children.iter().map(|c| 136 + c.last.len()).sum(),
        }
    }

    /// The hash and the stored bytes.
    pub fn encode(&self) -> (Hash, Bytes) {
        let mut out = Vec::with_capacity(64 * self.len() + 64);
        out.extend([0; 4]);
        self.write_logical(&mut out);
        let logical = out.len() - 4;
        let length = (logical as u32).to_le_bytes();
        out[..4].copy_from_slice(&length);
        let hash = Hash(Sha256::digest(&out[4..]).into());
        let locations = out.len();
        self.write_locations(&mut out);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&length);
        crc.update(&out[locations..]);
        out.extend(crc.finalize().to_le_bytes());
        (hash, out.into())
    }

    fn write_logical(&self, out: &mut Vec<u8>) {
        out.extend(MAGIC);
        out.push(self.level());
        write_number(out, self.len() as u64);
        let mut before: &str = "";
        match self {
            Node::Leaf(entries) => {
                let mut media: Vec<&str> = entries.iter().map(|e| &*e.media_type).collect();
                media.sort_unstable();
                media.dedup();
                write_number(out, media.len() as u64);
                for name in &media {
                    write_number(out, name.len() as u64);
                    out.extend(name.as_bytes());
                }
                for entry in entries {
                    write_key(out, before, &entry.path);
                    before = &entry.path;
                    let place = media.binary_search(&&*entry.media_type).unwrap_or_default();
                    write_number(out, place as u64);
                    write_number(out, entry.size);
                    write_number(out, entry.modified);
                    out.extend(entry.hash.0);
                }
            }
            Node::Inner(_, children) => {
                for child in children {
                    write_key(out, before, &child.last);
                    before = &child.last;
                    out.extend(child.node.hash.0);
                    write_number(out, child.node.objects);
                    write_number(out, child.node.bytes);
                }
            }
        }
    }

    fn write_locations(&self, out: &mut Vec<u8>) {
        let packs: Vec<Uuid> = match self {
            Node::Leaf(entries) => entries
                .iter()
                .filter_map(|e| match e.location {
                    Location::Packed { pack, .. } => Some(pack),
                    _ => None,
                })
                .collect(),
            Node::Inner(_, children) => children.iter().map(|c| c.node.pack).collect(),
        };
        let mut places: HashMap<Uuid, u64> = HashMap::new();
        let mut table = Vec::new();
        for pack in packs {
            places.entry(pack).or_insert_with(|| {
                table.push(pack);
                table.len() as u64 - 1
            });
        }
        write_number(out, table.len() as u64);
        for pack in &table {
            out.extend(pack.as_bytes());
        }
        match self {
            Node::Leaf(entries) => {
                for entry in entries {
                    match entry.location {
                        Location::Empty => write_number(out, 0),
                        Location::Whole => write_number(out, 1),
                        Location::Packed { pack, offset } => {
                            write_number(out, places[&pack] + 2);
                            write_number(out, offset);
                        }
                    }
                }
            }
            Node::Inner(_, children) => {
                for child in children {
                    write_number(out, places[&child.node.pack]);
                    write_number(out, child.node.offset);
                    write_number(out, u64::from(child.node.len));
                }
            }
        }
    }

    /// The logical part of one encoded node with the locations of another one; none when they have no such parts.
    pub fn join(logical: &[u8], locations: &[u8]) -> Option<Bytes> {
        let end = |bytes: &[u8]| 4 + u32::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default()) as usize;
        // Both are the same node: when the length of the damaged one cannot be relied on, that of the other one can.
        let head = logical.get(..end(logical))?;
        Some([head, locations.get(head.len()..)?].concat().into())
    }

    /// An encoded node made longer: zeros behind the locations are not read.
    pub fn padded(bytes: &[u8], len: usize) -> Option<Bytes> {
        let end = 4 + u32::from_le_bytes(*bytes.first_chunk()?) as usize;
        let mut padded = bytes.get(..bytes.len().checked_sub(4)?)?.to_vec();
        let zeros = len.checked_sub(padded.len() + 4)?;
        padded.resize(padded.len() + zeros, 0);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&padded[..4]);
        crc.update(padded.get(end..)?);
        padded.extend(crc.finalize().to_le_bytes());
        Some(padded.into())
    }

    /// Reads and verifies the node that `wanted` points at.
    pub fn decode(wanted: &NodeRef, bytes: &[u8]) -> Result<Self> {
        let damaged = |why: &str| {
            Error::corrupt(format!(
                "tree node {} in pack {} at {} is damaged: {why}",
                wanted.hash.short(),
                wanted.pack,
                wanted.offset
            ))
            .help("`kamld storage check --repair` looks for a good copy; else restore the pack from a copy of the data folder")
        };
        let length = bytes.first_chunk::<4>().map(|l| u32::from_le_bytes(*l) as usize);
        let Some(length) = length.filter(|l| l.checked_add(8).is_some_and(|n| n <= bytes.len())) else {
            return Err(damaged("it is cut short"));
        };
        let (head, rest) = bytes.split_at(4 + length);
        let (locations, crc) = rest.split_at(rest.len() - 4);
        if Sha256::digest(&head[4..])[..] != wanted.hash.0 {
            return Err(damaged("its hash does not match"));
        }
        let mut check = crc32fast::Hasher::new();
        check.update(&head[..4]);
        check.update(locations);
        if crc != check.finalize().to_le_bytes() {
            return Err(damaged("its locations do not match their checksum"));
        }
        parse(&head[4..], locations).filter(|n| n.level() == wanted.level).ok_or_else(|| damaged("it cannot be read"))
    }
}

fn parse(logical: &[u8], locations: &[u8]) -> Option<Node> {
    let mut logical = Reader(logical);
    let mut locations = Reader(locations);
    if logical.take(3)? != MAGIC {
        return None;
    }
    let level = logical.take(1)?[0];
    let count = usize::try_from(logical.number()?).ok().filter(|n| *n <= cut_limit())?;
    let packs = usize::try_from(locations.number()?).ok().filter(|n| *n <= count)?;
    let packs =
        (0..packs).map(|_| Some(Uuid::from_bytes(*locations.take(16)?.first_chunk()?))).collect::<Option<Vec<_>>>()?;
    let mut key = Vec::new();
    if level == 0 {
        let media = usize::try_from(logical.number()?).ok().filter(|n| *n <= count)?;
        let media = (0..media)
            .map(|_| {
                let len = usize::try_from(logical.number()?).ok()?;
                Some(Arc::<str>::from(std::str::from_utf8(logical.take(len)?).ok()?))
            })
            .collect::<Option<Vec<_>>>()?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let path = logical.key(&mut key)?;
            let media_type = media.get(usize::try_from(logical.number()?).ok()?)?.clone();
            let size = logical.number()?;
            let modified = logical.number()?;
            let hash = Hash(*logical.take(32)?.first_chunk()?);
            let location = match locations.number()? {
                0 => Location::Empty,
                1 => Location::Whole,
                n => Location::Packed { pack: *packs.get(usize::try_from(n - 2).ok()?)?, offset: locations.number()? },
            };
            entries.push(Entry { path, size, hash, media_type, modified, location });
        }
        return Some(Node::Leaf(entries));
    }
    let mut children = Vec::with_capacity(count);
    for _ in 0..count {
        let last = logical.key(&mut key)?;
        let hash = Hash(*logical.take(32)?.first_chunk()?);
        let objects = logical.number()?;
        let bytes = logical.number()?;
        let pack = *packs.get(usize::try_from(locations.number()?).ok()?)?;
        let offset = locations.number()?;
        let len = u32::try_from(locations.number()?).ok()?;
        children.push(Child { last, node: NodeRef { hash, level: level - 1, objects, bytes, pack, offset, len } });
    }
    Some(Node::Inner(level, children))
}

fn cut_limit() -> usize {
    super::cut::MOST
}

/// LEB128, as in WebAssembly.
fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A path as what it shares with the one before, and the rest.
fn write_key(out: &mut Vec<u8>, before: &str, key: &str) {
    let shared = before.bytes().zip(key.bytes()).take_while(|(a, b)| a == b).count();
    write_number(out, shared as u64);
    write_number(out, (key.len() - shared) as u64);
    out.extend(&key.as_bytes()[shared..]);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn key(&mut self, key: &mut Vec<u8>) -> Option<Arc<str>> {
        let shared = usize::try_from(self.number()?).ok().filter(|n| *n <= key.len())?;
        let len = usize::try_from(self.number()?).ok()?;
        key.truncate(shared);
        key.extend(self.take(len)?);
        Some(std::str::from_utf8(key).ok()?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Node {
        let entry = |path: &str, location| Entry {
            path: path.into(),
            size: 300,
            hash: Hash([7; 32]),
            media_type: "text/csv".into(),
            modified: 1_700_000_000_000,
            location,
        };
        Node::Leaf(vec![
            entry("a/1.csv", Location::Whole),
            entry("a/2.csv", Location::Packed { pack: Uuid::nil(), offset: 77 }),
            entry("é", Location::Empty),
        ])
    }

    fn reference(node: &Node) -> (NodeRef, Bytes) {
        let (hash, bytes) = node.encode();
        let (objects, size) = node.sums();
        let len = bytes.len() as u32;
        (NodeRef { hash, level: node.level(), objects, bytes: size, pack: Uuid::nil(), offset: 0, len }, bytes)
    }

    #[test]
    fn a_node_is_read_as_it_was_written() {
        let node = leaf();
        let (at, bytes) = reference(&node);
        assert_eq!(Node::decode(&at, &bytes).unwrap(), node);
        let inner =
            Node::Inner(1, vec![Child { last: "é".into(), node: at.clone() }, Child { last: "ê".into(), node: at }]);
        let (at, bytes) = reference(&inner);
        assert_eq!(Node::decode(&at, &bytes).unwrap(), inner);
    }

    #[test]
    fn a_longer_node_is_read_as_the_one_that_it_was() {
        let (at, bytes) = reference(&leaf());
        for more in [0, 1, 100] {
            let padded = Node::padded(&bytes, bytes.len() + more).unwrap();
            assert_eq!(padded.len(), bytes.len() + more);
            assert_eq!(Node::decode(&at, &padded).unwrap(), leaf());
        }
        assert_eq!(Node::padded(&bytes, bytes.len() - 1), None);
        assert_eq!(Node::join(&bytes, &bytes).unwrap(), bytes);
    }

    #[test]
    fn where_things_are_stored_does_not_change_the_hash() {
        let Node::Leaf(mut entries) = leaf() else { unreachable!() };
        let before = leaf().encode().0;
        entries[0].location = Location::Packed { pack: Uuid::max(), offset: 1 };
        assert_eq!(Node::Leaf(entries).encode().0, before);
    }

    #[test]
    fn any_flipped_byte_is_found() {
        let (at, bytes) = reference(&leaf());
        for place in 0..bytes.len() {
            let mut bad = bytes.to_vec();
            bad[place] ^= 0x20;
            let error = Node::decode(&at, &bad).unwrap_err();
            assert!(matches!(error, Error::Corrupt(_)), "{place}: {error}");
        }
        for len in 0..bytes.len() {
            assert!(Node::decode(&at, &bytes[..len]).is_err());
        }
    }
}
