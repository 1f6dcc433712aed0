//! `kamld:metadata/sql`. Each table that a query names is admitted by itself, before it is opened.

use super::{
    MetadataHost,
    wit::{
        sql::{Host, HostQuery, Options, Query, Shape, Suggestion, SuggestionKind},
        types::Column,
    },
};
use crate::sql::{self, Access, Owner, RunningQuery};
use kamld_bindings::Error;
use kamld_policy::{Call, Holding, Opened, Verb};
use kamld_types::{Address, AssetId, Problem};
use std::sync::Arc;
use wasmtime::component::Resource;

const SQL: &str = "kamld:metadata/sql";
/// Rows in one answer: more belongs into a result that is handed over.
const MAX_ROWS: u32 = 10_000;
/// Memory that the host may need for a query whose rows are waiting to be read: its plan, and the batch that comes next.
const WAITING: u64 = 512 << 10;
/// Bytes of rows in one answer; the next one goes on. Half of what may cross to a guest at once.
const MAX_BYTES: usize = 4 << 20;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// What one call may read.
struct ByCall(Arc<Call>);

impl Access for ByCall {
    fn may_read(&self, asset: &AssetId, path: &str) -> Result<(), Problem> {
        self.0.admit(SQL, Verb::Read, &format!("{asset}/{path}"))
    }

    fn may_see(&self, resource: &str) -> bool {
        self.0.may_see(SQL, resource)
    }
}

/// The same, quietly: a text that is being written names what its person never meant to open, and that is no denial
/// to tell of.
struct Guessing(Arc<Call>);

impl Access for Guessing {
    fn may_read(&self, asset: &AssetId, path: &str) -> Result<(), Problem> {
        match self.may_see(&format!("{asset}/{path}")) {
            true => Ok(()),
            false => Err(Problem::not_found("there is no such object")),
        }
    }

    fn may_see(&self, resource: &str) -> bool {
        self.0.may_see(SQL, resource)
    }
}

/// A query of a guest; once handed over, only its columns are left.
struct Held {
    columns: Vec<crate::Column>,
    query: Option<RunningQuery>,
    /// Given back when the query is handed over.
    holding: Option<Holding>,
}

fn column(column: &crate::Column) -> Column {
    Column { name: column.name.clone(), type_: column.r#type.clone(), nullable: column.nullable }
}

fn suggestion(found: sql::Suggestion) -> Suggestion {
    let kind = match found.kind {
        sql::SuggestionKind::Table => SuggestionKind::Table,
        sql::SuggestionKind::Column => SuggestionKind::Column,
        sql::SuggestionKind::Ref => SuggestionKind::Ref,
        sql::SuggestionKind::Function => SuggestionKind::Function,
        sql::SuggestionKind::Keyword => SuggestionKind::Keyword,
    };
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Suggestion { text: found.text, kind, detail: found.detail, from: place(found.from), to: place(found.to) }
}

/// At most `limit` rows, and no more than what one answer holds, but at least one while there are any.
async fn next_rows(query: &mut RunningQuery, limit: u32) -> Result<Vec<String>, Problem> {
    let limit = limit as usize;
    let (mut rows, mut bytes, mut step) = (Vec::new(), 0, 16);
    while rows.len() < limit && bytes < MAX_BYTES {
        let part = query.next_json(step.min(limit - rows.len())).await?;
        if part.is_empty() {
            break;
        }
        let size: usize = part.iter().map(String::len).sum();
        bytes += size;
        rows.extend(part);
        // Rows are alike: the next step is as large as they allow.
        step = if size < MAX_BYTES / 16 { step * 4 } else { 16 };
    }
    Ok(rows)
}

fn handed_over() -> Problem {
    Problem::conflict("the rows of this query were handed over").help("run the query again to read them here")
}

impl MetadataHost<'_> {
    fn sql_access(&self) -> Arc<dyn Access> {
        Arc::new(ByCall(self.call.clone()))
    }

    /// Where unqualified assets are: as asked, else where the call is.
    fn sql_project(&self, options: &Options) -> Option<String> {
        options.project.clone().or_else(|| self.call.project.as_ref().map(ToString::to_string))
    }

    async fn sql_run(&mut self, text: &str, options: &Options) -> Result<Held, Problem> {
        self.call.admit_listing(SQL, Verb::Read)?;
        // Before it is planned: that costs as well.
        let holding = self.call.open(Opened::Query, WAITING)?;
        let (project, access) = (self.sql_project(options), self.sql_access());
        let query = self.sql.run(text, project.as_deref(), access).await?;
        Ok(Held { columns: query.columns(), query: Some(query), holding: Some(holding) })
    }

    async fn sql_explain(&mut self, text: &str, options: &Options) -> Result<String, Problem> {
        self.call.admit_listing(SQL, Verb::Read)?;
        let _holding = self.call.open(Opened::Query, WAITING)?;
        self.sql.explain(text, self.sql_project(options).as_deref(), self.sql_access()).await
    }

    async fn sql_describe(&mut self, address: &str) -> Result<Shape, Problem> {
        let address: Address = address.parse()?;
        let sql::Shape { format, columns, rows } = self.sql.describe(&address, self.sql_access()).await?;
        Ok(Shape { format: format.as_str().into(), columns: columns.iter().map(column).collect(), rows })
    }

    async fn sql_rows(&mut self, address: &str, start: u64, limit: u32) -> Result<(Vec<Column>, Vec<String>), Problem> {
        let address: Address = address.parse()?;
        let limit = limit.clamp(1, MAX_ROWS);
        let _holding = self.call.open(Opened::Query, WAITING)?;
        let mut query = self.sql.rows(&address, start, u64::from(limit), self.sql_access()).await?;
        let columns = query.columns().iter().map(column).collect();
        let rows = next_rows(&mut query, limit).await?;
        // There is no handle to go on with.
        if rows.len() < limit as usize && rows.iter().map(String::len).sum::<usize>() >= MAX_BYTES {
            let message = format!("{limit} rows are more than {} MiB", MAX_BYTES >> 20);
            return Err(Problem::limit(message).help(format!("ask for {} rows or fewer at once", rows.len())));
        }
        Ok((columns, rows))
    }

    async fn sql_complete(&mut self, text: &str, cursor: u32, options: &Options) -> Result<Vec<Suggestion>, Problem> {
        self.call.admit_listing(SQL, Verb::Read)?;
        let access = Arc::new(Guessing(self.call.clone()));
        let found = self.sql.complete(text, cursor as usize, self.sql_project(options).as_deref(), access).await?;
        Ok(found.into_iter().map(suggestion).collect())
    }

    /// The query behind a handle. A grant that was changed meanwhile stops it too.
    fn held(&mut self, query: &Resource<Query>) -> wasmtime::Result<Result<&mut Held, Problem>> {
        if let Err(problem) = self.call.admit_listing(SQL, Verb::Read) {
            return Ok(Err(problem));
        }
        Ok(Ok(self.table.get_mut(&Resource::<Held>::new_borrow(query.rep()))?))
    }
}

