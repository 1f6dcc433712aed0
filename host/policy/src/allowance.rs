//! What one call may have open at the host, and the memory that the host holds for it.
//!
//! Lives here: the counting. Must not live here: how much is allowed (`quota`), how much memory there is (the runtime
//! knows, behind [`Memory`]).
//! Invariants: nothing is opened before it was counted; what was counted is given back when its holder is dropped, however
//! the call ends.

use crate::{Quota, quota::Sides};
use kamld_types::{PluginId, Problem, problem::Result};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The memory that all guests share. Whatever the host holds for a call is taken from it.
pub trait Memory: Send + Sync {
    /// Takes this much, or says in words why not. Never waits.
    fn take(&self, bytes: u64) -> Result<()>;
    fn give_back(&self, bytes: u64);
}

/// What a call can have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// A reader or a writer of an object.
    Stream,
    /// An SQL query.
    Query,
}

/// What one call may have, and what it has. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Allowance(Arc<Inner>);

struct Inner {
    quota: Quota,
    sides: Sides,
    memory: Option<Arc<dyn Memory>>,
    streams: AtomicU64,
    queries: AtomicU64,
}

impl Allowance {
    pub fn new(quota: Quota, sides: Sides, memory: Arc<dyn Memory>) -> Self {
        Self(Arc::new(Inner {
            quota,
            sides,
            memory: Some(memory),
            streams: AtomicU64::new(0),
            queries: AtomicU64::new(0),
        }))
    }

    /// Without a bound: for calls that the host makes itself, and for tests of what lies behind it.
    pub fn unlimited() -> Self {
        let (streams, queries) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inner { quota: Quota::UNLIMITED, sides: Sides::HOST, memory: None, streams, queries }))
    }

    pub fn quota(&self) -> &Quota {
        &self.0.quota
    }

    /// Counts one more that is about to be opened, for which the host will hold at most `bytes` of memory.
    pub fn open(&self, plugin: &PluginId, what: Opened, bytes: u64) -> Result<Holding> {
        let (count, most, name, words, close) = self.0.of(what);
        if count.fetch_add(1, Ordering::AcqRel) >= most {
            count.fetch_sub(1, Ordering::AcqRel);
            let message = format!("plug-in {plugin} has {most} {words} open, and no call may have more");
            let raise = self.0.sides.raise(name, &format!("limits.{name}"));
            return Err(Problem::limit(message).help(format!("nothing was opened; {close}; {raise}")));
        }
        // From here on dropping it takes the count back.
        let mut holding = Holding { inner: self.0.clone(), what, bytes: 0 };
        holding.grow(bytes)?;
        Ok(holding)
    }

    /// How many are open. For tests and for whoever watches.
    pub fn count(&self, what: Opened) -> u64 {
        self.0.of(what).0.load(Ordering::Acquire)
    }
}

impl Inner {
    fn of(&self, what: Opened) -> (&AtomicU64, u64, &'static str, &'static str, &'static str) {
        match what {
            Opened::Stream => {
                let close = "drop readers and writers when they are done";
                (&self.streams, self.quota.streams, "streams", "readers and writers", close)
            }
            Opened::Query => {
                (&self.queries, self.quota.queries, "queries", "queries", "drop queries when their rows were read")
            }
        }
    }
}

/// One thing that is open, with the memory that the host holds for it. Dropped with it.
#[must_use]
pub struct Holding {
    inner: Arc<Inner>,
    what: Opened,
    bytes: u64,
}

impl Holding {
    /// Takes more memory for it.
    pub fn grow(&mut self, bytes: u64) -> Result<()> {
        if let Some(memory) = &self.inner.memory {
            memory.take(bytes)?;
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        if let Some(memory) = &self.inner.memory {
            memory.give_back(self.bytes);
        }
        self.inner.of(self.what).0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use kamld_types::Kind;

    /// Memory with this much room.
    struct Room(AtomicU64);

    impl Memory for Room {
        fn take(&self, bytes: u64) -> Result<()> {
            let taken = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(bytes));
            taken.map(|_| ()).map_err(|_| Problem::limit("no room"))
        }

        fn give_back(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::AcqRel);
        }
    }

    fn plugin() -> PluginId {
        PluginId::new("acme/rain").unwrap()
    }

    #[test]
    fn what_is_open_is_counted_kind_by_kind_and_given_back() {
        let granted = Limits { streams: Some(2), queries: Some(1), ..Limits::default() };
        let (quota, sides) = Quota::of(&Limits::default(), &granted, &Quota::UNLIMITED, &Quota::UNLIMITED);
        let allowance = Allowance::new(quota, sides, Arc::new(Room(AtomicU64::new(100))));
        let open = |what| allowance.open(&plugin(), what, 10);
        let (first, _second, query) =
            (open(Opened::Stream).unwrap(), open(Opened::Stream).unwrap(), open(Opened::Query));
        let refused = open(Opened::Stream).err().unwrap();
        assert_eq!(refused.kind, Kind::Limit);
        assert!(refused.message.contains("acme/rain has 2 readers and writers open"), "{refused}");
        assert!(refused.help.unwrap().contains("an admin can raise streams in its grant"));
        assert!(open(Opened::Query).is_err() && query.is_ok());
        drop(first);
        assert!(open(Opened::Stream).is_ok());
        assert_eq!((allowance.count(Opened::Stream), allowance.count(Opened::Query)), (1, 1));
    }

    #[test]
    fn memory_that_is_held_for_a_call_comes_out_of_the_budget() {
        let room = Arc::new(Room(AtomicU64::new(100)));
        let allowance = Allowance::new(Quota::UNLIMITED, Sides::HOST, room.clone());
        let mut held = allowance.open(&plugin(), Opened::Stream, 60).unwrap();
        assert!(allowance.open(&plugin(), Opened::Stream, 60).is_err());
        assert_eq!(allowance.count(Opened::Stream), 1, "what was refused is not open");
        assert!(held.grow(30).is_ok() && held.grow(30).is_err());
        drop(held);
        assert_eq!(room.0.load(Ordering::Acquire), 100);
    }
}
