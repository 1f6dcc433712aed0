//! What a unit of work sees and changes: the state below, and its own changes over it.
//!
//! Changes are kept aside until the work is done, so that work that fails leaves no trace in a commit that it shares
//! with others.

use crate::{
    Table,
    error::{Error, Result},
};
use bytes::Bytes;
use std::{collections::BTreeMap, ops::Bound};

/// The longest key and value, in bytes.
pub const MAX_KEY: usize = 4 << 10;
pub const MAX_VALUE: usize = 4 << 20;

/// The counter behind [`Transaction::next_id`].
pub(crate) const COUNTERS: Table = Table("records/counters");
const NEXT_ID: &[u8] = b"id";

/// A part of a table in the order of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    pub prefix: Vec<u8>,
    /// Only keys behind this one.
    pub after: Option<Vec<u8>>,
    pub limit: usize,
}

impl Range {
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        Self { prefix: prefix.into(), after: None, limit: usize::MAX }
    }

    #[must_use]
    pub fn after(mut self, after: Option<impl Into<Vec<u8>>>) -> Self {
        self.after = after.map(Into::into);
        self
    }

    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Where to begin reading.
    pub(crate) fn start(&self) -> Bound<&[u8]> {
        match &self.after {
            Some(after) if *after >= self.prefix => Bound::Excluded(after),
            _ => Bound::Included(&self.prefix),
        }
    }
}

/// A state that can be read.
pub trait View {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>>;
    fn scan(&self, table: Table, range: &Range) -> Result<Vec<(Bytes, Bytes)>>;
}

pub type Changes = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// A transaction in progress.
pub struct Transaction<'a> {
    below: &'a dyn View,
    changes: Changes,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(below: &'a dyn View) -> Self {
        Self { below, changes: Changes::new() }
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }

    /// Takes over what a transaction on top of this one changed.
    pub(crate) fn absorb(&mut self, changes: Changes) {
        self.changes.extend(changes);
    }

    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        match self.changes.get(&(table, key.to_vec())) {
            Some(changed) => Ok(changed.as_deref().map(Bytes::copy_from_slice)),
            None => self.below.get(table, key),
        }
    }

    pub fn scan(&self, table: Table, range: &Range) -> Result<Vec<(Bytes, Bytes)>> {
        let own: Vec<_> = self
            .changes
            .range((range.start().map(|key| (table, key.to_vec())), Bound::Unbounded))
            .take_while(|((of, key), _)| *of == table && key.starts_with(&range.prefix))
            .collect();
        // Each removal of ours may hide one record below.
        let below = Range { limit: range.limit.saturating_add(own.len()), ..range.clone() };
        let mut merged: BTreeMap<Bytes, Bytes> = self.below.scan(table, &below)?.into_iter().collect();
        for ((_, key), value) in own {
            match value {
                Some(value) => merged.insert(Bytes::copy_from_slice(key), Bytes::copy_from_slice(value)),
                None => merged.remove(&key[..]),
            };
        }
        Ok(merged.into_iter().take(range.limit).collect())
    }

    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Result<()> {
        let (key, value) = (key.into(), value.into());
        if key.len() > MAX_KEY || value.len() > MAX_VALUE {
            return Err(Error::TooLarge(format!(
                "a record of {} + {} bytes is too large: a key has at most {MAX_KEY} bytes and a value {MAX_VALUE}",
                key.len(),
                value.len()
            )));
        }
        self.changes.insert((table, key), Some(value));
        Ok(())
    }

    pub fn remove(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.changes.insert((table, key.into()), None);
    }

    /// A number that no transaction got before, from 1 on, growing.
    pub fn next_id(&mut self) -> Result<u64> {
        let last = match self.get(COUNTERS, NEXT_ID)? {
            Some(bytes) => u64::from_le_bytes(
                bytes.as_ref().try_into().map_err(|_| Error::Damaged("'id' of records/counters".into()))?,
            ),
            None => 0,
        };
        self.put(COUNTERS, NEXT_ID, (last + 1).to_le_bytes())?;
        Ok(last + 1)
    }

    /// Makes sure that numbers to come are above this one: for records that bring numbers from elsewhere.
    pub fn ids_above(&mut self, id: u64) -> Result<()> {
        let last = self.next_id()?;
        self.put(COUNTERS, NEXT_ID, last.max(id).to_le_bytes())
    }
}

impl View for Transaction<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        Transaction::get(self, table, key)
    }

    fn scan(&self, table: Table, range: &Range) -> Result<Vec<(Bytes, Bytes)>> {
        Transaction::scan(self, table, range)
    }
}
