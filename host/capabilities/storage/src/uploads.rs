//! Resumable uploads: made, appended to from the offset that the disk holds, finished into an object.
//!
//! Invariants: an offset that was answered is durable and survives a restart; a finished upload stays known
//! until it expires, so that a client who missed the answer learns that it is done.

use crate::{
    edit::Target,
    error::{Error, Result},
    model::{Millis, Object, now},
    objects::{checked_media_type, put_of},
    spool::{Spooled, blocking, write_whole},
    store::{AssetStore, Inner},
};
use bytes::Bytes;
use futures::Stream;
use kamld_types::{AssetId, BranchName, Hash, ObjectPath};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt,
    fs::{File, OpenOptions},
    str::FromStr,
    sync::Arc,
    time::Duration,
};
use tokio::sync::Notify;
use uuid::Uuid;

/// How long an upload that nobody goes on with is kept.
pub const EXPIRES_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UploadId(Uuid);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for UploadId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let id = Uuid::try_parse(text).map_err(|_| Error::not_found(format!("there is no upload '{text}'")))?;
        Ok(Self(id))
    }
}

/// What shall become of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadSpec {
    pub asset: AssetId,
    pub branch: Option<BranchName>,
    pub path: ObjectPath,
    /// Bytes in all.
    pub size: u64,
    pub media_type: Option<String>,
    pub modified: Option<Millis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    pub id: UploadId,
    pub spec: UploadSpec,
    pub created: Millis,
    /// The object that came of it.
    pub done: Option<Object>,
}

/// Uploads in use by this process.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<UploadId, Arc<Session>>>,
}

#[derive(Default)]
struct Session {
    /// The hash of the first bytes, and how many: lost with the process, then made again from the file.
    state: tokio::sync::Mutex<Option<(Sha256, u64)>>,
    /// Held as long as a thread writes to the file: longer than the request when that was dropped.
    writing: Arc<tokio::sync::Mutex<()>>,
    /// Tells a request that another one has taken over.
    take_over: Notify,
}

/// The uploads of a store.
#[derive(Clone)]
pub struct Uploads {
    inner: Arc<Inner>,
}

impl AssetStore {
    pub fn uploads(&self) -> Uploads {
        Uploads { inner: self.inner.clone() }
    }
}

fn json_name(id: UploadId) -> String {
    format!("{id}.json")
}

impl Uploads {
    fn folder(&self) -> std::path::PathBuf {
        self.inner.spool.folder.clone()
    }

    fn part(&self, id: UploadId) -> std::path::PathBuf {
        self.inner.spool.folder.join(format!("{id}.part"))
    }

    fn session(&self, id: UploadId) -> Arc<Session> {
        self.inner.sessions.open.lock().entry(id).or_default().clone()
    }

    /// `not-found` without the asset or branch, `limit` when the disk cannot hold it.
    pub async fn create(&self, spec: UploadSpec) -> Result<UploadId> {
        self.inner.target(&spec.asset, spec.branch.as_ref()).await?;
        checked_media_type(spec.media_type.clone(), &spec.path, &[])?;
        if let Some(room) = self.inner.spool.room().filter(|room| *room < spec.size) {
            return Err(Error::limit(format!(
                "'{}' has {} bytes, and the disk has room for {room}",
                spec.path, spec.size
            ))
            .help("nothing was written; free some space and start again"));
        }
        let id = UploadId(Uuid::now_v7());
        let upload = Upload { id, spec, created: now(), done: None };
        let (folder, part) = (self.folder(), self.part(id));
        let bytes = to_json(&upload)?;
        let make = move || {
            File::create_new(part)?;
            write_whole(&folder, &json_name(id), &bytes)
        };
        blocking("making an upload", make).await?;
        *self.session(id).state.lock().await = Some((Sha256::new(), 0));
        Ok(id)
    }

