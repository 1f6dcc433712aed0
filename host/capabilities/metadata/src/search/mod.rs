//! Full-text search over names, tags, summaries, columns and text: the front of the index and of its workers.
//!
//! In reading order: `words`, `schema`, `document` (what is indexed), `folder`, `writer` (where), `query`, `expand`,
//! `plan`, `tiered`, `visible`, `facet`, `highlight`, `suggest`, `find` (how it is asked), `work` (what keeps it going).
//! Must not live here: rights; a caller hands in what may be seen.
//! Invariants: the index is derived and can be built anew at any time; an answer (hits, totals, facets,
//! suggestion) depends on visible documents only.

pub(crate) mod document;
mod expand;
mod facet;
mod find;
pub(crate) mod folder;
mod highlight;
mod plan;
mod query;
mod schema;
mod suggest;
mod tiered;
mod visible;
mod words;
mod work;
pub(crate) mod writer;

use crate::{
    Assets, Catalog, Derived, Describer, Descriptions, Embedded, Verdict,
    description::Stands,
    error::{Error, Result},
    index::{describe, state::State},
};
use folder::Opened;
use kamld_types::AssetId;
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// The most hits of one page.
pub const MAX_PAGE: u32 = 200;
/// The last hit that can be asked for: what is further down, a narrower query finds sooner.
pub const MAX_DEPTH: u32 = 10_000;
/// The longest query, in bytes.
pub const MAX_QUERY: usize = 4096;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub query: String,
    pub project: Option<String>,
    pub start: u32,
    /// 0 asks for the total and the facets alone.
    pub limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HitKind {
    Asset,
    Object,
    /// An object that was found by `column:`.
    Column,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    pub text: String,
    pub matched: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub kind: HitKind,
    pub project: String,
    pub asset: String,
    /// Empty for an asset.
    pub path: String,
    /// Empty but for `HitKind::Column`.
    pub column: String,
    pub summary: String,
    pub tags: Vec<String>,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: u64,
    pub score: f32,
    /// By field: `name`, `tags`, `columns`, `summary`, `text`.
    pub highlights: Vec<(String, Vec<Fragment>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// `kind`, `format`, `tag` or `project`.
    pub field: String,
    /// The most frequent first.
    pub values: Vec<(String, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub hits: Vec<Hit>,
    pub total: u64,
    pub facets: Vec<Facet>,
    pub suggestion: Option<String>,
}

/// How far building the index anew is; `total` is an estimate until the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub documents: u64,
    /// Objects whose content is being found out, or waits for it.
    pub undescribed: usize,
    /// Whether everything that was told has been indexed.
    pub current: bool,
    /// Something that went wrong, in words, and was not since done right.
    pub problem: Option<String>,
}

#[derive(Default)]
pub(crate) struct Pending {
    all: bool,
    assets: BTreeSet<AssetId>,
    /// Grows with each thing told.
    told: u64,
}

/// What is not indexed, and why.
#[derive(Default)]
pub(crate) struct Trouble {
    /// The index itself.
    index: Option<String>,
    /// Assets that storage could not answer for.
    assets: BTreeMap<AssetId, String>,
}

impl Trouble {
    fn in_words(&self) -> Option<String> {
        let asset = self.assets.first_key_value().map(|(asset, problem)| match self.assets.len() {
            1 => format!("{asset} is not indexed: {problem}"),
            count => format!("{count} assets are not indexed, the first is {asset}: {problem}"),
        });
        self.index.clone().or(asset)
    }
}

type Built = oneshot::Sender<Result<Progress>>;

pub(crate) struct Rebuild {
    tell: Box<dyn Fn(Progress) + Send + Sync>,
    built: Built,
}

/// What the workers and the front share.
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) descriptions: Arc<dyn Descriptions>,
    pub(crate) assets: Arc<dyn Assets>,
    pub(crate) describer: RwLock<Option<Arc<dyn Describer>>>,
    pub(crate) state: State,
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) describe_wake: Notify,
    opened: RwLock<Arc<Opened>>,
    pending: Mutex<Pending>,
    index_wake: Notify,
    /// The last `told` that is indexed; sent anew after each step, so that waiting looks again.
    done: watch::Sender<u64>,
    trouble: Mutex<Trouble>,
}

