//! The threads that run guests: some for calls that take a moment, others for calls that compute for long.
//!
//! Every call begins on the first. Once it has used more processor time than most calls do, it moves to the others, to
//! which the system gives what is left: however many guests compute, the next short call finds a thread and a core.
//!
//! Must not live here: budgets, and when a guest is interrupted (`meter`). Invariant: a call that is given up is
//! dropped wherever it runs.

use crate::meter::Meter;
use std::{future::poll_fn, io, sync::Arc, task::Poll, time::Duration};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinHandle,
};

/// Processor time after which a call moves. A click and a drawn row stay below.
const MOMENT: Duration = Duration::from_millis(50);
/// How far behind others they stand who compute: the system then gives them about a tenth of what it gives the rest.
const BEHIND: i32 = 10;

pub struct Threads {
    moment: Runtime,
    long: Runtime,
}

/// Where guests are started.
#[derive(Clone)]
pub struct Guests {
    moment: Handle,
    long: Handle,
}

impl Threads {
    /// So many of each kind; none for as many as there are processors.
    pub fn start(count: Option<usize>) -> io::Result<Self> {
        let threads = |name: &str| {
            let mut builder = Builder::new_multi_thread();
            builder.thread_name(name).enable_all();
            if let Some(count) = count {
                builder.worker_threads(count);
            }
            builder
        };
        let moment = threads("kamld-guests").build()?;
        let long = threads("kamld-long-guests").on_thread_start(stand_behind).build()?;
        Ok(Self { moment, long })
    }

    pub fn guests(&self) -> Guests {
        Guests { moment: self.moment.handle().clone(), long: self.long.handle().clone() }
    }

    /// Waits for nothing: guests end at their next slice.
    pub fn stop(self) {
        self.moment.shutdown_background();
        self.long.shutdown_background();
    }
}

/// On Linux a priority is that of a thread. Elsewhere it would be that of the whole process, and all stay equal.
fn stand_behind() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(BEHIND) {
        tracing::warn!("guests that compute for long have the same priority as all else: {error}");
    }
}

struct OnDrop<T>(JoinHandle<T>);

impl<T> Drop for OnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Guests {
    /// Starts a guest whose processor time is told by this meter.
    pub fn spawn<F>(&self, guest: F, meter: Arc<Meter>) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let long = self.long.clone();
        self.moment.spawn(async move {
            let mut guest = Box::pin(guest);
            let done = poll_fn(|context| match guest.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if meter.settled() > MOMENT => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            if let Some(output) = done.await {
                return output;
            }
            match (&mut OnDrop(long.spawn(guest)).0).await {
                Ok(output) => output,
                Err(lost) => match lost.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The host goes down, and this task with it.
                    Err(_) => std::future::pending().await,
                },
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Metered;
    use std::time::Instant;

    /// The thread that a guest ends on which computes for so long, a millisecond at a time.
    async fn ends_on(guests: &Guests, length: Duration) -> (String, i32) {
        let meter = Arc::new(Meter::default());
        let computing = async move {
            let mut left = length;
            while !left.is_zero() {
                let began = Instant::now();
                while began.elapsed() < Duration::from_millis(1) {}
                left = left.saturating_sub(Duration::from_millis(1));
                tokio::task::yield_now().await;
            }
            let priority = rustix::process::getpriority_process(None).unwrap();
            (std::thread::current().name().unwrap_or_default().to_owned(), priority)
        };
        guests.spawn(Metered::new(computing, meter.clone()), meter).await.unwrap()
    }

    #[test]
    fn a_call_that_computes_for_long_moves_behind_those_that_take_a_moment() {
        let threads = Threads::start(Some(1)).unwrap();
        let guests = threads.guests();
        let (short, long) = threads
            .moment
            .block_on(async { tokio::join!(ends_on(&guests, Duration::from_millis(1)), ends_on(&guests, MOMENT * 4)) });
        assert_eq!((short.0.as_str(), long.0.as_str()), ("kamld-guests", "kamld-long-guests"));
        #[cfg(target_os = "linux")]
        assert_eq!(long.1 - short.1, BEHIND.min(19 - short.1));
        threads.stop();
    }

    #[test]
    fn a_call_that_moved_ends_when_it_is_given_up_and_its_panic_is_told() {
        let threads = Threads::start(Some(1)).unwrap();
        let guests = threads.guests();
        let (meter, held) = (Arc::new(Meter::default()), Arc::new(()));
        let guest = |panics: bool| {
            let held = held.clone();
            let computing = async move {
                let _held = held;
                let began = Instant::now();
                loop {
                    while began.elapsed() < MOMENT * 2 {}
                    tokio::task::yield_now().await;
                    assert!(!panics || std::thread::current().name() != Some("kamld-long-guests"), "it panics there");
                }
            };
            let guest: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(computing);
            guests.spawn(Metered::new(guest, meter.clone()), meter.clone())
        };
        threads.moment.block_on(async {
            assert!(guest(true).await.unwrap_err().is_panic());
            let endless = guest(false);
            tokio::task::yield_now().await;
            endless.abort();
            assert!(endless.await.unwrap_err().is_cancelled());
            while Arc::strong_count(&held) > 1 {
                tokio::task::yield_now().await;
            }
        });
        threads.stop();
    }
}