    pub async fn get(&self, id: UploadId) -> Result<Upload> {
        let file = self.folder().join(json_name(id));
        let read = move || match std::fs::read(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        };
        let bytes = blocking("looking up an upload", read).await?;
        let bytes = bytes.ok_or_else(|| {
            Error::not_found(format!("there is no upload {id}"))
                .help("it was aborted, or expired after 7 days; start it again")
        })?;
        serde_json::from_slice(&bytes).map_err(|_| {
            Error::corrupt(format!("the record of upload {id} is damaged")).help("abort it and start again")
        })
    }

    /// Bytes that are durable: where to go on.
    pub async fn offset(&self, id: UploadId) -> Result<u64> {
        let upload = self.get(id).await?;
        if upload.done.is_some() {
            return Ok(upload.spec.size);
        }
        let part = self.part(id);
        let len = blocking("looking up an upload", move || Ok(std::fs::metadata(part)?.len())).await?;
        Ok(len.min(upload.spec.size))
    }

    /// Appends a stream at `offset`, which must be the current one (`conflict` otherwise). Answers the new
    /// offset. When the stream fails what arrived is kept. A second append takes over from one that hangs.
    pub async fn append<S, E>(&self, id: UploadId, offset: u64, stream: S) -> Result<u64>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send,
        E: fmt::Display + Send,
    {
        self.append_checked(id, offset, stream, None).await
    }

    /// As `append`; when `sum` is given and what arrived has another SHA-256, none of it is kept.
    pub async fn append_checked<S, E>(&self, id: UploadId, offset: u64, stream: S, sum: Option<Hash>) -> Result<u64>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send,
        E: fmt::Display + Send,
    {
        let upload = self.get(id).await?;
        let session = self.session(id);
        let mut state = loop {
            // An append that started later than this look is told in the next turn.
            session.take_over.notify_waiters();
            match tokio::time::timeout(Duration::from_millis(50), session.state.lock()).await {
                Ok(state) => break state,
                Err(_) => continue,
            }
        };
        let guard = session.writing.clone().lock_owned().await;
        let current = self.offset(id).await?;
        if offset != current {
            return Err(Error::conflict(format!("upload {id} stands at {current}, not at {offset}"))
                .help(format!("go on from {current}")));
        }
        if upload.done.is_some() {
            return Ok(current);
        }
        let part = self.part(id);
        let file = Arc::new(
            blocking("opening an upload", move || OpenOptions::new().read(true).write(true).open(part)).await?,
        );
        let running = state.take().filter(|(_, at)| *at == offset).map(|(hasher, _)| hasher);
        // With a sum the hash starts anew, since it is of this part alone.
        let hasher = if sum.is_some() { Some(Sha256::new()) } else { running.clone() };
        let filled = self
            .inner
            .spool
            .fill(file.clone(), offset, upload.spec.size, hasher, stream, Some((&session.take_over, guard)))
            .await;
        match sum {
            None => *state = filled.hasher.map(|hasher| (hasher, filled.offset)),
            Some(sum) => {
                let hasher = filled.hasher;
                let got = hasher.clone().map(|hasher| Hash(hasher.finalize().into()));
                if got != Some(sum) {
                    blocking("taking back a part of an upload", move || {
                        file.set_len(offset)?;
                        file.sync_all()
                    })
                    .await?;
                    *state = running.map(|hasher| (hasher, offset));
                    if let Some(trouble) = filled.trouble {
                        return Err(trouble);
                    }
                    return Err(Error::conflict("what arrived does not match its checksum")
                        .help(format!("nothing of it was kept; send it again from {offset}")));
                }
                // The running hash does not hold this part, unless this part is all: else it is made from the file.
                if offset == 0 {
                    *state = hasher.map(|hasher| (hasher, filled.offset));
                }
            }
        }
        match filled.trouble {
            None => Ok(filled.offset),
            Some(Error::Limit(words)) => Err(Error::limit(words.message)
                .help(format!("{} bytes of the upload are kept; free some space and go on from there", filled.offset))),
            Some(error) => Err(error),
        }
    }

