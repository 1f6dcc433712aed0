//! Multipart uploads on S3: how large the parts are, and what becomes of an upload whose process went away.
//!
//! Lives here: part sizes, and a record of each upload that is under way. S3 keeps the parts of an upload that is
//! neither completed nor aborted for ever, and lists them nowhere near the objects.
//! Layout: `multipart/UUID`, JSON of key, upload id and time of start. It is written before the first part and removed
//! after the upload is completed or aborted.
//! Must not live here: what is uploaded.

use crate::{
    error::{Error, Result},
    model::{Millis, now},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{MultipartId, ObjectStore, ObjectStoreExt, multipart::MultipartStore, path::Path};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

const FOLDER: &str = "multipart";
/// The largest object of S3, in bytes: 5 TiB.
pub const LARGEST: u64 = 5 << 40;
/// Parts of an object that is small enough for them; S3 demands 5 MiB.
pub const FIRST_PART: u64 = 8 << 20;
/// S3 takes 10,000 parts; a few less leave room for stores that count differently.
const PARTS: u64 = 9_900;
/// A part is read into memory before it is sent. The parts of an object of 5 TiB have 530 MiB.
const STEP: u64 = 1 << 20;
/// Records looked at together.
const PARALLEL: usize = 16;

/// The size of the parts of an object: the same for all but the last.
pub fn part_size(size: u64) -> u64 {
    size.div_ceil(PARTS).max(FIRST_PART).next_multiple_of(STEP)
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    key: String,
    id: MultipartId,
    started: Millis,
}

/// The multipart uploads of a store.
pub struct Multipart {
    store: Arc<dyn MultipartStore>,
}

impl Multipart {
    pub fn new(store: Arc<dyn MultipartStore>) -> Self {
        Self { store }
    }

    /// Uploads `size` bytes that `read` hands out by offset and length. `objects` is the same store, where the record
    /// of the upload lies. When it fails the upload is aborted; when that fails too, `abort_abandoned` finds it.
    pub async fn upload<F: Future<Output = Result<Bytes>>>(
        &self,
        objects: &Arc<dyn ObjectStore>,
        key: &Path,
        size: u64,
        read: impl Fn(u64, u64) -> F,
    ) -> Result<()> {
        let id = self.store.create_multipart(key).await?;
        let record = Path::from(format!("{FOLDER}/{}", Uuid::now_v7()));
        let begun = Begun { key: key.to_string(), id: id.clone(), started: now() };
        let sent = async {
            let json = serde_json::to_vec(&begun)
                .map_err(|error| Error::internal(format!("the record of a multipart upload: {error}")))?;
            objects.put(&record, json.into()).await?;
            self.send(key, &id, size, read).await
        };
        let done = sent.await;
        if done.is_err() && self.store.abort_multipart(key, &id).await.is_err() {
            // The record stays, so that it is tried again.
            return done;
        }
        if let Err(error) = objects.delete(&record).await {
            tracing::warn!(%error, "the record of a multipart upload could not be removed");
        }
        done
    }

    async fn send<F: Future<Output = Result<Bytes>>>(
        &self,
        key: &Path,
        id: &MultipartId,
        size: u64,
        read: impl Fn(u64, u64) -> F,
    ) -> Result<()> {
        let step = part_size(size);
        let mut parts = Vec::new();
        let mut offset = 0;
        while offset < size {
            let bytes = read(offset, step.min(size - offset)).await?;
            offset += bytes.len() as u64;
            parts.push(self.store.put_part(key, id, parts.len(), bytes.into()).await?);
        }
        self.store.complete_multipart(key, id, parts).await?;
        Ok(())
    }

    /// Aborts the uploads that were begun more than `older_than` ago. Answers how many. An upload that is still under
    /// way after that time fails, and its client repeats it.
    pub async fn abort_abandoned(&self, objects: &Arc<dyn ObjectStore>, older_than: Duration) -> Result<u64> {
        let listed: Vec<_> = objects.list(Some(&Path::from(FOLDER))).try_collect().await?;
        let limit = now().saturating_sub(u64::try_from(older_than.as_millis()).unwrap_or(u64::MAX));
        let mut aborted = 0;
        let mut records = stream::iter(listed)
            .map(|meta| async move {
                let bytes = async { objects.get(&meta.location).await?.bytes().await };
                (bytes.await, meta)
            })
            .buffer_unordered(PARALLEL);
        while let Some((bytes, meta)) = records.next().await {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                // Completed since the folder was listed.
                Err(object_store::Error::NotFound { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            if let Ok(begun) = serde_json::from_slice::<Begun>(&bytes) {
                if begun.started > limit {
                    continue;
                }
                match self.store.abort_multipart(&Path::from(begun.key), &begun.id).await {
                    Ok(()) => aborted += 1,
                    // Completed or aborted before, and only the record was left.
                    Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            objects.delete(&meta.location).await?;
        }
        Ok(aborted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::{memory::InMemory, prefix::PrefixStore};

    #[test]
    fn any_object_that_the_store_takes_fits_into_its_parts() {
        let gib = 1u64 << 30;
        for size in [1, FIRST_PART, 79 * gib, 80 * gib, 81 * gib, 300 * gib, 1024 * gib, LARGEST - 1, LARGEST] {
            let part = part_size(size);
            assert!(size.div_ceil(part) <= 10_000, "{size}");
            assert!((FIRST_PART..=5 * gib).contains(&part), "{size}: {part}");
        }
        assert_eq!(part_size(80 * gib), 9 << 20, "parts grow only when they must");
    }

    async fn records(objects: &Arc<dyn ObjectStore>) -> usize {
        objects.list(Some(&Path::from(FOLDER))).try_collect::<Vec<_>>().await.unwrap().len()
    }

    #[tokio::test]
    async fn an_upload_leaves_an_object_and_no_record() {
        let store = Arc::new(PrefixStore::new(InMemory::new(), "shared/ours"));
        let (objects, multipart): (Arc<dyn ObjectStore>, _) = (store.clone(), Multipart::new(store.clone()));
        let body: Bytes = (0..20_000_003u32).map(|n| (n * 31 % 251) as u8).collect::<Vec<_>>().into();
        let key = Path::from("objects/ab/whole");
        let read = |at: u64, len: u64| {
            let part = body.slice(at as usize..(at + len) as usize);
            async move { Ok(part) }
        };
        multipart.upload(&objects, &key, body.len() as u64, read).await.unwrap();
        assert!(objects.get(&key).await.unwrap().bytes().await.unwrap() == body);
        assert_eq!(records(&objects).await, 0);
        let broken = |_: u64, _: u64| async { Err(Error::unavailable("the disk went away")) };
        assert!(multipart.upload(&objects, &key, body.len() as u64, broken).await.is_err());
        assert_eq!(records(&objects).await, 0, "a failed upload is aborted at once");
    }

    #[tokio::test]
    async fn an_upload_whose_process_went_away_is_aborted_later() {
        let store = Arc::new(InMemory::new());
        let (objects, multipart): (Arc<dyn ObjectStore>, _) = (store.clone(), Multipart::new(store.clone()));
        let key = Path::from("objects/ab/whole");
        let read = |at: u64, len: u64| async move {
            // The second part never comes, as when the process is killed.
            if at > 0 {
                std::future::pending::<()>().await;
            }
            Ok(Bytes::from(vec![7; len as usize]))
        };
        let upload = multipart.upload(&objects, &key, 3 * FIRST_PART, read);
        let killed = tokio::select! {
            biased;
            _ = upload => false,
            () = async {
                while records(&objects).await == 0 {
                    tokio::task::yield_now().await;
                }
            } => true,
        };
        assert!(killed);
        assert_eq!(multipart.abort_abandoned(&objects, Duration::from_secs(3600)).await.unwrap(), 0, "it may go on");
        assert_eq!(multipart.abort_abandoned(&objects, Duration::ZERO).await.unwrap(), 1);
        assert_eq!(records(&objects).await, 0);
        assert!(objects.head(&key).await.is_err());
    }
}
