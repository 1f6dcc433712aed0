//! SQL over the objects of assets, in place.
//!
//! In reading order: `objects` (what it asks of storage and policy), `spelling` and `place` (names that SQL has no
//! grammar for, and the way back to what was written), `statement` (only questions), `keywords`, `names`, `format`, `tables`,
//! `text` with `split`, `records`, `layout`, `decode` (CSV, TSV, JSON), `store` (Parquet, Arrow), `engine`, `plan`,
//! `bounded`, `wrong` (errors in words), `query`, `results`, `kept` (rows that are looked at a window at a time), `values`,
//! `write`, `complete`.
//!
//! Must not live here: commits and bytes (asked for through `Objects`), grants (asked for through `Access`).
//! Invariants: an object is admitted before it is opened; nothing but objects of assets can be reached; a query holds
//! limited memory, disk and time, and dropping it stops it.

mod bounded;
mod complete;
mod decode;
mod engine;
mod format;
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
mod spelling;
mod split;
mod statement;
mod stop;
mod store;
mod tables;
mod text;
mod values;
mod write;
mod wrong;

pub use complete::{Suggestion, SuggestionKind};
pub use engine::Config;
pub use format::{Format, Output};
pub use kept::{Arrangement, ColumnStatistics, Direction, MAX_WINDOW, Statistics, Window, WindowQuery};
pub use objects::{Access, Entry, Everything, Objects, Snapshot};
pub use query::RunningQuery;
pub use results::Owner;
pub use values::{json_rows, sql_type};
pub use write::ResultStream;

use engine::Engine;
use kamld_types::{Address, Problem};
use kept::{Again, Content, Expected, Kept, Room, Shelf};
use names::Names;
use plan::Planned;
use query::OnDrop;
use statement::Named;
use std::{future::Future, sync::Arc};
use wrong::inner;

/// What is in one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub format: Format,
    pub columns: Vec<crate::Column>,
    pub rows: u64,
}

/// Queries over assets. Cheap to share.
pub struct Sql {
    engine: Arc<Engine>,
    objects: Arc<dyn Objects>,
    shelf: Arc<Shelf>,
}

/// How often a query is planned again because a row did not fit: each time one more object is known wholly.
const MAX_PLANS: usize = 20;

impl Sql {
    pub fn new(config: Config, objects: Arc<dyn Objects>) -> Result<Self, Problem> {
        let room = Room::open(config.spill.as_deref(), config.results)?;
        let every = config.result_life.max(std::time::Duration::from_secs(1)) / 4;
        let engine = Arc::new(Engine::new(config)?);
        let shelf = Arc::new(Shelf::new(engine.clone(), room));
        let kept = Arc::downgrade(&shelf);
        engine.handle()?.spawn(async move {
            let mut tick = tokio::time::interval(every);
            loop {
                tick.tick().await;
                let Some(shelf) = kept.upgrade() else { return };
                shelf.expire();
            }
        });
        Ok(Self { engine, objects, shelf })
    }

