//! Reading the log: the whole chain for a verdict, a part of it for an export.

use super::{Audit, HEAD, Record, Sealed, record};
use crate::durable;
use kamld_types::{Problem, problem::Result};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, BufReader, Read},
};

/// What reading the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Records that are as they were written, from the first on.
    pub count: u64,
    /// The number of the first record that is not as it was written, or not there; none when the chain holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<u64>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl Verdict {
    fn broken(count: u64, why: &str) -> Self {
        let at = count + 1;
        let problem = Problem::corrupt(format!("the audit log is broken at record {at}: {why}"))
            .help("records before it are as they were written; nothing was changed: compare the rest with an export or a backup");
        Self { count, broken_at: Some(at), problem: Some(problem) }
    }
}

impl Audit {
    /// Reads every record and checks hash, chain, numbers and the end. The log may go on meanwhile.
    pub fn verify(&self) -> Result<Verdict> {
        let (length, last, sealed) = {
            let state = self.state.lock();
            (state.length, state.last, state.head)
        };
        let mut before = Sealed::default();
        let broken = |before: &Sealed, why: String| Ok(Verdict::broken(before.seq, &why));
        let on_disk = durable::read(&self.head)?.and_then(|bytes| serde_json::from_slice::<Sealed>(&bytes).ok());
        for line in self.lines(length)? {
            let line = line.map_err(|error| durable::failed("read", &self.log, &error))?;
            let record = match record::read(&line) {
                Ok(record) => record,
                Err(why) => return broken(&before, why),
            };
            if record.seq != before.seq + 1 {
                return broken(&before, format!("record {} follows record {}", record.seq, before.seq));
            }
            if record.prev != before.hash {
                return broken(&before, "it does not follow the record before it".into());
            }
            before = Sealed { seq: record.seq, hash: record.hash };
            if record.seq == sealed.seq && record.hash != sealed.hash {
                return broken(&Sealed { seq: record.seq - 1, ..before }, "it is not the one that was sealed".into());
            }
        }
        if before != last {
            return broken(&before, format!("records up to {} are missing at the end", last.seq));
        }
        // Sealing may have gone on since; going back it cannot.
        if on_disk.is_none_or(|on_disk| on_disk.seq < sealed.seq || (on_disk.seq == sealed.seq && on_disk != sealed)) {
            return broken(&before, format!("{HEAD} is not what was written"));
        }
        Ok(Verdict { count: before.seq, broken_at: None, problem: None })
    }

    /// Records behind number `after`, at most `limit`, oldest first. Lines that are damaged are left out: `verify` names them.
    pub fn export(&self, after: u64, limit: usize) -> Result<Vec<Record>> {
        let length = self.state.lock().length;
        let mut records = Vec::new();
        for line in self.lines(length)? {
            if records.len() >= limit {
                break;
            }
            let line = line.map_err(|error| durable::failed("read", &self.log, &error))?;
            records.extend(record::read(&line).ok().filter(|record| record.seq > after));
        }
        Ok(records)
    }

    /// The newest records, newest first: those before number `before`, at most `limit`.
    pub fn newest(&self, before: Option<u64>, limit: usize) -> Result<Vec<Record>> {
        let length = self.state.lock().length;
        let mut records = VecDeque::new();
        for line in self.lines(length)? {
            let line = line.map_err(|error| durable::failed("read", &self.log, &error))?;
            let Ok(record) = record::read(&line) else { continue };
            if before.is_some_and(|before| record.seq >= before) {
                break;
            }
            if records.len() == limit {
                records.pop_back();
            }
            records.push_front(record);
        }
        Ok(records.into())
    }

    /// The lines up to a length, so that one that is being written is not seen half.
    fn lines(&self, length: u64) -> Result<impl Iterator<Item = std::io::Result<Vec<u8>>>> {
        let file = File::open(&self.log).map_err(|error| durable::failed("opened", &self.log, &error))?;
        Ok(BufReader::new(file.take(length)).split(b'\n'))
    }
}
