//! Writing objects: batches, copies, moves, removals, and entries for what is in the store already.

use crate::{
    edit::{Answer, Job, Place, Target, submit},
    error::{Error, Result},
    leases::Lease,
    media,
    model::{Millis, Object, now},
    spool::Spooled,
    store::{AssetStore, Inner},
    tree::{Body, Location, Put},
};
use bytes::Bytes;
use kamld_types::{AssetId, BranchName, Hash, ObjectPath};
use sha2::{Digest, Sha256};
use std::{collections::HashSet, sync::Arc};

/// Objects up to this many bytes are packed, larger ones are stored whole: below it the cost of a file or
/// a request outweighs the bytes, above it outside engines gain by reading in place.
pub const SMALL: u64 = 128 << 10;
/// The longest media type, in bytes.
const MAX_MEDIA_TYPE: usize = 255;

/// One object to be put.
pub struct NewObject {
    pub path: ObjectPath,
    /// Found out from name and content when none is given.
    pub media_type: Option<String>,
    /// The time of writing when none is given.
    pub modified: Option<Millis>,
    pub body: NewBody,
}

pub enum NewBody {
    Bytes(Bytes),
    /// A finished file of the spool.
    Spooled(Spooled),
}

/// An entry for an object whose bytes are in the store already, stored whole (or empty).
#[derive(Clone, Debug)]
pub struct KnownObject {
    pub path: ObjectPath,
    pub size: u64,
    pub hash: Hash,
    pub media_type: String,
    pub modified: Millis,
}

/// A path as it stands in a request: an object, or with a `/` at its end a folder.
pub(crate) fn place(path: &str) -> Result<Place> {
    match path.strip_suffix('/') {
        Some(folder) => Ok(Place::Folder(format!("{}/", ObjectPath::new(folder)?).into())),
        None => Ok(Place::Object(ObjectPath::new(path)?.as_str().into())),
    }
}

impl AssetStore {
    /// Puts a batch: all of it is seen at once, durable on return. When a path occurs twice the last one stays.
    /// An object whose bytes and media type are unchanged stays as it is, its time included.
    pub async fn put(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        batch: Vec<NewObject>,
    ) -> Result<Vec<Object>> {
        let target = self.inner.target(asset, branch).await?;
        let lease = Arc::new(self.inner.leases.begin());
        lease.hold(None, None);
        let bodies = batch.iter().map(|new| match &new.body {
            NewBody::Bytes(bytes) => Some(bytes.clone()),
            NewBody::Spooled(_) => None,
        });
        let hashes = hash_all(bodies.collect()).await?;
        let mut puts = Vec::with_capacity(batch.len());
        let mut objects = Vec::with_capacity(batch.len());
        for (new, hash) in batch.into_iter().zip(hashes) {
            let head = match &new.body {
                NewBody::Bytes(bytes) => &bytes[..bytes.len().min(media::HEAD)],
                NewBody::Spooled(spooled) => spooled.head(),
            };
            let media_type = checked_media_type(new.media_type, &new.path, head)?;
            let modified = new.modified.unwrap_or_else(now);
            let (size, hash, body) = match (new.body, hash) {
                (NewBody::Bytes(bytes), Some(hash)) => {
                    (bytes.len() as u64, hash, self.inner.keep_bytes(&lease, hash, bytes).await?)
                }
                (NewBody::Bytes(_), None) => return Err(Error::internal("a body was not hashed")),
                (NewBody::Spooled(spooled), _) => {
                    (spooled.size(), spooled.hash(), self.inner.keep_spooled(&lease, &spooled).await?)
                }
            };
            let object = Object { path: new.path, size, hash, media_type, modified };
            puts.push(put_of(&object, body));
            objects.push(object);
        }
        self.inner.put_entries(target, puts, lease, &mut objects).await?;
        Ok(objects)
    }

