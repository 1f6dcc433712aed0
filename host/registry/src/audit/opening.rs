//! Finding the end of a log after whatever stopped the process that wrote it.
//!
//! A stop can only tear what was not yet sealed by the head: that is cut off. When something that was sealed is missing or
//! different, nothing is cut (it is evidence), and the chain goes on from the head, so that `verify` shows the break for good.

use super::{Sealed, record};
use crate::durable;
use kamld_types::problem::Result;
use std::{
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::Path,
};

pub struct Found {
    /// The last record, or what the next one is chained to.
    pub last: Sealed,
    pub length: u64,
    /// What is to be recorded about it.
    pub notes: Vec<String>,
}

/// `head` is none when there is no such file, and `Some(None)` when it cannot be read.
pub fn find_end(mut file: &File, path: &Path, head: Option<Option<Sealed>>) -> Result<Found> {
    let failed = |error: std::io::Error| durable::failed("read", path, &error);
    let total = file.metadata().map_err(failed)?.len();
    let sealed = head.flatten().unwrap_or_default();
    let end = Ends::read(file, total, sealed.seq).map_err(failed)?;
    let mut found = Found { last: end.last, length: end.whole, notes: Vec::new() };
    let intact = match (head, end.at_head) {
        (None, _) => {
            if total > 0 {
                found.notes.push("the head was missing: whether records are missing at the end cannot be told".into());
            }
            true
        }
        (Some(None), _) => {
            found
                .notes
                .push("the head could not be read: whether records are missing at the end cannot be told".into());
            true
        }
        (Some(Some(_)), _) if sealed.seq == 0 => true,
        (Some(Some(_)), Some(at_head)) if at_head == sealed => true,
        (Some(Some(_)), Some(_)) => {
            found.notes.push(format!("record {} is not the one that was sealed", sealed.seq));
            false
        }
        (Some(Some(_)), None) => {
            found.notes.push(match end.last.seq < sealed.seq {
                true => format!("records {} to {} are missing at the end", end.last.seq + 1, sealed.seq),
                false => format!("record {} is missing", sealed.seq),
            });
            false
        }
    };
    if intact {
        if end.whole < total {
            file.set_len(end.whole).map_err(failed)?;
            found
                .notes
                .push(format!("a record of {} bytes was torn by a stop and has been cut off", total - end.whole));
        }
    } else {
        found.last = Sealed { seq: sealed.seq.max(end.last.seq), hash: sealed.hash };
        found.length = total;
        if !end.newline {
            file.write_all(b"\n").map_err(failed)?;
            found.length += 1;
        }
    }
    Ok(found)
}

struct Ends {
    /// The last line that is a record.
    last: Sealed,
    /// Bytes up to the end of it.
    whole: u64,
    /// The record that the head names.
    at_head: Option<Sealed>,
    newline: bool,
}

impl Ends {
    /// Reads backwards in growing steps until the last record and that of the head have been seen: a few lines, unless
    /// something is wrong.
    fn read(mut file: &File, total: u64, head: u64) -> std::io::Result<Self> {
        let mut step = 4 * record::MAX_LINE as u64;
        loop {
            let start = total.saturating_sub(step);
            file.seek(SeekFrom::Start(start))?;
            let mut reader = BufReader::new(file);
            let mut place = start;
            let mut ends = Ends { last: Sealed::default(), whole: 0, at_head: None, newline: total == 0 };
            let mut first = None;
            let mut line = Vec::new();
            loop {
                line.clear();
                let length = reader.read_until(b'\n', &mut line)? as u64;
                if length == 0 {
                    break;
                }
                place += length;
                ends.newline = line.pop_if(|last| *last == b'\n').is_some();
                // Without its end, a line may be a shorter one than was meant.
                if !ends.newline {
                    continue;
                }
                if let Ok(record) = record::read(&line) {
                    ends.last = Sealed { seq: record.seq, hash: record.hash };
                    ends.whole = place;
                    first.get_or_insert(record.seq);
                    if record.seq == head {
                        ends.at_head = Some(ends.last);
                    }
                }
            }
            // The first line of a step may be half a one, so one before the head must have been seen.
            let enough = first.is_some_and(|first| first < head || (head == 0 && ends.last.seq > 0));
            if start == 0 || enough {
                return Ok(ends);
            }
            step = step.saturating_mul(8);
        }
    }
}
