//! The cap on the memory of one call, and its high-water mark.
//!
//! Lives here: the limiter that the engine asks before it grows anything.
//! Invariant: the cap holds for all memories of an instance together, so that many small ones are no way around it.

use crate::{ledger::Ledger, limits::Limits, meter::Meter};
use std::sync::{Arc, atomic::Ordering};
use wasmtime::ResourceLimiter;

pub struct MemoryCap {
    cap: usize,
    table_elements: usize,
    parts: usize,
    used: usize,
    meter: Arc<Meter>,
    ledger: Arc<Ledger>,
}

impl MemoryCap {
    pub fn new(limits: &Limits, meter: Arc<Meter>, ledger: Arc<Ledger>) -> Self {
        Self {
            cap: limits.memory_bytes(),
            table_elements: limits.table_elements as usize,
            parts: limits.parts as usize,
            used: 0,
            meter,
            ledger,
        }
    }
}

impl Drop for MemoryCap {
    fn drop(&mut self) {
        self.ledger.peak_memory(self.used as u64);
    }
}

impl ResourceLimiter for MemoryCap {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.used.saturating_add(desired.saturating_sub(current));
        if total > self.cap || maximum.is_some_and(|maximum| desired > maximum) {
            self.meter.refused_memory.store(total, Ordering::Relaxed);
            return Ok(false);
        }
        // Memories only grow, so what is in use now is also the most that ever was.
        self.used = total;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= self.table_elements && maximum.is_none_or(|maximum| desired <= maximum))
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
