//! The host's end of a task: it hands it over, answers what the worker asks, and passes rows on.
//!
//! Must not live here: what a task does. Invariants: an object is read for a worker only after whoever asked was admitted
//! to it; the clock of the time limit stands while rows wait to be taken; a task that is dropped takes its worker along.

use super::{
    super::{
        objects::{Access, Objects, Snapshot},
        query::{OnDrop, RunningQuery, WAITING, too_long},
    },
    pool::{Lease, Workers},
    wire::{self, Answer, Ask, FromWorker, Reply, Task, ToWorker},
};
use crate::sql::{Format, kept::Reader};
use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use bytes::Bytes;
use kamld_types::{AssetId, Hash, ObjectPath, Problem};
use kamld_worker::{Ending, Frame};
use parking_lot::Mutex;
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// A text whose types have to be found from all of its rows.
pub(crate) type Widen = (Hash, Format);

/// Why rows ended, and the object whose types were guessed too narrow, if that is why.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub problem: Problem,
    pub widen: Option<Widen>,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem, widen: None }
    }
}

type Lookup = (Arc<dyn Objects>, Arc<dyn Access>);

/// What a worker may ask for in one task.
pub(crate) struct Served {
    /// None: it needs to look nothing up.
    lookup: Option<Lookup>,
    snapshots: Mutex<Vec<(AssetId, Arc<dyn Snapshot>)>>,
    admitted: Mutex<HashSet<(AssetId, String)>>,
    /// Rows that the worker is handed; when the first reader is done the next one begins.
    rows: tokio::sync::Mutex<VecDeque<Reader>>,
    /// The schema of `rows`.
    schema: Option<SchemaRef>,
}

impl Served {
    /// On behalf of somebody.
    pub(crate) fn new(objects: Arc<dyn Objects>, access: Arc<dyn Access>) -> Self {
        Self { lookup: Some((objects, access)), ..Self::nothing() }
    }

    /// For tasks that come with all that they need.
    pub(crate) fn nothing() -> Self {
        let (snapshots, admitted, rows) = Default::default();
        Self { lookup: None, snapshots, admitted, rows, schema: None }
    }

    fn lookup(&self) -> Result<&Lookup, Problem> {
        self.lookup.as_ref().ok_or_else(|| Problem::denied("this task looks nothing up"))
    }

    /// Objects that were admitted already, and the snapshot they are of.
    pub(crate) fn found(self, snapshot: Arc<dyn Snapshot>, found: &wire::Found) -> Self {
        self.snapshots.lock().push((found.asset.clone(), snapshot));
        let paths = found.entries.iter().map(|entry| (found.asset.clone(), entry.path.to_string()));
        self.admitted.lock().extend(paths);
        self
    }

    /// Rows of the host, as often as there are readers.
    pub(crate) fn rows(mut self, readers: impl IntoIterator<Item = Reader>, schema: SchemaRef) -> Self {
        self.rows = tokio::sync::Mutex::new(readers.into_iter().collect());
        self.schema = Some(schema);
        self
    }

    fn snapshot(&self, number: usize) -> Result<(AssetId, Arc<dyn Snapshot>), Problem> {
        self.snapshots.lock().get(number).cloned().ok_or_else(|| Problem::internal("there is no such snapshot"))
    }

    async fn answer(&self, workers: &Workers, ask: Ask) -> Result<(Reply, Bytes), Problem> {
        let fault = |error: arrow::error::ArrowError| Problem::internal(error.to_string());
        let reply = match ask {
            Ask::Snapshot { asset, at } => {
                let found = self.lookup()?.0.snapshot(&asset, at.as_ref()).await?;
                let token = found.token();
                let mut snapshots = self.snapshots.lock();
                snapshots.push((asset, found));
                Reply::Snapshot { snapshot: snapshots.len() - 1, token }
            }
            Ask::Projects => Reply::Names(self.lookup()?.0.projects().await?),
            Ask::Assets { project } => Reply::Names(self.lookup()?.0.assets(&project).await?),
            Ask::Refs { asset } => Reply::Names(self.lookup()?.0.refs(&asset).await?),
            Ask::Stat { snapshot, path } => {
                Reply::Entry(self.snapshot(snapshot)?.1.stat(&ObjectPath::new(path)?).await?)
            }
            Ask::List { snapshot, prefix, after, limit } => {
                Reply::Entries(self.snapshot(snapshot)?.1.list(&prefix, after.as_deref(), limit).await?)
            }
            Ask::Read { snapshot, path, start, end } => {
                let (asset, snapshot) = self.snapshot(snapshot)?;
                if !self.admitted.lock().contains(&(asset, path.clone())) {
                    return Err(Problem::denied("the object was not admitted"));
                }
                return Ok((Reply::Bytes, snapshot.read(&ObjectPath::new(path)?, start..end).await?));
            }
            Ask::MayRead { asset, path } => {
                self.lookup()?.1.may_read(&asset, &path)?;
                self.admitted.lock().insert((asset, path));
                Reply::Allowed
            }
            Ask::MayReadAll { asset, pattern, paths } => {
                self.lookup()?.1.may_read_all(&asset, &pattern, &paths)?;
                self.admitted.lock().extend(paths.into_iter().map(|path| (asset.clone(), path)));
                Reply::Allowed
            }
            Ask::Visible { resources } => Reply::Visible(self.lookup()?.1.visible(&resources)),
            Ask::Layout { hash, format } => {
                let known = workers.layouts.get(hash, format);
                let known = known.map(|layout| wire::write_layout(&layout)).transpose().map_err(fault)?;
                return Ok((Reply::Layout, known.unwrap_or_default()));
            }
            Ask::Rows => {
                let mut rows = self.rows.lock().await;
                let reader =
                    rows.front_mut().ok_or_else(|| Problem::internal("there are no more rows for this task"))?;
                let batch = reader.batch().await?;
                if batch.is_none() {
                    rows.pop_front();
                }
                let batch = batch.map(|batch| wire::write_batch(&batch)).transpose().map_err(fault)?;
                return Ok((Reply::Rows, batch.unwrap_or_default()));
            }
        };
        Ok((reply, Bytes::new()))
    }
}

