//! SQL over the objects of assets, in place.
//!
//! In reading order: `objects` (what it asks of storage and policy), `config`, `worker` (all that the engine does happens in
//! processes that can be killed, and this is the line to them), `query` (rows that come from one), `kept` (rows that are
//! looked at a window at a time), `write`. In the worker: `spelling` and `place` (names that SQL has no
//! grammar for, and the way back to what was written), `statement` (only questions), `keywords`, `names`, `format`, `tables`,
//! `text` with `split`, `records`, `layout`, `decode` (CSV, TSV, JSON), `store` (Parquet, Arrow), `engine`, `plan`, `run`,
//! `arrange` (rows of the host, sorted and filtered), `wrong` (errors in words), `values`, `complete`.
//!
//! Must not live here: commits and bytes (asked for through `Objects`), grants (asked for through `Access`).
//! Invariants: an object is admitted before it is opened; nothing but objects of assets can be reached; a query holds
//! limited memory, disk and time, and dropping it stops it, whatever it is doing.

mod arrange;
mod complete;
mod config;
mod decode;
mod engine;
mod format;
#[cfg(test)]
mod fuzz;
mod guess;
mod kept;
mod keywords;
mod layout;
mod loops;
mod names;
mod objects;
mod place;
mod plan;
mod query;
mod records;
mod results;
mod run;
mod spelling;
mod split;
mod statement;
mod statistics;
mod store;
mod tables;
mod text;
mod values;
mod worker;
mod write;
mod wrong;

pub use arrange::{Arrangement, Direction};
pub use complete::{Suggestion, SuggestionKind};
pub use config::Config;
pub use format::{Format, Output};
pub use kept::{MAX_WINDOW, Window, WindowQuery};
pub use objects::{Access, Entry, Everything, Objects, Snapshot};
pub use query::RunningQuery;
pub use results::Owner;
pub use statistics::{ColumnStatistics, Statistics};
pub use values::{json_rows, sql_type};
pub use worker::main as worker_main;
pub use write::ResultStream;

use kamld_types::{Address, Problem};
use kept::{Again, Content, Expected, Kept, Room, Shelf};
use names::Names;
use statement::Named;
use std::{sync::Arc, time::Duration};
use worker::{Answer, FoundObjects, Served, Task, Workers};

/// What is in one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub format: Format,
    pub columns: Vec<crate::Column>,
    pub rows: u64,
}

/// Queries over assets. Cheap to share.
pub struct Sql {
    workers: Arc<Workers>,
    objects: Arc<dyn Objects>,
    shelf: Arc<Shelf>,
}

impl Sql {
    pub fn new(config: Config, objects: Arc<dyn Objects>) -> Result<Self, Problem> {
        let room = Room::open(config.spill.as_deref(), config.results)?;
        let every = config.result_life.clamp(Duration::from_secs(1), Duration::from_secs(60)) / 4;
        let workers = Arc::new(Workers::new(config)?);
        let shelf = Arc::new(Shelf::new(workers.clone(), room));
        let kept = Arc::downgrade(&shelf);
        workers.when_short({
            let kept = kept.clone();
            move || {
                if let Some(shelf) = kept.upgrade() {
                    shelf.make_way();
                }
            }
        });
        let waiting = Arc::downgrade(&workers);
        workers.handle()?.spawn(async move {
            let mut tick = tokio::time::interval(every);
            loop {
                tick.tick().await;
                let (Some(shelf), Some(workers)) = (kept.upgrade(), waiting.upgrade()) else { return };
                shelf.expire();
                workers.retire();
            }
        });
        Ok(Self { workers, objects, shelf })
    }

    fn served(&self, access: Arc<dyn Access>) -> Served {
        Served::new(self.objects.clone(), access)
    }

