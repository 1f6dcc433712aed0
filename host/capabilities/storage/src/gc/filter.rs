//! A set of hashes of fixed size that may say yes wrongly and never says no wrongly (a Bloom filter).
//!
//! It answers "is this content in use": a wrong yes keeps a bit of garbage until the next collection, which has another
//! salt; a wrong no would delete data, and cannot happen.

use sha2::{Digest, Sha256};

/// Bits: 32 MiB. With 20 million contents about one in 200 questions gets a wrong yes.
const BITS: u64 = 1 << 28;
const PROBES: u64 = 4;

pub struct Filter {
    words: Vec<u64>,
    salt: [u8; 16],
}

impl Default for Filter {
    fn default() -> Self {
        Self { words: vec![0; (BITS / 64) as usize], salt: *uuid::Uuid::new_v4().as_bytes() }
    }
}

impl Filter {
    fn places(&self, key: &[u8]) -> impl Iterator<Item = u64> + use<> {
        let digest = Sha256::new().chain_update(self.salt).chain_update(key).finalize();
        let half = |at: usize| digest[at..at + 8].iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        let (first, step) = (half(0), half(8) | 1);
        (0..PROBES).map(move |probe| first.wrapping_add(probe.wrapping_mul(step)) % BITS)
    }

    pub fn insert(&mut self, key: &[u8]) {
        for place in self.places(key) {
            self.words[(place / 64) as usize] |= 1 << (place % 64);
        }
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.places(key).all(|place| self.words[(place / 64) as usize] & (1 << (place % 64)) != 0)
    }

    /// Bytes of memory.
    pub fn size() -> u64 {
        BITS / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_is_there_and_little_else() {
        let mut filter = Filter::default();
        for n in 0..100_000u32 {
            filter.insert(&n.to_le_bytes());
        }
        assert!((0..100_000u32).all(|n| filter.contains(&n.to_le_bytes())));
        let wrong = (100_000..200_000u32).filter(|n| filter.contains(&n.to_le_bytes())).count();
        assert!(wrong < 10, "{wrong}");
    }
}
