//! Key-values that only one plug-in sees: the noun and the contract of a back end.
//!
//! Must not live here: what the values mean. The space is chosen by the host from the caller's identity,
//! never by the caller.
//! Invariant: a revision is never used twice for a key, not even after it was removed.

use crate::error::{Error, Result};
use async_trait::async_trait;
use kamld_types::PluginId;

/// The longest key, in bytes.
pub const MAX_KEY: usize = 512;
/// The longest value, in bytes: what is larger belongs into an asset.
pub const MAX_VALUE: usize = 1024 * 1024;
/// What one plug-in may keep in all, keys and values, in bytes, unless the host or its grant says otherwise.
pub const QUOTA: u64 = 64 * 1024 * 1024;
/// The most keys that one listing answers.
pub const MAX_LIST: usize = 1000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub value: Vec<u8>,
    pub revision: u64,
}

/// What a back end for key-values writes. Every change is durable when its call returns.
#[async_trait]
pub trait Kv: Send + Sync {
    async fn get(&self, space: &PluginId, key: &str) -> Result<Option<Item>>;

    /// `expected` is the revision last seen, 0 for "not there yet", `None` to overwrite; `Changed` when it is
    /// another one. `Limit` when the space would grow and hold more than `most` bytes. Answers the new revision.
    async fn put(&self, space: &PluginId, key: &str, value: &[u8], expected: Option<u64>, most: u64) -> Result<u64>;

    /// Whether it was there. `Changed` as with `put`.
    async fn remove(&self, space: &PluginId, key: &str, expected: Option<u64>) -> Result<bool>;

    /// Keys with this prefix behind `after`, in order, at most `limit`.
    async fn list(&self, space: &PluginId, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>>;

    /// Bytes of keys and values in a space.
    async fn usage(&self, space: &PluginId) -> Result<u64>;

    /// Everything of a space, when its plug-in was removed with its data. Answers how many keys.
    async fn clear(&self, space: &PluginId) -> Result<u64>;
}

pub fn check_key(key: &str) -> Result<()> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(Error::Invalid {
            message: format!("a key of {} bytes cannot be kept", key.len()),
            help: format!("use 1 to {MAX_KEY} bytes"),
        });
    }
    Ok(())
}

pub fn check_value(value: &[u8]) -> Result<()> {
    if value.len() > MAX_VALUE {
        return Err(Error::Limit {
            message: format!("a value of {} bytes is larger than {MAX_VALUE}", value.len()),
            help: "the old value was kept; put what is large into an asset".into(),
        });
    }
    Ok(())
}
