//! Reading one object, at any place or as a stream, verified whenever it is read whole.

use crate::{
    backing::{Backing, Opened},
    damage::{Mark, put_again},
    error::{Error, Result},
    leases::Lease,
    model::Object,
    tree::{Entry, Location},
    view::object_of,
};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use kamld_types::{AssetId, Hash};
use object_store::path::Path;
use sha2::{Digest, Sha256};
use std::{collections::VecDeque, ops::Range, sync::Arc};
use tokio::{
    sync::{OnceCell, OwnedSemaphorePermit},
    task::JoinHandle,
};

/// One step of a stream from a local file; from a remote store each step is a request, so it takes more.
const STEP: u64 = 1 << 20;
const REMOTE_STEP: u64 = 8 << 20;
/// Steps fetched ahead of a reader: the one that comes next, and one so that the disk never waits for the reader.
const STEPS_AHEAD: usize = 2;

/// An open object. It stays readable whatever happens to the branch that it was found on. Cheap to clone.
#[derive(Clone)]
pub struct ObjectReader {
    shared: Arc<Shared>,
}

struct Shared {
    backing: Backing,
    name: String,
    object: Object,
    /// What is remembered when its bytes turn out to be damaged.
    mark: Mark,
    source: Source,
    /// Keeps the bytes from being collected while they are read.
    _lease: Arc<Lease>,
}

enum Source {
    Empty,
    Whole {
        key: Path,
        opened: Opened,
    },
    /// Small: read and verified whole at the first use.
    Packed {
        pack: uuid::Uuid,
        offset: u64,
        bytes: OnceCell<Bytes>,
    },
}

/// The next bytes of a reader that is read from front to back, fetched while the reader's owner is busy with the ones
/// before; nothing for one that jumps about. All readers of a store together hold a bounded number of steps.
#[derive(Default)]
pub struct ReadAhead {
    /// Where the last read ended.
    end: Option<u64>,
    /// What is being fetched, in order.
    next: VecDeque<Fetch>,
}

struct Fetch {
    from: u64,
    asked: u64,
    task: JoinHandle<Result<Bytes>>,
    /// The memory that it may take.
    _room: OwnedSemaphorePermit,
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ReadAhead {
    /// As [`ObjectReader::read_at`].
    pub async fn read(&mut self, reader: &ObjectReader, offset: u64, len: u64) -> Result<Bytes> {
        let onward = self.end == Some(offset);
        let mut cached = false;
        let fetched = self.next.pop_front().filter(|next| next.from == offset && next.asked == len);
        let bytes = match fetched {
            Some(mut next) => match (&mut next.task).await {
                Ok(read) => read?,
                Err(_) => reader.read_at(offset, len).await?,
            },
            None => {
                self.next.clear();
                // What is in memory already needs nobody to fetch it.
                let now = reader.read_now(offset, len);
                cached = now.is_some();
                match now {
                    Some(bytes) => bytes,
                    None => reader.read_at(offset, len).await?,
                }
            }
        };
        let end = offset + bytes.len() as u64;
        self.end = Some(end);
        if onward && !cached {
            self.fetch(reader, end, len);
        }
        Ok(bytes)
    }

    fn fetch(&mut self, reader: &ObjectReader, end: u64, len: u64) {
        if !(1..=STEP).contains(&len) || !matches!(reader.shared.source, Source::Whole { .. }) {
            return;
        }
        let mut from = self.next.back().map_or(end, |last| last.from + last.asked);
        while self.next.len() < STEPS_AHEAD && from < reader.size() {
            // Without room it is read when it is asked for.
            let Some(room) = reader.shared.backing.room_ahead() else { return };
            let ahead = reader.clone();
            let task = tokio::spawn(async move { ahead.read_at(from, len).await });
            self.next.push_back(Fetch { from, asked: len, task, _room: room });
            from += len;
        }
    }

    #[cfg(test)]
    fn fetching(&self) -> usize {
        self.next.len()
    }
}

impl ObjectReader {
    pub(crate) async fn open(backing: Backing, asset: &AssetId, entry: &Entry, lease: Arc<Lease>) -> Result<Self> {
        let object = object_of(entry)?;
        let mark = Mark { hash: entry.hash, size: entry.size, location: entry.location };
        let name = format!("{asset}/{}", entry.path);
        let source = match entry.location {
            Location::Empty => Source::Empty,
            Location::Packed { pack, offset } => Source::Packed { pack, offset, bytes: OnceCell::new() },
            Location::Whole => {
                let key = Backing::object_key(entry.hash);
                match backing.open(&key).await {
                    Ok(opened) => Source::Whole { opened, key },
                    Err(error) => return Err(damaged(&backing, &name, mark, error).await),
                }
            }
        };
        Ok(Self { shared: Arc::new(Shared { backing, name, object, mark, source, _lease: lease }) })
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.shared.object.size
    }

