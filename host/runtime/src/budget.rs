//! The memory that all guests have together, and each plug-in's share of it.
//!
//! Lives here: counting, and waiting for a while when there is none left. Must not live here: the cap of one call
//! (`memory`). Invariants: what is counted is never above the total; what was taken is given back when its holder is
//! dropped; no plug-in takes so much that others find nothing.

use kamld_policy::allowance::Memory;
use kamld_types::{Problem, problem::Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// The key of the configuration that an admin would change.
pub const KEY: &str = "limits.guests_memory_mib";

/// The memory of all guests: linear memories, tables, and what the host holds for calls.
pub struct GuestMemory {
    total: u64,
    /// What one plug-in may have of it.
    each: u64,
    wait: Duration,
    used: AtomicU64,
    freed: Notify,
}

/// Memory that was asked for in vain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Short {
    #[error("all plug-ins together use {used_mib} of the {total_mib} MiB of memory that they may have")]
    All { used_mib: u64, total_mib: u64 },
    #[error("its calls together use {used_mib} of the {each_mib} MiB of memory that one plug-in may have")]
    Plugin { used_mib: u64, each_mib: u64 },
}

impl GuestMemory {
    /// `call` is what one call may have: a plug-in can always use that much.
    pub fn new(total: u64, call: u64, wait: Duration) -> Self {
        let each = (total / 2).max(call).min(total);
        Self { total, each, wait, used: AtomicU64::new(0), freed: Notify::new() }
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that are in use at this moment.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }
}

/// What one plug-in uses.
pub struct Share {
    all: Arc<GuestMemory>,
    own: AtomicU64,
}

/// Adds, unless that would be more than `most`; then it says what there was.
fn add(counter: &AtomicU64, bytes: u64, most: u64) -> std::result::Result<(), u64> {
    let more = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= most);
    counter.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).map(|_| ())
}

impl Share {
    pub fn new(all: Arc<GuestMemory>) -> Self {
        Self { all, own: AtomicU64::new(0) }
    }

    pub fn try_take(&self, bytes: u64) -> std::result::Result<(), Short> {
        add(&self.own, bytes, self.all.each)
            .map_err(|used| Short::Plugin { used_mib: used >> 20, each_mib: self.all.each >> 20 })?;
        add(&self.all.used, bytes, self.all.total).map_err(|used| {
            self.own.fetch_sub(bytes, Ordering::AcqRel);
            Short::All { used_mib: used >> 20, total_mib: self.all.total >> 20 }
        })
    }

    /// Waits a while when there is not enough. Dropped meanwhile, it has taken nothing.
    pub async fn take(&self, bytes: u64) -> std::result::Result<(), Short> {
        let deadline = Instant::now() + self.all.wait;
        loop {
            // Listening begins before the look, so that what is freed in between is heard of.
            let freed = self.all.freed.notified();
            let mut freed = std::pin::pin!(freed);
            freed.as_mut().enable();
            let short = match self.try_take(bytes) {
                Ok(()) => return Ok(()),
                Err(short) => short,
            };
            if tokio::time::timeout_at(deadline, freed).await.is_err() {
                return Err(short);
            }
        }
    }

    pub fn give(&self, bytes: u64) {
        if bytes > 0 {
            self.own.fetch_sub(bytes, Ordering::AcqRel);
            self.all.used.fetch_sub(bytes, Ordering::AcqRel);
            self.all.freed.notify_waiters();
        }
    }

    /// What this plug-in uses now.
    pub fn used(&self) -> u64 {
        self.own.load(Ordering::Acquire)
    }
}

impl Memory for Share {
    fn take(&self, bytes: u64) -> Result<()> {
        self.try_take(bytes).map_err(|short| {
            Problem::limit(short.to_string())
                .help(format!("nothing was opened; try again later, or an admin can raise {KEY}"))
        })
    }

    fn give_back(&self, bytes: u64) {
        self.give(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn shares(wait: Duration) -> (Arc<GuestMemory>, Share, Share, Share) {
        let all = Arc::new(GuestMemory::new(100 * MIB, MIB, wait));
        let share = || Share::new(all.clone());
        (all.clone(), share(), share(), share())
    }

    #[tokio::test]
    async fn one_plugin_cannot_take_all_and_all_cannot_take_more_than_there_is() {
        let (all, one, other, third) = shares(Duration::from_millis(10));
        one.take(50 * MIB).await.unwrap();
        assert_eq!(one.take(MIB).await, Err(Short::Plugin { used_mib: 50, each_mib: 50 }));
        other.take(45 * MIB).await.unwrap();
        assert_eq!(third.take(10 * MIB).await, Err(Short::All { used_mib: 95, total_mib: 100 }));
        assert_eq!(third.used(), 0, "what was refused is not counted");
        assert!(third.take(u64::MAX).await.is_err());
        one.give(50 * MIB);
        other.give(45 * MIB);
        assert_eq!(all.used(), 0);
    }

    #[tokio::test]
    async fn who_waits_gets_what_is_given_back() {
        let (all, one, other, third) = shares(Duration::from_secs(60));
        one.take(50 * MIB).await.unwrap();
        other.take(50 * MIB).await.unwrap();
        let (taken, ()) = tokio::join!(third.take(10 * MIB), async {
            tokio::task::yield_now().await;
            one.give(20 * MIB);
        });
        assert_eq!((taken, all.used()), (Ok(()), 90 * MIB));
    }

    #[test]
    fn one_call_may_have_its_whole_memory_whatever_the_shares() {
        assert_eq!(GuestMemory::new(300, 256, Duration::ZERO).each, 256);
        assert_eq!(GuestMemory::new(200, 256, Duration::ZERO).each, 200);
    }
}
