//! The audit log: who installed, granted, revoked and was denied what, as JSON Lines in a chain of hashes.
//!
//! * `record.rs`: one line, its hash, and how it is read back.
//! * `segments.rs`: the files: `DIR/audit.log` and the closed segments in `DIR/audit/`; `lines.rs`: lines in one of them.
//! * `opening.rs`: what is found after a crash: a torn line, missing records.
//! * `rotation.rs`: closing a segment that has grown too large, and removing segments that are old enough.
//! * `denials.rs`: denials come from inside calls, so they are counted rather than repeated, and never wait for a sync.
//! * `reading.rs`: a part of the log; `verify.rs`: the whole chain; `stopped.rs`: the same without a server.
//!
//! `DIR/audit.head` holds the hash of the newest record that is durable, so that a log that was truncated is noticed.
//! Somebody who can write all of these files can still forge them: ship the log elsewhere (`export`) where that matters.
//! Invariants: a record of an admin's action is durable when `record` returns; a written record never changes; the head
//! never names a record that is not durable; only retention removes records, and the chain says which.

mod denials;
mod lines;
mod opening;
mod reading;
mod record;
mod rotation;
mod segments;
mod stopped;
mod verify;

pub use denials::Refusal;
pub use record::{Action, Record};
pub use stopped::verify_stopped;
pub use verify::Verdict;

use crate::durable;
use denials::Held;
use kamld_types::{By, Hash, PluginId, Problem, problem::Result};
use parking_lot::Mutex;
use record::Body;
use segments::{Closed, Slice, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

const LOG: &str = "audit.log";
const HEAD: &str = "audit.head";

/// How the log is kept.
pub struct Options {
    /// Bytes from which on `audit.log` is closed and a new segment begins.
    pub rotate: u64,
    /// Milliseconds after which records may be removed, a whole segment at a time; none keeps them for ever.
    pub keep: Option<u64>,
    /// A record that another file remembers: when the log does not reach that far, records are missing.
    pub witness: Option<Mark>,
    /// Milliseconds since 1970.
    pub clock: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self { rotate: 16 << 20, keep: None, witness: None, clock: Box::new(now) }
    }
}

/// Its methods wait for the disk: call them from a thread that may block. Only `denied` may be called from anywhere.
pub struct Audit {
    data: PathBuf,
    log: PathBuf,
    head: PathBuf,
    options: Options,
    state: Mutex<State>,
    /// Held while files are synced, renamed and removed. Taken before `state`, and `state` is not held during a sync.
    files: Mutex<Files>,
    /// Closed segments that were found intact, so that they are not read again.
    verified: Mutex<verify::Verified>,
    /// Bytes of the log that were read.
    read: Arc<AtomicU64>,
}

struct State {
    file: Arc<File>,
    /// Of `file`, up to the end of the last whole record.
    length: u64,
    /// The number of the first record of `file`.
    first: u64,
    /// When that one was written.
    began: Option<u64>,
    closed: Vec<Closed>,
    last: Mark,
    /// What `audit.head` says.
    head: Head,
    denials: Held,
}

#[derive(Default)]
struct Files {
    /// When old segments are looked for again.
    next_expiry: u64,
}

/// A record, named by its number and hash: the hash also stands for all records before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// 0 before the first record.
    pub seq: u64,
    pub hash: Hash,
}

/// What `audit.head` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// The newest record that is durable: number and hash.
    seq: u64,
    hash: Hash,
    /// The newest record that retention has removed: the chain starts behind it.
    #[serde(default, skip_serializing_if = "Mark::is_start")]
    start: Mark,
}

impl Mark {
    /// Whether this is the place before the first record.
    fn is_start(&self) -> bool {
        *self == Self::default()
    }
}

impl Head {
    fn last(&self) -> Mark {
        Mark { seq: self.seq, hash: self.hash }
    }
}

impl Audit {
    /// Opens the log of a data folder, or creates it. A line that was torn by a crash is cut off, and that is recorded.
    pub fn open(data: &Path) -> Result<Self> {
        Self::open_with(data, Options::default())
    }

