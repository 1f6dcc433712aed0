//! Lines of a segment: forwards, backwards, and the place of a record by binary search.
//!
//! Must not live here: which segment to read (`reading.rs`), whether the chain holds (`verify.rs`). Invariant: a line
//! is given without its end, and only when it has one: without it, the rest may be missing.

use super::segments::Slice;
use kamld_types::problem::Result;
use serde::Deserialize;

/// Bytes that are read at once.
const BLOCK: usize = 64 * 1024;

/// Lines from an offset on.
pub struct Forward<'a> {
    slice: &'a Slice,
    /// Of the next byte to be read.
    offset: u64,
    buffer: Vec<u8>,
    /// What of the buffer was given out already.
    used: usize,
    /// Up to where the buffer has been searched for the end of a line.
    searched: usize,
}

impl<'a> Forward<'a> {
    /// `offset` is the start of a line.
    pub fn new(slice: &'a Slice, offset: u64) -> Self {
        Self { slice, offset, buffer: Vec::new(), used: 0, searched: 0 }
    }

    /// The next line with its offset; none at the end.
    pub fn next(&mut self) -> Result<Option<(u64, &[u8])>> {
        loop {
            if let Some(length) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let (start, end) = (self.used, self.searched + length);
                let place = self.offset - (self.buffer.len() - start) as u64;
                (self.used, self.searched) = (end + 1, end + 1);
                return Ok(Some((place, &self.buffer[start..end])));
            }
            self.buffer.drain(..self.used);
            self.used = 0;
            self.searched = self.buffer.len();
            self.buffer.resize(self.searched + BLOCK, 0);
            let count = self.slice.read_at(&mut self.buffer[self.searched..], self.offset)?;
            self.buffer.truncate(self.searched + count);
            self.offset += count as u64;
            if count == 0 {
                return Ok(None);
            }
        }
    }

    /// The bytes behind the last line: part of a line that has no end.
    pub fn rest(&self) -> usize {
        self.buffer.len() - self.used
    }
}

/// Lines before an offset, the last one first.
pub struct Backward<'a> {
    slice: &'a Slice,
    /// Of the first byte in the buffer.
    offset: u64,
    buffer: Vec<u8>,
}

impl<'a> Backward<'a> {
    /// `end` is the start of a line or the end of the segment. What has no end of its own there is skipped.
    pub fn new(slice: &'a Slice, end: u64) -> Self {
        Self { slice, offset: end, buffer: Vec::new() }
    }

    /// The line before the last one that was given, with its offset; none at the start of the segment.
    pub fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>> {
        loop {
            // The end of the line itself, and that of the line before it.
            let end = self.buffer.iter().rposition(|byte| *byte == b'\n');
            let before = end.and_then(|end| self.buffer[..end].iter().rposition(|byte| *byte == b'\n'));
            match (end, before) {
                (Some(end), Some(before)) => {
                    let line = self.buffer[before + 1..end].to_vec();
                    self.buffer.truncate(before + 1);
                    return Ok(Some((self.offset + before as u64 + 1, line)));
                }
                (end, None) if self.offset == 0 => {
                    let line = end.map(|end| (0, self.buffer[..end].to_vec()));
                    self.buffer.clear();
                    return Ok(line);
                }
                _ => {
                    let length = (BLOCK as u64).min(self.offset) as usize;
                    let mut block = vec![0; length];
                    let count = self.slice.read_at(&mut block, self.offset - length as u64)?;
                    block.truncate(count);
                    block.append(&mut self.buffer);
                    self.buffer = block;
                    self.offset -= length as u64;
                }
            }
        }
    }
}

/// The number in a line, without checking anything else.
fn number(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        seq: u64,
    }
    serde_json::from_slice::<Numbered>(line).ok().map(|numbered| numbered.seq)
}

/// The offset of the first record whose number is `seq` or more; the length of the segment when there is none.
/// Lines that cannot be read are skipped.
pub fn find(slice: &Slice, seq: u64) -> Result<u64> {
    // Everything before `low`, the start of a line, has smaller numbers; what begins at `high` or behind has not.
    let (mut low, mut high) = (0, slice.length);
    while high - low > BLOCK as u64 {
        let middle = low + (high - low) / 2;
        let mut lines = Forward::new(slice, middle);
        // The first piece is the rest of a line that began before the middle.
        lines.next()?;
        let mut found = None;
        while let Some((place, line)) = lines.next()? {
            if place >= high {
                break;
            }
            if let Some(number) = number(line) {
                found = Some((place, number));
                break;
            }
        }
        match found {
            Some((place, number)) if number < seq => low = place,
            _ => high = middle,
        }
    }
    let mut lines = Forward::new(slice, low);
    while let Some((place, line)) = lines.next()? {
        if number(line).is_some_and(|number| number >= seq) {
            return Ok(place);
        }
    }
    Ok(slice.length)
}
