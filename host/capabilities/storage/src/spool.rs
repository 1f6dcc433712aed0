//! The spool: files of this machine that fill up before they become objects.
//!
//! Lives here: files and their hashes. `uploads` gives them meaning and resumes them.
//! Layout: `ID.part` with `ID.mark` and `ID.json` is an upload that survives a restart (see `upload_files`), `ID.tmp` is
//! a write in progress that does not.
//! Invariant: what `Fill::finish` reports is on the disk.

use crate::{
    error::{Error, Result},
    folder::{make_folder, process_start, sync_folder},
    mark::Mark,
    media, upload_files,
    uploads::UploadId,
};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use kamld_types::Hash;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
};
use tokio::{
    sync::{OwnedMutexGuard, Semaphore, mpsc},
    task::JoinHandle,
};
use uuid::Uuid;

/// Bytes that go to the disk and to the hash together.
const BLOCK: usize = 1 << 20;
/// Blocks waiting for the disk or the hash: memory of one fill stays below 20 MiB.
const WAITING: usize = 8;
/// Bytes after which the system is told to write out, so that the end does not wait for everything.
const WRITE_OUT: u64 = 32 << 20;
/// Bytes after which a long fill syncs on its way, so that a crash does not send a client back to the start. Each sync
/// writes the file's own record anew, so it is not done more often.
const CHECKPOINT: u64 = 256 << 20;
/// Fills that run at the same time: each takes two threads of the pool for blocking work, which has 512.
const FILLS: usize = 128;

pub(crate) struct Spool {
    pub folder: PathBuf,
    fills: Arc<Semaphore>,
    /// Unfinished uploads and the bytes that they announced.
    announced: Mutex<HashMap<UploadId, u64>>,
}

impl Spool {
    /// Opens the spool; what an earlier process left half done is removed, uploads in progress are kept.
    pub fn open(folder: PathBuf) -> Result<Self> {
        let tidy = || {
            make_folder(&folder)?;
            upload_files::sweep(&folder, process_start())
        };
        let announced = tidy().map_err(|error| Error::io("opening the spool", &error))?;
        Ok(Self { folder, fills: Arc::new(Semaphore::new(FILLS)), announced: Mutex::new(announced) })
    }

    /// Bytes that can still be written to the disk of the spool; none when that is not known.
    pub fn room(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.folder).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Sets room aside for an upload: `limit` when the disk cannot hold it beside what the other unfinished uploads have
    /// announced and not sent yet. Two at the same moment may both be refused where one would fit.
    pub async fn announce(&self, id: UploadId, name: &str, size: u64) -> Result<()> {
        let others = {
            let mut announced = self.announced.lock();
            let others: Vec<_> =
                announced.iter().map(|(id, size)| (upload_files::part(&self.folder, *id), *size)).collect();
            announced.insert(id, size);
            others
        };
        let expected = move || {
            // What was sent already takes room on the disk, which is counted there.
            let left =
                |(part, size): &(PathBuf, u64)| size - std::fs::metadata(part).map_or(0, |meta| meta.len().min(*size));
            // Some may have announced more than any disk has, and are refused at this very moment.
            Ok(others.iter().map(left).fold(0, u64::saturating_add))
        };
        let checked = match blocking("looking at the uploads under way", expected).await {
            Err(error) => Err(error),
            Ok(expected) => match self.room().map(|room| room.saturating_sub(expected)).filter(|room| *room < size) {
                None => Ok(()),
                Some(room) => Err(Error::limit(format!(
                    "'{name}' has {size} bytes, and the disk has room for {room} beside the {expected} bytes that other \
                     uploads will still send"
                ))
                .help("nothing was written; free some space, or abort uploads that nobody goes on with, and start again")),
            },
        };
        if checked.is_err() {
            self.forget(id);
        }
        checked
    }

    /// Gives back the room that was set aside for an upload.
    pub fn forget(&self, id: UploadId) {
        self.announced.lock().remove(&id);
    }