    pub fn open_with(data: &Path, options: Options) -> Result<Self> {
        let read = Arc::new(AtomicU64::new(0));
        let found = opening::open(data, options.witness, &read)?;
        let state = State {
            file: found.file,
            length: found.length,
            first: found.first,
            began: found.began,
            closed: found.closed,
            last: found.last,
            head: found.head,
            denials: Held::default(),
        };
        let audit = Self {
            data: data.to_owned(),
            log: data.join(LOG),
            head: data.join(HEAD),
            options,
            state: Mutex::new(state),
            files: Mutex::default(),
            verified: Mutex::default(),
            read,
        };
        if found.headless {
            audit.write_head(found.head)?;
        }
        for note in found.notes {
            tracing::warn!(log = %audit.log.display(), "audit log: {note}");
            audit.record("host", Action::Repair, None, note)?;
        }
        audit.tend(&mut audit.files.lock());
        Ok(audit)
    }

    /// Writes what an admin or the host did. Durable when it returns. After an error it is uncertain whether the
    /// record is there, and what it was about must not be done.
    pub fn record(
        &self,
        by: impl Into<By>,
        action: Action,
        plugin: Option<&PluginId>,
        detail: impl Into<Value>,
    ) -> Result<()> {
        self.append(&mut self.state.lock(), &by.into(), action, plugin, detail.into())?;
        let mut files = self.files.lock();
        self.seal()?;
        self.tend(&mut files);
        Ok(())
    }

    /// Makes denials durable that were written since the last call, writes the counts of those that were held back,
    /// and rotates the log when that is due. To be called every second or so.
    pub fn flush(&self) -> Result<()> {
        self.write_held(&mut self.state.lock(), false)?;
        let mut files = self.files.lock();
        self.seal()?;
        self.tend(&mut files);
        Ok(())
    }

    /// The number of the newest record.
    pub fn last(&self) -> u64 {
        self.state.lock().last.seq
    }

    /// The newest record that is durable: what another file may remember as a witness.
    pub fn durable(&self) -> Mark {
        self.state.lock().head.last()
    }

    /// Bytes of the log that were read since it was opened. For tests.
    #[doc(hidden)]
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    fn append(
        &self,
        state: &mut State,
        by: &By,
        action: Action,
        plugin: Option<&PluginId>,
        detail: Value,
    ) -> Result<()> {
        let body = Body {
            seq: state.last.seq + 1,
            time: (self.options.clock)(),
            actor: record::shorten(&by.person, 200),
            via: by.plugin.clone(),
            action,
            plugin: plugin.cloned(),
            detail: record::bounded(detail),
            prev: state.last.hash,
        };
        let (seq, time) = (body.seq, body.time);
        let (line, hash) = body.seal()?;
        let written = (&*state.file).write_all(line.as_bytes());
        if let Err(error) = written {
            // Half a line in the middle of the log would break the chain for good.
            let _ = state.file.set_len(state.length);
            return Err(durable::failed("written", &self.log, &error));
        }
        durable::appended(&self.log);
        if state.length == 0 {
            (state.first, state.began) = (seq, Some(time));
        }
        state.length += line.len() as u64;
        state.last = Mark { seq, hash };
        Ok(())
    }

    /// Makes everything that was appended durable, and then says so in the head. Callers hold `files`; those that waited
    /// for it find their record durable already and return at once.
    fn seal(&self) -> Result<()> {
        let (file, head) = {
            let state = self.state.lock();
            (state.file.clone(), Head { seq: state.last.seq, hash: state.last.hash, ..state.head })
        };
        if self.state.lock().head == head {
            return Ok(());
        }
        durable::sync(&file, &self.log).map_err(|error| {
            Problem::unavailable(format!("{} cannot be synced: {error}", self.log.display())).help(
                "it is uncertain whether the last records are on the disk: check the disk, then restart the server",
            )
        })?;
        self.write_head(head)
    }

    fn write_head(&self, head: Head) -> Result<()> {
        let json = serde_json::to_vec(&head)
            .map_err(|error| Problem::internal(format!("the head of the audit log cannot be written: {error}")))?;
        durable::replace(&self.head, &json, 0o600)?;
        self.state.lock().head = head;
        Ok(())
    }

    fn snapshot(&self) -> Snapshot {
        let state = self.state.lock();
        let active =
            Slice { file: state.file.clone(), path: self.log.clone(), length: state.length, read: self.read.clone() };
        Snapshot { closed: state.closed.clone(), active, first: state.first, last: state.last, head: state.head }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        let held = self.write_held(&mut self.state.lock(), true);
        if let Err(problem) = held.and_then(|()| self.seal()) {
            tracing::error!(%problem, "the last denials could not be written to the audit log");
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
