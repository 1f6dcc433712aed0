//! A query that runs: its rows come through a short channel, and dropping it stops it.
//!
//! Must not live here: what the rows mean. Invariants: a panic of the engine or of a file format ends one query, with
//! an error; the clock of the time limit stands while rows wait to be taken.

use super::{
    engine::Engine,
    loops,
    plan::{Planned, Work},
    stop::{Seen, Stop},
    text::TextFile,
    values, wrong,
};
use arrow::{array::RecordBatch, datatypes::SchemaRef};
use datafusion::physical_plan::execute_stream;
use futures::{FutureExt, StreamExt};
use kamld_types::Problem;
use parking_lot::Mutex;
use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::AbortHandle};

/// Batches that wait between the engine and whoever takes rows: enough to keep both busy.
const WAITING: usize = 2;

/// Ends a task when it is dropped.
pub(crate) struct OnDrop(pub AbortHandle);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why it ended, and the object whose types were guessed too narrow, if that is why.
struct Failure {
    problem: Problem,
    misfit: Option<TextFile>,
}

/// A planned query whose rows are being made. Dropped, it is cancelled: reads and work stop.
pub struct RunningQuery {
    id: String,
    schema: SchemaRef,
    rows: mpsc::Receiver<Result<RecordBatch, Failure>>,
    /// Rows that were made and not taken.
    pending: Option<RecordBatch>,
    failed: Option<Problem>,
    misfit: Option<TextFile>,
    done: bool,
    taken: bool,
    clock: Arc<Clock>,
    stop: Stop,
    _task: OnDrop,
}

/// How long a query has worked. Whoever waits for rows reads it too: the engine's own threads may all be busy with a
/// step that does not let go of them.
struct Clock {
    limit: Duration,
    /// Worked before, and since when it works now.
    worked: Mutex<(Duration, Option<Instant>)>,
}

impl Clock {
    fn start(&self) -> Duration {
        let mut worked = self.worked.lock();
        worked.1 = Some(Instant::now());
        self.limit.saturating_sub(worked.0)
    }

    fn stop(&self) {
        let mut worked = self.worked.lock();
        if let Some(since) = worked.1.take() {
            worked.0 += since.elapsed();
        }
    }

    fn left(&self) -> Duration {
        let worked = self.worked.lock();
        self.limit.saturating_sub(worked.0 + worked.1.map_or(Duration::ZERO, |since| since.elapsed()))
    }
}

impl RunningQuery {
    pub(crate) fn start(engine: &Arc<Engine>, planned: Planned) -> Result<Self, Problem> {
        let (send, rows) = mpsc::channel(WAITING);
        let schema = planned.schema.clone();
        let clock =
            Arc::new(Clock { limit: engine.config.time, worked: Mutex::new((Duration::ZERO, Some(Instant::now()))) });
        let running = clock.clone();
        let stop = Stop::default();
        let seen = stop.seen();
        let task = engine.handle()?.spawn(async move {
            let failed = AssertUnwindSafe(drive(&planned, &send, &running, &seen)).catch_unwind().await;
            let failure = match failed {
                Ok(Ok(())) => return,
                Ok(Err(failure)) => failure,
                Err(panic) => Failure { problem: panicked(&planned, panic.as_ref()), misfit: None },
            };
            // Nobody listens any more when this fails.
            let _ = send.send(Err(failure)).await;
        });
        let _task = OnDrop(task.abort_handle());
        let id = uuid::Uuid::new_v4().simple().to_string();
        Ok(Self {
            id,
            schema,
            rows,
            pending: None,
            failed: None,
            misfit: None,
            done: false,
            taken: false,
            clock,
            stop,
            _task,
        })
    }

