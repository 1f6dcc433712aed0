//! Finding the end of a log after a crash, and completing what the crash interrupted.
//!
//! A crash can only tear what the head does not name yet: that is cut off. When something that the head names, or that
//! the witness remembers, is missing or different, nothing is cut (it is evidence), and the chain continues behind the
//! expected record, so that `verify` shows the gap from then on. Must not live here: checking the chain (`verify.rs`).

use super::{
    HEAD, Head, LOG, Mark,
    lines::{self, Backward, Forward},
    record::{self, Record},
    rotation,
    segments::{self, Closed, Slice, Stamp},
};
use crate::durable;
use kamld_types::problem::Result;
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

pub struct Found {
    pub file: Arc<File>,
    pub length: u64,
    /// The number and time of the first record of `file`.
    pub first: u64,
    pub began: Option<u64>,
    pub closed: Vec<Closed>,
    /// The last record, or what the next one is chained to.
    pub last: Mark,
    pub head: Head,
    /// Whether the head has to be written anew.
    pub headless: bool,
    /// What is to be recorded about it.
    pub notes: Vec<String>,
}

pub fn open(data: &Path, witness: Option<Mark>, read: &Arc<AtomicU64>) -> Result<Found> {
    // A head that cannot be read says as little as a missing one, but it is reported differently.
    let head = durable::read(&data.join(HEAD))?.map(|bytes| serde_json::from_slice::<Head>(&bytes).ok());
    let path = data.join(LOG);
    let file = Arc::new(open_log(&path).map_err(|error| durable::failed("opened", &path, &error))?);
    let failed = |error: io::Error| durable::failed("read", &path, &error);
    let length = file.metadata().map_err(failed)?.len();
    let active = Slice { file, path: path.clone(), length, read: read.clone() };

    let mut closed = segments::list(data)?;
    finish_rotation(&mut closed, &active)?;
    let beginning = beginning(&active)?;
    if let Some(Some(head)) = head {
        finish_removal(&mut closed, beginning.as_ref(), head.start)?;
    }
    let start = match head.flatten() {
        Some(head) => head.start,
        None => start_of_chain(&closed, beginning.as_ref(), read)?,
    };
    let base = match closed.last() {
        Some(segment) => end_of(segment, read)?.unwrap_or(start),
        None => start,
    };
    let known = head.flatten().unwrap_or(Head { start, ..Head::default() });
    let end = End::read(&active, base, known.seq)?;
    let at_head = match end.at_head {
        None if known.seq > 0 && known.seq <= base.seq => look_up(&closed, known.seq, read)?,
        found => found,
    };

    let mut found = Found {
        file: active.file.clone(),
        length: end.whole,
        first: 0,
        began: beginning.as_ref().map(|record| record.time),
        closed,
        last: end.last,
        head: known,
        headless: head.flatten().is_none(),
        notes: Vec::new(),
    };
    let complete = complete(&mut found, head, at_head, witness);
    if complete && end.whole < length {
        active.file.set_len(end.whole).map_err(failed)?;
        let torn = length - end.whole;
        found.notes.push(format!("a record of {torn} bytes was torn by a crash and has been cut off"));
    }
    if !complete {
        let expected = witness.filter(|witness| witness.seq > known.seq).unwrap_or(known.last());
        found.last = Mark { seq: expected.seq.max(end.last.seq), hash: expected.hash };
        found.length = length;
        if !end.newline {
            (&*active.file).write_all(b"\n").map_err(failed)?;
            found.length += 1;
        }
    }
    found.first = beginning.map_or(found.last.seq + 1, |record| record.seq);
    Ok(found)
}

/// Whether everything is there that the head and the witness know of; notes say what is not.
/// `head` is none when there is no such file, and `Some(None)` when it cannot be read.
fn complete(found: &mut Found, head: Option<Option<Head>>, at_head: Option<Mark>, witness: Option<Mark>) -> bool {
    let last = found.last.seq;
    if let Some(witness) = witness.filter(|witness| witness.seq > last && witness.seq > found.head.seq) {
        found.notes.push(match last {
            0 => "the audit log is missing, and the list of plug-ins shows that there was one".into(),
            _ => {
                format!("records {} to {} are missing at the end, as the list of plug-ins shows", last + 1, witness.seq)
            }
        });
        return false;
    }
    let sealed = match head {
        Some(Some(head)) => head.last(),
        None if last == 0 => return true,
        None => {
            found.notes.push("the head was missing: whether records are missing at the end cannot be told".into());
            return true;
        }
        Some(None) => {
            found
                .notes
                .push("the head could not be read: whether records are missing at the end cannot be told".into());
            return true;
        }
    };
    if sealed.seq == 0 || at_head == Some(sealed) {
        return true;
    }
    found.notes.push(match at_head {
        Some(_) => format!("record {} is not the one that {HEAD} names", sealed.seq),
        None if last < sealed.seq => format!("records {} to {} are missing at the end", last + 1, sealed.seq),
        None => format!("record {} is missing", sealed.seq),
    });
    false
}