    /// A file that is gone when it is dropped, or when the process ends.
    pub fn scratch(&self) -> Result<Scratch> {
        let path = self.folder.join(format!("{}.tmp", Uuid::now_v7()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|error| Error::io("making a file in the spool", &error))?;
        Ok(Scratch { path, file: Arc::new(file) })
    }

    /// Writes a stream to a file from `offset` on, until it ends, fails, or reaches `most` bytes in the file. `held` is
    /// held until nothing writes to the file any more, even when the caller went away. What came in is durable in any
    /// case.
    pub async fn fill<S, E>(
        &self,
        file: Arc<File>,
        offset: u64,
        most: u64,
        hasher: Option<Sha256>,
        stream: S,
        held: Held,
    ) -> Filled
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send,
        E: std::fmt::Display + Send,
    {
        let permit = self.fills.acquire().await;
        let mut fill = Fill::start(file, offset, hasher, held);
        let mut stream = pin!(stream);
        let mut at = offset;
        let trouble = loop {
            match stream.next().await {
                None => break None,
                Some(Err(error)) => {
                    let help = "what arrived is kept; go on from the offset that the server tells";
                    break Some(Error::cancelled(format!("the upload was cut: {error}")).help(help));
                }
                Some(Ok(bytes)) => {
                    let fits = usize::try_from(most.saturating_sub(at)).unwrap_or(usize::MAX);
                    let bytes_len = bytes.len();
                    let bytes = bytes.slice(..bytes_len.min(fits));
                    at += bytes.len() as u64;
                    fill.push(bytes).await;
                    if bytes_len > fits {
                        break Some(
                            Error::invalid(format!("more bytes came in than the {most} that were announced"))
                                .help("the announced bytes are kept; start another upload with the right size"),
                        );
                    }
                }
            }
        };
        let mut filled = fill.finish().await;
        drop(permit);
        filled.trouble = filled.trouble.or(trouble);
        filled
    }
}

/// What a fill keeps until nothing writes any more.
#[derive(Default)]
pub(crate) struct Held {
    /// Is told how much is durable.
    pub mark: Option<Mark>,
    pub _writing: Option<OwnedMutexGuard<()>>,
}

/// A file that is being filled, and how far it is durable.
struct Kept {
    file: Arc<File>,
    held: Held,
    durable: u64,
}

impl Kept {
    /// Syncs what was written before `at`.
    fn keep(&mut self, at: u64) -> std::io::Result<()> {
        self.file.sync_data()?;
        if let Some(mark) = &mut self.held.mark {
            mark.set(at)?;
        }
        self.durable = at;
        Ok(())
    }
}

/// What came of a fill.
pub(crate) struct Filled {
    /// The length of the file up to which everything is durable.
    pub offset: u64,
    /// Over everything up to `offset`; none when the hash was not known from the start or is lost.
    pub hasher: Option<Sha256>,
    pub trouble: Option<Error>,
}

/// Writing and hashing side by side, each on a thread of its own.
struct Fill {
    block: Vec<Bytes>,
    size: usize,
    disk: mpsc::Sender<Vec<Bytes>>,
    hash: Option<mpsc::Sender<Vec<Bytes>>>,
    written: JoinHandle<(u64, std::io::Result<()>)>,
    hashed: Option<JoinHandle<Sha256>>,
    offset: u64,
}

impl Fill {
    fn start(file: Arc<File>, offset: u64, hasher: Option<Sha256>, held: Held) -> Self {
        let (disk, mut blocks) = mpsc::channel::<Vec<Bytes>>(WAITING);
        let written = tokio::task::spawn_blocking(move || {
            let (mut at, mut told) = (offset, offset);
            let mut kept = Kept { file, held, durable: offset };
            let mut write = || {
                while let Some(block) = blocks.blocking_recv() {
                    for bytes in block {
                        kept.file.write_all_at(&bytes, at)?;
                        at += bytes.len() as u64;
                    }
                    if at - kept.durable >= CHECKPOINT {
                        kept.keep(at)?;
                    } else if at - told >= WRITE_OUT {
                        write_out(&kept.file, told, at - told);
                        told = at;
                    }
                }
                Ok(())
            };
            let result = write();
            // What was written before the disk was full is kept all the same.
            let result = kept.keep(at).and(result);
            (kept.durable, result)
        });
        let (hash, hashed) = match hasher {
            None => (None, None),
            Some(mut hasher) => {
                let (hash, mut blocks) = mpsc::channel::<Vec<Bytes>>(WAITING);
                let hashed = tokio::task::spawn_blocking(move || {
                    while let Some(block) = blocks.blocking_recv() {
                        block.iter().for_each(|bytes| hasher.update(bytes));
                    }
                    hasher
                });
                (Some(hash), Some(hashed))
            }
        };
        Self { block: Vec::new(), size: 0, disk, hash, written, hashed, offset }
    }

