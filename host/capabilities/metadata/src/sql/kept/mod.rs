//! Results and tables that are looked at a window at a time: drawn once, kept for a while, read again and again.
//!
//! In reading order: `room` (how much all may take), `rows` (pieces in memory and on disk), `draw` (the task that
//! fills them), `cells` (rows as the page takes them), `shelf` (whose they are and how long).
//!
//! Must not live here: who may read an object; who asks has been admitted. Invariants: a query runs once however often
//! its rows are asked for; rows are drawn a bounded way ahead of who looks at them; whoever asks for rows that an error
//! kept from being drawn is told the error.

pub(crate) mod cells;
mod draw;
mod room;
mod rows;
mod shelf;

pub(crate) use draw::Again;
pub(crate) use room::Room;
pub(crate) use rows::Reader;
pub(crate) use shelf::{Content, Shelf};

use super::{
    arrange::Arrangement,
    query::{OnDrop, RunningQuery},
    statistics::{self, Statistics},
    values,
    worker::{self, Answer, Served, Task, Workers},
};
use kamld_types::{Kind, Problem};
use parking_lot::Mutex;
use rows::{Drawn, Rows};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::OnceCell;

/// The most rows of one window.
pub const MAX_WINDOW: u64 = 200;
/// Bytes of rows in one answer; rows beyond are left to the next window. One row is always answered.
const MAX_ANSWER: usize = 8 << 20;
/// Sorted and filtered forms of one result that are kept beside it.
const MAX_DERIVED: usize = 8;

/// How often a window is read that was drawn anew meanwhile.
const MAX_TRIES: usize = 3;

/// A part of the rows of a result or a table.
#[derive(Clone, Debug)]
pub struct Window {
    pub columns: Vec<crate::Column>,
    /// One JSON array each. Integers beyond 2^53 and decimals are texts, since readers in JavaScript would round them.
    pub rows: Vec<String>,
    pub start: u64,
    /// How many rows there are as far as it is known.
    pub total: u64,
    /// Whether `total` is the last word and all asked rows that exist are here.
    pub complete: bool,
    /// Bytes that were read for it.
    pub bytes: u64,
    /// Why the rows behind these cannot be had, when some of those that were asked for cannot.
    pub problem: Option<Problem>,
    pub statistics: Option<Arc<Statistics>>,
    /// Names the content, so that the same name always means the same rows; only when `complete`.
    pub tag: Option<String>,
}

/// What is asked of a result or a table.
#[derive(Clone, Debug, Default)]
pub struct WindowQuery {
    pub start: u64,
    /// At most [`MAX_WINDOW`].
    pub count: u64,
    pub arrangement: Arrangement,
    pub statistics: bool,
    /// How long to wait for rows that are not drawn yet.
    pub wait: Duration,
}

/// How many rows there will be, before all of them are drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub rows: u64,
    /// The object itself says so; else somebody found it out, who may have been wrong.
    pub sure: bool,
}

/// Rows of one query, drawn as they are asked for.
pub(crate) struct Kept {
    /// Names the rows: the id of a result, or what a table is made of.
    name: String,
    workers: Arc<Workers>,
    room: Arc<Room>,
    rows: Arc<Rows>,
    derived: Mutex<HashMap<Arrangement, Arc<OnceCell<Arc<Kept>>>>>,
    /// With how many rows it was made of.
    statistics: Mutex<Option<(u64, Arc<Statistics>)>>,
    /// Known before all rows are drawn.
    expected: OnceLock<Expected>,
    drawing: OnDrop,
}

impl Kept {
    /// Begins to draw.
    pub(crate) fn start(
        name: String,
        workers: &Arc<Workers>,
        room: &Arc<Room>,
        query: RunningQuery,
        again: Option<Again>,
    ) -> Result<Arc<Self>, Problem> {
        let rows = Arc::new(Rows::new(room.clone(), query.schema()));
        let expected = query.expected();
        let task = workers.handle()?.spawn(draw::draw(query, rows.clone(), again));
        Ok(Arc::new(Self {
            name,
            workers: workers.clone(),
            room: room.clone(),
            rows,
            derived: Mutex::default(),
            statistics: Mutex::default(),
            expected: expected.map_or_else(OnceLock::new, |rows| OnceLock::from(Expected { rows, sure: true })),
            drawing: OnDrop(task.abort_handle()),
        }))
    }

