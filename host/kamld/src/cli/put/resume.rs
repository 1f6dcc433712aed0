//! What is remembered of uploads that were cut, so that putting again goes on where they stopped.
//!
//! Lives here: one small file an upload in the cache of this person. Must not live here: HTTP.
//! Invariants: the key holds all that makes two uploads the same (server, target, path, size, time): a file that changed
//! is another upload. Losing a record costs time, never data.

use super::super::offers::write_whole;
use super::sources::Seen;
use kamld_types::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Path of the upload at the server, without host and port: those change with each start.
    pub location: String,
    /// For people who look into the folder.
    pub source: String,
    pub target: String,
    pub size: u64,
}

/// The records of one person.
#[derive(Clone, Debug)]
pub struct Records {
    folder: PathBuf,
}

impl Records {
    pub fn new(cache: &Path) -> Self {
        Self { folder: cache.join("uploads") }
    }

    /// The file of one upload, there or not.
    pub fn key(&self, server: &str, target: &str, source: &Path, seen: &Seen) -> Key {
        let mut digest = Sha256::new();
        let source = fs::canonicalize(source).unwrap_or_else(|_| source.to_owned());
        let parts = [server.as_bytes(), target.as_bytes(), source.as_os_str().as_encoded_bytes()];
        for part in parts {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        digest.update(seen.size.to_le_bytes());
        digest.update(seen.modified.to_le_bytes());
        Key { file: self.folder.join(format!("{}.json", Hash(digest.finalize().into()))) }
    }
}

pub struct Key {
    file: PathBuf,
}

impl Key {
    pub fn load(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(&self.file).ok()?).ok()
    }

    /// A record that cannot be kept only means that a cut upload starts anew.
    pub fn save(&self, record: &Record) {
        if let Ok(text) = serde_json::to_vec(record) {
            let _ = write_whole(&self.file, &text);
        }
    }

    pub fn forget(&self) {
        let _ = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_again_by_the_same_upload_only() {
        let cache = tempfile::tempdir().unwrap();
        let file = cache.path().join("big.bin");
        fs::write(&file, "x").unwrap();
        let seen = Seen::of(&fs::metadata(&file).unwrap());
        let records = Records::new(cache.path());
        let key = |server: &str, target: &str, seen: &Seen| records.key(server, target, &file, seen);
        let record = Record {
            location: "/api/v1/uploads/7".into(),
            source: "big.bin".into(),
            target: "b/s/big.bin".into(),
            size: 1,
        };

        assert_eq!(key("a", "b/s/x", &seen).load(), None);
        key("a", "b/s/x", &seen).save(&record);
        assert_eq!(key("a", "b/s/x", &seen).load(), Some(record));
        assert_eq!(key("b", "b/s/x", &seen).load(), None);
        assert_eq!(key("a", "b/s/y", &seen).load(), None);
        assert_eq!(key("ab", "/s/x", &seen).load(), None);
        let mut grown = seen;
        grown.size = 2;
        assert_eq!(key("a", "b/s/x", &grown).load(), None);
        key("a", "b/s/x", &seen).forget();
        assert_eq!(key("a", "b/s/x", &seen).load(), None);
    }

    #[test]
    fn a_broken_record_is_none() {
        let cache = tempfile::tempdir().unwrap();
        let key = Key { file: cache.path().join("x.json") };
        fs::write(&key.file, "{\"loc").unwrap();
        assert_eq!(key.load(), None);
    }
}
