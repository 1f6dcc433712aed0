//! The object store under everything: packs and whole objects by key.
//!
//! Lives here: keys, reads of exact ranges, durable writes. Must not live here: what the bytes mean.
//! Layout: `packs/UUID`, `objects/AA/SHA256`, which only a repair ever replaces, by what they were; `damaged/` (see
//! `damage`) and `multipart/` (see `s3::multipart`).

use crate::{
    buffers::Buffers,
    damage::Damage,
    error::{Error, Result},
    folder::{make_folder, sync_folder},
    s3::multipart::{FIRST_PART, LARGEST, Multipart},
};
use bytes::Bytes;
use futures::TryStreamExt;
use kamld_types::Hash;
use object_store::{
    GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt, PutPayload,
    multipart::MultipartStore, path::Path,
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
    time::Duration,
};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

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
    /// Multipart uploads by id, on a store that has them.
    multipart: Option<Arc<Multipart>>,
    stored: Arc<OnceCell<AtomicU64>>,
    buffers: Arc<Buffers>,
    ahead: Arc<Semaphore>,
    /// What is known to be damaged.
    pub(crate) damage: Arc<Damage>,
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
        Self {
            store,
            local,
            multipart: None,
            stored: Arc::default(),
            buffers: Arc::default(),
            ahead,
            damage: Arc::default(),
        }
    }

    /// With multipart uploads that are recorded, so that one that is never completed can be found and aborted.
    pub fn with_multipart(mut self, multipart: Option<Arc<dyn MultipartStore>>) -> Self {
        self.multipart = multipart.map(|store| Arc::new(Multipart::new(store)));
        self
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

    /// Writes durably over what may be there; a reader sees the old bytes or the new ones.
    pub async fn replace(&self, key: &Path, payload: PutPayload) -> Result<()> {
        let old = self.size(key).await?.unwrap_or_default();
        self.put(key, payload).await?;
        self.uncount(old);
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

    /// Writes a local file as a whole object, part by part, over whatever has that name. On a local disk `link_whole`
    /// does it without a copy.
    pub async fn upload_whole(&self, hash: Hash, size: u64, file: Arc<File>) -> Result<()> {
        let key = Self::object_key(hash);
        let opened = Opened::File(file);
        let old = self.size(&key).await?.unwrap_or_default();
        match &self.multipart {
            Some(multipart) if size > FIRST_PART => {
                let read = |offset, len| self.read(&opened, &key, offset, len);
                multipart.upload(&self.store, &key, size, read).await?;
                self.count(size);
            }
            _ => self.put_in_steps(&key, size, &opened).await?,
        }
        self.uncount(old);
        Ok(())
    }

    async fn put_in_steps(&self, key: &Path, size: u64, opened: &Opened) -> Result<()> {
        if size <= FIRST_PART {
            let bytes = self.read(opened, key, 0, size).await?;
            return self.put(key, bytes.into()).await;
        }
        let mut upload = self.store.put_multipart(key).await?;
        let mut offset = 0;
        while offset < size {
            let len = (size - offset).min(FIRST_PART);
            let sent = match self.read(opened, key, offset, len).await {
                Ok(bytes) => upload.put_part(bytes.into()).await.map_err(Error::from),
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                let _ = upload.abort().await;
                return Err(error);
            }
            offset += len;
        }
        upload.complete().await?;
        self.count(size);
        Ok(())
    }

    /// The largest object that the store takes, in bytes; none without a limit of its own.
    pub fn largest(&self) -> Option<u64> {
        self.multipart.as_ref().map(|_| LARGEST)
    }

    /// Refuses an object that the store could not take, before any byte of it is sent.
    pub fn check_size(&self, name: &str, size: u64) -> Result<()> {
        match self.largest().filter(|largest| size > *largest) {
            None => Ok(()),
            Some(largest) => Err(Error::limit(format!(
                "'{name}' has {size} bytes, and the object store takes at most {largest} bytes in one object"
            ))
            .help("nothing was written; split it into smaller objects")),
        }
    }

    /// Aborts multipart uploads that were begun more than `older_than` ago and never completed, so that the store does
    /// not keep their parts for ever. Answers how many. Nothing to do on stores without multipart uploads.
    pub(crate) async fn abandoned(&self, older_than: Duration) -> Result<u64> {
        match &self.multipart {
            Some(multipart) => multipart.abort_abandoned(&self.store, older_than).await,
            None => Ok(0),
        }
    }

    /// Gives a durable local file the name of a whole object, without a copy, over whatever has that name: a reader sees
    /// the old object or the new one. The file keeps its own name too.
    pub async fn link_whole(&self, folder: PathBuf, hash: Hash, size: u64, from: PathBuf) -> Result<()> {
        let hex = hash.to_hex();
        let link = move || -> std::io::Result<u64> {
            let shelf = folder.join("objects").join(&hex[..2]);
            make_folder(&shelf)?;
            let to = shelf.join(&hex);
            let old = std::fs::metadata(&to).map_or(0, |meta| meta.len());
            // A name of its own for each attempt; `object_store` does not list names that end in # and digits.
            let beside = shelf.join(format!("{hex}#{}", Uuid::now_v7().as_u128()));
            let placed = (|| {
                if std::fs::hard_link(&from, &beside).is_err() {
                    // No hard links here, or another file system.
                    std::fs::copy(&from, &beside)?;
                    File::open(&beside)?.sync_all()?;
                }
                std::fs::rename(&beside, &to)
            })();
            // After a success too: renaming one name of a file over another name of the same file does nothing.
            let _ = std::fs::remove_file(&beside);
            placed?;
            sync_folder(&shelf)?;
            Ok(old)
        };
        match tokio::task::spawn_blocking(link).await {
            Ok(Ok(old)) => {
                self.count(size);
                self.uncount(old);
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
