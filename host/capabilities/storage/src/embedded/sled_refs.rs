//! Refs in a sled tree, each record with a revision under a checksum.
//!
//! sled's own flush writes the log out but leaves the last step to the drive, and its recovery has known
//! faults: so the log file is synced besides, and a record that does not match its checksum is an
//! error and never a value.
//! Layout of a value: `u32` crc32 of the rest, `u64` revision, the record.

use crate::{
    error::{Error, Result},
    refstore::{Expect, Flush, Record, RefStore, Tag, Wrote, fits},
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Mutex;

const HEAD: usize = 12;

pub struct SledRefs {
    tree: sled::Tree,
    /// sled's log file, to sync what its flush has written out.
    log: Option<Arc<File>>,
    /// Writes made so far, and how many of them the last flush covers: one flush serves all who wait for it.
    made: AtomicU64,
    flushed: Mutex<u64>,
}

impl SledRefs {
    /// `folder` is where the database of the tree lies; none for a temporary database.
    pub fn new(tree: sled::Tree, folder: Option<&Path>) -> Result<Self> {
        let log = match folder {
            Some(folder) => {
                let log = File::open(folder.join("db")).map_err(|e| Error::io("opening the log of the refs", &e))?;
                Some(Arc::new(log))
            }
            None => None,
        };
        Ok(Self { tree, log, made: AtomicU64::new(0), flushed: Mutex::new(0) })
    }

    async fn flush(&self) -> Result<()> {
        let mine = self.made.load(Ordering::Acquire);
        let mut flushed = self.flushed.lock().await;
        if *flushed >= mine {
            return Ok(());
        }
        let covers = self.made.load(Ordering::Acquire);
        let (tree, log) = (self.tree.clone(), self.log.clone());
        let flush = move || -> Result<()> {
            tree.flush().map_err(failed)?;
            match log {
                Some(log) => log.sync_data().map_err(|error| Error::io("syncing the refs", &error)),
                None => Ok(()),
            }
        };
        tokio::task::spawn_blocking(flush)
            .await
            .map_err(|error| Error::internal(format!("syncing the refs: {error}")))??;
        *flushed = covers;
        Ok(())
    }
}

fn failed(error: sled::Error) -> Error {
    match error {
        sled::Error::Io(error) => Error::io("the refs cannot be read or written", &error),
        sled::Error::Corruption { .. } => Error::corrupt("the database of the refs is damaged")
            .help("restore the data folder from a copy; objects and packs are not touched by this"),
        error => Error::unavailable(format!("the refs cannot be read or written: {error}")),
    }
}

fn encode(revision: u64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + value.len());
    out.extend([0; 4]);
    out.extend(revision.to_le_bytes());
    out.extend(value);
    let crc = crc32fast::hash(&out[4..]);
    out[..4].copy_from_slice(&crc.to_le_bytes());
    out
}

fn decode<'a>(key: &str, record: &'a [u8]) -> Result<(u64, &'a [u8])> {
    let parts = || {
        let (crc, rest) = record.split_first_chunk::<4>()?;
        let (revision, value) = rest.split_first_chunk::<8>()?;
        (u32::from_le_bytes(*crc) == crc32fast::hash(rest)).then_some((u64::from_le_bytes(*revision), value))
    };
    parts().ok_or_else(|| {
        Error::corrupt(format!("the record '{key}' is damaged"))
            .help("restore the data folder from a copy; `kamld storage check` lists all that is damaged")
    })
}

/// Revisions also follow the clock, so that a key that was deleted and made again gets no old revision.
fn next_revision(before: u64) -> u64 {
    let clock = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or_default();
    clock.max(before + 1)
}

#[async_trait]
impl RefStore for SledRefs {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        let Some(record) = self.tree.get(key).map_err(failed)? else { return Ok(None) };
        let (revision, value) = decode(key, &record)?;
        Ok(Some((Bytes::copy_from_slice(value), Tag(revision.to_string()))))
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect, flush: Flush) -> Result<Wrote> {
        let tag = loop {
            let old = self.tree.get(key).map_err(failed)?;
            let revision = match &old {
                Some(record) => Some(decode(key, record)?.0),
                None => None,
            };
            if !fits(&expect, revision.map(|r| Tag(r.to_string())).as_ref()) {
                return Ok(Wrote::Conflict);
            }
            let revision = next_revision(revision.unwrap_or_default());
            let new = encode(revision, &value);
            if self.tree.compare_and_swap(key, old, Some(new)).map_err(failed)?.is_ok() {
                break Tag(revision.to_string());
            }
        };
        self.made.fetch_add(1, Ordering::AcqRel);
        if flush == Flush::Now {
            self.flush().await?;
        }
        Ok(Wrote::Done(tag))
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<bool> {
        loop {
            let old = self.tree.get(key).map_err(failed)?;
            let tag = match &old {
                Some(record) => Some(Tag(decode(key, record)?.0.to_string())),
                None => None,
            };
            if !fits(&expect, tag.as_ref()) {
                return Ok(false);
            }
            if old.is_none() || self.tree.compare_and_swap(key, old, None::<Vec<u8>>).map_err(failed)?.is_ok() {
                break;
            }
        }
        self.made.fetch_add(1, Ordering::AcqRel);
        self.flush().await?;
        Ok(true)
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>> {
        let from = match after {
            Some(after) if after >= prefix => (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded),
            _ => (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded),
        };
        let mut records = Vec::new();
        for record in self.tree.range::<&str, _>(from).take(limit) {
            let (key, record) = record.map_err(failed)?;
            let key = String::from_utf8_lossy(&key).into_owned();
            if !key.starts_with(prefix) {
                break;
            }
            let (revision, value) = decode(&key, &record)?;
            let (value, tag) = (Bytes::copy_from_slice(value), Tag(revision.to_string()));
            records.push(Record { key, value, tag });
        }
        Ok(records)
    }
}
