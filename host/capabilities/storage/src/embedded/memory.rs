//! Refs in memory: for tests, and for a server that shall leave nothing behind.

use crate::{
    error::Result,
    refstore::{Expect, Flush, Record, RefStore, Tag, Wrote, fits},
};
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use std::{collections::BTreeMap, ops::Bound};

#[derive(Default)]
pub struct MemoryRefs {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<String, (Bytes, Tag)>,
    revision: u64,
}

#[async_trait]
impl RefStore for MemoryRefs {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        Ok(self.state.lock().records.get(key).cloned())
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect, _: Flush) -> Result<Wrote> {
        let mut state = self.state.lock();
        if !fits(&expect, state.records.get(key).map(|(_, tag)| tag)) {
            return Ok(Wrote::Conflict);
        }
        state.revision += 1;
        let tag = Tag(state.revision.to_string());
        state.records.insert(key.to_owned(), (value, tag.clone()));
        Ok(Wrote::Done(tag))
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<bool> {
        let mut state = self.state.lock();
        if !fits(&expect, state.records.get(key).map(|(_, tag)| tag)) {
            return Ok(false);
        }
        state.records.remove(key);
        Ok(true)
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>> {
        let state = self.state.lock();
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let records = state.records.range::<str, _>((from, Bound::Unbounded));
        Ok(records
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, (value, tag))| Record { key: key.clone(), value: value.clone(), tag: tag.clone() })
            .collect())
    }
}
