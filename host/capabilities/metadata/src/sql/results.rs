//! Results that were handed over and wait to be taken, once, by the person whose query it was.
//!
//! Invariants: nobody else learns that a result exists; a result that nobody takes is dropped after its time, which
//! cancels its query.

use super::query::RunningQuery;
use kamld_types::{PluginId, Problem};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// On whose behalf a query ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The id of the person.
    pub person: String,
    pub plugin: PluginId,
}

struct Waiting {
    owner: Owner,
    query: RunningQuery,
    until: Instant,
}

pub(crate) struct Results {
    waiting: Mutex<HashMap<String, Waiting>>,
    most: usize,
    life: Duration,
}

impl Results {
    pub(crate) fn new(most: usize, life: Duration) -> Self {
        Self { waiting: Mutex::default(), most, life }
    }

    pub(crate) fn put(&self, query: RunningQuery, owner: Owner) -> Result<String, Problem> {
        if query.begun() {
            return Err(Problem::conflict("rows of this query were taken already")
                .help("hand a query over before its first row is read"));
        }
        let now = Instant::now();
        let mut waiting = self.waiting.lock();
        waiting.retain(|_, result| result.until > now);
        if waiting.len() >= self.most {
            return Err(Problem::limit(format!("{} results wait to be taken already", self.most))
                .help("take or cancel one, or run this query again a little later"));
        }
        let id = query.id().to_owned();
        waiting.insert(id.clone(), Waiting { owner, query, until: now + self.life });
        Ok(id)
    }

    /// Takes a result away. Another person's is not found.
    pub(crate) fn take(&self, id: &str, person: &str) -> Result<RunningQuery, Problem> {
        let now = Instant::now();
        let mut waiting = self.waiting.lock();
        waiting.retain(|_, result| result.until > now);
        let missing = || {
            Problem::not_found("there is no such result")
                .help("a result can be taken once, and only for a while: run the query again")
        };
        match waiting.get(id) {
            Some(result) if result.owner.person == person => {
                waiting.remove(id).map(|result| result.query).ok_or_else(missing)
            }
            _ => Err(missing()),
        }
    }

    /// Drops what nobody took in time.
    pub(crate) fn expire(&self) {
        let now = Instant::now();
        self.waiting.lock().retain(|_, result| result.until > now);
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.lock().len()
    }
}
