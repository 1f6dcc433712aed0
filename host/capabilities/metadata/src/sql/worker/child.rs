//! The worker: one process, one task at a time.
//!
//! Must not live here: planning and reading. Invariants: the process ends when the host does; a panic ends one task with
//! an error in words.

use super::{
    super::{
        arrange::arrange,
        complete,
        engine::Engine,
        format::Format,
        names::{Found, Names},
        plan::{self, Planned, Work},
        query::WAITING,
        run,
        statement::Named,
        statistics, tables, values,
        wrong::inner,
    },
    remote::{Link, RemoteAccess, RemoteObjects, RemoteSnapshot},
    talk::Failure,
    wire::{self, Answer, FromWorker, Settings, Task, ToWorker},
};
use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use kamld_types::{Address, Position, Problem, problem::Result as Answered};
use kamld_worker::{Confines, Frame, Meter};
use parking_lot::Mutex;
use std::{
    net::Shutdown,
    os::{fd::AsFd, unix::net::UnixStream},
    panic::AssertUnwindSafe,
    sync::{Arc, mpsc},
};
use tokio::sync::Semaphore;

/// Bytes that the process may allocate before its first task.
const IDLE: u64 = 256 << 20;
/// Bytes of rows in one message, about.
const PIECE: usize = 4 << 20;
/// Bytes of one row at most: the host holds it, and so does whoever reads it.
const LARGEST_ROW: usize = 64 << 20;
/// How often a query is planned again because a row did not fit: each time one more object is known wholly.
const MAX_PLANS: usize = 20;

