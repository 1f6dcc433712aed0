//! `AssetStore`: versioned assets over an object store for bytes and a `RefStore` for names.
//!
//! Contract: what a method acknowledged is durable; a batch is seen whole or not at all; a ref never
//! points at what is not there (bytes first, then packs, then records). A commit and what it
//! reaches never change.
//! Lives here: opening, and what all parts share. The parts: `assets`, `branches`, `objects`, `history`,
//! `uploads`, `check`.

use crate::{
    backing::Backing,
    edit::Lane,
    error::{Error, Result},
    folder::{make_folder, prepare, sweep_in_background},
    follower::Follower,
    leases::Leases,
    model::Changed,
    records::Records,
    refstore::RefStore,
    spool::Spool,
    tree::Nodes,
    uploads::Sessions,
};
use kamld_types::BranchName;
use object_store::{ObjectStore, local::LocalFileSystem, memory::InMemory, multipart::MultipartStore};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tokio::sync::broadcast;
use uuid::Uuid;

/// Changes that a slow listener may lag behind before it is told that it missed some.
const EVENTS: usize = 1024;

/// What a store is made of.
pub struct Backends {
    pub objects: Arc<dyn ObjectStore>,
    /// The same store for uploads in parts, when it is an S3 (see `s3_objects`).
    pub multipart: Option<Arc<dyn MultipartStore>>,
    /// The folder behind `objects` when that is a local disk; finished uploads are then linked in, not copied.
    pub local: Option<PathBuf>,
    pub refs: Arc<dyn RefStore>,
    /// A folder of this machine for uploads in progress; best on the same file system as `local`.
    pub spool: PathBuf,
}

impl Backends {
    /// Bytes on a local disk below `folder` (made when it is missing), the spool beside them.
    pub fn local(folder: &Path, refs: Arc<dyn RefStore>) -> Result<Self> {
        let making = |e| Error::io("making the folder of the store", &e);
        make_folder(folder).map_err(making)?;
        let folder = folder.canonicalize().map_err(|e| Error::io("opening the folder of the store", &e))?;
        prepare(&folder).map_err(making)?;
        sweep_in_background(&folder);
        let spool = folder.join("spool");
        let objects = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
        Ok(Self { objects: Arc::new(objects), multipart: None, local: Some(folder), refs, spool })
    }

    /// Bytes in memory.
    pub fn memory(refs: Arc<dyn RefStore>, spool: PathBuf) -> Self {
        Self { objects: Arc::new(InMemory::new()), multipart: None, local: None, refs, spool }
    }
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct AssetStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub records: Records,
    pub nodes: Arc<Nodes>,
    pub spool: Spool,
    pub sessions: Sessions,
    pub lanes: Mutex<HashMap<(Uuid, BranchName), Arc<Lane>>>,
    pub leases: Arc<Leases>,
    pub events: broadcast::Sender<Changed>,
    pub follower: OnceLock<Arc<dyn Follower>>,
}

impl AssetStore {
    /// Opens a store; what was left of unfinished writes is tidied up, uploads in progress are kept.
    pub fn open(backends: Backends) -> Result<Self> {
        let Backends { objects, multipart, local, refs, spool } = backends;
        let inner = Inner {
            records: Records { refs },
            nodes: Arc::new(Nodes::new(Backing::new(objects, local).with_multipart(multipart))),
            spool: Spool::open(spool)?,
            sessions: Sessions::default(),
            lanes: Mutex::default(),
            leases: Arc::default(),
            events: broadcast::Sender::new(EVENTS),
            follower: OnceLock::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Sets who follows names; the first one stays.
    pub fn set_follower(&self, follower: Arc<dyn Follower>) {
        let _ = self.inner.follower.set(follower);
    }

    /// Told after each durable change. One who lags is told so by the channel and should look at everything.
    pub fn events(&self) -> broadcast::Receiver<Changed> {
        self.inner.events.subscribe()
    }
}

impl Inner {
    pub fn backing(&self) -> &Backing {
        &self.nodes.backing
    }

    pub fn tell(&self, changed: Changed) {
        // Nobody listening is fine.
        let _ = self.events.send(changed);
    }
}