/// Where rows go.
struct Sink {
    started: Option<oneshot::Sender<(SchemaRef, Option<u64>)>>,
    rows: mpsc::Sender<Result<RecordBatch, Failure>>,
    taken: mpsc::UnboundedReceiver<()>,
}

/// How long a task has worked.
struct Clock {
    limit: Duration,
    worked: Duration,
    since: Option<Instant>,
}

impl Clock {
    fn left(&self) -> Duration {
        let running = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.limit.saturating_sub(self.worked + running)
    }

    fn start(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    fn stop(&mut self) {
        self.worked += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }
}

/// Does a task that has one answer.
pub(crate) async fn one(workers: &Arc<Workers>, task: Task, served: Served) -> Result<Answer, Problem> {
    let mine = workers.clone();
    let task = workers.handle()?.spawn(async move { work(&mine, task, served, None).await });
    let _stop = OnDrop(task.abort_handle());
    match task.await {
        Ok(answer) => answer.map_err(|failure| failure.problem),
        Err(error) => Err(Problem::internal(format!("a query was lost: {error}"))),
    }
}

/// Begins a task that has rows, and waits until it is known what their columns are.
pub(crate) async fn begin(workers: &Arc<Workers>, task: Task, served: Served) -> Result<RunningQuery, Failure> {
    let (started, start) = oneshot::channel();
    let (rows, receiver) = mpsc::channel(WAITING + 1);
    let (credit, taken) = mpsc::unbounded_channel();
    let mine = workers.clone();
    let failed = rows.clone();
    let sink = Sink { started: Some(started), rows, taken };
    let task = workers.handle()?.spawn(async move {
        if let Err(failure) = work(&mine, task, served, Some(sink)).await {
            // Nobody listens any more when this fails.
            let _ = failed.send(Err(failure)).await;
        }
    });
    let task = OnDrop(task.abort_handle());
    let mut receiver = receiver;
    match start.await {
        Ok((schema, expected)) => Ok(RunningQuery::new(schema, expected, receiver, credit, task)),
        // It ended before it had columns.
        Err(_) => match receiver.recv().await {
            Some(Err(failure)) => Err(failure),
            _ => Err(Problem::internal("a query ended without a word").into()),
        },
    }
}

async fn work(workers: &Arc<Workers>, task: Task, served: Served, mut sink: Option<Sink>) -> Result<Answer, Failure> {
    let served = Arc::new(served);
    let mut lease = workers.lease().await?;
    let mut clock = Clock { limit: workers.config.time, worked: Duration::ZERO, since: None };
    let said = talk(workers, &mut lease, task, &served, &mut sink, &mut clock).await;
    match said {
        Said::Done(answer, peak) => {
            lease.done(peak);
            Ok(answer)
        }
        Said::Failed(failure, peak) => {
            lease.done(peak);
            Err(failure)
        }
        Said::OutOfTime => Err(too_long(clock.limit).into()),
        Said::Nobody => Err(Problem::cancelled("the query was stopped").into()),
        Said::Lost => {
            let most = lease.most();
            Err(in_words(lease.lost().await, most).into())
        }
        Said::Wrong(problem) => Err(problem.into()),
    }
}

enum Said {
    Done(Answer, u64),
    Failed(Failure, u64),
    OutOfTime,
    /// Nobody waits for the rows.
    Nobody,
    /// The worker ended.
    Lost,
    /// What it said cannot be understood, or it could not be told.
    Wrong(Problem),
}

async fn talk(
    workers: &Arc<Workers>,
    lease: &mut Lease,
    task: Task,
    served: &Arc<Served>,
    sink: &mut Option<Sink>,
    clock: &mut Clock,
) -> Said {
    let wrong =
        |error: &dyn std::fmt::Display| Said::Wrong(Problem::internal(format!("a worker was not understood: {error}")));
    let begin = ToWorker::Begin { task, memory: lease.memory, most: lease.most(), spill: lease.spill };
    let body = match served.schema.as_ref().map(wire::write_schema).transpose() {
        Ok(schema) => schema.unwrap_or_default(),
        Err(error) => return wrong(&error),
    };
    let process = match lease.process() {
        Ok(process) => process,
        Err(problem) => return Said::Wrong(problem),
    };
    let mut frame = match Frame::new(&begin, body) {
        Ok(frame) => Some(frame),
        Err(error) => return wrong(&error),
    };
    // Side by side, on any thread; given up with the task.
    let mut replies = JoinSet::new();
    let mut credits = WAITING;
    clock.start();
    loop {
        if let Some(frame) = frame.take() {
            // While this waits the worker goes on reading, so it never waits for ever.
            if frame.send(&mut process.write).await.is_err() {
                return Said::Lost;
            }
        }
        let taken = async {
            match sink {
                Some(sink) => sink.taken.recv().await,
                None => std::future::pending().await,
            }
        };
        let said = tokio::select! {
            said = process.frames.next() => match said {
                Ok(Some(said)) => said,
                _ => return Said::Lost,
            },
            Some(reply) = replies.join_next() => {
                let (call, reply): (u64, Result<(Reply, Bytes), Problem>) = match reply {
                    Ok(reply) => reply,
                    Err(error) => return wrong(&error),
                };
                let (reply, body) = match reply {
                    Ok((reply, body)) => (Ok(reply), body),
                    Err(problem) => (Err(problem), Bytes::new()),
                };
                frame = match Frame::new(&ToWorker::Reply { call, reply }, body) {
                    Ok(frame) => Some(frame),
                    Err(error) => return wrong(&error),
                };
                continue;
            }
            taken = taken => {
                if taken.is_none() {
                    return Said::Nobody;
                }
                credits += 1;
                clock.start();
                frame = match Frame::new(&ToWorker::Credit, Bytes::new()) {
                    Ok(frame) => Some(frame),
                    Err(error) => return wrong(&error),
                };
                continue;
            }
            () = tokio::time::sleep(clock.left()), if clock.since.is_some() => return Said::OutOfTime,
        };
        let header: FromWorker = match said.read_header() {
            Ok(header) => header,
            Err(error) => return wrong(&error),
        };
        match (header, &mut *sink) {
            (FromWorker::Call { call, ask }, _) => {
                let (served, workers) = (served.clone(), workers.clone());
                replies.spawn(async move { (call, served.answer(&workers, ask).await) });
            }
            (FromWorker::Layout { hash, format }, _) => match wire::read_layout(format, &said.body) {
                Ok(layout) => workers.layouts.put(hash, layout),
                Err(error) => return wrong(&error),
            },
            (FromWorker::Started { rows }, Some(sink)) => match (wire::read_schema(&said.body), sink.started.take()) {
                (Ok(schema), Some(started)) => {
                    let _ = started.send((schema, rows));
                }
                (Err(error), _) => return wrong(&error),
                (_, None) => return wrong(&"rows began twice"),
            },
            (FromWorker::Batch, Some(sink)) => {
                let batch = match wire::read_batch(said.body) {
                    Ok(batch) => batch,
                    Err(error) => return wrong(&error),
                };
                credits = credits.saturating_sub(1);
                if credits == 0 {
                    clock.stop();
                }
                // There is room: the worker sends no more than it has credit for.
                if sink.rows.send(Ok(batch)).await.is_err() {
                    return Said::Nobody;
                }
            }
            (FromWorker::Done { answer, peak }, _) => return Said::Done(answer, peak),
            (FromWorker::Failed { problem, widen, peak }, _) => return Said::Failed(Failure { problem, widen }, peak),
            (FromWorker::Started { .. } | FromWorker::Batch, None) => {
                return wrong(&"it sent rows that nobody asked for");
            }
        }
    }
}

/// Why a worker ended before its task did.
fn in_words(ending: Ending, most: u64) -> Problem {
    let problem = match ending {
        Ending::OutOfMemory => {
            Problem::limit(format!("this needs more memory than a query may have, {} MiB now", most >> 20))
                .help("filter it, ask for fewer columns, or build it up in steps; an admin can raise sql.memory_mib")
        }
        Ending::TooDeep => Problem::invalid("the query is nested too deeply").help("name its parts with 'with'"),
        Ending::Killed => Problem::limit("the query was killed, most likely because the machine has no memory left")
            .help("run it again when less is going on, or lower sql.memory_mib so that it goes to disk earlier"),
        Ending::OutOfTime => Problem::limit("the query used more processor time than it may"),
        Ending::Done => Problem::internal("the engine stopped before the query was done").help("run it again"),
        Ending::Signal(signal) => Problem::internal(format!("the engine died of signal {signal}"))
            .help("nothing else was touched by it; run it again, and tell its makers if it happens again"),
        Ending::Failed(said) => Problem::internal(format!("the engine stopped: {said}")),
    };
    problem.at(1, 1)
}