    /// Tells how many rows there will be.
    pub(crate) fn expect(&self, expected: Expected) {
        self.expected.get_or_init(|| expected);
    }

    /// Whether it would help to know how many rows there will be.
    pub(crate) fn wonders(&self) -> bool {
        self.expected.get().is_none() && self.rows.drawn().end.is_none()
    }

    /// All rows from the first on.
    pub(crate) fn reader(&self) -> Reader {
        self.rows.reader()
    }

    pub(crate) fn drawn(&self) -> Drawn {
        self.rows.drawn()
    }

    /// Stops drawing, and what was made from it; whoever waits is told why.
    pub(crate) fn stop(&self, why: &Problem) {
        self.drawing.0.abort();
        self.rows.end(Err(why.clone()));
        for derived in std::mem::take(&mut *self.derived.lock()).into_values() {
            if let Some(derived) = derived.get() {
                derived.stop(why);
            }
        }
    }

    /// Whether not all of its rows are drawn.
    pub(crate) fn holds_worker(&self) -> bool {
        self.rows.drawn().end.is_none()
    }

    /// How long neither it nor anything made from it was asked for.
    pub(crate) fn idle(&self) -> Duration {
        let derived = self.derived.lock();
        let derived = derived.values().filter_map(|derived| derived.get()).map(|derived| derived.rows.idle());
        derived.fold(self.rows.idle(), Duration::min)
    }

    pub(crate) async fn window(self: &Arc<Self>, asked: &WindowQuery) -> Result<Window, Problem> {
        if asked.arrangement.is_plain() {
            return self.plain_window(asked).await;
        }
        // A reading of the base keeps it from expiring.
        self.rows.want(0);
        let derived = self.arranged(&asked.arrangement).await?;
        if asked.arrangement.keeps_all() {
            derived.rows.wait(asked.start.saturating_add(asked.count.min(MAX_WINDOW)), asked.wait).await;
            if let Drawn { end: Some(Ok(())), rows, .. } = self.drawn() {
                // Other rows than these there are not, however many of them are in their new order yet.
                derived.expect(Expected { rows, sure: true });
            }
        }
        derived.plain_window(asked).await
    }

    /// Sorted and filtered, made once.
    pub(crate) async fn arranged(self: &Arc<Self>, arrangement: &Arrangement) -> Result<Arc<Kept>, Problem> {
        if arrangement.is_plain() {
            return Ok(self.clone());
        }
        let cell = {
            let mut derived = self.derived.lock();
            if derived.len() >= MAX_DERIVED && !derived.contains_key(arrangement) {
                let idle = |kept: &Arc<OnceCell<Arc<Kept>>>| kept.get().map(|kept| kept.rows.idle());
                let oldest = derived
                    .iter()
                    .filter_map(|(key, kept)| Some((idle(kept)?, key.clone())))
                    .max_by_key(|(idle, _)| *idle);
                if let Some(oldest) = oldest.and_then(|(_, key)| derived.remove(&key))
                    && let Some(kept) = oldest.get()
                {
                    kept.stop(&Problem::unavailable("these rows made way for others").help("ask for them again"));
                }
            }
            derived.entry(arrangement.clone()).or_default().clone()
        };
        let made = cell
            .get_or_try_init(|| async {
                let query = self.arrange(arrangement).await?;
                Kept::start(format!("{}{arrangement}", self.name), &self.workers, &self.room, query, None)
            })
            .await?;
        // Made from rows that were drawn anew since, or when there was no room: made anew too, for whoever asks next.
        let drawn = made.drawn();
        let again =
            |problem: &Problem| problem.kind == Kind::Conflict || (problem.kind != Kind::Invalid && drawn.rows == 0);
        if matches!(&drawn.end, Some(Err(problem)) if again(problem)) {
            self.derived.lock().remove(arrangement);
        }
        Ok(made.clone())
    }

