//! A file that only takes up room: it is given up when the disk is full, so that removals can still be recorded.
//!
//! A store that cannot write the record of a removal on a full disk could never become less full.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

/// Room for some thousand commits: each writes a few pages of 4 KiB and frees them again.
const SIZE: usize = 8 << 20;
/// The reserve is made again only when this much is free besides it.
const PLENTY: u64 = 64 << 20;

pub struct Reserve {
    file: PathBuf,
}

impl Reserve {
    pub fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Makes the reserve when it is missing and there is plenty of room.
    pub fn refill(&self) {
        let missing = std::fs::metadata(&self.file).map_or(0, |found| found.len()) < SIZE as u64;
        if missing
            && room(&self.file).is_some_and(|room| room > PLENTY)
            && let Err(error) = self.fill()
        {
            tracing::warn!(%error, "the reserve for a full disk could not be made");
            self.release();
        }
    }

    fn fill(&self) -> std::io::Result<()> {
        // Real bytes, not a hole: a hole takes up no room.
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&self.file)?;
        let block = vec![0x5a; 1 << 20];
        for _ in 0..SIZE / block.len() {
            file.write_all(&block)?;
        }
        file.sync_all()
    }

    /// Gives the room back. Answers whether there was any.
    pub fn release(&self) -> bool {
        std::fs::remove_file(&self.file).is_ok()
    }
}

fn room(file: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(file.parent()?).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