    /// Puts entries for objects that are in the store already, without reading their bytes. `invalid` when
    /// one is not there with that size; `trusted` skips the look. Split a very large import into calls
    /// of a million or so.
    pub async fn import_entries(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        entries: Vec<KnownObject>,
        trusted: bool,
    ) -> Result<()> {
        let target = self.inner.target(asset, branch).await?;
        let lease = Arc::new(self.inner.leases.begin());
        lease.hold(None, None);
        if !trusted {
            let mut seen = HashSet::new();
            for entry in entries.iter().filter(|entry| entry.size > 0) {
                if !seen.insert((entry.hash, entry.size)) {
                    continue;
                }
                lease.pin(entry.hash).await;
                let backing = self.inner.backing();
                let refuse = |what: &str| {
                    let (path, hash) = (&entry.path, entry.hash.short());
                    Error::invalid(format!("the bytes of '{path}' ({hash}) are {what}"))
                        .help("nothing was imported; put the object with its bytes")
                };
                if backing.size_of(entry.hash).await? != Some(entry.size) {
                    return Err(refuse("not in the store"));
                }
                if backing.damaged_places(entry.hash).await?.iter().any(|mark| mark.location == Location::Whole) {
                    return Err(refuse("damaged in the store"));
                }
            }
        }
        let mut puts = Vec::with_capacity(entries.len());
        for entry in entries {
            let location = if entry.size == 0 { Location::Empty } else { Location::Whole };
            let KnownObject { path, size, hash, media_type, modified } = entry;
            let media_type = checked_media_type(Some(media_type), &path, &[])?;
            let put = Put { size, hash, media_type: media_type.into(), modified, body: Body::At(location) };
            puts.push((path.as_str().into(), put));
        }
        submit(&self.inner, target, Job::Put { puts, lease }).await?;
        Ok(())
    }

    /// Copies no bytes. A path that ends in `/` stands for all below it. Answers how many objects.
    pub async fn copy_objects(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        from: &str,
        to: &str,
    ) -> Result<u64> {
        let job = Job::Copy { from: place(from)?, to: place(to)?, remove: false };
        self.count(asset, branch, job).await
    }

    pub async fn move_objects(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        from: &str,
        to: &str,
    ) -> Result<u64> {
        let job = Job::Copy { from: place(from)?, to: place(to)?, remove: true };
        let target = self.inner.target(asset, branch).await?;
        let default = self.inner.asset_record(asset).await?.default_branch == target.branch;
        let moved = self.count(asset, branch, job).await?;
        if let Some(follower) = self.inner.follower.get().filter(|_| default && moved > 0) {
            let plain = |path: &str| path.trim_end_matches('/').to_owned();
            // The move is done whatever becomes of this.
            if let Err(problem) = follower.moved(asset, &plain(from), &plain(to)).await {
                tracing::warn!(%asset, %problem, "what is known of moved objects stays at their old place");
            }
        }
        Ok(moved)
    }

    pub async fn remove_objects(&self, asset: &AssetId, branch: Option<&BranchName>, path: &str) -> Result<u64> {
        self.remove_many(asset, branch, &[path]).await
    }

    /// Removes objects and folders, all of them or none: `not-found` when one is not there.
    pub async fn remove_many<P: AsRef<str>>(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        paths: &[P],
    ) -> Result<u64> {
        let places = paths.iter().map(|path| place(path.as_ref())).collect::<Result<_>>()?;
        self.count(asset, branch, Job::Remove(places)).await
    }

    async fn count(&self, asset: &AssetId, branch: Option<&BranchName>, job: Job) -> Result<u64> {
        let target = self.inner.target(asset, branch).await?;
        match submit(&self.inner, target, job).await? {
            Answer::Count(count) => Ok(count),
            _ => Err(Error::internal("an edit was answered with something else")),
        }
    }
}

impl Inner {
    pub(crate) async fn put_entries(
        self: &Arc<Self>,
        target: Target,
        puts: Vec<(Arc<str>, Put)>,
        lease: Arc<Lease>,
        objects: &mut [Object],
    ) -> Result<()> {
        if puts.is_empty() {
            return Ok(());
        }
        if let Answer::Put(kept) = submit(self, target, Job::Put { puts, lease }).await? {
            for object in objects {
                if let Some(modified) = kept.get(object.path.as_str()) {
                    object.modified = *modified;
                }
            }
        }
        Ok(())
    }

