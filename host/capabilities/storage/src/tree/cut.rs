//! Where a node ends.
//!
//! Lives here: the rule, which is part of the stored format and must never change.
//! Invariant: a cut depends only on what stands since the last cut, so that it is the same whatever
//! the history of the tree.

/// A node is cut by force at this many entries, so that chosen names cannot make it grow without end.
/// Tests inside of this crate cut sixteen times as often, so that small trees have many levels.
pub const MOST: usize = if cfg!(test) { 64 } else { 4096 };
const MASK: u64 = if cfg!(test) { 0xf } else { 0xff };

/// Whether a node of `level` that now holds `count` entries ends with `key`. One key in 256 ends a node.
pub fn ends(level: u8, key: &str, count: usize) -> bool {
    if count >= MOST {
        return true;
    }
    // An inner node of one child would let chosen names make the tree as high as they like.
    if level > 0 && count < 2 {
        return false;
    }
    salted(level, key) & MASK == 0
}

fn salted(level: u8, key: &str) -> u64 {
    let mut x = u64::from(crc32fast::hash(key.as_bytes())) | (u64::from(level) << 32);
    // The finaliser of MurmurHash3: every bit of the input moves every bit of the output.
    x ^= x >> 33;
    x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^= x >> 33;
    x = x.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_key_in_256_ends_a_node_and_levels_do_not_agree() {
        let keys: Vec<String> = (0..100_000).map(|i| format!("data/{i:07}.csv")).collect();
        let cut = |level, key: &str| salted(level, key) & 0xff == 0;
        let ends_at = |level| keys.iter().filter(|k| cut(level, k)).count();
        assert!((300..500).contains(&ends_at(0)), "{}", ends_at(0));
        assert!((300..500).contains(&ends_at(1)), "{}", ends_at(1));
        let both = keys.iter().filter(|k| cut(0, k) && cut(1, k)).count();
        assert!(both < 20, "{both}");
    }
}