    /// Hard to guess; the id of its result when it is handed over.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    pub fn columns(&self) -> Vec<crate::Column> {
        values::columns(&self.schema)
    }

    /// Whether rows were taken already.
    pub fn begun(&self) -> bool {
        self.taken
    }

    /// Waits for the first rows or the first error. Answers the object whose types did not fit, when that is all that
    /// went wrong: the query can be planned again.
    pub(crate) async fn first(&mut self) -> Option<TextFile> {
        match self.receive().await {
            Some(Ok(batch)) => self.pending = Some(batch),
            Some(Err(failure)) => {
                self.failed = Some(failure.problem);
                self.misfit = failure.misfit.clone();
                return failure.misfit;
            }
            None => self.done = true,
        }
        None
    }

    /// The object whose types did not fit, after an error that was due to it.
    pub(crate) fn misfit(&self) -> Option<TextFile> {
        self.misfit.clone()
    }

    async fn receive(&mut self) -> Option<Result<RecordBatch, Failure>> {
        loop {
            // The engine has a moment to say so itself.
            let left = self.clock.left() + Duration::from_millis(100);
            match tokio::time::timeout(left, self.rows.recv()).await {
                Ok(row) => return row,
                Err(_) if self.clock.left().is_zero() => {
                    self.stop.now();
                    self._task.0.abort();
                    return Some(Err(Failure { problem: too_long(self.clock.limit), misfit: None }));
                }
                Err(_) => {}
            }
        }
    }

    /// The next batch as the engine made it; none when all were seen.
    pub async fn batch(&mut self) -> Result<Option<RecordBatch>, Problem> {
        self.taken = true;
        if let Some(batch) = self.pending.take() {
            return Ok(Some(batch));
        }
        if let Some(problem) = &self.failed {
            return Err(problem.clone());
        }
        if self.done {
            return Ok(None);
        }
        loop {
            match self.receive().await {
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => return Ok(Some(batch)),
                Some(Err(failure)) => {
                    self.failed = Some(failure.problem.clone());
                    self.misfit = failure.misfit;
                    return Err(failure.problem);
                }
                None => {
                    self.done = true;
                    return Ok(None);
                }
            }
        }
    }

    /// At most `limit` rows; no batch when all were seen.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<RecordBatch>, Problem> {
        let mut batches = Vec::new();
        let mut wanted = limit;
        while wanted > 0 {
            // Rows that were taken are not lost to an error behind them: it comes with the next call.
            let batch = match self.batch().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(problem) if batches.is_empty() => return Err(problem),
                Err(_) => break,
            };
            if batch.num_rows() > wanted {
                self.pending = Some(batch.slice(wanted, batch.num_rows() - wanted));
                batches.push(batch.slice(0, wanted));
                break;
            }
            wanted -= batch.num_rows();
            if batch.num_rows() > 0 {
                batches.push(batch);
            }
        }
        Ok(batches)
    }

    /// At most `limit` rows, one JSON array each; none when all were seen.
    pub async fn next_json(&mut self, limit: usize) -> Result<Vec<String>, Problem> {
        let mut rows = Vec::new();
        for batch in self.next(limit).await? {
            rows.extend(values::json_rows(&batch)?);
        }
        Ok(rows)
    }
}

async fn drive(
    planned: &Planned,
    send: &mpsc::Sender<Result<RecordBatch, Failure>>,
    clock: &Clock,
    stop: &Seen,
) -> Result<(), Failure> {
    let (physical, state) = match &planned.work {
        Work::Known(batch) => {
            let _ = send.send(Ok(batch.clone())).await;
            return Ok(());
        }
        Work::Plan { physical, state } => (physical, state),
    };
    let fail = |error: datafusion::error::DataFusionError| Failure {
        misfit: wrong::misfit(&error).map(|misfit| misfit.file.clone()),
        problem: planned.explain(&error),
    };
    let physical = loops::keep(physical.clone(), stop).map_err(fail)?;
    let mut stream = execute_stream(physical, state.task_ctx()).map_err(fail)?;
    loop {
        let next = tokio::time::timeout(clock.start(), stream.next()).await;
        clock.stop();
        match next {
            Err(_) => return Err(Failure { problem: too_long(clock.limit), misfit: None }),
            Ok(None) => return Ok(()),
            Ok(Some(Err(error))) => return Err(fail(error)),
            Ok(Some(Ok(batch))) => {
                if send.send(Ok(batch)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

pub(crate) fn too_long(limit: Duration) -> Problem {
    Problem::limit(format!("the query was stopped: it worked longer than {} seconds", limit.as_secs_f32()))
        .help("filter or sample it, or raise the time limit of SQL in the configuration")
        .at(1, 1)
}

fn panicked(planned: &Planned, panic: &(dyn std::any::Any + Send)) -> Problem {
    let objects: Vec<String> =
        planned.tables.iter().flat_map(|(_, opened)| &opened.addresses).take(3).cloned().collect();
    let at = planned.tables.first().map_or_else(|| planned.source.position_of_written(0), |(named, _)| named.at);
    gave_up(&objects, panic).at(at.line, at.column)
}

/// A panic of the engine or of a file format, in words.
pub(crate) fn gave_up(objects: &[String], panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = text, "a query panicked");
    if objects.is_empty() {
        Problem::internal(format!("the engine gave up on this query: {text}"))
    } else {
        Problem::invalid(format!("the engine gave up while reading {}: {text}", objects.join(", ")))
            .help("an object may not be sound: kamld show tells what it is")
    }
}
