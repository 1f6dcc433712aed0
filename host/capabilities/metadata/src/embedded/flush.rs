//! Makes what was written durable: one flush of the database at a time, which serves everybody who waits for it.
//!
//! sled's own `flush_async` must not be used: it runs on the same seven threads that write the buffers it waits
//! for, and seven of them at once wait for ever (a test holds this).
//! Must not live here: what was written.

use crate::error::{Error, Result};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Mutex;

#[derive(Clone)]
pub(super) struct Flush(Arc<Shared>);

struct Shared {
    db: sled::Db,
    /// How many times somebody asked.
    asked: AtomicU64,
    /// Up to which asking everything is durable.
    done: Mutex<u64>,
}

impl Flush {
    pub(super) fn new(db: &sled::Db) -> Self {
        Self(Arc::new(Shared { db: db.clone(), asked: AtomicU64::new(0), done: Mutex::new(0) }))
    }

    /// When it returns, everything that the caller wrote before is durable.
    pub(super) async fn flush(&self) -> Result<()> {
        let own = self.0.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut done = self.0.done.lock().await;
        if *done >= own {
            return Ok(());
        }
        // Whoever asked by now has written by now.
        let covered = self.0.asked.load(Ordering::Acquire);
        let db = self.0.db.clone();
        tokio::task::spawn_blocking(move || db.flush()).await.map_err(|_| Error::Stopped("metadata store"))??;
        *done = covered;
        Ok(())
    }
}