    /// The lease must live until a ref leads to the body.
    async fn keep_bytes(&self, lease: &Lease, hash: Hash, bytes: Bytes) -> Result<Body> {
        let size = bytes.len() as u64;
        self.backing().heal(hash, &bytes).await?;
        if size <= SMALL {
            return Ok(Body::Pack(bytes));
        }
        lease.pin(hash).await;
        if self.backing().size_of(hash).await? != Some(size) {
            self.backing().put(&crate::backing::Backing::object_key(hash), bytes.into()).await?;
        }
        Ok(Body::At(Location::Whole))
    }

    /// The lease must live until a ref leads to the body.
    pub(crate) async fn keep_spooled(&self, lease: &Lease, spooled: &Spooled) -> Result<Body> {
        let size = spooled.size();
        let (backing, hash) = (self.backing(), spooled.hash());
        if size <= SMALL {
            let bytes = spooled.bytes().await?;
            backing.heal(hash, &bytes).await?;
            return Ok(Body::Pack(bytes));
        }
        lease.pin(hash).await;
        // Whatever has the right size is taken to be right, unless somebody found that it is not.
        let damaged = backing.damaged_places(hash).await?;
        if !damaged.is_empty() || backing.size_of(hash).await? != Some(size) {
            spooled.sync().await?;
            match &backing.local {
                Some(folder) => backing.link_whole(folder.clone(), hash, size, spooled.path().to_owned()).await?,
                None => backing.upload_whole(hash, size, spooled.file()).await?,
            }
            for mark in damaged.iter().filter(|mark| mark.location == Location::Whole) {
                backing.unmark_damaged(mark).await;
            }
        }
        Ok(Body::At(Location::Whole))
    }
}

pub(crate) fn put_of(object: &Object, body: Body) -> (Arc<str>, Put) {
    let put = Put {
        size: object.size,
        hash: object.hash,
        media_type: object.media_type.as_str().into(),
        modified: object.modified,
        body,
    };
    (object.path.as_str().into(), put)
}

/// The given media type when it is one, else what name and content say.
pub(crate) fn checked_media_type(given: Option<String>, path: &ObjectPath, head: &[u8]) -> Result<String> {
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Ok(media::media_type(path.as_str(), head).to_owned());
    };
    let plain =
        given.len() <= MAX_MEDIA_TYPE && given.contains('/') && given.bytes().all(|b| (b' '..=b'~').contains(&b));
    if plain {
        return Ok(given);
    }
    Err(Error::invalid(format!("'{}' is not a media type", given.chars().take(60).collect::<String>()))
        .help("write it as text/csv, or leave it out to have it found out"))
}

/// Bytes below which another thread costs more than it saves.
const INLINE: usize = 256 << 10;

/// The hashes of bodies, on as many threads as there are cores when there is much to do.
async fn hash_all(bodies: Vec<Option<Bytes>>) -> Result<Vec<Option<Hash>>> {
    let hash = |bytes: &Bytes| Hash(Sha256::digest(bytes).into());
    let total: usize = bodies.iter().flatten().map(Bytes::len).sum();
    if total <= INLINE {
        return Ok(bodies.iter().map(|body| body.as_ref().map(hash)).collect());
    }
    let work = move || {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
        let share = bodies.len().div_ceil(threads);
        std::thread::scope(|scope| {
            let parts: Vec<_> = bodies
                .chunks(share.max(1))
                .map(|part| scope.spawn(move || part.iter().map(|body| body.as_ref().map(hash)).collect::<Vec<_>>()))
                .collect();
            parts
                .into_iter()
                .map(|part| part.join().map_err(|_| Error::internal("hashing failed")))
                .collect::<Result<Vec<_>>>()
        })
    };
    let parts =
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(format!("hashing: {error}")))??;
    Ok(parts.into_iter().flatten().collect())
}
