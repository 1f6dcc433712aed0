//! Key-values among the records: `PLUGIN \0 KEY` holds a revision of eight bytes and the value. The bytes that a space
//! takes are a record of their own (`usage \0 PLUGIN`), changed in the same transaction.
//!
//! Revisions come from one counter of the records, so that a key that was removed and written again never shows a
//! revision that somebody may still hold.
//! Must not live here: checks of sizes that every back end shares (`crate::kv`).

use super::record;
use crate::{
    Kv,
    error::{Error, Result},
    kv::{Item, MAX_LIST, check_key, check_value},
};
use async_trait::async_trait;
use bytes::Bytes;
use kamld_records::{Range, Records, Table, Transaction};
use kamld_types::PluginId;
use std::sync::Arc;

pub const TABLE: Table = Table("metadata/kv");
pub const USAGE: Table = Table("metadata/kv-usage");

pub(super) struct RecordKv {
    records: Arc<dyn Records>,
}

impl RecordKv {
    pub(super) fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }
}

fn space_key(space: &PluginId, key: &str) -> Vec<u8> {
    // The id of a plug-in has no NUL in it, so no space reaches into another.
    [space.as_str().as_bytes(), b"\0", key.as_bytes()].concat()
}

fn item(key: &[u8], record: &Bytes) -> Result<Item> {
    let (revision, value) = record.split_first_chunk::<8>().ok_or_else(|| record::damaged(key))?;
    Ok(Item { revision: u64::from_le_bytes(*revision), value: value.to_vec() })
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

/// One space within a transaction.
struct Space<'a, 't> {
    transaction: &'a mut Transaction<'t>,
    space: &'a PluginId,
}

impl Space<'_, '_> {
    /// The item of a key; none for one that is damaged, unless it is to be compared with.
    fn item(&self, full: &[u8], expected: Option<u64>) -> Result<Option<Item>> {
        match self.transaction.get(TABLE, full) {
            Err(kamld_records::Error::Damaged(_)) if expected.is_none() => Ok(None),
            found => found?.map(|record| item(full, &record)).transpose(),
        }
    }

    /// Bytes in use.
    fn usage(&self) -> Result<u64> {
        let key = self.space.as_str().as_bytes();
        let bytes = self.transaction.get(USAGE, key)?;
        bytes.map_or(Ok(0), |bytes| bytes.as_ref().try_into().map(u64::from_le_bytes).map_err(|_| record::damaged(key)))
    }

    fn set_usage(&mut self, bytes: u64) -> Result<()> {
        Ok(self.transaction.put(USAGE, self.space.as_str(), bytes.to_le_bytes())?)
    }

    fn put(&mut self, key: &str, value: &[u8], expected: Option<u64>, most: u64) -> Result<u64> {
        let full = space_key(self.space, key);
        let old = self.item(&full, expected)?;
        check_revision(key, old.as_ref().map_or(0, |item| item.revision), expected)?;
        let before = old.map_or(0, |item| cost(key.len(), item.value.len()));
        let used = self.usage()?;
        let after = used.saturating_sub(before) + cost(key.len(), value.len());
        // A space that holds more than it may since its grant was changed can be made smaller.
        if after > most && after > used {
            return Err(Error::Limit {
                message: format!("{} would keep {after} bytes of key-values, and {most} are allowed", self.space),
                help: "the old value was kept; remove keys, or put what is large into an asset; an admin can raise kv-mib in its grant".into(),
            });
        }
        // 0 means "not there", and numbers begin at 1.
        let revision = self.transaction.next_id()?;
        self.transaction.put(TABLE, full, [&revision.to_le_bytes(), value].concat())?;
        self.set_usage(after)?;
        Ok(revision)
    }

    fn remove(&mut self, key: &str, expected: Option<u64>) -> Result<bool> {
        let full = space_key(self.space, key);
        let there = !matches!(self.transaction.get(TABLE, &full), Ok(None));
        let old = self.item(&full, expected)?;
        check_revision(key, old.as_ref().map_or(0, |item| item.revision), expected)?;
        let freed = old.map_or(0, |item| cost(key.len(), item.value.len()));
        self.transaction.remove(TABLE, full);
        self.set_usage(self.usage()?.saturating_sub(freed))?;
        Ok(there)
    }

    fn clear(&mut self) -> Result<u64> {
        let all = self.transaction.scan(TABLE, &Range::prefix(space_key(self.space, "")))?;
        let count = all.len() as u64;
        for (key, _) in all {
            self.transaction.remove(TABLE, key);
        }
        self.set_usage(0)?;
        Ok(count)
    }
}

impl RecordKv {
    async fn change<T: Send + 'static>(
        &self,
        space: &PluginId,
        work: impl FnOnce(&mut Space<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let space = space.clone();
        self.records.write(move |transaction| work(&mut Space { transaction, space: &space })).await
    }
}

#[async_trait]
impl Kv for RecordKv {
    async fn get(&self, space: &PluginId, key: &str) -> Result<Option<Item>> {
        check_key(key)?;
        let full = space_key(space, key);
        self.records.get(TABLE, &full)?.map(|record| item(&full, &record)).transpose()
    }

    async fn put(&self, space: &PluginId, key: &str, value: &[u8], expected: Option<u64>, most: u64) -> Result<u64> {
        check_key(key)?;
        check_value(value)?;
        let (key, value) = (key.to_owned(), value.to_vec());
        self.change(space, move |space| space.put(&key, &value, expected, most)).await
    }

    async fn remove(&self, space: &PluginId, key: &str, expected: Option<u64>) -> Result<bool> {
        check_key(key)?;
        let key = key.to_owned();
        self.change(space, move |space| space.remove(&key, expected)).await
    }

    async fn list(&self, space: &PluginId, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let skip = space.as_str().len() + 1;
        let range = Range::prefix(space_key(space, prefix))
            .after(after.map(|after| space_key(space, after)))
            .limit(limit.min(MAX_LIST));
        let found = self.records.scan(TABLE, &range)?;
        found
            .into_iter()
            .map(|(key, _)| String::from_utf8(key[skip..].to_vec()).map_err(|_| record::damaged(&key)))
            .collect()
    }

    async fn usage(&self, space: &PluginId) -> Result<u64> {
        let key = space.as_str().as_bytes();
        let bytes = self.records.get(USAGE, key)?;
        bytes.map_or(Ok(0), |bytes| bytes.as_ref().try_into().map(u64::from_le_bytes).map_err(|_| record::damaged(key)))
    }

    async fn clear(&self, space: &PluginId) -> Result<u64> {
        self.change(space, |space| space.clear()).await
    }
}
