//! How one record is written: as JSON, and in sled also under a checksum.
//!
//! In sled a CRC-32 over key and body stands before the body, so that a record under a wrong key is damage too. The
//! records of the host have a checksum of their own.
//! Must not live here: what the records mean.

use crate::error::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};

fn checksum(key: &[u8], body: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(body);
    hasher.finalize().to_le_bytes()
}

pub(super) fn seal(key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(body.len() + 4);
    record.extend_from_slice(&checksum(key, body));
    record.extend_from_slice(body);
    record
}

pub(crate) fn open<'a>(key: &[u8], record: &'a [u8]) -> Result<&'a [u8]> {
    match record.split_at_checked(4) {
        Some((sum, body)) if sum == checksum(key, body) => Ok(body),
        _ => Err(damaged(key)),
    }
}

pub(crate) fn damaged(key: &[u8]) -> Error {
    Error::Damaged(format!("'{}'", String::from_utf8_lossy(key).escape_debug()))
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(value)
        .map_err(|error| kamld_types::Problem::internal(format!("a record could not be written as JSON: {error}")))?)
}

pub(crate) fn parse<T: DeserializeOwned>(key: &[u8], body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|_| damaged(key))
}

pub(crate) fn write<T: Serialize>(key: &[u8], value: &T) -> Result<Vec<u8>> {
    Ok(seal(key, &json(value)?))
}

pub(crate) fn read<T: DeserializeOwned>(key: &[u8], record: &[u8]) -> Result<T> {
    parse(key, open(key, record)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_written() {
        let record = write(b"k", &vec!["a", "b"]).unwrap();
        assert_eq!(read::<Vec<String>>(b"k", &record).unwrap(), ["a", "b"]);
    }

    #[test]
    fn any_flipped_bit_is_noticed_and_so_is_another_key() {
        let record = write(b"k", &"value").unwrap();
        for place in 0..record.len() * 8 {
            let mut bad = record.clone();
            bad[place / 8] ^= 1 << (place % 8);
            assert!(matches!(read::<String>(b"k", &bad), Err(Error::Damaged(_))), "bit {place}");
        }
        assert!(matches!(read::<String>(b"l", &record), Err(Error::Damaged(_))));
        assert!(matches!(read::<String>(b"k", &[1, 2]), Err(Error::Damaged(_))));
    }
}
