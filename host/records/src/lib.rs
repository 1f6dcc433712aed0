//! Records: the one place of what cannot be made again, in a transactional key-value store.
//!
//! In reading order: this file (the trait), `transaction` (what a unit of work sees and changes), `seal` (how a record
//! is protected), `error`, `redb` (the back end), `reserve` (room kept free for metadata when the disk is full).
//! Must not live here: what a record means, anything that can be made again.
//! Invariants: acknowledged means synced; a transaction is there whole or not at all; a damaged record is an error.

mod error;
mod redb;
mod reserve;
mod seal;
mod transaction;

pub use error::{Error, Result};
pub use redb::RedbRecords;
pub use transaction::{Range, Transaction, View};

use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A named set of records. Each capability names its own; no two share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(pub &'static str);

/// A unit of work: it reads, decides and changes within one transaction. An error undoes all its changes.
pub type Work = Box<dyn FnOnce(&mut Transaction<'_>) -> Result<(), Undo> + Send>;

/// Makes a transaction have no effect. Why is told by the work to whoever asked for it.
#[derive(Debug)]
pub struct Undo;

/// A transactional key-value store.
///
/// Contract for back ends: keys are byte strings of at most 4 KiB in the order of bytes, values are at most 4 MiB.
/// Transactions are serialisable: each sees every one that was acknowledged before it began. Works run one after the
/// other and must not block: they hold up everyone else. A missing table reads as an empty one.
#[async_trait]
pub trait Records: Send + Sync {
    /// The value of one key, or `None`. `damaged` when it fails its checksum.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>>;

    /// Records of a range in the order of keys.
    fn scan(&self, table: Table, range: &Range) -> Result<Vec<(Bytes, Bytes)>>;

    /// Runs a unit of work. On return its changes are durable, or none of them happened.
    async fn transact(&self, work: Work) -> Result<()>;

    /// Everything as it is at this moment; later transactions do not change it. It holds back the reuse of disk
    /// space while it lives.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>>;
}

/// A consistent view of all tables.
pub trait Snapshot: Send + Sync {
    /// Tables that exist, by name.
    fn tables(&self) -> Result<Vec<String>>;

    /// At most `limit` records behind `after`: the key, and the value or why it cannot be read.
    fn page(&self, table: &str, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Result<Bytes>)>>;
}

impl dyn Records + '_ {
    /// Runs work that answers something. When it answers an error, nothing was changed.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let work: Work = Box::new(move |transaction| {
            let answer = work(transaction);
            let undo = answer.is_err();
            // The caller may have gone away; what it asked for happens all the same.
            let _ = send.send(answer);
            if undo { Err(Undo) } else { Ok(()) }
        });
        self.transact(work).await?;
        receive.await.unwrap_or_else(|_| Err(Error::Stopped.into()))
    }
}
