//! Resumable uploads: made, appended to from the offset that the disk holds, finished into an object.
//!
//! Invariants: an offset that was answered is durable and survives a restart; a finished upload stays known
//! until it expires, so that a client who missed the answer learns that it is done.

use crate::{
    edit::Target,
    error::{Error, Result},
    mark::Mark,
    model::{Millis, Object, now},
    objects::{checked_media_type, put_of},
    spool::{Held, Spooled, blocking},
    store::{AssetStore, Inner},
    upload_files::{self, json_name, to_json},
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
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::Duration,
};
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

    /// `limit` when the object store does not take an object of `size` bytes. `name` is for the message.
    pub fn check_size(&self, name: &str, size: u64) -> Result<()> {
        self.inner.backing().check_size(name, size)
    }

    /// Aborts uploads to the object store that were begun more than `older_than` ago and never completed, since their
    /// process went away: an S3 keeps their parts until then. Answers how many.
    pub async fn abort_abandoned(&self, older_than: Duration) -> Result<u64> {
        self.inner.backing().abandoned(older_than).await
    }

    /// The largest object that the object store takes, in bytes; none without a limit of its own.
    pub fn largest_object(&self) -> Option<u64> {
        self.inner.backing().largest()
    }
}

impl Uploads {
    fn folder(&self) -> PathBuf {
        self.inner.spool.folder.clone()
    }

    fn part(&self, id: UploadId) -> PathBuf {
        upload_files::part(&self.inner.spool.folder, id)
    }

    fn session(&self, id: UploadId) -> Arc<Session> {
        self.inner.sessions.open.lock().entry(id).or_default().clone()
    }

    /// `not-found` without the asset or branch; `limit` when the object store does not take objects of that size, or the
    /// disk of the spool cannot hold it beside the other unfinished uploads. Durable on return.
    pub async fn create(&self, spec: UploadSpec) -> Result<UploadId> {
        self.inner.target(&spec.asset, spec.branch.as_ref()).await?;
        checked_media_type(spec.media_type.clone(), &spec.path, &[])?;
        self.inner.backing().check_size(spec.path.as_str(), spec.size)?;
        let id = UploadId(Uuid::now_v7());
        self.inner.spool.announce(id, spec.path.as_str(), spec.size).await?;
        let upload = Upload { id, spec, created: now(), done: None };
        let (folder, bytes) = (self.folder(), to_json(&upload)?);
        if let Err(error) = blocking("making an upload", move || upload_files::create(&folder, id, &bytes)).await {
            self.inner.spool.forget(id);
            return Err(error);
        }
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
        let folder = self.folder();
        let offset = blocking("looking up an upload", move || upload_files::offset(&folder, id)).await?;
        Ok(offset.min(upload.spec.size))
    }

    /// Appends a stream at `offset`, which must be the current one (`conflict` otherwise). Answers the new offset. When the
    /// stream fails what arrived is kept. Waits for an append that is under way: whoever wants to take over from a request
    /// that hangs ends that request's stream first, as the server does.
    pub async fn append<S, E>(&self, id: UploadId, offset: u64, stream: S) -> Result<u64>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send,
        E: fmt::Display + Send,
    {
        let upload = self.get(id).await?;
        let session = self.session(id);
        let mut state = session.state.lock().await;
        let guard = session.writing.clone().lock_owned().await;
        let current = self.offset(id).await?;
        if offset != current {
            return Err(Error::conflict(format!("upload {id} stands at {current}, not at {offset}"))
                .help(format!("go on from {current}")));
        }
        if upload.done.is_some() {
            return Ok(current);
        }
        let (part, mark) = (self.part(id), upload_files::mark(&self.inner.spool.folder, id));
        let open = move || Ok((OpenOptions::new().read(true).write(true).open(part)?, Mark::open(&mark)?));
        let (file, mark) = blocking("opening an upload", open).await?;
        let held = Held { mark, _writing: Some(guard) };
        let hasher = state.take().filter(|(_, at)| *at == offset).map(|(hasher, _)| hasher);
        let filled = self.inner.spool.fill(Arc::new(file), offset, upload.spec.size, hasher, stream, held).await;
        *state = filled.hasher.map(|hasher| (hasher, filled.offset));
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
        let spooled = Spooled::new(part, file, size, hash).await?;
        let media_type = checked_media_type(media_type, &path, spooled.head())?;
        let modified = modified.unwrap_or_else(now);
        let lease = Arc::new(self.inner.leases.begin());
        lease.hold(None, None);
        let body = self.inner.keep_spooled(&lease, &spooled).await?;
        let mut objects = [Object { path, size, hash: spooled.hash(), media_type, modified }];
        let puts = vec![put_of(&objects[0], body)];
        self.inner.put_entries(target, puts, lease, &mut objects).await?;
        let [object] = objects;
        let done = Upload { done: Some(object.clone()), ..upload };
        let (folder, bytes) = (self.folder(), to_json(&done)?);
        blocking("closing an upload", move || upload_files::finish(&folder, id, &bytes)).await?;
        self.inner.spool.forget(id);
        self.inner.sessions.open.lock().remove(&id);
        Ok(object)
    }

    /// Forgets an upload and its bytes; one whose record is damaged too.
    pub async fn abort(&self, id: UploadId) -> Result<()> {
        match self.get(id).await {
            Ok(_) | Err(Error::Corrupt(_)) => {}
            Err(error) => return Err(error),
        }
        let folder = self.folder();
        blocking("aborting an upload", move || upload_files::abort(&folder, id)).await?;
        self.inner.spool.forget(id);
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
