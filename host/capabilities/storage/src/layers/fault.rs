//! Fault injection: writes fail, or the machine seems to stop, after a number of them.
//!
//! Lives here: one plan shared by the wrappers of both traits, so that a test can stop after any write
//! of the whole store. For tests of what lies above; a server never wraps its stores in it.

use crate::{
    error::{Error, Result},
    refstore::{Companion, Expect, Record, RefStore, Tag, Wrote},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, path::Path,
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};
use tokio::sync::watch;

/// How many writes still go through; after them every write fails.
#[derive(Debug)]
pub struct Plan {
    left: AtomicI64,
    seen: AtomicU64,
    /// Before each deletion of an object.
    pub deletions: Gate,
    /// Before each write of a pack.
    pub packs: Gate,
}

/// Where a test makes the store wait. Open at first.
#[derive(Debug, Default)]
pub struct Gate {
    /// Whether it is closed, and how many wait at it.
    state: watch::Sender<(bool, usize)>,
}

impl Gate {
    pub fn close(&self) {
        self.state.send_modify(|(closed, _)| *closed = true);
    }

    pub fn open(&self) {
        self.state.send_modify(|(closed, _)| *closed = false);
    }

    /// Waits until somebody waits at the gate.
    pub async fn reached(&self) {
        // The sender lives as long as this.
        let _ = self.state.subscribe().wait_for(|(_, waiting)| *waiting > 0).await;
    }

    async fn pass(&self) {
        self.state.send_modify(|(_, waiting)| *waiting += 1);
        let _ = self.state.subscribe().wait_for(|(closed, _)| !closed).await;
        self.state.send_modify(|(_, waiting)| *waiting -= 1);
    }
}

impl Plan {
    /// Lets `writes` writes through.
    pub fn after(writes: i64) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicI64::new(writes),
            seen: AtomicU64::new(0),
            deletions: Gate::default(),
            packs: Gate::default(),
        })
    }

    /// Lets everything through again.
    pub fn heal(&self) {
        self.left.store(i64::MAX, Ordering::SeqCst);
    }

    /// Writes that were asked for so far.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    fn write(&self) -> bool {
        self.seen.fetch_add(1, Ordering::SeqCst);
        self.left.fetch_sub(1, Ordering::SeqCst) > 0
    }

    fn object(&self) -> object_store::Result<()> {
        if self.write() {
            return Ok(());
        }
        Err(object_store::Error::Generic { store: "fault", source: "stopped by the plan of the test".into() })
    }
}

#[derive(Debug)]
pub struct FaultyObjects {
    pub inner: Arc<dyn ObjectStore>,
    pub plan: Arc<Plan>,
}

impl std::fmt::Display for FaultyObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "faulty {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultyObjects {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        if at.as_ref().starts_with("packs/") {
            self.plan.packs.pass().await;
        }
        self.plan.object()?;
        self.inner.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.plan.object()?;
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        let plan = self.plan.clone();
        let keys = keys.then(move |key| {
            let plan = plan.clone();
            async move {
                plan.deletions.pass().await;
                key
            }
        });
        self.inner.delete_stream(keys.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.plan.object()?;
        self.inner.copy_opts(from, to, options).await
    }
}

pub struct FaultyRefs {
    pub inner: Arc<dyn RefStore>,
    pub plan: Arc<Plan>,
}

impl FaultyRefs {
    fn write(&self) -> Result<()> {
        if self.plan.write() { Ok(()) } else { Err(Error::unavailable("stopped by the plan of the test")) }
    }
}

#[async_trait]
impl RefStore for FaultyRefs {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        self.inner.get(key).await
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect, with: Vec<Companion>) -> Result<Wrote> {
        self.write()?;
        self.inner.put(key, value, expect, with).await
    }

    async fn delete(&self, key: &str, expect: Expect, with: Vec<Companion>) -> Result<bool> {
        self.write()?;
        self.inner.delete(key, expect, with).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>> {
        self.inner.list(prefix, after, limit).await
    }
}
