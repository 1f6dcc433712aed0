//! A query that runs in a worker: its rows come through a short channel, and dropping it kills the worker.
//!
//! Must not live here: what the rows mean. Invariant: rows that were made are not lost to an error behind them.

use super::{
    values,
    worker::{Failure, Widen},
};
use arrow::{array::RecordBatch, datatypes::SchemaRef};
use kamld_types::Problem;
use std::time::Duration;
use tokio::{sync::mpsc, task::AbortHandle};

/// Batches that wait between the worker and whoever takes rows: enough to keep both busy.
pub(crate) const WAITING: usize = 4;

/// Ends a task when it is dropped.
pub(crate) struct OnDrop(pub AbortHandle);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A query whose rows are being made. Dropped, it is cancelled: reads and work stop.
pub struct RunningQuery {
    id: String,
    schema: SchemaRef,
    /// How many rows there will be, when the objects themselves say so.
    expected: Option<u64>,
    rows: mpsc::Receiver<Result<RecordBatch, Failure>>,
    /// Told of each batch that was taken: the worker may make one more.
    credit: mpsc::UnboundedSender<()>,
    /// Rows that were made and not taken.
    pending: Option<RecordBatch>,
    failed: Option<Failure>,
    done: bool,
    taken: bool,
    _task: OnDrop,
}

impl RunningQuery {
    pub(crate) fn new(
        schema: SchemaRef,
        expected: Option<u64>,
        rows: mpsc::Receiver<Result<RecordBatch, Failure>>,
        credit: mpsc::UnboundedSender<()>,
        task: OnDrop,
    ) -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let (pending, failed, done, taken) = Default::default();
        Self { id, schema, expected, rows, credit, pending, failed, done, taken, _task: task }
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

    pub(crate) fn expected(&self) -> Option<u64> {
        self.expected
    }

    /// The object whose types did not fit, after an error that was due to it.
    pub(crate) fn widen(&self) -> Option<Widen> {
        self.failed.as_ref().and_then(|failure| failure.widen)
    }

    /// The next batch as the engine made it; none when all were seen.
    pub async fn batch(&mut self) -> Result<Option<RecordBatch>, Problem> {
        self.taken = true;
        if let Some(batch) = self.pending.take() {
            return Ok(Some(batch));
        }
        if let Some(failure) = &self.failed {
            return Err(failure.problem.clone());
        }
        if self.done {
            return Ok(None);
        }
        match self.rows.recv().await {
            Some(Ok(batch)) => {
                // When nobody takes it the query is over.
                let _ = self.credit.send(());
                Ok(Some(batch))
            }
            Some(Err(failure)) => {
                let problem = failure.problem.clone();
                self.failed = Some(failure);
                Err(problem)
            }
            None => {
                self.done = true;
                Ok(None)
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

pub(crate) fn too_long(limit: Duration) -> Problem {
    Problem::limit(format!("the query was stopped: it worked longer than {} seconds", limit.as_secs_f32()))
        .help("filter or sample it, or raise the time limit of SQL in the configuration")
        .at(1, 1)
}