    async fn arrange(&self, arrangement: &Arrangement) -> Result<RunningQuery, Problem> {
        let served = Served::nothing().rows([self.rows.reader()], self.drawn().schema);
        let task = Task::Arrange { arrangement: arrangement.clone() };
        worker::begin(&self.workers, task, served).await.map_err(|failure| failure.problem)
    }

    async fn plain_window(self: &Arc<Self>, asked: &WindowQuery) -> Result<Window, Problem> {
        let count = asked.count.min(MAX_WINDOW);
        let until = asked.start.saturating_add(count);
        let mut tries = 0;
        let (before, batches, bytes) = loop {
            self.rows.wait(until, asked.wait).await;
            let before = self.rows.drawn();
            let (batches, bytes) = self.rows.read(asked.start..until).await?;
            if self.rows.drawn().edition == before.edition {
                break (before, batches, bytes);
            }
            tries += 1;
            if tries == MAX_TRIES {
                return Err(Problem::unavailable("the rows are being drawn anew, with other types").help("ask again"));
            }
        };
        // With rows of this window there is an answer; who asks for those behind them is told.
        let problem = match &before.end {
            Some(Err(problem)) if before.rows < until => Some(problem.clone()),
            _ => None,
        };
        if batches.is_empty()
            && count > 0
            && let Some(problem) = problem
        {
            return Err(problem);
        }
        let mut rows = Vec::new();
        let mut left = MAX_ANSWER;
        let mut cut = false;
        'all: for batch in &batches {
            for row in cells::rows(batch)? {
                if row.len() > left && !rows.is_empty() {
                    cut = true;
                    break 'all;
                }
                left = left.saturating_sub(row.len());
                rows.push(row);
            }
        }
        let ended = matches!(before.end, Some(Ok(())));
        let expected = self.expected.get().copied().filter(|_| before.end.is_none());
        let total = expected.map_or(before.rows, |expected| expected.rows.max(before.rows));
        let all_here = !cut && rows.len() as u64 == count.min(total.saturating_sub(asked.start));
        let complete = all_here && (ended || expected.is_some_and(|expected| expected.sure));
        let statistics = match asked.statistics {
            true => Some(self.statistics().await?),
            false => None,
        };
        let tag = complete.then(|| format!("{}.{}.{}-{count}.{total}", self.name, before.edition, asked.start));
        let tag = match &statistics {
            Some(statistics) => tag.map(|tag| format!("{tag}.s{}", statistics.rows)),
            None => tag,
        };
        Ok(Window {
            columns: values::columns(&before.schema),
            rows,
            start: asked.start,
            total,
            complete,
            bytes,
            problem,
            statistics,
            tag,
        })
    }

    /// Over the rows drawn so far; made anew only when there are many more of them.
    async fn statistics(&self) -> Result<Arc<Statistics>, Problem> {
        let drawn = self.rows.drawn();
        if let Some((of, known)) = &*self.statistics.lock()
            && (*of == drawn.rows.min(statistics::MOST) || (drawn.end.is_none() && drawn.rows < of * 2))
        {
            return Ok(known.clone());
        }
        // The same rows twice.
        let readers = [(); 2].map(|()| self.rows.reader().drawn_only(statistics::MOST));
        let served = Served::nothing().rows(readers, drawn.schema);
        let Answer::Statistics(made) = worker::one(&self.workers, Task::Statistics, served).await? else {
            return Err(Problem::internal("a worker answered something else than statistics"));
        };
        let made = Arc::new(made);
        *self.statistics.lock() = Some((made.rows, made.clone()));
        Ok(made)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Those made from it hold its rows: without this each would keep the other.
        self.stop(&Problem::cancelled("the result is gone"));
    }
}