    async fn push(&mut self, bytes: Bytes) {
        self.size += bytes.len();
        self.block.push(bytes);
        if self.size >= BLOCK {
            self.send().await;
        }
    }

    async fn send(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.size = 0;
        if let Some(hash) = &self.hash {
            let _ = hash.send(block.clone()).await;
        }
        // When the disk gave up, its reason comes with `finish`.
        let _ = self.disk.send(block).await;
    }

    async fn finish(mut self) -> Filled {
        self.send().await;
        drop((self.disk, self.hash));
        let (offset, result) = match self.written.await {
            Ok(done) => done,
            Err(error) => (self.offset, Err(std::io::Error::other(error))),
        };
        let trouble = result.err().map(|error| Error::io("writing the upload", &error));
        let hasher = match self.hashed {
            // After trouble the hash has seen more than the disk has.
            Some(hashed) if trouble.is_none() => hashed.await.ok(),
            _ => None,
        };
        Filled { offset, hasher, trouble }
    }
}

/// Begins to write a part of a file to the disk and waits for nothing: the sync at the end finds little left to do, and
/// tells of whatever fails. To sync on the way instead would write the file's own record anew each time.
fn write_out(file: &File, from: u64, len: u64) {
    // What is not written yet cannot be given up, so that it is written; where this is not known nothing is lost.
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, from, std::num::NonZeroU64::new(len), rustix::fs::Advice::DontNeed);
    #[cfg(not(target_os = "linux"))]
    let _ = (file, from, len);
}

/// A file of the spool that is removed when it is dropped.
pub(crate) struct Scratch {
    path: PathBuf,
    pub file: Arc<File>,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A file whose content is complete: what becomes an object.
pub struct Spooled {
    path: PathBuf,
    file: Arc<File>,
    size: u64,
    hash: Hash,
    head: Bytes,
    /// Removes the file in the end when it is nobody else's.
    _scratch: Option<Scratch>,
}

impl Spooled {
    pub(crate) async fn new(path: PathBuf, file: Arc<File>, size: u64, hash: Option<Hash>) -> Result<Self> {
        let reading = file.clone();
        let read = move || -> std::io::Result<(Bytes, Hash)> {
            let mut head = vec![0; usize::try_from(size).unwrap_or(usize::MAX).min(media::HEAD)];
            reading.read_exact_at(&mut head, 0)?;
            let hash = match hash {
                Some(hash) => hash,
                None => hash_file(&reading, size)?,
            };
            Ok((head.into(), hash))
        };
        let (head, hash) = blocking("reading the upload", read).await?;
        Ok(Self { path, file, size, hash, head, _scratch: None })
    }

    pub(crate) async fn of_scratch(scratch: Scratch, size: u64, hash: Hash) -> Result<Self> {
        let mut spooled = Self::new(scratch.path.clone(), scratch.file.clone(), size, Some(hash)).await?;
        spooled._scratch = Some(scratch);
        Ok(spooled)
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn hash(&self) -> Hash {
        self.hash
    }

    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> Arc<File> {
        self.file.clone()
    }

    /// All of it: only for small ones.
    pub(crate) async fn bytes(&self) -> Result<Bytes> {
        let (file, size) = (self.file.clone(), self.size);
        let read = move || {
            let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
            file.read_exact_at(&mut bytes, 0).map(|()| bytes.into())
        };
        blocking("reading the upload", read).await
    }

    pub(crate) async fn sync(&self) -> Result<()> {
        let file = self.file.clone();
        blocking("syncing the upload", move || file.sync_all()).await
    }
}

fn hash_file(file: &File, size: u64) -> std::io::Result<Hash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BLOCK];
    let mut at = 0;
    while at < size {
        let len = usize::try_from(size - at).unwrap_or(BLOCK).min(BLOCK);
        file.read_exact_at(&mut buffer[..len], at)?;
        hasher.update(&buffer[..len]);
        at += len as u64;
    }
    Ok(Hash(hasher.finalize().into()))
}

/// Runs file work where it may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| Error::io(what, &error)),
        Err(error) => Err(Error::internal(format!("{what}: {error}"))),
    }
}

/// Writes a small file so that it is there whole or not at all, also after a power cut.
pub(crate) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let staged = folder.join(format!("{name}.new"));
    let placed = (|| {
        let mut file = File::create(&staged)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        std::fs::rename(&staged, folder.join(name))
    })();
    if placed.is_err() {
        let _ = std::fs::remove_file(&staged);
    }
    placed?;
    sync_folder(folder)
}
