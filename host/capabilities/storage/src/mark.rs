//! How far an upload is durable, kept apart from its bytes.
//!
//! The length of a file says nothing of that: after a power cut it may count bytes that never reached the disk.
//! Layout: two slots, each an offset (8 bytes, little endian) and its CRC-32, written in turns; the larger one that is
//! whole counts. The slots lie in pages of their own, so that a torn write leaves the other one.
//! Invariants: an offset is written after the bytes before it were synced, and only grows; both slots are there from the
//! start, so that a full disk can still be told how far it came.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

const SLOTS: [u64; 2] = [0, 4096];
const SLOT: usize = 12;

pub struct Mark {
    file: File,
    offset: u64,
    /// The slot that is written next: never the one that counts.
    next: usize,
}

fn encoded(offset: u64) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..8].copy_from_slice(&offset.to_le_bytes());
    let checksum = crc32fast::hash(&slot[..8]);
    slot[8..].copy_from_slice(&checksum.to_le_bytes());
    slot
}

fn decoded(slot: [u8; SLOT]) -> Option<u64> {
    let [a, b, c, d, e, f, g, h, ..] = slot;
    let offset = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    (encoded(offset) == slot).then_some(offset)
}

impl Mark {
    /// A mark at the start of an upload, durable on return but for its name.
    pub fn create(path: &Path) -> io::Result<()> {
        let file = File::create_new(path)?;
        for at in SLOTS {
            file.write_all_at(&encoded(0), at)?;
        }
        file.sync_all()
    }

    /// None for an upload that an earlier version began, which had no mark.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut best: Option<(u64, usize)> = None;
        for (number, at) in SLOTS.into_iter().enumerate() {
            let mut slot = [0; SLOT];
            let found = match file.read_exact_at(&mut slot, at) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
                read => read.map(|()| decoded(slot))?,
            };
            best = best.max(found.map(|offset| (offset, number)));
        }
        // Without a whole slot nothing is known, and the upload starts again from its first byte.
        let (offset, at) = best.unwrap_or((0, 0));
        Ok(Some(Self { file, offset, next: 1 - at }))
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Everything before `offset` has been synced. Durable on return.
    pub fn set(&mut self, offset: u64) -> io::Result<()> {
        if offset <= self.offset {
            return Ok(());
        }
        self.file.write_all_at(&encoded(offset), SLOTS[self.next])?;
        self.file.sync_data()?;
        self.offset = offset;
        self.next = 1 - self.next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_write_leaves_the_offset_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mark");
        assert!(Mark::open(&path).unwrap().is_none());
        Mark::create(&path).unwrap();
        let mut mark = Mark::open(&path).unwrap().unwrap();
        for offset in [5, 70_000, u64::MAX] {
            mark.set(offset).unwrap();
            assert_eq!(Mark::open(&path).unwrap().unwrap().offset(), offset);
        }
        let torn = SLOTS[1 - mark.next];
        for cut in 0..SLOT {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            let mut slot = encoded(u64::MAX);
            slot[cut..].fill(0x55);
            file.write_all_at(&slot, torn).unwrap();
            let found = Mark::open(&path).unwrap().unwrap();
            assert_eq!((found.offset(), SLOTS[found.next]), (70_000, torn), "cut after {cut} bytes");
        }
    }
}
