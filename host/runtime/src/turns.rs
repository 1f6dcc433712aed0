//! Turns of a plug-in: how many of its calls run at one time, and how many begin within a second.
//!
//! Lives here: counting and waiting. Must not live here: how much is allowed (`kamld_policy::quota`), what a call does.
//! Invariants: a turn is given back when its holder is dropped, however the call ends; a new number holds from the next
//! call on, also for those that wait already.

use kamld_policy::Quota;
use parking_lot::{Mutex, RwLock};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub struct Turns {
    /// Replaced, and closed, when the number changes.
    free: RwLock<(u64, Arc<Semaphore>)>,
    running: Arc<AtomicUsize>,
    waiting: AtomicUsize,
    pace: Mutex<Pace>,
}

/// One call that runs.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    running: Arc<AtomicUsize>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One call that waits.
pub struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn semaphore(most: u64) -> Arc<Semaphore> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)))
}

impl Turns {
    pub fn new(quota: &Quota) -> Self {
        Self {
            free: RwLock::new((quota.concurrency, semaphore(quota.concurrency))),
            running: Arc::default(),
            waiting: AtomicUsize::new(0),
            pace: Mutex::new(Pace::new(quota.calls_per_second, Instant::now())),
        }
    }

    /// Other numbers hold from now on.
    pub fn limit(&self, quota: &Quota) {
        let mut free = self.free.write();
        if free.0 != quota.concurrency {
            let old = std::mem::replace(&mut *free, (quota.concurrency, semaphore(quota.concurrency)));
            // Who waits there waits for a turn of the new ones.
            old.1.close();
        }
        let mut pace = self.pace.lock();
        if pace.per_second != quota.calls_per_second.max(1) {
            *pace = Pace::new(quota.calls_per_second, Instant::now());
        }
    }

    /// How long a call that comes now must wait for its place among those of a second. The place is taken.
    pub fn pause(&self) -> Duration {
        self.pace.lock().take(Instant::now())
    }

    /// A turn, when there is one.
    pub fn now(&self) -> Option<Turn> {
        let free = self.free.read().1.clone();
        free.try_acquire_owned().ok().map(|permit| self.turn(permit))
    }

    /// A turn, or none until the deadline.
    pub async fn by(&self, deadline: Instant) -> Option<Turn> {
        loop {
            let free = self.free.read().1.clone();
            match tokio::time::timeout_at(deadline.into(), free.acquire_owned()).await {
                Ok(Ok(permit)) => return Some(self.turn(permit)),
                // The number changed meanwhile.
                Ok(Err(_)) => {}
                Err(_) => return None,
            }
        }
    }

    fn turn(&self, permit: OwnedSemaphorePermit) -> Turn {
        self.running.fetch_add(1, Ordering::AcqRel);
        Turn { _permit: permit, running: self.running.clone() }
    }

    /// Joins those that wait, and how many were there before.
    pub fn wait(&self) -> (usize, Waiting<'_>) {
        (self.waiting.fetch_add(1, Ordering::AcqRel), Waiting(&self.waiting))
    }

    pub fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }
}

/// Places within a second: as many as there are may be taken at once, then they come back evenly. Those that wait have
/// taken theirs in advance.
struct Pace {
    per_second: u64,
    /// Below zero by as many as wait.
    left: f64,
    at: Instant,
}

impl Pace {
    fn new(per_second: u64, now: Instant) -> Self {
        let per_second = per_second.max(1);
        Self { per_second, left: per_second as f64, at: now }
    }

    fn take(&mut self, now: Instant) -> Duration {
        let rate = self.per_second as f64;
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * rate).min(rate) - 1.0;
        self.at = now;
        if self.left >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64((-self.left / rate).min(86_400.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_number_of_a_second_places_come_evenly() {
        let start = Instant::now();
        let mut pace = Pace::new(4, start);
        let waits: Vec<u128> = (0..7).map(|_| pace.take(start).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 250, 500, 750]);
        // What waits has taken its places: only later ones are free again.
        assert_eq!(pace.take(start + Duration::from_secs(1)).as_millis(), 0);
        assert_eq!(pace.take(start + Duration::from_secs(1)).as_millis(), 250);
    }

    #[tokio::test]
    async fn a_new_number_reaches_those_that_wait() {
        let quota = |concurrency| Quota { concurrency, ..Quota::UNLIMITED };
        let turns = Turns::new(&quota(1));
        let _first = turns.now().unwrap();
        assert!(turns.now().is_none());
        let soon = Instant::now() + Duration::from_secs(60);
        let (second, ()) = tokio::join!(turns.by(soon), async {
            tokio::task::yield_now().await;
            turns.limit(&quota(2));
        });
        assert_eq!((second.is_some(), turns.running()), (true, 2));
    }
}
