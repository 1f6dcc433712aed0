//! The worker's end: what it asks the host, as the traits that planning and reading know.
//!
//! Must not live here: decisions. Invariant: a question is answered or the process ends, so nothing here waits for ever.

use super::{
    super::{
        format::Format,
        layout::Layout,
        objects::{Access, Entry, Objects, Snapshot},
    },
    wire::{self, Ask, FromWorker, Reply},
};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use kamld_types::{AssetId, Hash, ObjectPath, Problem, RefName};
use kamld_worker::Frame;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};
use tokio::sync::oneshot;

type Answered = Result<(Reply, Bytes), Problem>;

/// The line to the host.
pub(crate) struct Link {
    out: mpsc::Sender<Frame>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answered>>>,
    next: AtomicU64,
}

fn gone() -> Problem {
    Problem::unavailable("the host is gone")
}

fn unexpected() -> Problem {
    Problem::internal("the host answered something else than was asked")
}

impl Link {
    /// Frames are written in their order by whoever reads the other end.
    pub(crate) fn new(out: mpsc::Sender<Frame>) -> Arc<Self> {
        Arc::new(Self { out, waiting: Mutex::default(), next: AtomicU64::new(0) })
    }

    pub(super) fn send(&self, header: &FromWorker, body: Bytes) -> Result<(), Problem> {
        let frame = Frame::new(header, body).map_err(|error| Problem::limit(error.to_string()))?;
        self.out.send(frame).map_err(|_| gone())
    }

    pub(super) fn answered(&self, call: u64, answer: Answered) {
        if let Some(waiting) = self.waiting.lock().remove(&call) {
            // Who asked may have gone away.
            let _ = waiting.send(answer);
        }
    }

    fn call(&self, ask: Ask) -> Result<oneshot::Receiver<Answered>, Problem> {
        let call = self.next.fetch_add(1, Ordering::Relaxed);
        let (send, receive) = oneshot::channel();
        self.waiting.lock().insert(call, send);
        self.send(&FromWorker::Call { call, ask }, Bytes::new())?;
        Ok(receive)
    }

    async fn ask(&self, ask: Ask) -> Answered {
        self.call(ask)?.await.map_err(|_| gone())?
    }

    /// For traits that are not asynchronous: this thread waits. The answer is brought by another.
    fn ask_here(&self, ask: Ask) -> Answered {
        futures::executor::block_on(self.call(ask)?).map_err(|_| gone())?
    }

    async fn names(&self, ask: Ask) -> Result<Vec<String>, Problem> {
        match self.ask(ask).await? {
            (Reply::Names(names), _) => Ok(names),
            _ => Err(unexpected()),
        }
    }

    /// What the host remembers of the columns of a text.
    pub(crate) async fn layout(&self, hash: Hash, format: Format) -> Option<Layout> {
        let (_, body) = self.ask(Ask::Layout { hash, format }).await.ok()?;
        if body.is_empty() {
            return None;
        }
        wire::read_layout(format, &body).ok()
    }

    /// Tells the host what the columns of a text are.
    pub(crate) fn tell_layout(&self, hash: Hash, layout: &Layout) {
        // Without it the text is looked at again.
        if let Ok(body) = wire::write_layout(layout) {
            let _ = self.send(&FromWorker::Layout { hash, format: layout.format }, body);
        }
    }

    /// The next of the rows to arrange.
    pub(crate) async fn rows(&self) -> Result<Option<RecordBatch>, Problem> {
        let (_, body) = self.ask(Ask::Rows).await?;
        if body.is_empty() {
            return Ok(None);
        }
        wire::read_batch(body).map(Some).map_err(|error| Problem::internal(error.to_string()))
    }
}

pub(super) struct RemoteObjects(pub Arc<Link>);

#[async_trait]
impl Objects for RemoteObjects {
    async fn snapshot(&self, asset: &AssetId, at: Option<&RefName>) -> Result<Arc<dyn Snapshot>, Problem> {
        match self.0.ask(Ask::Snapshot { asset: asset.clone(), at: at.cloned() }).await? {
            (Reply::Snapshot { snapshot, token }, _) => {
                Ok(Arc::new(RemoteSnapshot { link: self.0.clone(), number: snapshot, token }))
            }
            _ => Err(unexpected()),
        }
    }

    async fn projects(&self) -> Result<Vec<String>, Problem> {
        self.0.names(Ask::Projects).await
    }

    async fn assets(&self, project: &str) -> Result<Vec<String>, Problem> {
        self.0.names(Ask::Assets { project: project.to_owned() }).await
    }

    async fn refs(&self, asset: &AssetId) -> Result<Vec<String>, Problem> {
        self.0.names(Ask::Refs { asset: asset.clone() }).await
    }
}

pub(super) struct RemoteSnapshot {
    link: Arc<Link>,
    number: usize,
    token: String,
}

impl RemoteSnapshot {
    /// The one that the task came with.
    pub(super) fn first(link: &Arc<Link>) -> Arc<dyn Snapshot> {
        Arc::new(Self { link: link.clone(), number: 0, token: String::new() })
    }
}

#[async_trait]
impl Snapshot for RemoteSnapshot {
    fn token(&self) -> String {
        self.token.clone()
    }

    async fn stat(&self, path: &ObjectPath) -> Result<Option<Entry>, Problem> {
        match self.link.ask(Ask::Stat { snapshot: self.number, path: path.to_string() }).await? {
            (Reply::Entry(entry), _) => Ok(entry),
            _ => Err(unexpected()),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Entry>, Problem> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        match self.link.ask(Ask::List { snapshot: self.number, prefix, after, limit }).await? {
            (Reply::Entries(entries), _) => Ok(entries),
            _ => Err(unexpected()),
        }
    }

    async fn read(&self, path: &ObjectPath, range: Range<u64>) -> Result<Bytes, Problem> {
        let (path, start, end) = (path.to_string(), range.start, range.end);
        match self.link.ask(Ask::Read { snapshot: self.number, path, start, end }).await? {
            (Reply::Bytes, body) => Ok(body),
            _ => Err(unexpected()),
        }
    }
}

pub(super) struct RemoteAccess(pub Arc<Link>);

impl RemoteAccess {
    fn allowed(&self, ask: Ask) -> Result<(), Problem> {
        match self.0.ask_here(ask)? {
            (Reply::Allowed, _) => Ok(()),
            _ => Err(unexpected()),
        }
    }
}

impl Access for RemoteAccess {
    fn may_read(&self, asset: &AssetId, path: &str) -> Result<(), Problem> {
        self.allowed(Ask::MayRead { asset: asset.clone(), path: path.to_owned() })
    }

    fn may_read_all(&self, asset: &AssetId, pattern: &str, paths: &[String]) -> Result<(), Problem> {
        self.allowed(Ask::MayReadAll { asset: asset.clone(), pattern: pattern.to_owned(), paths: paths.to_vec() })
    }

    fn may_see(&self, resource: &str) -> bool {
        self.visible(&[resource.to_owned()]).first().is_some_and(|seen| *seen)
    }

    fn visible(&self, resources: &[String]) -> Vec<bool> {
        match self.0.ask_here(Ask::Visible { resources: resources.to_vec() }) {
            Ok((Reply::Visible(seen), _)) => seen,
            // What cannot be asked is not shown.
            _ => vec![false; resources.len()],
        }
    }
}
