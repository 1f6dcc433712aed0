//! How much all kept rows may take: a little memory, then disk up to a bound, in one folder that is emptied at start.
//!
//! Must not live here: what is kept. Invariants: what was taken is given back when its rows go; nothing of an earlier
//! process is left in the folder.

use kamld_types::Problem;
use std::{
    fs::File,
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bytes of all kept rows that stay in memory: the first rows of each are what people look at most.
const MEMORY: u64 = 64 << 20;
/// Of one result, so that the first does not take it all.
const MEMORY_EACH: u64 = 8 << 20;
/// Bytes on disk when nobody says.
const DISK: u64 = 10 << 30;

pub(crate) struct Room {
    folder: Option<PathBuf>,
    limit: u64,
    disk: AtomicU64,
    memory: AtomicU64,
}

impl Room {
    /// `spill` is where large queries go; kept rows get a folder of their own in it. Without it they stay in memory,
    /// and what does not fit is a limit.
    pub(crate) fn open(spill: Option<&Path>, limit: Option<u64>) -> Result<Arc<Self>, Problem> {
        let folder = spill.map(|spill| spill.join("kept"));
        let mut free = None;
        if let Some(folder) = &folder {
            let fail = |error: std::io::Error| {
                Problem::internal(format!("the folder for results, {}, cannot be made: {error}", folder.display()))
            };
            match std::fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
                _ => std::fs::create_dir_all(folder).map_err(fail)?,
            }
            free = rustix::fs::statvfs(folder).ok().map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        }
        let limit = limit.unwrap_or_else(|| free.map_or(DISK, |free| (free / 10).min(DISK)));
        Ok(Arc::new(Self { folder, limit, disk: AtomicU64::new(0), memory: AtomicU64::new(0) }))
    }

    /// Takes memory for rows that hold so much already, if there is some. Without a folder memory is all there is.
    pub(super) fn take_memory(&self, bytes: u64, held: u64) -> bool {
        (held + bytes <= MEMORY_EACH || self.folder.is_none()) && take(&self.memory, bytes, MEMORY)
    }

    pub(super) fn take_disk(&self, bytes: u64) -> Result<(), Problem> {
        if self.folder.is_some() && take(&self.disk, bytes, self.limit) {
            return Ok(());
        }
        let room = if self.folder.is_some() { self.limit } else { MEMORY };
        Err(Problem::limit(format!(
            "there is no more room for rows of results: all together may take {} MiB",
            room >> 20
        ))
        .help("the rows before this one are kept; filter, cancel results that are done with, or raise sql.results_mib"))
    }

    /// Bytes on disk that one result that is read through may take before what was read is evicted.
    pub(super) fn share(&self) -> u64 {
        self.limit / 4
    }

    pub(super) fn give_back(&self, memory: u64, disk: u64) {
        self.memory.fetch_sub(memory, Ordering::Relaxed);
        self.disk.fetch_sub(disk, Ordering::Relaxed);
    }

    /// Whether more than three quarters of the disk's part are taken.
    pub(super) fn is_short(&self) -> bool {
        self.disk.load(Ordering::Relaxed) > self.limit / 4 * 3
    }

    /// Bytes in memory and on disk.
    pub(crate) fn used(&self) -> (u64, u64) {
        (self.memory.load(Ordering::Relaxed), self.disk.load(Ordering::Relaxed))
    }

    pub(super) fn file(&self) -> Result<Arc<KeptFile>, Problem> {
        let folder = self.folder.as_ref().ok_or_else(|| Problem::limit("there is no folder for results"))?;
        let path = folder.join(format!("{}.arrow", uuid::Uuid::new_v4().simple()));
        let file = File::options().read(true).write(true).create_new(true).open(&path).map_err(full)?;
        Ok(Arc::new(KeptFile { file, path }))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What is left when the host was killed is removed at the next start.
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn take(of: &AtomicU64, bytes: u64, limit: u64) -> bool {
    let more = |used: u64| used.checked_add(bytes).filter(|used| *used <= limit);
    of.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

fn full(error: std::io::Error) -> Problem {
    Problem::limit(format!("rows of a result cannot be kept on disk: {error}"))
        .help("the rows before this one are kept; make room on the disk of the data folder")
}

/// The rows of one result that memory had no room for: Arrow IPC streams one behind another, one a piece, so that
/// each can be read by itself. Gone with its last reader.
pub(super) struct KeptFile {
    file: File,
    path: PathBuf,
}

impl KeptFile {
    pub(super) fn append(&self, bytes: &[u8]) -> Result<(), Problem> {
        (&self.file).write_all(bytes).map_err(full)
    }

    pub(super) fn read(&self, at: u64, length: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = vec![0; length];
        self.file
            .read_exact_at(&mut bytes, at)
            .map_err(|error| Problem::internal(format!("kept rows cannot be read again: {error}")))?;
        Ok(bytes)
    }
}

impl Drop for KeptFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the rows of a result could not be removed");
        }
    }
}
