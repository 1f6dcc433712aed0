//! A part of the log: the oldest records behind a number, or the newest before one.
//!
//! Both start at the place of that record, found by the names of the segments and a binary search, and read no more than
//! they give. Must not live here: whether the chain holds. Damaged lines are left out: `verify` names them.

use super::{
    Audit, Record,
    lines::{self, Backward, Forward},
    record,
    segments::{Slice, Snapshot},
};
use kamld_types::problem::Result;

impl Audit {
    /// Records behind number `after`, at most `limit`, oldest first.
    pub fn export(&self, after: u64, limit: usize) -> Result<Vec<Record>> {
        let snapshot = self.snapshot();
        let wanted = after.saturating_add(1);
        // The last segment that begins at the record or before it; older ones have nothing to give.
        let start = snapshot.firsts().rposition(|first| first <= wanted).unwrap_or(0);
        let mut records = Vec::new();
        for place in start..=snapshot.closed.len() {
            let Some(slice) = self.slice(&snapshot, place)? else { continue };
            let offset = if place == start { lines::find(&slice, wanted)? } else { 0 };
            let mut lines = Forward::new(&slice, offset);
            while records.len() < limit
                && let Some((_, line)) = lines.next()?
            {
                records.extend(record::read(line).ok().filter(|record| record.seq > after));
            }
            if records.len() >= limit {
                break;
            }
        }
        Ok(records)
    }

    /// The newest records, newest first: those before number `before`, at most `limit`.
    pub fn newest(&self, before: Option<u64>, limit: usize) -> Result<Vec<Record>> {
        let snapshot = self.snapshot();
        let end = before.unwrap_or(u64::MAX);
        let mut records = Vec::new();
        let start = snapshot.firsts().rposition(|first| first < end);
        let Some(start) = start else { return Ok(records) };
        for place in (0..=start).rev() {
            let Some(slice) = self.slice(&snapshot, place)? else { continue };
            let offset = match before {
                Some(before) if place == start => lines::find(&slice, before)?,
                _ => slice.length,
            };
            let mut lines = Backward::new(&slice, offset);
            while records.len() < limit
                && let Some((_, line)) = lines.next()?
            {
                records.extend(record::read(&line).ok().filter(|record| record.seq < end));
            }
            if records.len() >= limit {
                break;
            }
        }
        Ok(records)
    }

    /// A segment by its place, the active one last; none when retention has removed it meanwhile.
    pub(super) fn slice(&self, snapshot: &Snapshot, place: usize) -> Result<Option<Slice>> {
        match snapshot.closed.get(place) {
            Some(segment) => Slice::open(segment, &self.read),
            None => Ok(Some(snapshot.active.clone())),
        }
    }
}

impl Snapshot {
    /// The number of the first record of each segment, the active one last.
    fn firsts(&self) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator {
        // A vector, since a chain of iterators has no exact length.
        let firsts: Vec<u64> = self.closed.iter().map(|segment| segment.first).chain([self.first]).collect();
        firsts.into_iter()
    }
}