fn open_log(path: &Path) -> io::Result<File> {
    match OpenOptions::new().read(true).append(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = durable::create(path)?;
            durable::sync_parent(path)?;
            Ok(file)
        }
        opened => opened,
    }
}

/// A power cut between the two syncs of a rotation can leave the log under both names: then it stays the active one.
fn finish_rotation(closed: &mut Vec<Closed>, active: &Slice) -> Result<()> {
    let Some(newest) = closed.last() else { return Ok(()) };
    let failed = |error: io::Error| durable::failed("read", &newest.path, &error);
    let stamp = Stamp::of(&File::open(&newest.path).map_err(failed)?).map_err(failed)?;
    if stamp.same_file(&Stamp::of(&active.file).map_err(failed)?) {
        rotation::remove(std::slice::from_ref(newest)).map_err(failed)?;
        closed.pop();
    }
    Ok(())
}

/// A crash can leave segments that the head says are removed.
fn finish_removal(closed: &mut Vec<Closed>, beginning: Option<&Record>, start: Mark) -> Result<()> {
    let next = closed.iter().skip(1).map(|segment| segment.first).chain(beginning.map(|record| record.seq));
    let gone = next.take_while(|next| *next <= start.seq + 1).count().min(closed.len());
    if start.seq == 0 || gone == 0 {
        return Ok(());
    }
    rotation::remove(&closed[..gone]).map_err(|error| durable::failed("removed", &closed[0].path, &error))?;
    closed.drain(..gone);
    Ok(())
}

/// The first record of a segment that can be read.
fn beginning(slice: &Slice) -> Result<Option<Record>> {
    let mut lines = Forward::new(slice, 0);
    while let Some((_, line)) = lines.next()? {
        if let Ok(record) = record::read(line) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Without a head, the first record itself names the place behind which the chain starts.
fn start_of_chain(closed: &[Closed], beginning: Option<&Record>, read: &Arc<AtomicU64>) -> Result<Mark> {
    let oldest = closed.first().map(|segment| Slice::open(segment, read)).transpose()?.flatten();
    let first = oldest.map(|slice| self::beginning(&slice)).transpose()?.flatten();
    let first = first.as_ref().or(beginning);
    Ok(first.map_or(Mark::default(), |record| Mark { seq: record.seq.saturating_sub(1), hash: record.prev }))
}

/// The last record of a closed segment that can be read.
fn end_of(segment: &Closed, read: &Arc<AtomicU64>) -> Result<Option<Mark>> {
    let Some(slice) = Slice::open(segment, read)? else { return Ok(None) };
    let mut lines = Backward::new(&slice, slice.length);
    while let Some((_, line)) = lines.next()? {
        if let Ok(record) = record::read(&line) {
            return Ok(Some(Mark { seq: record.seq, hash: record.hash }));
        }
    }
    Ok(None)
}

fn look_up(closed: &[Closed], seq: u64, read: &Arc<AtomicU64>) -> Result<Option<Mark>> {
    let Some(segment) = closed.iter().rfind(|segment| segment.first <= seq) else { return Ok(None) };
    let Some(slice) = Slice::open(segment, read)? else { return Ok(None) };
    let mut lines = Forward::new(&slice, lines::find(&slice, seq)?);
    let record = lines.next()?.and_then(|(_, line)| record::read(line).ok());
    Ok(record.filter(|record| record.seq == seq).map(|record| Mark { seq, hash: record.hash }))
}

/// The end of `audit.log`.
struct End {
    /// The last line that is a record; the one before the file when there is none.
    last: Mark,
    /// Bytes up to the end of it.
    whole: u64,
    /// The record that the head names.
    at_head: Option<Mark>,
    newline: bool,
}

impl End {
    /// Reads backwards until the last record and that of the head have been seen: a few lines, unless something is wrong.
    fn read(slice: &Slice, base: Mark, head: u64) -> Result<Self> {
        let mut end = Self { last: base, whole: 0, at_head: None, newline: true };
        if slice.length > 0 {
            let mut last = [0];
            slice.read_at(&mut last, slice.length - 1)?;
            end.newline = last == *b"\n";
        }
        let mut lines = Backward::new(slice, slice.length);
        while let Some((place, line)) = lines.next()? {
            let Ok(record) = record::read(&line) else { continue };
            let mark = Mark { seq: record.seq, hash: record.hash };
            if end.whole == 0 {
                end.last = mark;
                end.whole = place + line.len() as u64 + 1;
            }
            if record.seq == head {
                end.at_head = Some(mark);
            }
            if record.seq <= head {
                break;
            }
        }
        Ok(end)
    }
}
