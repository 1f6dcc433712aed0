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
