//! The files of the log: closed segments in `DIR/audit/`, named by their first record, and `DIR/audit.log` behind them.
//!
//! Lives here: their names and order, and a fixed view of them for readers. Must not live here: what makes a segment
//! close or go (`rotation.rs`), what is in a line (`record.rs`).

use super::Mark;
use crate::durable;
use kamld_types::problem::Result;
use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The folder of closed segments.
pub const FOLDER: &str = "audit";

/// A segment that is complete: nothing is appended to it any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The number of its first record, as its name has it.
    pub first: u64,
    pub path: PathBuf,
}

/// Where a segment is kept that begins with this record. Names sort in the order of the records.
pub fn path(data: &Path, first: u64) -> PathBuf {
    data.join(FOLDER).join(format!("{first:020}.log"))
}

/// The closed segments of a data folder, oldest first. Other files in the folder are ignored.
pub fn list(data: &Path) -> Result<Vec<Closed>> {
    let folder = data.join(FOLDER);
    let failed = |error: io::Error| durable::failed("read", &folder, &error);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut closed = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let first = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".log")?.parse().ok());
        if let Some(first) = first.filter(|first| self::path(data, *first) == path) {
            closed.push(Closed { first, path });
        }
    }
    closed.sort_by_key(|segment| segment.first);
    Ok(closed)
}

/// What identifies the contents of a file without reading it: every write through the file system changes one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Whether both are of the same file, whatever is in it.
    pub fn same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// An open segment up to a fixed length: records that are appended later are not seen.
#[derive(Clone)]
pub struct Slice {
    pub file: Arc<File>,
    pub path: PathBuf,
    pub length: u64,
    /// Counts the bytes that were read, over all segments.
    pub read: Arc<AtomicU64>,
}

impl Slice {
    /// Opens a closed segment; none when retention has removed it meanwhile.
    pub fn open(segment: &Closed, read: &Arc<AtomicU64>) -> Result<Option<Self>> {
        let failed = |error: io::Error| durable::failed("opened", &segment.path, &error);
        let file = match File::open(&segment.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let length = file.metadata().map_err(failed)?.len();
        Ok(Some(Self { file: Arc::new(file), path: segment.path.clone(), length, read: read.clone() }))
    }

    /// Fills as much of `buffer` as there is from `offset` on.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let room = self.length.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let mut filled = 0;
        while filled < room {
            match self.file.read_at(&mut buffer[filled..room], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(durable::failed("read", &self.path, &error)),
            }
        }
        self.read.fetch_add(filled as u64, Ordering::Relaxed);
        Ok(filled)
    }
}

/// The log at one moment.
pub struct Snapshot {
    pub closed: Vec<Closed>,
    pub active: Slice,
    /// The number of the first record of `active`.
    pub first: u64,
    /// The newest record.
    pub last: Mark,
    pub head: super::Head,
}
