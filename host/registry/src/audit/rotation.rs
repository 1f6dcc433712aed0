//! Rotation, which closes a segment that has grown too large, and retention, which removes old segments.
//!
//! Rotation: sync `audit.log`, create its successor, rename `audit.log` into `DIR/audit/`, rename the successor into its
//! place, sync both folders. The head already names a durable record and stays as it is.
//! Retention: verify the segment, record in the chain what goes, write that place into the head, and only then remove
//! files. A crash between any two steps is completed or undone when the log is opened (`opening.rs`).
//! Invariants: only whole segments go, the oldest first, never `audit.log`, and none that does not verify: it is evidence.

use super::{
    Action, Audit, Files, Head, Mark,
    lines::Backward,
    record,
    segments::{self, Closed, Slice},
    verify::Walk,
};
use crate::durable;
use kamld_types::{Problem, problem::Result};
use serde_json::json;
use std::{io, sync::Arc};

/// Milliseconds between two searches for old segments.
const EXPIRY_INTERVAL: u64 = 3_600_000;

impl Audit {
    /// Rotates and removes what is due. Failing at it loses no record and is tried again, so it is only logged.
    pub(super) fn tend(&self, files: &mut Files) {
        let now = (self.options.clock)();
        if let Err(error) = self.rotate_if_due(now) {
            tracing::warn!(%error, log = %self.log.display(), "the audit log cannot be rotated and grows on");
        }
        if now >= files.next_expiry {
            files.next_expiry = now + EXPIRY_INTERVAL;
            if let Err(error) = self.expire(now) {
                tracing::warn!(%error, "old records cannot be removed from the audit log");
            }
        }
    }

    /// With retention, a segment that only grows slowly is closed by age, so that its records can go at all.
    fn rotate_if_due(&self, now: u64) -> io::Result<()> {
        let due = {
            let state = self.state.lock();
            let old = self.options.keep.zip(state.began).is_some_and(|(keep, began)| now.saturating_sub(began) > keep);
            state.length > 0 && (old || state.length >= self.options.rotate)
        };
        match due {
            true => self.rotate(),
            false => Ok(()),
        }
    }

    fn rotate(&self) -> io::Result<()> {
        // Denials wait meanwhile: they must not be appended to a file that is being closed.
        let mut state = self.state.lock();
        durable::sync(&state.file, &self.log)?;
        let closed = Closed { first: state.first, path: segments::path(&self.data, state.first) };
        durable::create_folder(&self.data.join(segments::FOLDER))?;
        if closed.path.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} exists", closed.path.display())));
        }
        let fresh = self.log.with_added_extension(durable::PARTIAL);
        match durable::remove(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Created first: a full disk is noticed while nothing has changed yet.
        let file = durable::create(&fresh)?;
        durable::rename(&self.log, &closed.path)?;
        if let Err(error) = durable::rename(&fresh, &self.log) {
            durable::rename(&closed.path, &self.log)?;
            return Err(error);
        }
        state.file = Arc::new(file);
        state.length = 0;
        state.first = state.last.seq + 1;
        state.began = None;
        state.closed.push(closed.clone());
        // The new name first: until the second sync, a power cut may bring the old name back, never lose both.
        durable::sync_parent(&closed.path)?;
        durable::sync_parent(&self.log)
    }

    fn expire(&self, now: u64) -> Result<()> {
        let Some(keep) = self.options.keep else { return Ok(()) };
        let (closed, head) = {
            let state = self.state.lock();
            (state.closed.clone(), state.head)
        };
        let mut walk = Walk::from(head.start);
        let mut old = 0;
        for segment in &closed {
            let Some(slice) = Slice::open(segment, &self.read)? else { break };
            if newest_time(&slice)?.is_none_or(|time| now.saturating_sub(time) <= keep) {
                break;
            }
            if let Err(why) = walk.follow(&slice, head.last())? {
                tracing::warn!(segment = %segment.path.display(), "old records are kept because the audit log is broken: {why}");
                break;
            }
            old += 1;
        }
        if old == 0 {
            return Ok(());
        }
        let start = walk.before;
        let detail = json!({"removed": {"first": head.start.seq + 1, "last": start.seq}, "hash": start.hash});
        self.append(&mut self.state.lock(), &kamld_types::By::from("host"), Action::Expire, None, detail)?;
        self.seal_from(start)?;
        remove(&closed[..old]).map_err(|error| durable::failed("removed", &closed[0].path, &error))?;
        self.state.lock().closed.retain(|segment| !closed[..old].contains(segment));
        Ok(())
    }

    /// Makes the record of a removal durable, and its place in the head in the same write.
    fn seal_from(&self, start: Mark) -> Result<()> {
        let (file, last) = {
            let state = self.state.lock();
            (state.file.clone(), state.last)
        };
        durable::sync(&file, &self.log)
            .map_err(|error| Problem::unavailable(format!("{} cannot be synced: {error}", self.log.display())))?;
        self.write_head(Head { seq: last.seq, hash: last.hash, start })
    }
}

/// Removes segments, the oldest first, so that what a crash leaves is still the newer end of the chain.
pub fn remove(segments: &[Closed]) -> io::Result<()> {
    for segment in segments {
        match durable::remove(&segment.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match segments.first() {
        Some(segment) => durable::sync_parent(&segment.path),
        None => Ok(()),
    }
}

fn newest_time(slice: &Slice) -> Result<Option<u64>> {
    let mut lines = Backward::new(slice, slice.length);
    while let Some((_, line)) = lines.next()? {
        if let Ok(record) = record::read(&line) {
            return Ok(Some(record.time));
        }
    }
    Ok(None)
}