    /// Makes an object of a complete upload, durably. Repeating it answers the same object.
    pub async fn finish(&self, id: UploadId) -> Result<Object> {
        let upload = self.get(id).await?;
        let session = self.session(id);
        let mut state = session.state.lock().await;
        let _guard = session.writing.lock().await;
        let upload = if upload.done.is_none() { self.get(id).await? } else { upload };
        if let Some(object) = upload.done {
            return Ok(object);
        }
        let UploadSpec { asset, branch, path, size, media_type, modified } = upload.spec.clone();
        let current = self.offset(id).await?;
        if current != size {
            return Err(Error::conflict(format!("upload {id} has {current} of {size} bytes"))
                .help(format!("go on from {current}")));
        }
        let target: Target = self.inner.target(&asset, branch.as_ref()).await?;
        let part = self.part(id);
        let opened = part.clone();
        let file = Arc::new(blocking("opening an upload", move || File::open(opened)).await?);
        let hash = state.take().filter(|(_, at)| *at == size).map(|(hasher, _)| Hash(hasher.finalize().into()));
        let spooled = Spooled::new(part.clone(), file, size, hash).await?;
        let media_type = checked_media_type(media_type, &path, spooled.head())?;
        let modified = modified.unwrap_or_else(now);
        let lease = self.inner.leases.begin();
        lease.hold(None, None);
        let body = self.inner.keep_spooled(&lease, &spooled).await?;
        let mut objects = [Object { path, size, hash: spooled.hash(), media_type, modified }];
        let puts = vec![put_of(&objects[0], body)];
        self.inner.put_entries(target, puts, &mut objects).await?;
        let [object] = objects;
        let done = Upload { done: Some(object.clone()), ..upload };
        let (folder, bytes) = (self.folder(), to_json(&done)?);
        let tidy = move || {
            write_whole(&folder, &json_name(id), &bytes)?;
            std::fs::remove_file(part)
        };
        blocking("closing an upload", tidy).await?;
        self.inner.sessions.open.lock().remove(&id);
        Ok(object)
    }

    /// Forgets an upload and its bytes.
    pub async fn abort(&self, id: UploadId) -> Result<()> {
        self.get(id).await?;
        let session = self.session(id);
        session.take_over.notify_waiters();
        let (json, part) = (self.folder().join(json_name(id)), self.part(id));
        let remove = move || {
            // The record first: bytes without a record are nothing.
            std::fs::remove_file(json)?;
            match std::fs::remove_file(part) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        };
        blocking("aborting an upload", remove).await?;
        self.inner.sessions.open.lock().remove(&id);
        Ok(())
    }

    /// All uploads that are known, oldest first.
    pub async fn list(&self) -> Result<Vec<Upload>> {
        let folder = self.folder();
        let names = move || -> std::io::Result<Vec<String>> {
            let mut names = Vec::new();
            for file in std::fs::read_dir(folder)? {
                names.extend(file?.file_name().into_string());
            }
            names.sort_unstable();
            Ok(names)
        };
        let mut uploads = Vec::new();
        for name in blocking("listing the uploads", names).await? {
            if let Some(id) = name.strip_suffix(".json").and_then(|id| id.parse().ok()) {
                match self.get(id).await {
                    Ok(upload) => uploads.push(upload),
                    // Aborted since the folder was read, or damaged: neither keeps the others from being listed.
                    Err(Error::NotFound(_) | Error::Corrupt(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(uploads)
    }

    /// Aborts uploads on which nothing happened for `idle`. Answers how many.
    pub async fn expire(&self, idle: Duration) -> Result<usize> {
        let mut count = 0;
        for upload in self.list().await? {
            let (part, json) = (self.part(upload.id), self.folder().join(json_name(upload.id)));
            let touched = move || std::fs::metadata(part).or_else(|_| std::fs::metadata(json))?.modified();
            let Ok(touched) = blocking("looking up an upload", touched).await else { continue };
            if touched.elapsed().is_ok_and(|age| age >= idle) {
                self.abort(upload.id).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}

fn to_json(upload: &Upload) -> Result<Vec<u8>> {
    serde_json::to_vec(upload)
        .map_err(|error| Error::internal(format!("the record of an upload cannot be written: {error}")))
}
