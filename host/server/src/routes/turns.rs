//! Whose turn it is to change an upload.
//!
//! Lives here: state in memory that may be lost at any time. Must not live here: bytes, offsets that count.
//! Invariant: at most one turn exists per upload; asking for one stops the holder, whose client may be gone.

use crate::Server;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

/// Who is at work on which upload.
#[derive(Default)]
pub struct Uploading {
    turns: Mutex<HashMap<String, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    turn: Arc<tokio::sync::Mutex<()>>,
    stop: Mutex<CancellationToken>,
}

/// The right to change one upload, until it is dropped.
pub struct Turn {
    server: Server,
    id: String,
    stop: CancellationToken,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turn {
    /// Stops whoever is at work on the upload and waits until what it received is durable.
    pub async fn take(server: &Server, id: &str) -> Self {
        let slot = server.uploading.turns.lock().entry(id.to_owned()).or_default().clone();
        slot.stop.lock().cancel();
        let guard = slot.turn.clone().lock_owned().await;
        let stop = CancellationToken::new();
        *slot.stop.lock() = stop.clone();
        Self { server: server.clone(), id: id.to_owned(), stop, guard: Some(guard) }
    }

    /// Fires when a newer request wants the upload.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.server.uploading.turns.lock();
        self.guard = None;
        // Whoever waits holds the slot too.
        if turns.get(&self.id).is_some_and(|slot| Arc::strong_count(slot) == 1) {
            turns.remove(&self.id);
        }
    }
}
