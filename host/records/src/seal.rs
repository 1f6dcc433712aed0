//! How one record is protected: a CRC-32 over table, key and value, then the value.
//!
//! The key is part of the checksum, so that a value under a wrong key is damage too.

use crate::error::{Error, Result};
use bytes::Bytes;

const HEAD: usize = 4;

fn checksum(table: &str, key: &[u8], value: &[u8]) -> [u8; HEAD] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(table.as_bytes());
    hasher.update(key);
    hasher.update(value);
    hasher.finalize().to_le_bytes()
}

pub fn seal(table: &str, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(HEAD + value.len());
    sealed.extend_from_slice(&checksum(table, key, value));
    sealed.extend_from_slice(value);
    sealed
}

pub fn open(table: &str, key: &[u8], sealed: &[u8]) -> Result<Bytes> {
    match sealed.split_at_checked(HEAD) {
        Some((sum, value)) if sum == checksum(table, key, value) => Ok(Bytes::copy_from_slice(value)),
        _ => Err(Error::Damaged(format!("'{}' of {table}", String::from_utf8_lossy(key).escape_debug()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_and_a_wrong_place_are_damage() {
        let sealed = seal("t", b"key", b"value");
        assert_eq!(open("t", b"key", &sealed).unwrap(), "value");
        for bit in 0..sealed.len() * 8 {
            let mut bad = sealed.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(open("t", b"key", &bad), Err(Error::Damaged(_))), "bit {bit}");
        }
        assert!(open("t", b"kez", &sealed).is_err());
        assert!(open("u", b"key", &sealed).is_err());
        assert!(open("t", b"key", b"ab").is_err());
    }
}
