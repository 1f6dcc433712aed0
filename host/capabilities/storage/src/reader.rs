//! Reading one object, at any place or as a stream, verified whenever it is read whole.

use crate::{
    backing::{Backing, Opened},
    error::{Error, Result},
    model::Object,
    tree::{Entry, Location},
    view::object_of,
};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use kamld_types::{AssetId, Hash};
use object_store::path::Path;
use sha2::{Digest, Sha256};
use std::{ops::Range, sync::Arc};
use tokio::sync::OnceCell;

/// One step of a stream from a local file; from a remote store each step is a request, so it takes more.
const STEP: u64 = 1 << 20;
const REMOTE_STEP: u64 = 8 << 20;

/// An open object. It stays readable whatever happens to the branch that it was found on. Cheap to clone.
#[derive(Clone)]
pub struct ObjectReader {
    shared: Arc<Shared>,
}

struct Shared {
    backing: Backing,
    name: String,
    object: Object,
    source: Source,
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
/// before: at most one step, and none for one that jumps about.
#[derive(Default)]
pub struct ReadAhead {
    /// Where the last read ended.
    end: Option<u64>,
    /// The step that is being fetched: from where, how much was asked for.
    next: Option<(u64, u64, AbortOnDrop)>,
}

struct AbortOnDrop(tokio::task::JoinHandle<Result<Bytes>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ReadAhead {
    /// As [`ObjectReader::read_at`].
    pub async fn read(&mut self, reader: &ObjectReader, offset: u64, len: u64) -> Result<Bytes> {
        let onward = self.end == Some(offset);
        let bytes = match self.next.take() {
            Some((from, asked, mut task)) if from == offset && asked == len => match (&mut task.0).await {
                Ok(read) => read?,
                Err(_) => reader.read_at(offset, len).await?,
            },
            _ => reader.read_at(offset, len).await?,
        };
        let end = offset + bytes.len() as u64;
        self.end = Some(end);
        if onward && len > 0 && end < reader.size() && matches!(reader.shared.source, Source::Whole { .. }) {
            let ahead = reader.clone();
            let task = tokio::spawn(async move { ahead.read_at(end, len).await });
            self.next = Some((end, len, AbortOnDrop(task)));
        }
        Ok(bytes)
    }

    #[cfg(test)]
    fn is_fetching(&self) -> bool {
        self.next.is_some()
    }
}

impl ObjectReader {
    pub(crate) async fn open(backing: Backing, asset: &AssetId, entry: &Entry) -> Result<Self> {
        let object = object_of(entry)?;
        let source = match entry.location {
            Location::Empty => Source::Empty,
            Location::Packed { pack, offset } => Source::Packed { pack, offset, bytes: OnceCell::new() },
            Location::Whole => {
                let key = Backing::object_key(entry.hash);
                Source::Whole { opened: backing.open(&key).await?, key }
            }
        };
        let name = format!("{asset}/{}", entry.path);
        Ok(Self { shared: Arc::new(Shared { backing, name, object, source }) })
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
                        let bytes = shared.backing.part(*pack, *start, self.size()).await?;
                        self.verify(Hash(Sha256::digest(&bytes).into()))?;
                        Ok::<_, Error>(bytes)
                    })
                    .await?;
                Ok(whole.slice(offset as usize..end as usize))
            }
            Source::Whole { key, opened } => {
                let bytes =
                    shared.backing.read(opened, key, offset, end - offset).await.map_err(|e| self.name_it(e))?;
                if bytes.len() as u64 == self.size() {
                    self.verify(Hash(Sha256::digest(&bytes).into()))?;
                }
                Ok(bytes)
            }
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
                reader.verify(Hash(hasher.clone().finalize().into()))?;
            }
            Ok(Some((bytes, (parts, hasher, reader, seen))))
        })
        .boxed()
    }

    fn verify(&self, found: Hash) -> Result<()> {
        if found == self.shared.object.hash {
            return Ok(());
        }
        Err(self.name_it(Error::corrupt("its bytes do not match their hash")))
    }

    fn name_it(&self, error: Error) -> Error {
        match error {
            Error::Corrupt(_) => {
                let what = format!("{} (object {}) is damaged", self.shared.name, self.shared.object.hash.short());
                error.while_(&what).help("put the object again from its origin, or restore the data folder from a copy")
            }
            error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AssetKind, AssetStore, Backends, Destination, embedded::MemoryRefs};
    use kamld_types::ObjectPath;
    use std::{convert::Infallible, sync::Arc};

    const STEP: u64 = 64 << 10;

    async fn object(folder: &std::path::Path, bytes: &Bytes) -> ObjectReader {
        let store = AssetStore::open(Backends::local(folder, Arc::new(MemoryRefs::default())).unwrap()).unwrap();
        let asset = AssetId::new("birds", "strikes").unwrap();
        store.create_asset(&asset, AssetKind::Dataset).await.unwrap();
        let path = ObjectPath::new("large.bin").unwrap();
        let to =
            Destination { asset: asset.clone(), branch: None, path: path.clone(), media_type: None, modified: None };
        store.put_stream(to, stream::iter([Ok::<_, Infallible>(bytes.clone())])).await.unwrap();
        store.view(&asset, None).await.unwrap().read(&path).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_read_ahead_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = Bytes::from((0..1_000_003u32).map(|n| (n * 31 % 251) as u8).collect::<Vec<_>>());
        let reader = object(folder.path(), &bytes).await;
        let mut ahead = ReadAhead::default();
        let mut seen = Vec::new();
        loop {
            let step = ahead.read(&reader, seen.len() as u64, STEP).await.unwrap();
            if step.is_empty() {
                break;
            }
            seen.extend_from_slice(&step);
            assert_eq!(ahead.is_fetching(), seen.len() > STEP as usize && seen.len() < bytes.len());
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
            assert!(!jumping.is_fetching());
        }
    }
}
