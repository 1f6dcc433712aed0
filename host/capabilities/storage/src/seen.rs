//! Sets of what was seen already, in little memory.
//!
//! Lives here: compact sets of places in packs and of whole objects. Must not live here: what is done with them.
//! Bounds: a place takes 2 to 20 bytes, depending on how close together the parts of a pack are; whole objects take at
//! most 64 MiB, however many there are.

use kamld_types::Hash;
use roaring::RoaringTreemap;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Places in packs.
#[derive(Default)]
pub struct Places(HashMap<Uuid, RoaringTreemap>);

impl Places {
    /// Whether it is new.
    pub fn insert(&mut self, pack: Uuid, offset: u64) -> bool {
        self.0.entry(pack).or_default().insert(offset)
    }

    pub fn remove(&mut self, pack: Uuid, offset: u64) {
        if let Some(offsets) = self.0.get_mut(&pack) {
            offsets.remove(offset);
        }
    }

    pub fn contains(&self, pack: Uuid, offset: u64) -> bool {
        self.0.get(&pack).is_some_and(|offsets| offsets.contains(offset))
    }

    pub fn packs(&self) -> impl Iterator<Item = Uuid> {
        self.0.keys().copied()
    }
}

/// Whole objects that are remembered at a time. The set holds 16 bytes of each hash and is at most half empty.
const MOST: usize = if cfg!(test) { 64 } else { 1 << 21 };

/// Whole objects, in turns: a turn deals with a range of hashes that is small enough to be remembered, and the next turn
/// with the rest. So everything is seen, whatever it takes in turns.
pub struct Wholes {
    seen: HashSet<u128>,
    from: u128,
    to: u128,
}

impl Default for Wholes {
    fn default() -> Self {
        Self { seen: HashSet::new(), from: 0, to: u128::MAX }
    }
}

impl Wholes {
    /// Whether the object is of this turn and was not seen before. 128 bits of a SHA-256 stand for all of it: two
    /// objects that share them cannot be made on purpose either.
    pub fn insert(&mut self, hash: Hash) -> bool {
        let Some(start) = hash.0.first_chunk().map(|start| u128::from_be_bytes(*start)) else { return true };
        if start < self.from || start > self.to || !self.seen.insert(start) {
            return false;
        }
        while self.seen.len() > MOST && self.to > self.from {
            // Hashes are spread evenly: half of the range holds half of the objects.
            self.to = self.from + (self.to - self.from) / 2;
            self.seen.retain(|start| *start <= self.to);
        }
        true
    }

    /// Begins the next turn; none when everything had its turn.
    pub fn next_turn(&mut self) -> bool {
        if self.to == u128::MAX {
            return false;
        }
        (self.from, self.to) = (self.to + 1, u128::MAX);
        self.seen.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn every_whole_object_has_its_turn_and_none_is_remembered_beyond_the_bound() {
        let hashes: Vec<Hash> = (0..1000u32).map(|n| Hash(Sha256::digest(n.to_le_bytes()).into())).collect();
        let mut wholes = Wholes::default();
        let (mut seen, mut turns) = (HashSet::new(), 1);
        loop {
            for hash in hashes.iter().chain(&hashes) {
                if wholes.insert(*hash) {
                    seen.insert(*hash);
                }
                assert!(wholes.seen.len() <= MOST);
            }
            if !wholes.next_turn() {
                break;
            }
            turns += 1;
        }
        assert_eq!(seen.len(), hashes.len());
        assert!((1000 / MOST..100).contains(&turns), "{turns}");
    }

    #[test]
    fn few_objects_have_one_turn() {
        let mut wholes = Wholes::default();
        assert!(wholes.insert(Hash([1; 32])));
        assert!(!wholes.insert(Hash([1; 32])));
        assert!(!wholes.next_turn());
    }
}