    /// Plans a query and starts it. `project`: where assets without a project are; none means the only project that
    /// the caller sees. Errors about the text have a place in it.
    pub async fn run(
        &self,
        text: &str,
        project: Option<&str>,
        access: Arc<dyn Access>,
    ) -> Result<RunningQuery, Problem> {
        let task = Task::Run { text: text.to_owned(), project: project.map(str::to_owned) };
        worker::begin(&self.workers, task, self.served(access)).await.map_err(|failure| failure.problem)
    }

    /// How a query would run, in the engine's words.
    pub async fn explain(&self, text: &str, project: Option<&str>, access: Arc<dyn Access>) -> Result<String, Problem> {
        let task = Task::Explain { text: text.to_owned(), project: project.map(str::to_owned) };
        match worker::one(&self.workers, task, self.served(access)).await? {
            Answer::Text(text) => Ok(text),
            _ => Err(unexpected()),
        }
    }

    /// Reads one object through: its columns, with types that fit every row, and how many rows there are.
    /// `invalid` says at which line the object is no table.
    pub async fn describe(&self, address: &Address, access: Arc<dyn Access>) -> Result<Shape, Problem> {
        named(address)?;
        let task = Task::Describe { address: address.to_string() };
        match worker::one(&self.workers, task, self.served(access)).await? {
            Answer::Shape { format, columns, rows } => Ok(Shape { format, columns, rows }),
            _ => Err(unexpected()),
        }
    }

    /// Rows of one object in its order: `limit` rows from row `start` on.
    pub async fn rows(
        &self,
        address: &Address,
        start: u64,
        limit: u64,
        access: Arc<dyn Access>,
    ) -> Result<RunningQuery, Problem> {
        named(address)?;
        let asset = match &address.at {
            Some(at) => format!("{}@{at}", address.asset.name),
            None => address.asset.name.to_string(),
        };
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let path = address.path.as_deref().unwrap_or_default();
        if path.contains(['*', '?']) {
            return Err(Problem::invalid("a pattern is not one object"));
        }
        let table = format!("{}.{}.{}", quote(address.asset.project.as_str()), quote(&asset), quote(path));
        let text = format!("select * from {table} limit {limit} offset {start}");
        self.run(&text, Some(address.asset.project.as_str()), access).await.map_err(placeless)
    }

    /// What could stand behind the first `cursor` characters of a text that is being written.
    pub async fn complete(
        &self,
        text: &str,
        cursor: usize,
        project: Option<&str>,
        access: Arc<dyn Access>,
    ) -> Result<Vec<Suggestion>, Problem> {
        let task = Task::Complete { text: text.to_owned(), cursor, project: project.map(str::to_owned) };
        match worker::one(&self.workers, task, self.served(access)).await? {
            Answer::Suggestions(suggestions) => Ok(suggestions),
            _ => Err(unexpected()),
        }
    }

    /// Keeps a query for the person whose it is, and begins to draw its rows. Answers the id under which they are had.
    pub fn hand_over(&self, query: RunningQuery, owner: Owner) -> Result<String, Problem> {
        self.shelf.put(query, owner)
    }

    /// Rows of a result that was handed over; `not-found` for anybody but its person.
    pub async fn result_window(&self, id: &str, person: &str, asked: &WindowQuery) -> Result<Window, Problem> {
        self.shelf.result(id, person)?.window(asked).await
    }

    /// A whole result as bytes of a format, as often as it is asked for while it is kept.
    pub fn result_stream(&self, id: &str, person: &str, output: Output) -> Result<ResultStream, Problem> {
        let kept = self.shelf.result(id, person)?;
        let reader = kept.reader();
        let (shelf, id) = (Arc::downgrade(&self.shelf), id.to_owned());
        let leave = write::OnLeave::new(move || {
            if let Some(shelf) = shelf.upgrade() {
                shelf.left(&id);
            }
        });
        Ok(write::stream(self.workers.handle()?, write::Rows::Kept { kept, reader, _leave: leave }, output))
    }