    /// On the engine's own threads; dropped, it stops.
    async fn on_engine<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let task = self.engine.handle()?.spawn(work);
        let _stop = OnDrop(task.abort_handle());
        // Planning is work too, and may not let go of its thread.
        let Ok(ended) = tokio::time::timeout(self.engine.config.time, task).await else {
            return Err(query::too_long(self.engine.config.time));
        };
        match ended {
            Ok(result) => result,
            Err(error) if error.is_panic() => {
                let panic = error.into_panic();
                let text = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied());
                let text = text.unwrap_or("no message");
                tracing::error!(panic = text, "planning a query panicked");
                Err(Problem::invalid(format!("the engine gave up on this: {text}"))
                    .help("an object may not be sound, or the query is one that it cannot plan")
                    .at(1, 1))
            }
            Err(_) => Err(Problem::cancelled("the query was stopped")),
        }
    }

    /// Plans a query and starts it. `project`: where assets without a project are; none means the only project that
    /// the caller sees. Errors about the text have a place in it.
    pub async fn run(
        &self,
        text: &str,
        project: Option<&str>,
        access: Arc<dyn Access>,
    ) -> Result<RunningQuery, Problem> {
        let mut plans = 0;
        loop {
            plans += 1;
            let (engine, objects, access) = (self.engine.clone(), self.objects.clone(), access.clone());
            let (text, project) = (text.to_owned(), project.map(str::to_owned));
            let plan = async move {
                let planned = plan::plan(&engine, objects.as_ref(), access.as_ref(), project.as_deref(), &text).await?;
                let guessed = planned.guessed();
                Ok((guessed, RunningQuery::start(&engine, planned)?))
            };
            let (guessed, mut query) = self.on_engine(plan).await?;
            if guessed
                && let Some(file) = query.first().await
                && plans < MAX_PLANS
            {
                // Nobody has seen a row yet: with the types that fit all of them it starts again.
                drop(query);
                let engine = self.engine.clone();
                self.on_engine(async move { engine.whole_layout(&file).await }).await?;
                continue;
            }
            return Ok(query);
        }
    }

    /// How a query would run, in the engine's words.
    pub async fn explain(&self, text: &str, project: Option<&str>, access: Arc<dyn Access>) -> Result<String, Problem> {
        let (engine, objects) = (self.engine.clone(), self.objects.clone());
        let (text, project) = (text.to_owned(), project.map(str::to_owned));
        self.on_engine(async move {
            let planned = plan::plan(&engine, objects.as_ref(), access.as_ref(), project.as_deref(), &text).await?;
            let plan::Work::Plan { physical, .. } = &planned.work else {
                return Ok("the columns of one table\n".into());
            };
            let mut told = datafusion::physical_plan::displayable(physical.as_ref()).indent(false).to_string();
            for (_, opened) in &planned.tables {
                for ((_, entry), address) in opened.stored.iter().zip(&opened.addresses) {
                    told = told.replace(&entry.hash.to_hex(), address);
                }
            }
            Ok(told)
        })
        .await
    }

    /// Reads one object through: its columns, with types that fit every row, and how many rows there are.
    /// `invalid` says at which line the object is no table.
    pub async fn describe(&self, address: &Address, access: Arc<dyn Access>) -> Result<Shape, Problem> {
        let (engine, objects) = (self.engine.clone(), self.objects.clone());
        let named = named(address)?;
        self.on_engine(async move {
            let names = Names { objects: objects.as_ref(), access: access.as_ref(), project: None };
            let found = names.find(&named).await.map_err(placeless)?;
            let entry = found.entries.first().ok_or_else(|| Problem::not_found("no object"))?.clone();
            if let Some(format) = Format::of_entry(&entry).filter(|format| format.is_text()) {
                let (rows, layout) = engine.whole_layout(&tables::text(&engine, &found, &entry, format)).await?;
                return Ok(Shape { format, columns: values::columns(&layout.schema()), rows });
            }
            let opened = tables::open(&engine, found).await?;
            let (format, columns) = (opened.format, values::columns(&opened.table.schema()));
            let address = opened.addresses.first().cloned().unwrap_or_default();
            let state = engine.session("kamld", Vec::new(), store_of(&opened));
            let count = async {
                let context = datafusion::prelude::SessionContext::new_with_state(state?);
                context.read_table(opened.table.clone())?.count().await
            };
            let rows = count
                .await
                .map_err(|error| inner(&error).unwrap_or_else(|| tables::unsound(format, &address, &error)))?;
            Ok(Shape { format, columns, rows: rows as u64 })
        })
        .await
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
        access: &dyn Access,
    ) -> Result<Vec<Suggestion>, Problem> {
        complete::complete(&self.engine, self.objects.as_ref(), access, project, text, cursor).await
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
        Ok(write::stream(self.engine.handle()?, write::Rows::Kept(kept, reader), output))
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
        let kept = self.table(Content { hash: entry.hash, format }, named, found, &content_name).await.map_err(told)?;
        let mut window = kept.window(asked).await.map_err(told)?;
        window.problem = window.problem.map(told);
        Ok(window)
    }

    async fn table(
        &self,
        content: Content,
        named: Named,
        mut found: names::Found,
        called: &str,
    ) -> Result<Arc<Kept>, Problem> {
        found.called = Some(called.to_owned());
        let known = found.clone();
        let opened = async move || {
            let engine = self.engine.clone();
            let (again_named, again_found) = (named.clone(), found.clone());
            let query = self
                .on_engine(async move {
                    let planned = plan::whole(&engine, named, found).await?;
                    RunningQuery::start(&engine, planned)
                })
                .await?;
            let engine = self.engine.clone();
            let again: Again = Box::new(move |file| {
                let (engine, named, found) = (engine.clone(), again_named.clone(), again_found.clone());
                Box::pin(async move {
                    engine.whole_layout(&file).await?;
                    let planned = plan::whole(&engine, named, found).await?;
                    RunningQuery::start(&engine, planned)
                })
            });
            Ok((query, Some(again)))
        };
        let kept = self.shelf.table(content, opened).await?;
        // An object that is new is described meanwhile: it is asked again until somebody knows.
        if kept.wonders()
            && let Some(entry) = known.entries.first()
        {
            let sure = content.format == Format::Parquet;
            let rows = match sure {
                true => tables::parquet_rows(&known.snapshot, entry).await,
                false => self.objects.known_rows(entry).await,
            };
            if let Some(rows) = rows {
                kept.expect(Expected { rows, sure });
            }
        }
        Ok(kept)
    }

    /// The rows of a query as bytes of a format.
    pub fn write(&self, query: RunningQuery, output: Output) -> Result<ResultStream, Problem> {
        Ok(write::stream(self.engine.handle()?, write::Rows::Query(Box::new(query)), output))
    }

    /// Stops the query of a result and forgets its rows.
    pub fn cancel(&self, id: &str, person: &str) -> Result<(), Problem> {
        self.shelf.cancel(id, person)
    }

    /// Results that are kept.
    pub fn waiting(&self) -> usize {
        self.shelf.len()
    }

    /// Bytes that kept rows take, in memory and on disk.
    pub fn kept_bytes(&self) -> (u64, u64) {
        self.shelf.room().used()
    }
}

fn store_of(opened: &tables::Opened) -> store::QueryStore {
    let mut store = store::QueryStore::default();
    for (snapshot, entry) in &opened.stored {
        store.admit(snapshot.clone(), entry.clone());
    }
    store
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

impl std::fmt::Debug for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planned").field("tables", &self.tables.len()).finish()
    }
}
