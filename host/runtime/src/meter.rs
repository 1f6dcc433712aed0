//! What a call has used so far, and the point where it is stopped for it.
//!
//! Lives here: processor time, the reason for which a guest was stopped, the last words it wrote.
//! Must not live here: time on the clock, which is kept outside the store.
//! Invariant: processor time is counted by the thread that runs the guest, while it runs it: time in a queue, on
//! a busy machine or in a wait of the host costs a plug-in nothing.

use crate::{budget::Short, limits::Budget};
use kamld_policy::Call;
use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use wasmtime::{Store, UpdateDeadline};

/// Why the host ended a guest. Travels through the engine as an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    #[error("the processor time of the call is used up")]
    Cpu,
    #[error("the grant was changed while the call was running")]
    Revoked,
    /// There was no memory left for it, however long it waited.
    #[error("{0}")]
    Memory(Short),
}

/// Shared by the guest's future, its store and whoever waits for it, so that a call that is cut off can still be
/// accounted for.
#[derive(Debug, Default)]
pub struct Meter {
    /// Nanoseconds of finished polls.
    used: AtomicU64,
    /// Processor time of the thread at the start of the current poll, in nanoseconds; 0 between polls.
    since: AtomicU64,
    /// Bytes that the guest asked for in vain; 0 when it never did.
    pub refused_memory: AtomicUsize,
    /// The end of what the guest wrote to its standard error.
    pub last_words: Mutex<String>,
}

/// Processor time of this thread, in nanoseconds.
fn thread_time() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec).unwrap_or_default() * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or_default()
}

impl Meter {
    /// Processor time so far. From the thread that runs the guest it includes the current poll.
    pub fn used(&self) -> Duration {
        let since = self.since.load(Ordering::Relaxed);
        let current = if since == 0 { 0 } else { thread_time().saturating_sub(since) };
        Duration::from_nanos(self.used.load(Ordering::Relaxed) + current)
    }

    /// Processor time of finished polls: what another thread may ask for.
    pub fn settled(&self) -> Duration {
        Duration::from_nanos(self.used.load(Ordering::Relaxed))
    }
}

/// Has the epoch look at the budget and at the grant, then give others their turn.
pub fn interrupt<T: 'static>(store: &mut Store<T>, meter: Arc<Meter>, call: Arc<Call>, budget: Budget) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        if call.current_generation.load(Ordering::Acquire) != call.generation {
            return Err(Halt::Revoked.into());
        }
        if meter.used() > budget.cpu {
            return Err(Halt::Cpu.into());
        }
        // The yield of tokio goes to the end of the queue; a bare wake would run the same guest again.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    });
}

/// A future whose polls are charged to a meter.
pub struct Metered<F> {
    inner: Pin<Box<F>>,
    meter: Arc<Meter>,
}

impl<F> Metered<F> {
    pub fn new(inner: F, meter: Arc<Meter>) -> Self {
        Self { inner: Box::pin(inner), meter }
    }
}

/// Settles the current poll, also when it unwinds.
struct Settle<'a>(&'a Meter);

impl Drop for Settle<'_> {
    fn drop(&mut self) {
        let since = self.0.since.swap(0, Ordering::Relaxed);
        self.0.used.fetch_add(thread_time().saturating_sub(since), Ordering::Relaxed);
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.meter.since.store(thread_time().max(1), Ordering::Relaxed);
        let _poll = Settle(&this.meter);
        this.inner.as_mut().poll(context)
    }
}
