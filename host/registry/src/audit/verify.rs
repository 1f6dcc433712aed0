//! The whole chain: every hash, every number, the start that retention left, and the end that the head names.
//!
//! A closed segment is read once: after that its stamp (inode, length, times of change) shows whether anybody has
//! touched it. `audit.log`, whose size rotation bounds, is read each time. Must not live here: reading for people
//! (`reading.rs`).

use super::{
    Action, Audit, HEAD, Head, LOG, Mark, Record,
    lines::Forward,
    record,
    segments::{Slice, Snapshot, Stamp},
};
use crate::durable;
use kamld_types::{Problem, problem::Result};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs::File, path::PathBuf};

/// What reading the chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The number of the first record that is kept: 1, or more once retention has removed older ones.
    pub first: u64,
    /// Records from there on that are as they were written.
    pub count: u64,
    /// How many of them were read by this call; the others are in segments that have not changed since they were read.
    pub read: u64,
    /// The number of the first record that is changed or missing; none when the chain is intact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<u64>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Closed segments that were found intact, by path.
pub type Verified = BTreeMap<PathBuf, Intact>;

/// A segment that was read and found intact.
#[derive(Clone)]
pub struct Intact {
    stamp: Stamp,
    /// The record before its first one.
    entry: Mark,
    /// Its last record.
    exit: Mark,
    /// Places up to which records were removed, as its records say.
    removed: Vec<Mark>,
}

/// A walk along the chain.
pub struct Walk {
    /// The last record that was found intact.
    pub before: Mark,
    /// Places up to which records were removed, as the chain itself says.
    removed: Vec<Mark>,
    /// Another record whose hash is known.
    witness: Option<Mark>,
    read: u64,
}

impl Walk {
    pub fn from(start: Mark) -> Self {
        Self { before: start, removed: Vec::new(), witness: None, read: 0 }
    }

    /// Follows the chain through a segment. The inner error says why the record behind `before` breaks it.
    pub fn follow(&mut self, slice: &Slice, sealed: Mark) -> Result<Result<(), String>> {
        let mut lines = Forward::new(slice, 0);
        while let Some((_, line)) = lines.next()? {
            if let Err(why) = self.step(line, sealed) {
                return Ok(Err(why));
            }
        }
        Ok(match lines.rest() {
            0 => Ok(()),
            rest => Err(format!("its {rest} bytes have no end of line")),
        })
    }

    fn step(&mut self, line: &[u8], sealed: Mark) -> Result<(), String> {
        let record = record::read(line)?;
        if record.seq != self.before.seq + 1 {
            return Err(format!("record {} follows record {}", record.seq, self.before.seq));
        }
        if record.prev != self.before.hash {
            return Err("it does not follow the record before it".into());
        }
        let mark = Mark { seq: record.seq, hash: record.hash };
        if mark.seq == sealed.seq && mark != sealed {
            return Err(format!("it is not the one that {HEAD} names"));
        }
        if self.witness.is_some_and(|witness| mark.seq == witness.seq && mark != witness) {
            return Err("it is not the one that the list of plug-ins remembers".into());
        }
        self.removed.extend(removed(&record));
        self.before = mark;
        self.read += 1;
        Ok(())
    }
}

/// The newest record that was removed, when this record is about a removal.
fn removed(record: &Record) -> Option<Mark> {
    if record.action != Action::Expire {
        return None;
    }
    let seq = record.detail.get("removed")?.get("last")?.as_u64()?;
    Some(Mark { seq, hash: record.detail.get("hash")?.as_str()?.parse().ok()? })
}

impl Audit {
    /// Checks the chain from its start to its end. Closed segments that were found intact before are only read again
    /// when they changed. The log may grow meanwhile.
    pub fn verify(&self) -> Result<Verdict> {
        loop {
            // None when retention removed a segment meanwhile: then the chain has another start.
            if let Some(verdict) = self.verify_once()? {
                return Ok(verdict);
            }
        }
    }

    /// The same, reading every record again: this notices a disk that returns other bytes than were written, too.
    pub fn verify_all(&self) -> Result<Verdict> {
        self.verified.lock().clear();
        self.verify()
    }

