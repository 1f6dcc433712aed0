//! `RefStore`: the small records that move, such as branches, by compare-and-set.
//!
//! Contract for back ends: a key holds one value; each write gives it a new tag, never used before for that key; `put`
//! and `delete` are atomic, linearisable and durable on return. Companion records (`with`) are written unconditionally
//! and are durable no later than the record that they accompany; when the condition does not hold they may or may not
//! have been written, so they must be harmless by themselves. A missing key is `None`, never an error.
//! Keys are ASCII of `a-z A-Z 0-9 - _ .` in parts joined by `/`; values are 1 byte to 1 MiB.

use crate::error::Result;
use async_trait::async_trait;
use bytes::Bytes;

/// Names one state of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(pub String);

/// What must hold for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    Any,
    Absent,
    Tag(Tag),
}

/// What came of a conditional write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrote {
    Done(Tag),
    /// The expectation did not hold; the record was not written.
    Conflict,
}

/// One record of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: String,
    pub value: Bytes,
    pub tag: Tag,
}

/// A record that is written before another one: its key and value.
pub type Companion = (String, Bytes);

#[async_trait]
pub trait RefStore: Send + Sync {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>>;
    async fn put(&self, key: &str, value: Bytes, expect: Expect, with: Vec<Companion>) -> Result<Wrote>;
    /// False when the expectation did not hold; a missing key fits `Any` and `Absent`. With `Any` the key must be one
    /// that nobody writes again, such as that of a commit.
    async fn delete(&self, key: &str, expect: Expect, with: Vec<Companion>) -> Result<bool>;
    /// At most `limit` records whose keys start with `prefix` and are behind `after`, in the order of keys.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>>;
}

/// Whether a state fits an expectation.
pub fn fits(expect: &Expect, current: Option<&Tag>) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Absent => current.is_none(),
        Expect::Tag(tag) => current == Some(tag),
    }
}
