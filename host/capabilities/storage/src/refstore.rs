//! `RefStore`: the few small records that move, such as branches, by compare-and-set.
//!
//! Contract for back ends: a key holds one value; each write gives it a new tag, never used before
//! for that key; `put` and `delete` are atomic and linearisable; with `Flush::Now` they are durable on
//! return, and so is everything written before them; with `Flush::WithNext` they become durable
//! no later than the next write with `Flush::Now`. A missing key is `None`, never an error.
//! Keys are ASCII of `a-z A-Z 0-9 - _ .` in parts joined by `/`; values are at most 1 MiB.

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

/// When a write must be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// On return.
    Now,
    /// Together with the next write that is flushed.
    WithNext,
}

/// What came of a conditional write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrote {
    Done(Tag),
    /// The expectation did not hold; nothing was written.
    Conflict,
}

/// One record of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: String,
    pub value: Bytes,
    pub tag: Tag,
}

#[async_trait]
pub trait RefStore: Send + Sync {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>>;
    async fn put(&self, key: &str, value: Bytes, expect: Expect, flush: Flush) -> Result<Wrote>;
    /// Durable on return. False when the expectation did not hold; a missing key fits `Any` and `Absent`.
    async fn delete(&self, key: &str, expect: Expect) -> Result<bool>;
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
