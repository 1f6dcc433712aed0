//! Whose results are kept, and how long; tables by their content, for everybody who may read them.
//!
//! Must not live here: who may read a table; that is asked at each request. Invariants: nobody else learns that a
//! result exists; what nobody asked for in its time is stopped and dropped.

use super::{Again, Kept, Room, rows::Drawn};
use crate::sql::{format::Format, query::RunningQuery, results::Owner, worker::Workers};
use kamld_types::{Hash, Kind, Problem};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// How long a table rests before it may make way for others.
const RESTS: Duration = Duration::from_secs(30);

/// How long a query goes on that nobody asks for any more. A page asks again and again while it is open.
const ABANDONED: Duration = Duration::from_secs(120);
/// How long nobody has taken rows of a query that can be stopped in favor of others.
const PAUSED: Duration = Duration::from_secs(5);

/// What a table is made of: the same bytes read in the same way are the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub hash: Hash,
    pub format: Format,
}

struct Owned {
    owner: Owner,
    kept: Arc<Kept>,
    /// Somebody came for it: it may make way when there are too many.
    asked: bool,
}

#[derive(Default)]
struct Inner {
    results: HashMap<String, Owned>,
    tables: HashMap<Content, Arc<OnceCell<Arc<Kept>>>>,
}

pub(crate) struct Shelf {
    workers: Arc<Workers>,
    room: Arc<Room>,
    inner: Mutex<Inner>,
    most: usize,
    life: Duration,
}

fn expired() -> Problem {
    Problem::not_found("there is no such result")
        .help("a result is kept for a while after it was last asked for: run the query again")
}

impl Shelf {
    pub(crate) fn new(workers: Arc<Workers>, room: Arc<Room>) -> Self {
        let (most, life) = (workers.config.max_results, workers.config.result_life);
        Self { workers, room, inner: Mutex::default(), most, life }
    }

    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    /// Keeps the rows of a query and begins to draw them; answers the id.
    pub(crate) fn put(&self, query: RunningQuery, owner: Owner) -> Result<String, Problem> {
        if query.begun() {
            return Err(Problem::conflict("rows of this query were taken already")
                .help("hand a query over before its first row is read"));
        }
        self.expire();
        let mut inner = self.inner.lock();
        if inner.results.len() >= self.most {
            // Who asked has seen it; the one that rests longest makes way.
            let oldest = inner.results.iter().filter(|(_, owned)| owned.asked);
            let oldest = oldest.max_by_key(|(_, owned)| owned.kept.idle()).map(|(id, _)| id.clone());
            let Some(owned) = oldest.and_then(|id| inner.results.remove(&id)) else {
                return Err(Problem::limit(format!("{} results wait to be taken already", self.most))
                    .help("take or cancel one, or run this query again a little later"));
            };
            owned.kept.stop(&expired());
        }
        let id = query.id().to_owned();
        let kept = Kept::start(id.clone(), &self.workers, &self.room, query, None)?;
        inner.results.insert(id.clone(), Owned { owner, kept, asked: false });
        Ok(id)
    }

    /// A result of this person. Another person's is not found.
    pub(crate) fn result(&self, id: &str, person: &str) -> Result<Arc<Kept>, Problem> {
        self.expire();
        let mut inner = self.inner.lock();
        let owned = inner.results.get_mut(id).filter(|owned| owned.owner.person == person).ok_or_else(expired)?;
        owned.asked = true;
        Ok(owned.kept.clone())
    }

    /// Stops a query and forgets its rows.
    pub(crate) fn cancel(&self, id: &str, person: &str) -> Result<(), Problem> {
        let kept = self.result(id, person)?;
        self.inner.lock().results.remove(id);
        kept.stop(&Problem::cancelled("the query was stopped").help("run it again"));
        Ok(())
    }