impl Shared {
    pub(crate) fn wake_index(&self) {
        self.index_wake.notify_one();
    }

    async fn is_settled(&self) -> bool {
        self.state.nothing_again()
            && (self.describer.read().is_none() || self.state.nothing_wanted())
            && matches!(self.catalog.changed(1).await, Ok(changed) if changed.is_empty())
    }
}

/// Search with its workers; dropped, they stop.
pub struct Search {
    shared: Arc<Shared>,
    rebuilds: mpsc::Sender<Rebuild>,
    workers: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

/// Whether what is kept about a content still counts. A failure that an earlier version kept says of nobody who failed.
fn stands(describer: &dyn Describer, verdict: &Verdict) -> bool {
    let failed = verdict.is_failure();
    (!failed || !verdict.by.is_empty()) && verdict.by.iter().all(|source| describer.counts(source, failed))
}

impl Search {
    /// Opens or begins the index in `folder`, and starts comparing it with storage. Within a tokio runtime.
    pub fn open(
        derived: Arc<Derived>,
        folder: &Path,
        embedded: &Embedded,
        assets: Arc<dyn Assets>,
    ) -> Result<Arc<Self>> {
        let opened = Arc::new(folder::open(folder)?);
        let state = State::open(derived)?;
        state.keep_generation(&opened.generation)?;
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            catalog: embedded.catalog.clone(),
            descriptions: embedded.descriptions.clone(),
            assets,
            describer: RwLock::new(None),
            state,
            stopping: watch::Sender::new(false),
            describe_wake: Notify::new(),
            opened: RwLock::new(opened),
            pending: Mutex::new(Pending { all: true, assets: BTreeSet::new(), told: 1 }),
            index_wake: Notify::new(),
            done: watch::Sender::new(0),
            trouble: Mutex::default(),
        });
        let (rebuilds, orders) = mpsc::channel(1);
        let workers =
            vec![tokio::spawn(work::run(shared.clone(), orders)), tokio::spawn(describe::run(shared.clone()))];
        Ok(Arc::new(Self { shared, rebuilds, workers: Mutex::new(workers) }))
    }

    /// From now on contents are described. To be called once plug-ins are loaded.
    pub fn set_describer(&self, describer: Arc<dyn Describer>) {
        *self.shared.describer.write() = Some(describer);
        self.shared.describe_wake.notify_one();
    }

    /// Asks again for every content that nobody could describe; for when describers have changed.
    pub fn describe_again(&self) -> Result<()> {
        self.shared.state.ask_again('n')?;
        self.shared.describe_wake.notify_one();
        Ok(())
    }

    /// Describers came, went, or were replaced: what those said that are gone is forgotten, and all that nobody could
    /// describe is asked for again. `describers` names those of now: when they are the same as the last time, nothing is
    /// read. Returns once the index knows what is to be described again.
    pub async fn describers_changed(&self, describers: &[u8]) -> Result<()> {
        let Some(describer) = self.shared.describer.read().clone() else { return Ok(()) };
        if self.shared.state.describers()?.as_deref() != Some(describers) {
            if self.forget_verdicts(&|verdict| stands(&*describer, verdict)).await? > 0 {
                self.build_anew(|_| ()).await?;
            }
            self.shared.state.set_describers(describers)?;
        }
        self.shared.state.ask_again('l')?;
        self.describe_again()
    }

    async fn forget_verdicts(&self, stands: &Stands<'_>) -> Result<u64> {
        let forgotten = self.shared.descriptions.forget_verdicts(stands).await?;
        if forgotten > 0 {
            tracing::info!(forgotten, "contents are described again: who described them is gone or could not");
        }
        Ok(forgotten)
    }

    /// The states of storage that the index still compares with, so that they are not collected.
    pub fn roots(&self) -> Result<Vec<(AssetId, Vec<u8>)>> {
        self.shared.state.roots()
    }

    /// A state that the index compares with lies elsewhere from now on.
    pub fn moved(&self, asset: &AssetId, from: &[u8], to: &[u8]) -> Result<()> {
        self.shared.state.moved(asset, from, to)
    }

    /// What storage says, for host code that needs to know what a subject is.
    pub fn assets(&self) -> &Arc<dyn Assets> {
        &self.shared.assets
    }

    /// An asset changed, came or went.
    pub fn notify(&self, asset: &AssetId) {
        self.tell(Some(asset));
    }

    /// Tags changed: the catalogue knows which.
    pub fn notify_catalog(&self) {
        self.shared.pending.lock().told += 1;
        self.shared.wake_index();
    }

    /// Something may have been missed: everything is compared.
    pub fn notify_all(&self) {
        self.tell(None);
    }

    fn tell(&self, asset: Option<&AssetId>) -> u64 {
        let told = {
            let mut pending = self.shared.pending.lock();
            match asset {
                Some(asset) => drop(pending.assets.insert(asset.clone())),
                None => pending.all = true,
            }
            pending.told += 1;
            pending.told
        };
        self.shared.wake_index();
        told
    }

    /// Waits until what is stored of one asset, or of all, is indexed and described, at most for `limit`.
    /// Answers whether it is.
    pub async fn wait_until_current(&self, asset: Option<&AssetId>, limit: Duration) -> bool {
        let told = self.tell(asset);
        let mut done = self.shared.done.subscribe();
        let wait = async {
            loop {
                let reached = *done.borrow_and_update() >= told;
                if reached && self.shared.is_settled().await {
                    return true;
                }
                if done.changed().await.is_err() {
                    return false;
                }
            }
        };
        tokio::time::timeout(limit, wait).await.unwrap_or(false)
    }

    /// Builds the index anew from storage and the catalogue. The old one answers until the new one is complete.
    pub async fn rebuild(&self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Result<Progress> {
        let describer = self.shared.describer.read().clone();
        if let Some(describer) = describer {
            self.forget_verdicts(&|verdict| !verdict.is_failure() && stands(&*describer, verdict)).await?;
        }
        let progress = self.build_anew(tell).await?;
        self.describe_again()?;
        Ok(progress)
    }

    async fn build_anew(&self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Result<Progress> {
        let (built, answer) = oneshot::channel();
        let stopped = || Error::Stopped("indexer");
        self.rebuilds.send(Rebuild { tell: Box::new(tell), built }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    pub async fn status(&self) -> Status {
        let done = *self.shared.done.borrow();
        let told = self.shared.pending.lock().told;
        let opened = self.shared.opened.read().clone();
        Status {
            documents: opened.documents(),
            undescribed: self.shared.state.count_wants(),
            current: done >= told && self.shared.is_settled().await,
            problem: self.shared.trouble.lock().in_words(),
        }
    }

    /// Finds. `may_see(project, asset)` is asked once for each asset that the index knows, before anything is
    /// looked up; what it denies takes no part in the answer.
    pub async fn find(&self, request: Request, may_see: &(dyn Fn(&str, &str) -> bool + Send + Sync)) -> Result<Answer> {
        if request.query.len() > MAX_QUERY {
            return Err(Error::Limit {
                message: format!("a query of {} bytes is longer than {MAX_QUERY}", request.query.len()),
                help: "ask for fewer words".into(),
            });
        }
        if request.limit > MAX_PAGE || request.start.saturating_add(request.limit) > MAX_DEPTH {
            return Err(Error::Limit {
                message: format!(
                    "hits {} to {} cannot be asked for",
                    request.start,
                    request.start.saturating_add(request.limit)
                ),
                help: format!("ask for at most {MAX_PAGE} at once and {MAX_DEPTH} in all, or narrow the query"),
            });
        }
        let opened = self.shared.opened.read().clone();
        let searcher = opened.reader.searcher();
        let assets = visible::assets(&searcher, &opened.fields)?;
        let visible = visible::decide(&assets, &may_see);
        let answer = tokio::task::spawn_blocking(move || find::find(&opened, &searcher, &visible, &request)).await;
        match answer {
            Ok(answer) => Ok(answer?),
            // The library below panics on damaged files: they are looked through, and built anew if they are.
            Err(_) => {
                self.notify_all();
                Err(Error::Stopped("search"))
            }
        }
    }

    /// Ends the workers, for a clean stop. The index can be opened again afterwards.
    pub async fn stop(&self) {
        self.shared.stopping.send_replace(true);
        let workers = std::mem::take(&mut *self.workers.lock());
        for worker in workers {
            let _ = worker.await;
        }
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.shared.stopping.send_replace(true);
    }
}