impl Host for MetadataHost<'_> {
    async fn run(&mut self, text: String, options: Options) -> Answer<Resource<Query>> {
        let held = match self.sql_run(&text, &options).await {
            Ok(held) => held,
            Err(problem) => return Ok(Err(problem.into())),
        };
        let held = self.table.push(held)?;
        Ok(Ok(Resource::new_own(held.rep())))
    }

    async fn explain(&mut self, text: String, options: Options) -> Answer<String> {
        Ok(self.sql_explain(&text, &options).await.map_err(Error::from))
    }

    async fn describe(&mut self, address: String) -> Answer<Shape> {
        Ok(self.sql_describe(&address).await.map_err(Error::from))
    }

    async fn rows(&mut self, address: String, start: u64, limit: u32) -> Answer<(Vec<Column>, Vec<String>)> {
        Ok(self.sql_rows(&address, start, limit).await.map_err(Error::from))
    }

    async fn complete(&mut self, text: String, cursor: u32, options: Options) -> Answer<Vec<Suggestion>> {
        Ok(self.sql_complete(&text, cursor, &options).await.map_err(Error::from))
    }
}

impl HostQuery for MetadataHost<'_> {
    async fn columns(&mut self, query: Resource<Query>) -> wasmtime::Result<Vec<Column>> {
        let held = self.table.get(&Resource::<Held>::new_borrow(query.rep()))?;
        Ok(held.columns.iter().map(column).collect())
    }

    async fn next(&mut self, query: Resource<Query>, limit: u32) -> Answer<Vec<String>> {
        let held = match self.held(&query)? {
            Ok(held) => held,
            Err(problem) => return Ok(Err(problem.into())),
        };
        let Some(query) = &mut held.query else { return Ok(Err(handed_over().into())) };
        Ok(next_rows(query, limit.clamp(1, MAX_ROWS)).await.map_err(Error::from))
    }

    async fn hand_over(&mut self, query: Resource<Query>) -> Answer<String> {
        let held = match self.held(&query)? {
            Ok(held) => held,
            Err(problem) => return Ok(Err(problem.into())),
        };
        let begun = held.query.as_ref().is_some_and(RunningQuery::begun);
        if begun {
            let problem = Problem::conflict("rows of this query were read already")
                .help("hand a query over before its first row is read");
            return Ok(Err(problem.into()));
        }
        let Some(query) = held.query.take() else { return Ok(Err(handed_over().into())) };
        held.holding = None;
        let owner = Owner { person: self.call.person.id.clone(), plugin: self.call.plugin.clone() };
        Ok(self.sql.hand_over(query, owner).map_err(Error::from))
    }

    async fn drop(&mut self, query: Resource<Query>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<Held>::new_own(query.rep()))?;
        Ok(())
    }
}