    pub fn object(&self) -> &Object {
        &self.shared.object
    }

    /// At most `len` bytes from `offset`; fewer at the end, none past it. `corrupt` when the object was
    /// read whole and is not what it was.
    pub async fn read_at(&self, offset: u64, len: u64) -> Result<Bytes> {
        let shared = &*self.shared;
        let end = offset.saturating_add(len).min(self.size());
        if offset >= end {
            return Ok(Bytes::new());
        }
        match &shared.source {
            Source::Empty => Ok(Bytes::new()),
            Source::Packed { pack, offset: start, bytes } => {
                let whole = bytes
                    .get_or_try_init(|| async {
                        match shared.backing.part(*pack, *start, self.size()).await {
                            Ok(bytes) => self.verify(Hash(Sha256::digest(&bytes).into())).await.map(|()| bytes),
                            Err(error) => Err(self.told(error).await),
                        }
                    })
                    .await?;
                Ok(whole.slice(offset as usize..end as usize))
            }
            Source::Whole { key, opened } => {
                let bytes = match shared.backing.read(opened, key, offset, end - offset).await {
                    Ok(bytes) => bytes,
                    Err(error) => return Err(self.told(error).await),
                };
                if bytes.len() as u64 == self.size() {
                    self.verify(Hash(Sha256::digest(&bytes).into())).await?;
                }
                Ok(bytes)
            }
        }
    }

    /// As `read_at`, when it needs no waiting: a step of a local file that the system has in memory.
    fn read_now(&self, offset: u64, len: u64) -> Option<Bytes> {
        let shared = &*self.shared;
        let end = offset.saturating_add(len).min(self.size());
        match &shared.source {
            // What is read whole is verified, which takes longer.
            Source::Whole { opened, .. } if offset < end && end - offset < self.size() => {
                shared.backing.read_now(opened, offset, end - offset)
            }
            _ => None,
        }
    }

    /// The bytes of a range (cut at the end of the object) in order. A stream of the whole object ends
    /// with `corrupt` when what was read is not what was written.
    pub fn stream(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
        let end = range.end.min(self.size());
        let whole = range.start == 0 && end == self.size();
        let step = match &self.shared.source {
            Source::Whole { opened: Opened::Remote(_), .. } => REMOTE_STEP,
            _ => STEP,
        };
        // A packed object, and one that is read in one step, is verified by `read_at`.
        let hasher = (whole && self.size() > step).then(Sha256::new);
        let steps = stream::iter((range.start..end).step_by(step as usize));
        let reader = self.clone();
        let parts = steps
            .map(move |at| {
                let reader = reader.clone();
                async move { reader.read_at(at, step.min(end - at)).await }
            })
            .buffered(2);
        let Some(hasher) = hasher else { return parts.boxed() };
        let reader = self.clone();
        let state = (parts.boxed(), hasher, reader, 0u64);
        stream::try_unfold(state, |(mut parts, mut hasher, reader, mut seen)| async move {
            let Some(bytes) = parts.next().await.transpose()? else { return Ok(None) };
            hasher.update(&bytes);
            seen += bytes.len() as u64;
            if seen == reader.size() {
                reader.verify(Hash(hasher.clone().finalize().into())).await?;
            }
            Ok(Some((bytes, (parts, hasher, reader, seen))))
        })
        .boxed()
    }

    async fn verify(&self, found: Hash) -> Result<()> {
        if found == self.shared.object.hash {
            return Ok(());
        }
        Err(self.told(Error::corrupt("its bytes do not match their hash")).await)
    }

    async fn told(&self, error: Error) -> Error {
        let Shared { backing, name, mark, .. } = &*self.shared;
        damaged(backing, name, *mark, error).await
    }
}

/// Remembers damage, so that a put of the same bytes repairs it, and names the object in the error. Other errors stay as
/// they are.
async fn damaged(backing: &Backing, name: &str, mark: Mark, error: Error) -> Error {
    if !matches!(error, Error::Corrupt(_)) {
        return error;
    }
    backing.mark_damaged(mark, name).await;
    error.while_(&format!("{name} (object {}) is damaged", mark.hash.short())).help(format!(
        "everything else is kept; put the same bytes again (`{}`), or let `kamld storage check --repair` look for a good \
         copy",
        put_again(name)
    ))
}

#[cfg(test)]
mod tests {
    use super::{ObjectReader, ReadAhead, STEPS_AHEAD};
    use crate::{AssetKind, AssetStore, Backends, Destination, backing::STEPS_AHEAD_OF_ALL, embedded::RecordRefs};
    use bytes::Bytes;
    use futures::stream;
    use kamld_types::AssetId;
    use kamld_types::ObjectPath;
    use std::{convert::Infallible, sync::Arc};

