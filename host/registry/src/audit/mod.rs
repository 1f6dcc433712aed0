//! `DIR/audit.log`: who installed, granted, revoked and was denied what, as JSON Lines in a chain of hashes.
//!
//! * `record.rs`: one line, its hash, and how it is read back.
//! * `opening.rs`: what is found after a stop: a torn line, a missing end.
//! * `denials.rs`: denials come from inside calls, so they are counted rather than repeated, and never wait for the disk to settle.
//! * `verify.rs`: reading the whole chain.
//!
//! The hash of the newest record that is safely on disk is kept in `DIR/audit.head`, so that a log that was cut at its
//! end is noticed. Whoever can write both files can still forge them: ship the log elsewhere (`export`) where that matters.
//! Invariants: a record of an admin's action is on disk when `record` returns; what was written is never changed;
//! the head never names a record that is not on disk.

mod denials;
mod opening;
mod record;
mod verify;

pub use record::{Action, Record};
pub use verify::Verdict;

use crate::durable;
use denials::Held;
use kamld_types::{Hash, PluginId, Problem, problem::Result};
use parking_lot::Mutex;
use record::Body;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

const LOG: &str = "audit.log";
const HEAD: &str = "audit.head";

type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

pub struct Audit {
    log: PathBuf,
    head: PathBuf,
    /// Milliseconds since 1970.
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    file: File,
    /// Of the file, up to the end of the last whole record.
    length: u64,
    last: Sealed,
    /// What `audit.head` says.
    head: Sealed,
    denials: Held,
}

/// A place in the chain: all up to it is told by its hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    /// 0 before the first record.
    seq: u64,
    hash: Hash,
}

impl Audit {
    /// Opens the log of a data folder, or begins it. A line that was torn by a stop is cut off, and that is recorded.
    pub fn open(data: &Path) -> Result<Self> {
        Self::with_clock(data, Box::new(now))
    }

    /// The same with another clock, which gives milliseconds since 1970.
    pub fn with_clock(data: &Path, clock: Box<dyn Fn() -> u64 + Send + Sync>) -> Result<Self> {
        let (log, head) = (data.join(LOG), data.join(HEAD));
        // A head that is there and cannot be read is told apart: it tells no more than a missing one.
        let sealed = durable::read(&head)?.map(|bytes| serde_json::from_slice::<Sealed>(&bytes).ok());
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&log)
            .map_err(|error| durable::failed("opened", &log, &error))?;
        let found = opening::find_end(&file, &log, sealed)?;
        let state = State {
            file,
            length: found.length,
            last: found.last,
            head: sealed.flatten().unwrap_or_default(),
            denials: Held::default(),
        };
        let audit = Self { log, head, clock, state: Mutex::new(state) };
        if sealed.is_none() {
            audit.seal(&mut audit.state.lock())?;
        }
        for note in found.notes {
            tracing::warn!(log = %audit.log.display(), "audit log: {note}");
            audit.record("host", Action::Repair, None, note)?;
        }
        Ok(audit)
    }

    /// Writes what an admin or the host did. On disk when it returns; after an error, whether it is
    /// there is not sure, and what it was about must not be done.
    pub fn record(
        &self,
        actor: &str,
        action: Action,
        plugin: Option<&PluginId>,
        detail: impl Into<Value>,
    ) -> Result<()> {
        let mut state = self.state.lock();
        self.append(&mut state, actor, action, plugin, detail.into())?;
        self.seal(&mut state)
    }

    /// Makes denials durable that were written since, and writes the counts of those that were held back for a minute.
    /// To be called each second or so.
    pub fn flush(&self) -> Result<()> {
        let mut state = self.state.lock();
        self.write_held(&mut state, false)?;
        if state.head != state.last {
            self.seal(&mut state)?;
        }
        Ok(())
    }

    /// The number of the newest record.
    pub fn last(&self) -> u64 {
        self.state.lock().last.seq
    }

    fn append(
        &self,
        state: &mut State,
        actor: &str,
        action: Action,
        plugin: Option<&PluginId>,
        detail: Value,
    ) -> Result<()> {
        let body = Body {
            seq: state.last.seq + 1,
            time: (self.clock)(),
            actor: record::shorten(actor, 200),
            action,
            plugin: plugin.cloned(),
            detail: record::bounded(detail),
            prev: state.last.hash,
        };
        let seq = body.seq;
        let (line, hash) = body.seal()?;
        let written = state.file.write_all(line.as_bytes());
        if let Err(error) = written {
            // Half a line in the middle of the log would break the chain for good.
            let _ = state.file.set_len(state.length);
            return Err(durable::failed("written", &self.log, &error));
        }
        state.length += line.len() as u64;
        state.last = Sealed { seq, hash };
        Ok(())
    }

    /// Makes all that was written durable, and then says so in the head.
    fn seal(&self, state: &mut State) -> Result<()> {
        state.file.sync_data().map_err(|error| durable::failed("synced", &self.log, &error))?;
        let json = serde_json::to_vec(&state.last)
            .map_err(|error| Problem::internal(format!("the head of the audit log cannot be written: {error}")))?;
        durable::replace(&self.head, &json, 0o600)?;
        state.head = state.last;
        Ok(())
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        let rest = self.write_held(&mut state, true).and_then(|()| match state.head == state.last {
            true => Ok(()),
            false => self.seal(&mut state),
        });
        if let Err(problem) = rest {
            tracing::error!(%problem, "the last denials could not be written to the audit log");
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
