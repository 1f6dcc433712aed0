//! A small world for the tests of search: assets in memory, descriptions by content, everything else real.
#![allow(dead_code, reason = "each test file uses its part of the world")]

use async_trait::async_trait;
use kamld_metadata::{
    AssetState, Assets, Change, ChangePage, Column, Derived, DescribeRequest, Describer, Description, Embedded,
    ObjectState, Search, Source, Subject, Told,
    search::{Answer, Fragment, Request},
};
use kamld_records::{Records, RedbRecords};
use kamld_types::{AssetId, Hash, ObjectPath, Problem};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Long enough for a machine that is busy with other things; nothing waits for all of it unless it is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

type Objects = BTreeMap<String, ObjectState>;

struct Kept {
    incarnation: u64,
    /// Every state there was; the root is the number of one. `None` once it was forgotten.
    states: Vec<Option<Arc<Objects>>>,
}

/// Assets in memory, with every state they had.
#[derive(Default)]
pub struct Store {
    assets: Mutex<BTreeMap<AssetId, Kept>>,
    next: AtomicU64,
    /// How many changes were handed out.
    pub told: AtomicUsize,
    /// An asset that storage cannot answer for.
    pub broken: Mutex<Option<AssetId>>,
}

pub fn asset(text: &str) -> AssetId {
    text.parse().unwrap()
}

pub fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

impl Store {
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Objects)) {
        let mut assets = self.assets.lock();
        let kept = assets.entry(asset(id)).or_insert_with(|| Kept {
            incarnation: self.next.fetch_add(1, Ordering::Relaxed),
            states: vec![Some(Arc::default())],
        });
        let mut now = (**kept.states.last().unwrap().as_ref().unwrap()).clone();
        change(&mut now);
        kept.states.push(Some(Arc::new(now)));
    }

    pub fn put(&self, id: &str, path: &str, content: u64, media_type: &str) {
        let hash = hash(content);
        let object =
            ObjectState { hash, size: 1000 + content, media_type: media_type.into(), modified: 1_000_000 + content };
        self.change(id, |objects| drop(objects.insert(path.into(), object)));
    }

    pub fn remove(&self, id: &str, path: &str) {
        self.change(id, |objects| drop(objects.remove(path)));
    }

    pub fn remove_asset(&self, id: &str) {
        self.assets.lock().remove(&asset(id));
    }

    /// As a collection of garbage would: only the present state is known.
    pub fn forget(&self) {
        for kept in self.assets.lock().values_mut() {
            let last = kept.states.len() - 1;
            kept.states[..last].fill(None);
        }
    }

    fn state(&self, id: &AssetId, kept: &Kept) -> AssetState {
        let now = kept.states.last().unwrap().as_ref().unwrap();
        AssetState {
            asset: id.clone(),
            kind: "dataset".into(),
            incarnation: kept.incarnation.to_string(),
            root: ((kept.states.len() - 1) as u64).to_le_bytes().to_vec(),
            modified: 500,
            objects: now.len() as u64,
            size: now.values().map(|object| object.size).sum(),
        }
    }
}

pub fn hash(content: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&content.to_le_bytes());
    Hash(bytes)
}

#[async_trait]
impl Assets for Store {
    async fn list_assets(&self) -> Result<Vec<AssetState>, Problem> {
        Ok(self.assets.lock().iter().map(|(id, kept)| self.state(id, kept)).collect())
    }

    async fn asset(&self, id: &AssetId) -> Result<Option<AssetState>, Problem> {
        Ok(self.assets.lock().get(id).map(|kept| self.state(id, kept)))
    }