    /// The rows of a content, which are drawn only once while somebody looks at them.
    pub(crate) async fn table<F>(&self, content: Content, open: impl FnOnce() -> F) -> Result<Arc<Kept>, Problem>
    where
        F: Future<Output = Result<(RunningQuery, Option<Again>), Problem>>,
    {
        self.expire();
        let cell = {
            let mut inner = self.inner.lock();
            // What failed for another reason than its bytes, such as a disk that was full, is tried again: at once where
            // nothing was shown, else after a rest, so that what was shown stays while it is looked at.
            let failed = |kept: &Kept| match kept.drawn() {
                Drawn { end: Some(Err(problem)), rows, .. } => {
                    rows == 0 || (problem.kind != Kind::Invalid && kept.idle() >= RESTS)
                }
                _ => false,
            };
            if inner.tables.get(&content).and_then(|cell| cell.get()).is_some_and(|kept| failed(kept)) {
                inner.tables.remove(&content);
            }
            if inner.tables.len() >= self.most && !inner.tables.contains_key(&content) {
                let idle = |cell: &Arc<OnceCell<Arc<Kept>>>| cell.get().map(|kept| kept.idle());
                let oldest = inner.tables.iter().filter_map(|(content, cell)| Some((idle(cell)?, *content)));
                if let Some((_, oldest)) = oldest.max_by_key(|(idle, _)| *idle)
                    && let Some(kept) = inner.tables.remove(&oldest).as_deref().and_then(OnceCell::get)
                {
                    kept.stop(&Problem::unavailable("these rows made way for others").help("ask for them again"));
                }
            }
            inner.tables.entry(content).or_default().clone()
        };
        let kept = cell
            .get_or_try_init(|| async {
                let (query, again) = open().await?;
                let name = format!("{}.{}", content.hash.to_hex(), content.format.as_str());
                Kept::start(name, &self.workers, &self.room, query, again)
            })
            .await;
        if kept.is_err() {
            let mut inner = self.inner.lock();
            if inner.tables.get(&content).is_some_and(|cell| !cell.initialized()) {
                inner.tables.remove(&content);
            }
        }
        kept.cloned()
    }

    /// All workers are busy: of those that nobody takes rows from, the one that was idle longest is stopped. A table can be
    /// drawn again, so tables go first.
    pub(crate) fn make_way(&self) {
        let holds = |kept: &Kept| kept.holds_worker() && kept.idle() >= PAUSED;
        let stopped = {
            let mut inner = self.inner.lock();
            let idle = |cell: &OnceCell<Arc<Kept>>| cell.get().filter(|kept| holds(kept)).map(|kept| kept.idle());
            let tables = inner.tables.iter().filter_map(|(content, cell)| Some((idle(cell)?, *content)));
            match tables.max_by_key(|(idle, _)| *idle) {
                Some((_, content)) => inner.tables.remove(&content).and_then(|cell| cell.get().cloned()),
                None => {
                    let results = inner.results.values().filter(|owned| owned.asked && holds(&owned.kept));
                    results.map(|owned| owned.kept.clone()).max_by_key(|kept| kept.idle())
                }
            }
        };
        if let Some(kept) = stopped {
            kept.stop(
                &Problem::unavailable("this query was stopped in favor of others: all workers were busy")
                    .help("the rows before this one are kept; run it again for the others"),
            );
        }
    }

    /// Drops what nobody asked for in its time.
    pub(crate) fn expire(&self) {
        let (mut results, mut tables) = (Vec::new(), Vec::new());
        {
            let mut inner = self.inner.lock();
            let over = |kept: &Kept| {
                let life =
                    if kept.holds_worker() && !kept.rows.is_paused() { self.life.min(ABANDONED) } else { self.life };
                kept.idle() >= life
            };
            results.extend(inner.results.extract_if(|_, owned| over(&owned.kept)).map(|(_, owned)| owned.kept));
            tables.extend(inner.tables.extract_if(|_, cell| cell.get().is_some_and(|kept| over(kept))));
            if self.room.is_short() {
                // A table can be drawn again, a result cannot: the table that rests longest makes way.
                let idle =
                    |cell: &OnceCell<Arc<Kept>>| cell.get().map(|kept| kept.idle()).filter(|idle| *idle >= RESTS);
                let resting = inner.tables.iter().filter_map(|(content, cell)| Some((idle(cell)?, *content)));
                if let Some((_, content)) = resting.max_by_key(|(idle, _)| *idle) {
                    tables.extend(inner.tables.remove_entry(&content));
                }
            }
        }
        // Outside of the lock: what goes may be large.
        for kept in results.iter().chain(tables.iter().filter_map(|(_, cell)| cell.get())) {
            kept.stop(&expired());
        }
    }

    /// A reader of a result went away before its end: a query that only it waited for is stopped.
    pub(crate) fn left(&self, id: &str) {
        let mut inner = self.inner.lock();
        if inner.results.get(id).is_some_and(|owned| owned.kept.holds_worker() && owned.kept.rows.is_export()) {
            let owned = inner.results.remove(id);
            drop(inner);
            if let Some(owned) = owned {
                owned.kept.stop(&Problem::cancelled("the query was stopped: nobody reads it any more"));
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.inner.lock().results.len()
    }
}