    fn verify_once(&self) -> Result<Option<Verdict>> {
        let snapshot = self.snapshot();
        let start = snapshot.head.start;
        let mut walk = Walk::from(start);
        // A witness without a hash only says that there were records.
        walk.witness = self.options.witness.filter(|witness| *witness != Mark { hash: Default::default(), ..*witness });
        let on_disk = durable::read(&self.head)?.and_then(|bytes| serde_json::from_slice::<Head>(&bytes).ok());
        for place in 0..=snapshot.closed.len() {
            let followed = match self.slice(&snapshot, place)? {
                Some(slice) if place < snapshot.closed.len() => self.follow_closed(&mut walk, &slice, &snapshot)?,
                Some(slice) => self.in_place(&slice)?.and(walk.follow(&slice, snapshot.head.last())?),
                None if self.state.lock().head.start != start => return Ok(None),
                None => Err(format!("{} is missing", snapshot.closed[place].path.display())),
            };
            if let Err(why) = followed {
                return Ok(Some(walk.broken(start, &why)));
            }
        }
        if walk.before != snapshot.last {
            return Ok(Some(
                walk.broken(start, &format!("records up to {} are missing at the end", snapshot.last.seq)),
            ));
        }
        // The head may have moved on since, but never back.
        let sealed = snapshot.head;
        if on_disk.is_none_or(|on_disk| on_disk.seq < sealed.seq || (on_disk.seq == sealed.seq && on_disk != sealed)) {
            return Ok(Some(walk.broken(start, &format!("{HEAD} is not what was written"))));
        }
        if !start.is_start() && !walk.removed.contains(&start) {
            let why = format!("records 1 to {} are missing, and no record says that they were removed", start.seq);
            walk.before = start;
            return Ok(Some(walk.broken(start, &why)));
        }
        Ok(Some(Verdict {
            first: start.seq + 1,
            count: walk.before.seq - start.seq,
            read: walk.read,
            broken_at: None,
            problem: None,
        }))
    }

    fn follow_closed(&self, walk: &mut Walk, slice: &Slice, snapshot: &Snapshot) -> Result<Result<(), String>> {
        let failed = |error| durable::failed("read", &slice.path, &error);
        // Taken before reading: a change while it is read shows the next time.
        let stamp = Stamp::of(&slice.file).map_err(failed)?;
        let known = self.verified.lock().get(&slice.path).cloned();
        if let Some(known) = known.filter(|known| known.stamp == stamp && known.entry == walk.before) {
            walk.before = known.exit;
            walk.removed.extend(known.removed);
            return Ok(Ok(()));
        }
        let (entry, earlier) = (walk.before, walk.removed.len());
        let followed = walk.follow(slice, snapshot.head.last())?;
        let intact = Intact { stamp, entry, exit: walk.before, removed: walk.removed[earlier..].to_vec() };
        let mut verified = self.verified.lock();
        match followed.is_ok() {
            true => drop(verified.insert(slice.path.clone(), intact)),
            false => drop(verified.remove(&slice.path)),
        }
        verified.retain(|path, _| snapshot.closed.iter().any(|segment| segment.path == *path));
        Ok(followed)
    }

    /// Whether `audit.log` is still the file that records are appended to.
    fn in_place(&self, active: &Slice) -> Result<Result<(), String>> {
        let failed = |error| durable::failed("read", &self.log, &error);
        let open = Stamp::of(&active.file).map_err(failed)?;
        let there = match File::open(&self.log) {
            Ok(file) => Some(Stamp::of(&file).map_err(failed)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        // A rotation since the snapshot has moved it.
        let rotated = !std::sync::Arc::ptr_eq(&self.state.lock().file, &active.file);
        Ok(match there.is_some_and(|there| there.same_file(&open)) || rotated {
            true => Ok(()),
            false => Err(format!("{LOG} was removed or replaced while the server was running")),
        })
    }
}

impl Walk {
    fn broken(&self, start: Mark, why: &str) -> Verdict {
        let at = self.before.seq + 1;
        let problem = Problem::corrupt(format!("the audit log is broken at record {at}: {why}"))
            .help("earlier records are intact and nothing was changed: compare the rest with an export or a backup");
        let count = self.before.seq - start.seq;
        Verdict { first: start.seq + 1, count, read: self.read, broken_at: Some(at), problem: Some(problem) }
    }
}