    /// Rows of an object that is a table. Whoever asks for the same content shares what was drawn.
    pub async fn table_window(
        &self,
        address: &Address,
        access: &dyn Access,
        asked: &WindowQuery,
    ) -> Result<Window, Problem> {
        let named = named(address)?;
        let names = Names { objects: self.objects.as_ref(), access, project: None };
        let found = names.find(&named).await.map_err(placeless)?;
        let entry = found.entries.first().ok_or_else(|| Problem::not_found("no object"))?.clone();
        let mine = found.address(&entry);
        // Names of another person's assets stay with that person, whoever drew these bytes first.
        let content_name = entry.hash.to_hex();
        let told = |problem: Problem| Problem {
            message: problem.message.replace(&content_name, &mine),
            help: problem.help.map(|help| help.replace(&content_name, &mine)),
            at: None,
            ..problem
        };
        // What is no table is told by opening it; until then any format will do.
        let format = Format::of_entry(&entry).unwrap_or(Format::Csv);
        let kept = self.table(Content { hash: entry.hash, format }, found, &content_name).await.map_err(told)?;
        let mut window = kept.window(asked).await.map_err(told)?;
        window.problem = window.problem.map(told);
        Ok(window)
    }

    async fn table(&self, content: Content, found: names::Found, called: &str) -> Result<Arc<Kept>, Problem> {
        let snapshot = found.snapshot.clone();
        let entry = found.entries.first().cloned();
        let found =
            FoundObjects { asset: found.asset, at: found.at, entries: found.entries, called: Some(called.to_owned()) };
        let workers = self.workers.clone();
        // Who asked was admitted when the objects were found.
        let begin: Again = Box::new(move |widen| {
            let (workers, found) = (workers.clone(), found.clone());
            let served = Served::nothing().found(snapshot.clone(), &found);
            Box::pin(async move {
                let query = worker::begin(&workers, Task::Table { found, widen }, served).await;
                query.map_err(|failure| failure.problem)
            })
        });
        let kept = self.shelf.table(content, || async move { Ok((begin(None).await?, Some(begin))) }).await?;
        // An object that is new is described meanwhile: it is asked again until somebody knows.
        if kept.wonders()
            && let Some(entry) = entry
            && let Some(rows) = self.objects.known_rows(&entry).await
        {
            kept.expect(Expected { rows, sure: false });
        }
        Ok(kept)
    }

    /// The rows of a query as bytes of a format.
    pub fn write(&self, query: RunningQuery, output: Output) -> Result<ResultStream, Problem> {
        Ok(write::stream(self.workers.handle()?, write::Rows::Query(Box::new(query)), output))
    }

    /// Stops the query of a result and forgets its rows.
    pub fn cancel(&self, id: &str, person: &str) -> Result<(), Problem> {
        self.shelf.cancel(id, person)
    }

    /// Results that are kept.
    pub fn waiting(&self) -> usize {
        self.shelf.len()
    }

    /// Workers that do something, or wait for whoever takes their rows.
    pub fn busy(&self) -> usize {
        self.workers.busy()
    }

    /// Bytes that kept rows take, in memory and on disk.
    pub fn kept_bytes(&self) -> (u64, u64) {
        self.shelf.room().used()
    }
}

fn unexpected() -> Problem {
    Problem::internal("the engine answered something else than was asked")
}

/// An address has no place in any text: only places in the object count.
fn placeless(mut problem: Problem) -> Problem {
    problem.at = None;
    problem
}

fn named(address: &Address) -> Result<Named, Problem> {
    let path = address.object()?;
    if path.as_str().contains(['*', '?']) {
        return Err(Problem::invalid("a pattern is not one object"));
    }
    let asset = match &address.at {
        Some(at) => format!("{}@{at}", address.asset.name),
        None => address.asset.name.to_string(),
    };
    let parts = vec![address.asset.project.to_string(), asset, path.to_string()];
    Ok(Named { parts, at: kamld_types::Position { line: 1, column: 1 } })
}
