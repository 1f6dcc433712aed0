//! Where the server draws for people: on few threads of its own, for a bounded time.
//!
//! Lives here: permits, the time limit, and how work hears that nobody waits for it. Must not live here: what is drawn.
//! Invariants: work whose client is gone is not begun; work that goes on keeps its permit, so that no more threads than
//! there are permits draw at one time; the threads that answer requests never draw.

use kamld_types::{Problem, problem::Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::available_parallelism,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Time that one drawing may take, and that a client waits for its turn. Longer than any text that is taken needs, even
/// on a busy machine.
const TIME: Duration = Duration::from_secs(5);

pub struct Drawing {
    turns: Arc<Semaphore>,
}

impl Default for Drawing {
    /// Half of the processors, so that drawing leaves room for answering.
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new((processors / 2).clamp(1, 4))) }
    }
}

/// Whether work should end before it is done.
pub struct Stop {
    deadline: Option<Instant>,
    gone: Arc<AtomicBool>,
}

impl Stop {
    pub fn now(&self) -> bool {
        self.gone.load(Ordering::Relaxed) || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// For tests of what is drawn.
    #[cfg(test)]
    pub fn never() -> Self {
        Self { deadline: None, gone: Arc::default() }
    }
}

/// Tells the work when whoever waits for it is gone: then this is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drawing {
    /// Runs work on a thread that may be busy. It should look at its [`Stop`] often. `what` is the thing that is drawn.
    pub async fn run<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce(&Stop) -> T + Send + 'static,
    ) -> Result<T> {
        let waiting = Waiting(Arc::default());
        let Ok(turn) = tokio::time::timeout(TIME, self.turns.clone().acquire_owned()).await else {
            return Err(Problem::unavailable(format!("{what} was not drawn: the server is busy drawing"))
                .help("try again in a few seconds"));
        };
        let stop = Stop { deadline: Some(Instant::now() + TIME), gone: waiting.0.clone() };
        let drawing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            (!stop.gone.load(Ordering::Relaxed)).then(|| work(&stop))
        });
        match tokio::time::timeout(TIME, drawing).await {
            Ok(Ok(Some(drawn))) => Ok(drawn),
            Ok(Ok(None)) => Err(Problem::cancelled(format!("{what} was not drawn: nobody waits for it"))),
            Ok(Err(error)) => Err(Problem::internal(format!("{what} could not be drawn: {error}"))),
            Err(_) => Err(Problem::limit(format!("{what} took longer than {} s to draw", TIME.as_secs()))
                .help("show it as plain text, or draw a part of it")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told_so_and_what_waited_behind_it_is_not_begun() {
        let drawing = Arc::new(Drawing { turns: Arc::new(Semaphore::new(1)) });
        let (began, beginning) = tokio::sync::oneshot::channel();
        let (ended, ending) = tokio::sync::oneshot::channel();
        let first = drawing.clone();
        let first = tokio::spawn(async move {
            let work = move |stop: &Stop| {
                began.send(()).unwrap();
                while !stop.now() {
                    std::thread::yield_now();
                }
                ended.send(Instant::now() < stop.deadline.unwrap()).unwrap();
            };
            first.run("the text", work).await
        });
        beginning.await.unwrap();
        let (asked, was_asked) = mpsc::channel::<()>();
        let second = drawing.clone();
        let second = tokio::spawn(async move { second.run("the text", move |_| asked.send(())).await });
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        first.abort();
        assert!(ending.await.unwrap(), "it heard that its client is gone before its time was over");
        assert!(was_asked.recv().is_err(), "the second was dropped without being asked");
        // The turn is given back.
        assert_eq!(drawing.run("the text", |_| 7).await.unwrap(), 7);
    }
}