    const STEP: u64 = 64 << 10;

    async fn object(backends: Backends, bytes: &Bytes) -> ObjectReader {
        let store = AssetStore::open(backends).unwrap();
        let asset = AssetId::new("birds", "strikes").unwrap();
        store.create_asset(&asset, AssetKind::Dataset).await.unwrap();
        let path = ObjectPath::new("large.bin").unwrap();
        let to =
            Destination { asset: asset.clone(), branch: None, path: path.clone(), media_type: None, modified: None };
        store.put_stream(to, stream::iter([Ok::<_, Infallible>(bytes.clone())])).await.unwrap();
        store.view(&asset, None).await.unwrap().read(&path).await.unwrap()
    }

    /// A store where each step has to be waited for.
    fn remote(folder: &std::path::Path) -> Backends {
        Backends::memory(Arc::new(RecordRefs::memory().unwrap()), folder.to_owned())
    }

    fn numbers() -> Bytes {
        Bytes::from((0..1_000_003u32).map(|n| (n * 31 % 251) as u8).collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn what_is_read_ahead_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = numbers();
        let reader = object(remote(folder.path()), &bytes).await;
        let mut ahead = ReadAhead::default();
        let mut seen = Vec::new();
        loop {
            let step = ahead.read(&reader, seen.len() as u64, STEP).await.unwrap();
            if step.is_empty() {
                break;
            }
            seen.extend_from_slice(&step);
            let left = (bytes.len() - seen.len()).div_ceil(STEP as usize);
            let expected = if seen.len() > STEP as usize { left.min(STEPS_AHEAD) } else { 0 };
            assert_eq!(ahead.fetching(), expected);
        }
        assert!(bytes == seen);
        // Backwards and in other steps: nothing is fetched in advance, and nothing wrong is handed over.
        for (offset, len) in [(900_000, STEP), (10, 5), (800_000, STEP), (0, STEP), (STEP, 7), (STEP + 7, 100)] {
            let read = ahead.read(&reader, offset, len).await.unwrap();
            assert!(read == bytes.slice(offset as usize..(offset + len) as usize), "{offset} {len}");
        }
        let mut jumping = ReadAhead::default();
        for offset in [500_000, 0, 300_000] {
            jumping.read(&reader, offset, STEP).await.unwrap();
            assert_eq!(jumping.fetching(), 0);
        }
    }

    #[tokio::test]
    async fn a_local_file_is_read_step_by_step_too() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = numbers();
        let local = Backends::local(folder.path(), Arc::new(RecordRefs::memory().unwrap())).unwrap();
        let reader = object(local, &bytes).await;
        let mut ahead = ReadAhead::default();
        let mut seen = Vec::new();
        while seen.len() < bytes.len() {
            let step = ahead.read(&reader, seen.len() as u64, STEP).await.unwrap();
            assert_eq!(step.len(), (bytes.len() - seen.len()).min(STEP as usize));
            seen.extend_from_slice(&step);
        }
        assert!(bytes == seen);
        assert!(ahead.read(&reader, seen.len() as u64, STEP).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn many_readers_hold_no_more_than_their_share_of_memory() {
        let folder = tempfile::tempdir().unwrap();
        let reader = object(remote(folder.path()), &numbers()).await;
        let mut readers = Vec::new();
        for _ in 0..2 * STEPS_AHEAD_OF_ALL {
            let mut ahead = ReadAhead::default();
            for step in 0..2 {
                assert_eq!(ahead.read(&reader, step * STEP, STEP).await.unwrap().len() as u64, STEP);
            }
            readers.push(ahead);
        }
        assert_eq!(readers.iter().map(ReadAhead::fetching).sum::<usize>(), STEPS_AHEAD_OF_ALL);
        drop(readers);
        let large = object(remote(folder.path()), &Bytes::from(vec![2u8; 4 << 20])).await;
        let (mut ahead, len) = (ReadAhead::default(), super::STEP + 1);
        for step in 0..3 {
            assert_eq!(ahead.read(&large, step * len, len).await.unwrap().len() as u64, len);
            assert_eq!(ahead.fetching(), 0, "larger steps are read when they are asked for");
        }
    }
}
