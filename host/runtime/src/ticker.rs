//! The clock that interrupts guests: a thread of its own, and a second one that watches it.
//!
//! Lives here: threads and the epoch. Must not live here: what happens at a tick (`meter`).
//! Invariant: while a guest is running, ticks come, even when every other thread of the process spins; while none
//! is, neither thread wakes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};
use wasmtime::Engine;

/// A ticker that is this many slices late is taken for stuck.
const LATE: u32 = 25;

pub struct Ticker {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
    wake: Vec<Thread>,
}

struct State {
    engine: Engine,
    slice: Duration,
    started: Instant,
    running: AtomicUsize,
    stop: AtomicBool,
    /// Milliseconds after `started`.
    last: AtomicU64,
    rescues: AtomicU64,
}

impl Ticker {
    pub fn start(engine: &Engine, slice: Duration) -> std::io::Result<Self> {
        let state = Arc::new(State {
            engine: engine.clone(),
            slice: slice.max(Duration::from_millis(1)),
            started: Instant::now(),
            running: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            last: AtomicU64::new(0),
            rescues: AtomicU64::new(0),
        });
        let spawn = |name: &str, work: fn(&State)| {
            let state = state.clone();
            thread::Builder::new().name(name.into()).spawn(move || work(&state))
        };
        let threads = vec![spawn("kamld-ticks", State::tick)?, spawn("kamld-tick-watch", State::watch)?];
        let wake = threads.iter().map(|thread| thread.thread().clone()).collect();
        Ok(Self { state, threads, wake })
    }

    /// Ticks come for as long as the answer lives.
    pub fn running(self: &Arc<Self>) -> Running {
        if self.state.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.state.stamp();
            self.wake.iter().for_each(Thread::unpark);
        }
        Running(self.clone())
    }

    /// How often the watch had to tick because the ticker did not.
    pub fn rescues(&self) -> u64 {
        self.state.rescues.load(Ordering::Relaxed)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Release);
        self.wake.iter().for_each(Thread::unpark);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so on its own.
            let _ = thread.join();
        }
    }
}

/// One guest that is running.
pub struct Running(Arc<Ticker>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl State {
    fn stamp(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Release);
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Waits for a guest; a wake-up that was meant for an earlier wait is harmless.
    fn idle(&self) -> bool {
        let idle = self.running.load(Ordering::Acquire) == 0;
        if idle && !self.stopped() {
            thread::park();
        }
        idle
    }

    /// Waits for this long, or for the end. A wake-up is only meant for the one that is idle.
    fn wait(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.stopped() {
            match until.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return,
                left => thread::park_timeout(left),
            }
        }
    }

    fn tick(&self) {
        while !self.stopped() {
            if self.idle() {
                continue;
            }
            self.wait(self.slice);
            self.engine.increment_epoch();
            self.stamp();
        }
    }

    fn watch(&self) {
        let late = self.slice * LATE;
        while !self.stopped() {
            if self.idle() {
                continue;
            }
            self.wait(late);
            let last = Duration::from_millis(self.last.load(Ordering::Acquire));
            if self.started.elapsed().saturating_sub(last) > late && self.running.load(Ordering::Acquire) > 0 {
                if self.rescues.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::error!("the thread that interrupts guests is late; its watch ticks instead");
                }
                self.engine.increment_epoch();
            }
        }
    }
}
