//! Key-values in sled: `PLUGIN \0 KEY` holds a revision of eight bytes and the value.
//!
//! Revisions come from one counter of the database, so that a key that was removed and written again never
//! shows a revision that somebody may still hold.
//! Must not live here: checks of sizes that every back end shares (`crate::kv`).

use super::{flush::Flush, record};
use crate::{
    Kv,
    error::{Error, Result},
    kv::{Item, MAX_LIST, QUOTA, check_key, check_value},
};
use async_trait::async_trait;
use kamld_types::PluginId;
use parking_lot::Mutex;
use std::collections::HashMap;

pub(super) struct SledKv {
    db: sled::Db,
    tree: sled::Tree,
    flush: Flush,
    /// Bytes in use by space, counted at the first need. Held while a change is decided and made.
    usage: Mutex<HashMap<PluginId, u64>>,
}

impl SledKv {
    pub(super) fn open(db: &sled::Db, flush: &Flush) -> Result<Self> {
        Ok(Self { db: db.clone(), tree: db.open_tree("metadata/kv")?, flush: flush.clone(), usage: Mutex::default() })
    }

    fn read(&self, key: &[u8]) -> Result<Option<Item>> {
        let Some(record) = self.tree.get(key)? else { return Ok(None) };
        let body = record::open(key, &record)?;
        let (revision, value) = body.split_first_chunk::<8>().ok_or_else(|| record::damaged(key))?;
        Ok(Some(Item { revision: u64::from_le_bytes(*revision), value: value.to_vec() }))
    }

    fn counted<'a>(&self, usage: &'a mut HashMap<PluginId, u64>, space: &PluginId) -> Result<&'a mut u64> {
        if !usage.contains_key(space) {
            let prefix = space_key(space, "");
            let mut bytes = 0;
            for entry in self.tree.scan_prefix(&prefix) {
                let (key, record) = entry?;
                bytes += cost(key.len() - prefix.len(), record.len().saturating_sub(12));
            }
            usage.insert(space.clone(), bytes);
        }
        Ok(usage.entry(space.clone()).or_default())
    }
}

fn space_key(space: &PluginId, key: &str) -> Vec<u8> {
    // The id of a plug-in has no NUL in it, so no space reaches into another.
    [space.as_str().as_bytes(), b"\0", key.as_bytes()].concat()
}

fn cost(key: usize, value: usize) -> u64 {
    (key + value) as u64
}

fn check_revision(key: &str, found: u64, expected: Option<u64>) -> Result<()> {
    match expected {
        Some(expected) if expected != found => {
            Err(Error::Changed(format!("key '{key}' is at revision {found}, not at {expected}")))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Kv for SledKv {
    async fn get(&self, space: &PluginId, key: &str) -> Result<Option<Item>> {
        check_key(key)?;
        self.read(&space_key(space, key))
    }

    async fn put(&self, space: &PluginId, key: &str, value: &[u8], expected: Option<u64>) -> Result<u64> {
        check_key(key)?;
        check_value(value)?;
        let full = space_key(space, key);
        let revision = {
            let mut usage = self.usage.lock();
            let used = self.counted(&mut usage, space)?;
            let old = match self.read(&full) {
                // A damaged value can be overwritten, but not compared with.
                Err(Error::Damaged(_)) if expected.is_none() => None,
                other => other?,
            };
            check_revision(key, old.as_ref().map_or(0, |item| item.revision), expected)?;
            let before = old.map_or(0, |item| cost(key.len(), item.value.len()));
            let after = *used - before.min(*used) + cost(key.len(), value.len());
            if after > QUOTA {
                return Err(Error::Limit {
                    message: format!("{space} would keep {after} bytes of key-values, and {QUOTA} are allowed"),
                    help: "the old value was kept; remove keys, or put what is large into an asset".into(),
                });
            }
            // 0 means "not there", so counting begins at 1.
            let revision = self.db.generate_id()? + 1;
            let body = [&revision.to_le_bytes(), value].concat();
            self.tree.insert(&full, record::seal(&full, &body))?;
            *used = after;
            revision
        };
        self.flush.flush().await?;
        Ok(revision)
    }

    async fn remove(&self, space: &PluginId, key: &str, expected: Option<u64>) -> Result<bool> {
        check_key(key)?;
        let full = space_key(space, key);
        let was_there = {
            let mut usage = self.usage.lock();
            let used = self.counted(&mut usage, space)?;
            if let Some(expected) = expected {
                let found = self.read(&full)?.map_or(0, |item| item.revision);
                check_revision(key, found, Some(expected))?;
            }
            match self.tree.remove(&full)? {
                Some(record) => {
                    *used = used.saturating_sub(cost(key.len(), record.len().saturating_sub(12)));
                    true
                }
                None => false,
            }
        };
        self.flush.flush().await?;
        Ok(was_there)
    }

    async fn list(&self, space: &PluginId, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let skip = space.as_str().len() + 1;
        let first = match after {
            // The smallest key behind `after` is `after` with a NUL.
            Some(after) if after >= prefix => [&space_key(space, after)[..], b"\0"].concat(),
            _ => space_key(space, prefix),
        };
        let within = space_key(space, prefix);
        let mut keys = Vec::new();
        for entry in self.tree.range(first..).keys().take(limit.min(MAX_LIST)) {
            let key = entry?;
            if !key.starts_with(&within) {
                break;
            }
            keys.push(String::from_utf8(key[skip..].to_vec()).map_err(|_| record::damaged(&key))?);
        }
        Ok(keys)
    }

    async fn usage(&self, space: &PluginId) -> Result<u64> {
        let mut usage = self.usage.lock();
        Ok(*self.counted(&mut usage, space)?)
    }

    async fn clear(&self, space: &PluginId) -> Result<u64> {
        let removed = {
            let mut usage = self.usage.lock();
            let mut batch = sled::Batch::default();
            let mut removed = 0;
            for key in self.tree.scan_prefix(space_key(space, "")).keys() {
                batch.remove(key?);
                removed += 1;
            }
            self.tree.apply_batch(batch)?;
            usage.remove(space);
            removed
        };
        self.flush.flush().await?;
        Ok(removed)
    }
}
