//! The object store under everything: packs and whole objects by key.
//!
//! Lives here: keys, reads of exact ranges, durable writes. Must not live here: what the bytes mean.
//! Layout: `packs/UUID`, `objects/AA/SHA256`. Neither is ever changed once it is there.

use crate::{
    buffers::Buffers,
    error::{Error, Result},
};
use bytes::Bytes;
use futures::TryStreamExt;
use kamld_types::Hash;
use object_store::{
    GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt, PutPayload, path::Path,
};
use std::{
    fs::File,
    io::IoSliceMut,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Parts of a multipart upload: S3 allows 10,000 of them and 5 MiB at least, so this carries 80 GB.
const PART: usize = 8 << 20;
/// What the system has in memory is copied at once, up to so much: a tenth of a millisecond. To hand it to another
/// thread takes longer, and moves the bytes to another core.
const AT_ONCE: u64 = 1 << 20;
/// Steps of at most 1 MiB that are read ahead for all readers together: what a plug-in with many readers can make the
/// host hold.
pub const STEPS_AHEAD_OF_ALL: usize = 32;

#[derive(Clone)]
pub struct Backing {
    pub store: Arc<dyn ObjectStore>,
    /// The folder behind it when it is a local disk that this process may link files into.
    pub local: Option<PathBuf>,
    stored: Arc<OnceCell<AtomicU64>>,
    buffers: Arc<Buffers>,
    ahead: Arc<Semaphore>,
}

/// An object or a pack opened for reading at any place.
pub enum Opened {
    /// A local file: read in place.
    File(Arc<File>),
    Remote(Path),
}

impl Backing {
    pub fn new(store: Arc<dyn ObjectStore>, local: Option<PathBuf>) -> Self {
        let ahead = Arc::new(Semaphore::new(STEPS_AHEAD_OF_ALL));
        Self { store, local, stored: Arc::default(), buffers: Arc::default(), ahead }
    }

    /// Room for one step that is read before it is asked for; none when all of it is taken.
    pub fn room_ahead(&self) -> Option<OwnedSemaphorePermit> {
        self.ahead.clone().try_acquire_owned().ok()
    }

    pub fn pack_key(pack: Uuid) -> Path {
        Path::from(format!("packs/{pack}"))
    }

    pub fn object_key(hash: Hash) -> Path {
        let hex = hash.to_hex();
        Path::from(format!("objects/{}/{hex}", &hex[..2]))
    }

    /// Writes durably; `bytes` is the size of the payload.
    pub async fn put(&self, key: &Path, payload: PutPayload) -> Result<()> {
        let size = payload.content_length() as u64;
        self.store.put(key, payload).await?;
        self.count(size);
        Ok(())
    }

    /// Counts bytes that came to the store in another way than `put`.
    pub fn count(&self, bytes: u64) {
        if let Some(stored) = self.stored.get() {
            stored.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Counts bytes that were deleted.
    pub fn uncount(&self, bytes: u64) {
        if let Some(stored) = self.stored.get() {
            // What came after the first count may be counted twice; it never goes below nothing.
            let _ = stored.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |sum| Some(sum.saturating_sub(bytes)));
        }
    }

    /// A part of a pack, exactly `len` bytes.
    pub async fn part(&self, pack: Uuid, offset: u64, len: u64) -> Result<Bytes> {
        self.range(&Self::pack_key(pack), offset, len).await
    }

    /// Exactly `len` bytes from `offset`; `corrupt` when they are not there.
    pub async fn range(&self, key: &Path, offset: u64, len: u64) -> Result<Bytes> {
        if len == 0 {
            return Ok(Bytes::new());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(offset..offset + len)), ..Default::default() };
        let bytes = match self.store.get_opts(key, options).await {
            Ok(result) => collect(key, result).await?,
            Err(error) => return Err(missing(key, error)),
        };
        if bytes.len() as u64 != len {
            return Err(Error::corrupt(format!("{key} is shorter than it was when it was written")));
        }
        Ok(bytes)
    }

    /// The size of a whole object, or none.
    pub async fn size_of(&self, hash: Hash) -> Result<Option<u64>> {
        self.size(&Self::object_key(hash)).await
    }

    /// The size of what a key holds, or none.
    pub async fn size(&self, key: &Path) -> Result<Option<u64>> {
        match self.store.head(key).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn open(&self, key: &Path) -> Result<Opened> {
        if self.local.is_none() {
            return Ok(Opened::Remote(key.clone()));
        }
        match self.store.get(key).await {
            Ok(GetResult { payload: GetResultPayload::File(file, _), .. }) => Ok(Opened::File(Arc::new(file))),
            Ok(_) => Ok(Opened::Remote(key.clone())),
            Err(error) => Err(missing(key, error)),
        }
    }

    /// As `read`, but only what the system has in memory.
    pub fn read_now(&self, opened: &Opened, offset: u64, len: u64) -> Option<Bytes> {
        let Opened::File(file) = opened else { return None };
        if len > AT_ONCE {
            return None;
        }
        self.buffers.filled(len as usize, |bytes| read_cached(file, bytes, offset)).ok()
    }

    /// Reads from something opened; exactly `len` bytes.
    pub async fn read(&self, opened: &Opened, key: &Path, offset: u64, len: u64) -> Result<Bytes> {
        match opened {
            Opened::Remote(key) => self.range(key, offset, len).await,
            Opened::File(file) => {
                if let Some(bytes) = self.read_now(opened, offset, len) {
                    return Ok(bytes);
                }
                let (file, buffers) = (file.clone(), self.buffers.clone());
                let read = move || {
                    let len = usize::try_from(len).unwrap_or_default();
                    buffers.filled(len, |bytes| file.read_exact_at(bytes, offset))
                };
                match tokio::task::spawn_blocking(read).await {
                    Ok(Ok(bytes)) => Ok(bytes),
                    Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                        Err(Error::corrupt(format!("{key} is shorter than it was when it was written")))
                    }
                    Ok(Err(error)) => Err(Error::io(&format!("reading {key}"), &error)),
                    Err(error) => Err(Error::internal(format!("reading {key}: {error}"))),
                }
            }
        }
    }

    /// Writes a local file as a whole object, part by part. On a local disk `link_whole` does it without a copy.
    pub async fn upload_whole(&self, hash: Hash, size: u64, file: Arc<File>) -> Result<()> {
        let key = Self::object_key(hash);
        let opened = Opened::File(file);
        if size <= PART as u64 {
            let bytes = self.read(&opened, &key, 0, size).await?;
            return self.put(&key, bytes.into()).await;
        }
        let mut upload = self.store.put_multipart(&key).await?;
        let mut offset = 0;
        while offset < size {
            let len = (size - offset).min(PART as u64);
            let sent = match self.read(&opened, &key, offset, len).await {
                Ok(bytes) => upload.put_part(bytes.into()).await.map_err(Error::from),
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                // The parts would cost room for ever; when even this fails the store's own expiry removes them.
                let _ = upload.abort().await;
                return Err(error);
            }
            offset += len;
        }
        upload.complete().await?;
        self.count(size);
        Ok(())
    }

    /// Gives a durable local file the name of a whole object, without a copy. The file keeps its own name too.
    pub async fn link_whole(&self, folder: PathBuf, hash: Hash, size: u64, from: PathBuf) -> Result<()> {
        let hex = hash.to_hex();
        let link = move || -> std::io::Result<bool> {
            let shelf = folder.join("objects").join(&hex[..2]);
            if !shelf.is_dir() {
                std::fs::create_dir_all(&shelf)?;
                sync_folder(&folder.join("objects"))?;
                sync_folder(&folder)?;
            }
            let to = shelf.join(&hex);
            let new = match std::fs::hard_link(&from, &to) {
                Ok(()) => true,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => false,
                Err(_) => {
                    // No hard links here, or another file system: copy under another name, then put it in place.
                    let copy = shelf.join(format!("{hex}#copy"));
                    std::fs::copy(&from, &copy)?;
                    File::open(&copy)?.sync_all()?;
                    std::fs::rename(&copy, &to)?;
                    true
                }
            };
            sync_folder(&shelf)?;
            Ok(new)
        };
        match tokio::task::spawn_blocking(link).await {
            Ok(Ok(new)) => {
                if new {
                    self.count(size);
                }
                Ok(())
            }
            Ok(Err(error)) => Err(Error::io("putting an object in place", &error)),
            Err(error) => Err(Error::internal(format!("putting an object in place: {error}"))),
        }
    }

    /// Bytes in use by packs and whole objects: counted once by listing, then kept up by each write.
    pub async fn stored(&self) -> Result<u64> {
        let count = self
            .stored
            .get_or_try_init(|| async {
                let mut sum = 0;
                for folder in ["packs", "objects"] {
                    let listed = self.store.list(Some(&Path::from(folder)));
                    sum += listed.try_fold(0, |sum, meta| async move { Ok(sum + meta.size) }).await?;
                }
                Ok::<_, Error>(AtomicU64::new(sum))
            })
            .await?;
        Ok(count.load(Ordering::Relaxed))
    }

    /// Bytes that the disk under the store can hold; none when that is not known.
    pub fn capacity(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(self.local.as_ref()?).ok()?;
        Some(stat.f_blocks.saturating_mul(stat.f_frsize))
    }
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &std::path::Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn missing(key: &Path, error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => {
            Error::corrupt(format!("{key} is missing from the store")).help("restore it from a copy of the data folder")
        }
        // What lies past the end was written once and is gone.
        object_store::Error::Generic { source, .. } if source.to_string().to_lowercase().contains("range") => {
            Error::corrupt(format!("{key} is shorter than it was when it was written"))
        }
        error => error.into(),
    }
}

async fn collect(key: &Path, result: GetResult) -> Result<Bytes> {
    match result.payload {
        GetResultPayload::File(file, _) => {
            let range = result.range;
            let key = key.clone();
            let read = move || {
                let mut buffer = vec![0; usize::try_from(range.end - range.start).unwrap_or_default()];
                file.read_exact_at(&mut buffer, range.start)
                    .map(|()| Bytes::from(buffer))
                    .map_err(|error| Error::io(&format!("reading {key}"), &error))
            };
            tokio::task::spawn_blocking(read).await.map_err(|error| Error::internal(format!("reading: {error}")))?
        }
        GetResultPayload::Stream(stream) => {
            let parts: Vec<Bytes> = stream.try_collect().await?;
            Ok(match <[Bytes; 1]>::try_from(parts) {
                Ok([one]) => one,
                Err(parts) => parts.concat().into(),
            })
        }
    }
}

/// Fills a buffer with what the system has in memory; an error when it would have to wait for the disk.
#[cfg(target_os = "linux")]
fn read_cached(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    use rustix::io::{ReadWriteFlags, preadv2};
    while !bytes.is_empty() {
        match preadv2(file, &mut [IoSliceMut::new(bytes)], offset, ReadWriteFlags::NOWAIT)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn read_cached(_: &File, _: &mut [u8], _: u64) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
