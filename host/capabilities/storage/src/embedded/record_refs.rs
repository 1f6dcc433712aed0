//! Refs in the table `storage/refs` of the records: a ref and its companions are one transaction.
//!
//! Layout of a value: `u64` revision, the record. Revisions come from the counter of the records, so that a key that
//! was deleted and made again never gets an old one.

use crate::{
    error::{Error, Result},
    refstore::{Companion, Expect, Record, RefStore, Tag, Wrote, fits},
};
use async_trait::async_trait;
use bytes::Bytes;
use kamld_records::{Range, Records, RedbRecords, Table, Transaction};
use std::sync::Arc;

pub const TABLE: Table = Table("storage/refs");

#[derive(Clone)]
pub struct RecordRefs {
    records: Arc<dyn Records>,
}

impl RecordRefs {
    pub fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    /// Refs in memory: for tests, and for a server that leaves nothing behind.
    pub fn memory() -> Result<Self> {
        Ok(Self::new(Arc::new(RedbRecords::memory()?)))
    }
}

fn encode(revision: u64, value: &[u8]) -> Vec<u8> {
    [&revision.to_le_bytes()[..], value].concat()
}

fn decode(key: &str, record: &Bytes) -> Result<(Bytes, Tag)> {
    let revision = record.first_chunk::<8>().ok_or_else(|| Error::corrupt(format!("the record '{key}' is damaged")))?;
    Ok((record.slice(8..), Tag(u64::from_le_bytes(*revision).to_string())))
}

/// Whether the state of a key fits what is expected of it.
fn expected(transaction: &Transaction<'_>, key: &str, expect: &Expect) -> Result<bool> {
    if *expect == Expect::Any {
        // A damaged record can be overwritten and deleted.
        return Ok(true);
    }
    let current = transaction.get(TABLE, key.as_bytes())?.map(|record| decode(key, &record)).transpose()?;
    Ok(fits(expect, current.as_ref().map(|(_, tag)| tag)))
}

fn put(transaction: &mut Transaction<'_>, key: String, value: &[u8]) -> Result<Tag> {
    let revision = transaction.next_id()?;
    transaction.put(TABLE, key, encode(revision, value))?;
    Ok(Tag(revision.to_string()))
}

#[async_trait]
impl RefStore for RecordRefs {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        self.records.get(TABLE, key.as_bytes())?.map(|record| decode(key, &record)).transpose()
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect, with: Vec<Companion>) -> Result<Wrote> {
        let key = key.to_owned();
        let work = move |transaction: &mut Transaction<'_>| {
            if !expected(transaction, &key, &expect)? {
                return Ok(Wrote::Conflict);
            }
            for (key, value) in with {
                put(transaction, key, &value)?;
            }
            put(transaction, key, &value).map(Wrote::Done)
        };
        self.records.write(work).await
    }

    async fn delete(&self, key: &str, expect: Expect, with: Vec<Companion>) -> Result<bool> {
        let key = key.to_owned();
        let work = move |transaction: &mut Transaction<'_>| {
            if !expected(transaction, &key, &expect)? {
                return Ok(false);
            }
            for (key, value) in with {
                put(transaction, key, &value)?;
            }
            transaction.remove(TABLE, key);
            Ok(true)
        };
        self.records.write(work).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>> {
        let range = Range::prefix(prefix).after(after).limit(limit);
        let found = self.records.scan(TABLE, &range)?;
        found
            .into_iter()
            .map(|(key, record)| {
                let key = String::from_utf8_lossy(&key).into_owned();
                let (value, tag) = decode(&key, &record)?;
                Ok(Record { key, value, tag })
            })
            .collect()
    }
}