    async fn changes(
        &self,
        id: &AssetId,
        from: Option<&[u8]>,
        to: &[u8],
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage, Problem> {
        if self.broken.lock().as_ref() == Some(id) {
            return Err(Problem::corrupt("a part of the asset cannot be read"));
        }
        let assets = self.assets.lock();
        let gone = || Problem::not_found("no such root");
        let kept = assets.get(id).ok_or_else(gone)?;
        let state = |root: &[u8]| -> Result<Arc<Objects>, Problem> {
            let place = u64::from_le_bytes(root.try_into().map_err(|_| gone())?);
            kept.states.get(usize::try_from(place).unwrap()).cloned().flatten().ok_or_else(gone)
        };
        let old = from.map(state).transpose()?.unwrap_or_default();
        let new = state(to)?;
        let mut paths: Vec<_> = old.keys().chain(new.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut changes = Vec::new();
        let differing = paths.into_iter().filter(|path| old.get(*path) != new.get(*path));
        for path in differing.filter(|path| after.is_none_or(|after| path.as_str() > after)) {
            if changes.len() == limit {
                let next = changes.last().map(|change: &Change| change.path.to_string());
                return Ok(ChangePage { changes, next });
            }
            changes.push(Change { path: ObjectPath::new(path.as_str())?, object: new.get(path).cloned() });
            self.told.fetch_add(1, Ordering::Relaxed);
        }
        Ok(ChangePage { changes, next: None })
    }

    async fn object(&self, id: &AssetId, path: &ObjectPath) -> Result<Option<ObjectState>, Problem> {
        let assets = self.assets.lock();
        let now = assets.get(id).and_then(|kept| kept.states.last().cloned().flatten());
        Ok(now.and_then(|objects| objects.get(path.as_str()).cloned()))
    }
}

/// Describes contents as it was told; anything else is described by nobody.
#[derive(Default)]
pub struct Teller {
    pub known: Mutex<BTreeMap<Hash, Result<Description, Problem>>>,
    pub asked: AtomicUsize,
    /// Which describer it is; what others said does not count.
    pub name: Mutex<String>,
    /// When set, answers wait until it is gone.
    pub held: tokio::sync::RwLock<()>,
}

impl Teller {
    pub fn tell(&self, content: u64, summary: &str, columns: &[&str], text: &str) {
        let columns = columns
            .iter()
            .map(|name| Column { name: (*name).into(), r#type: "VARCHAR".into(), nullable: true })
            .collect();
        let description =
            Description { summary: summary.into(), rows: None, columns, facts: Vec::new(), text: text.into() };
        self.known.lock().insert(hash(content), Ok(description));
    }
}

#[async_trait]
impl Describer for Teller {
    async fn describe(&self, request: DescribeRequest) -> Option<Told> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let _free = self.held.read().await;
        let result = self.known.lock().get(&request.hash).cloned()?;
        Some(Told { by: vec![Source { plugin: self.name.lock().clone(), digest: hash(0) }], result })
    }

    fn counts(&self, source: &Source, _: bool) -> bool {
        source.plugin == *self.name.lock()
    }
}

pub struct World {
    pub folder: PathBuf,
    pub store: Arc<Store>,
    pub teller: Arc<Teller>,
    pub embedded: Embedded,
    pub search: Arc<Search>,
    _temp: Option<tempfile::TempDir>,
}

impl World {
    pub fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().to_owned();
        let mut world = Self::open(folder, Arc::default(), Arc::default());
        world._temp = Some(temp);
        world
    }

    pub fn open(folder: PathBuf, store: Arc<Store>, teller: Arc<Teller>) -> Self {
        let records: Arc<dyn Records> = Arc::new(RedbRecords::open(&folder.join("records.redb")).unwrap());
        // Another handle of the same process may still be letting go of the lock.
        let until = std::time::Instant::now() + PATIENCE;
        let derived = loop {
            match Derived::open(&folder.join("derived")) {
                Ok(derived) => break Arc::new(derived),
                Err(error) if std::time::Instant::now() > until => panic!("{error}"),
                Err(_) => std::thread::yield_now(),
            }
        };
        let embedded = Embedded::new(&records, &derived);
        let search = Search::open(derived, &folder.join("index"), &embedded, store.clone()).unwrap();
        search.set_describer(teller.clone());
        Self { folder, store, teller, embedded, search, _temp: None }
    }

    /// Ends everything that runs and opens it again on the same folder.
    pub async fn again(self) -> Self {
        let Self { folder, store, teller, embedded, search, _temp } = self;
        search.stop().await;
        drop((search, embedded));
        let mut world = Self::open(folder, store, teller);
        world._temp = _temp;
        world
    }

    pub async fn settle(&self) {
        assert!(self.search.wait_until_current(None, PATIENCE).await, "{:?}", self.search.status().await);
    }

    pub async fn find(&self, query: &str) -> Answer {
        self.find_as(query, &|_, _| true).await
    }

    pub async fn find_as(&self, query: &str, may_see: &(dyn Fn(&str, &str) -> bool + Send + Sync)) -> Answer {
        let request = Request { query: query.into(), project: None, start: 0, limit: 50 };
        self.search.find(request, may_see).await.unwrap()
    }

    pub async fn found(&self, query: &str) -> Vec<String> {
        addresses(&self.find(query).await)
    }

    pub async fn tag(&self, what: &str, tags: &[&str]) {
        let tags: Vec<_> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self.embedded.catalog.change_tags(&subject(what), &tags, &[]).await.unwrap();
        self.search.notify_catalog();
    }
}

pub fn addresses(answer: &Answer) -> Vec<String> {
    let address = |hit: &kamld_metadata::search::Hit| match hit.path.as_str() {
        "" => format!("{}/{}", hit.project, hit.asset),
        path => format!("{}/{}/{path}", hit.project, hit.asset),
    };
    answer.hits.iter().map(address).collect()
}

/// Fragments with what matched in brackets.
pub fn shown(fragments: &[Fragment]) -> String {
    fragments.iter().map(|f| if f.matched { format!("[{}]", f.text) } else { f.text.clone() }).collect()
}

/// What one hit shows for a field.
pub fn highlight(answer: &Answer, place: usize, field: &str) -> Option<String> {
    let fields = &answer.hits[place].highlights;
    fields.iter().find(|(name, _)| name == field).map(|(_, fragments)| shown(fragments))
}

/// The counts of one facet.
pub fn facet(answer: &Answer, field: &str) -> Vec<(String, u64)> {
    answer.facets.iter().find(|facet| facet.field == field).map(|facet| facet.values.clone()).unwrap_or_default()
}