/// All that a worker does: `SETTINGS`, as JSON. It talks with the host over the socket at its standard input, and ends
/// with it.
pub fn main(args: impl IntoIterator<Item = String>) -> Answered<()> {
    Confines::default().apply()?;
    Meter::limit(IDLE);
    let fail = |error: &dyn std::fmt::Display| Problem::internal(format!("a worker cannot start: {error}"));
    let settings = args.into_iter().next().ok_or_else(|| fail(&"its settings are missing"))?;
    let settings: Settings = serde_json::from_str(&settings).map_err(|error| fail(&error))?;
    let socket = std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| fail(&error))?;
    let mut from = UnixStream::from(socket);
    let mut to = from.try_clone().map_err(|error| fail(&error))?;
    let (out, frames) = mpsc::channel::<Frame>();
    std::thread::spawn(move || {
        for frame in frames {
            if frame.write_to(&mut to).is_err() {
                // The host is gone; who reads notices too.
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    });
    let link = Link::new(out);
    let engine = Arc::new(Engine::new(settings, link.clone())?);
    let credits = Mutex::new(Arc::new(Semaphore::new(0)));
    while let Some(frame) = Frame::read_from(&mut from).map_err(|error| fail(&error))? {
        match frame.read_header().map_err(|error| fail(&error))? {
            ToWorker::Begin { task, memory, most, spill } => {
                Meter::limit(most);
                engine.begin(memory, spill)?;
                let credit = Arc::new(Semaphore::new(WAITING));
                *credits.lock() = credit.clone();
                let running = Running { engine: engine.clone(), link: link.clone(), credit };
                engine.handle().spawn(running.run(task, frame.body));
            }
            ToWorker::Reply { call, reply } => link.answered(call, reply.map(|reply| (reply, frame.body))),
            ToWorker::Credit => credits.lock().add_permits(1),
        }
    }
    Ok(())
}

/// One task.
struct Running {
    engine: Arc<Engine>,
    link: Arc<Link>,
    credit: Arc<Semaphore>,
}

fn shown(panic: &(dyn std::any::Any + Send)) -> Problem {
    run::gave_up(&[], panic)
}

impl Running {
    async fn run(self, task: Task, body: Bytes) {
        let done = AssertUnwindSafe(self.perform(task, body)).catch_unwind().await;
        let done = match done {
            Ok(done) => done,
            Err(panic) => Err(shown(panic.as_ref()).into()),
        };
        let peak = Meter::peak();
        let said = match done {
            Ok(answer) => FromWorker::Done { answer, peak },
            Err(Failure { problem, widen }) => FromWorker::Failed { problem, widen, peak },
        };
        if let Err(problem) = self.link.send(&said, Bytes::new()) {
            let _ = self.link.send(&FromWorker::Failed { problem, widen: None, peak }, Bytes::new());
        }
    }

    async fn perform(&self, task: Task, body: Bytes) -> Result<Answer, Failure> {
        let (objects, access) = (RemoteObjects(self.link.clone()), RemoteAccess(self.link.clone()));
        match task {
            Task::Run { text, project } => self.query(&objects, &access, &text, project.as_deref()).await,
            Task::Table { found, widen } => {
                let found = Found {
                    asset: found.asset,
                    at: found.at,
                    snapshot: RemoteSnapshot::first(&self.link),
                    entries: found.entries,
                    called: found.called,
                };
                if let Some((hash, format)) = widen {
                    for entry in found.entries.iter().filter(|entry| entry.hash == hash) {
                        self.engine.whole_layout(&tables::text(&self.engine, &found, entry, format)).await?;
                    }
                }
                let rows = match found.entries.as_slice() {
                    [entry] if Format::of_entry(entry) == Some(Format::Parquet) => {
                        tables::parquet_rows(&found.snapshot, entry).await
                    }
                    _ => None,
                };
                let planned =
                    plan::whole(&self.engine, Named { parts: Vec::new(), at: Position { line: 1, column: 1 } }, found)
                        .await?;
                self.started(&planned.schema, rows)?;
                self.rows(&planned, None).await
            }
            Task::Arrange { arrangement } => {
                let schema = wire::read_schema(&body).map_err(|error| Problem::internal(error.to_string()))?;
                let planned = arrange(&self.engine, &self.link, schema, &arrangement).await?;
                self.started(&planned.schema, None)?;
                self.rows(&planned, None).await
            }
            Task::Statistics => {
                let schema = wire::read_schema(&body).map_err(|error| Problem::internal(error.to_string()))?;
                Ok(Answer::Statistics(statistics::measure(&schema, &self.link).await?))
            }
            Task::Explain { text, project } => {
                let planned = plan::plan(&self.engine, &objects, &access, project.as_deref(), &text).await?;
                Ok(Answer::Text(explained(&planned)))
            }
            Task::Describe { address } => Ok(self.describe(&objects, &access, &address.parse()?).await?),
            Task::Complete { text, cursor, project } => {
                let found =
                    complete::complete(&self.engine, &objects, &access, project.as_deref(), &text, cursor).await?;
                Ok(Answer::Suggestions(found))
            }
        }
    }

    /// Nobody has seen a row before types are sure: with the types that fit all of them it starts again.
    async fn query(
        &self,
        objects: &RemoteObjects,
        access: &RemoteAccess,
        text: &str,
        project: Option<&str>,
    ) -> Result<Answer, Failure> {
        for _ in 0..MAX_PLANS {
            let planned = plan::plan(&self.engine, objects, access, project, text).await?;
            if !planned.guessed() {
                self.started(&planned.schema, None)?;
                return self.rows(&planned, None).await;
            }
            let mut stream = run::start(&planned)?;
            match stream.next().await {
                Some(Err(failure)) if failure.misfit.is_some() => {
                    if let Some(file) = failure.misfit {
                        drop(stream);
                        self.engine.whole_layout(&file).await?;
                    }
                }
                first => {
                    self.started(&planned.schema, None)?;
                    return self.rows(&planned, Some((first, stream))).await;
                }
            }
        }
        Err(Problem::limit("too many objects of this query have rows that differ from their first")
            .help("name fewer objects, or convert them to Parquet")
            .at(1, 1)
            .into())
    }

    fn started(&self, schema: &SchemaRef, rows: Option<u64>) -> Result<(), Failure> {
        let body = wire::write_schema(schema).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(self.link.send(&FromWorker::Started { rows }, body)?)
    }

    async fn rows(
        &self,
        planned: &Planned,
        begun: Option<(Option<Result<RecordBatch, run::Failure>>, run::Rows<'_>)>,
    ) -> Result<Answer, Failure> {
        let (mut next, mut stream) = match begun {
            Some((first, stream)) => (first, stream),
            None => {
                let mut stream = run::start(planned)?;
                (stream.next().await, stream)
            }
        };
        while let Some(batch) = next {
            let batch = batch.map_err(|failure| Failure {
                problem: failure.problem,
                widen: failure.misfit.map(|file| (file.entry.hash, file.format)),
            })?;
            self.send(&batch).await?;
            next = stream.next().await;
        }
        Ok(Answer::Rows)
    }

    /// In pieces that the host can hold.
    async fn send(&self, batch: &RecordBatch) -> Result<(), Problem> {
        let mut at = 0;
        while at < batch.num_rows() {
            let mut count = batch.num_rows() - at;
            let mut piece = values::compact(&batch.slice(at, count))?;
            loop {
                let size = values::size(&piece);
                if size <= PIECE || count == 1 {
                    if size > LARGEST_ROW {
                        return Err(Problem::limit(format!(
                            "a row of {} MiB is too large, {} MiB are the most",
                            size >> 20,
                            LARGEST_ROW >> 20
                        ))
                        .help("the rows before it are kept; ask for fewer or shorter columns")
                        .at(1, 1));
                    }
                    break;
                }
                count = (count * PIECE / size).clamp(1, count - 1);
                piece = values::compact(&batch.slice(at, count))?;
            }
            let body = wire::write_batch(&piece).map_err(|error| Problem::internal(error.to_string()))?;
            match self.credit.acquire().await {
                Ok(credit) => credit.forget(),
                Err(_) => return Err(Problem::cancelled("the query was stopped")),
            }
            self.link.send(&FromWorker::Batch, body)?;
            at += count;
        }
        Ok(())
    }

    async fn describe(
        &self,
        objects: &RemoteObjects,
        access: &RemoteAccess,
        address: &Address,
    ) -> Result<Answer, Problem> {
        let placeless = |problem: Problem| Problem { at: None, ..problem };
        let names = Names { objects, access, project: None };
        let found = names.find(&super::super::named(address)?).await.map_err(placeless)?;
        let entry = found.entries.first().ok_or_else(|| Problem::not_found("no object"))?.clone();
        if let Some(format) = Format::of_entry(&entry).filter(|format| format.is_text()) {
            let file = tables::text(&self.engine, &found, &entry, format);
            let (rows, layout) = self.engine.whole_layout(&file).await?;
            return Ok(Answer::Shape { format, columns: values::columns(&layout.schema()), rows });
        }
        let opened = tables::open(&self.engine, found).await?;
        let (format, columns) = (opened.format, values::columns(&opened.table.schema()));
        let address = opened.addresses.first().cloned().unwrap_or_default();
        let state = self.engine.session("kamld", Vec::new(), tables::store_of(&opened));
        let count = async {
            let context = datafusion::prelude::SessionContext::new_with_state(state?);
            context.read_table(opened.table.clone())?.count().await
        };
        let rows =
            count.await.map_err(|error| inner(&error).unwrap_or_else(|| tables::unsound(format, &address, &error)))?;
        Ok(Answer::Shape { format, columns, rows: rows as u64 })
    }
}

fn explained(planned: &Planned) -> String {
    let Work::Plan { physical, .. } = &planned.work else {
        return "the columns of one table\n".into();
    };
    let mut told = datafusion::physical_plan::displayable(physical.as_ref()).indent(false).to_string();
    for (_, opened) in &planned.tables {
        for ((_, entry), address) in opened.stored.iter().zip(&opened.addresses) {
            told = told.replace(&entry.hash.to_hex(), address);
        }
    }
    told
}
