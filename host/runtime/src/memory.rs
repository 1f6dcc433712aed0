//! The cap on the memory of one call, and its high-water mark.
//!
//! Lives here: the limiter that the engine asks before it grows anything.
//! Invariants: the cap holds for all memories and tables of an instance together, so that many small ones are no way
//! around it; what grows is taken from the memory of all guests first, and given back with the call.

use crate::{
    budget::{Share, Short},
    ledger::Ledger,
    limits::Limits,
    meter::{Halt, Meter},
};
use async_trait::async_trait;
use kamld_policy::Quota;
use std::sync::{Arc, atomic::Ordering};
use wasmtime::ResourceLimiterAsync;

/// What an element of a table takes.
const ELEMENT: usize = size_of::<usize>();

pub struct MemoryCap {
    cap: usize,
    table_elements: usize,
    parts: usize,
    used: usize,
    /// What the engine was last allowed to grow by, until it grows again: it may find that it cannot.
    last: usize,
    share: Arc<Share>,
    meter: Arc<Meter>,
    ledger: Arc<Ledger>,
}

/// Bytes of linear memory that one call may have.
pub fn cap(limits: &Limits, quota: &Quota) -> usize {
    let granted = usize::try_from(quota.memory_mib.saturating_mul(1 << 20)).unwrap_or(usize::MAX);
    granted.min(limits.memory_bytes())
}

impl MemoryCap {
    pub fn new(limits: &Limits, quota: &Quota, share: Arc<Share>, meter: Arc<Meter>, ledger: Arc<Ledger>) -> Self {
        Self {
            cap: cap(limits, quota),
            table_elements: limits.table_elements as usize,
            parts: limits.parts as usize,
            used: 0,
            last: 0,
            share,
            meter,
            ledger,
        }
    }

    /// Whether it may grow by this much; waits for memory of all guests.
    async fn grow(&mut self, by: usize) -> wasmtime::Result<bool> {
        self.last = 0;
        let total = self.used.saturating_add(by);
        if total > self.cap {
            self.meter.refused_memory.store(total, Ordering::Relaxed);
            return Ok(false);
        }
        if let Err(short) = self.share.take(by as u64).await {
            return Err(Halt::from(short).into());
        }
        // Memories only grow, so what is in use now is also the most that ever was.
        self.used = total;
        self.last = by;
        Ok(true)
    }

    fn not_grown(&mut self) {
        let back = std::mem::take(&mut self.last);
        self.used -= back;
        self.share.give(back as u64);
    }
}

impl From<Short> for Halt {
    fn from(short: Short) -> Self {
        Halt::Memory(short)
    }
}

impl Drop for MemoryCap {
    fn drop(&mut self) {
        self.ledger.peak_memory(self.used as u64);
        self.share.give(self.used as u64);
    }
}

#[async_trait]
impl ResourceLimiterAsync for MemoryCap {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last = 0;
            self.meter.refused_memory.store(desired, Ordering::Relaxed);
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current)).await
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!("a memory could not grow: {error:#}");
        self.not_grown();
        Ok(())
    }

    async fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.table_elements || maximum.is_some_and(|maximum| desired > maximum) {
            self.last = 0;
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current).saturating_mul(ELEMENT)).await
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!("a table could not grow: {error:#}");
        self.not_grown();
        Ok(())
    }

    fn instances(&self) -> usize {
        self.parts
    }

    fn tables(&self) -> usize {
        self.parts
    }

    fn memories(&self) -> usize {
        4
    }
}
