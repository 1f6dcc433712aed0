//! A bound on the memory of this process, kept by its allocator.
//!
//! Address space (`RLIMIT_AS`) is a poor measure: thread stacks, arenas and mapped files are reserved and never used, and
//! not every system enforces it. What is allocated is known exactly here, on every system.
//!
//! Must not live here: decisions on how much is allowed. Invariant: beyond the bound an allocation fails, which ends the
//! process with "memory allocation of N bytes failed" unless the caller can do without it.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicIsize, Ordering},
};

/// The system's allocator, with a bound once [`Meter::limit`] set one. Until then it counts nothing and costs nothing.
pub struct Meter;

/// Bytes; negative while there is no bound.
static LIMIT: AtomicIsize = AtomicIsize::new(-1);
/// Bytes that are allocated, of those allocated since counting began. What is older and freed makes it less than it is.
static USED: AtomicIsize = AtomicIsize::new(0);
/// The most that was allocated since the last [`Meter::limit`].
static PEAK: AtomicIsize = AtomicIsize::new(0);

impl Meter {
    /// Bounds what this process may allocate from now on, and begins a new peak.
    pub fn limit(bytes: u64) {
        LIMIT.store(isize::try_from(bytes).unwrap_or(isize::MAX), Ordering::Relaxed);
        PEAK.store(USED.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Bytes that are allocated now. Zero without a bound.
    pub fn used() -> u64 {
        u64::try_from(USED.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// The most bytes that were allocated since the last [`Meter::limit`].
    pub fn peak() -> u64 {
        u64::try_from(PEAK.load(Ordering::Relaxed)).unwrap_or(0)
    }
}

/// Whether so many more bytes may be allocated; they are counted then.
fn take(bytes: usize) -> bool {
    let limit = LIMIT.load(Ordering::Relaxed);
    if limit < 0 {
        return true;
    }
    let Ok(bytes) = isize::try_from(bytes) else { return false };
    let used = USED.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
    if used > limit {
        USED.fetch_sub(bytes, Ordering::Relaxed);
        return false;
    }
    if used > PEAK.load(Ordering::Relaxed) {
        PEAK.fetch_max(used, Ordering::Relaxed);
    }
    true
}

fn give_back(bytes: usize) {
    if LIMIT.load(Ordering::Relaxed) >= 0 {
        USED.fetch_sub(isize::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
    }
}

// SAFETY: everything is passed on to the system's allocator as it came; null is how an allocation fails.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise about the layout holds for the system's allocator too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: it was allocated by the system's allocator with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let more = size.saturating_sub(layout.size());
        if more > 0 && !take(more) {
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        if moved.is_null() {
            give_back(more);
        } else {
            give_back(layout.size().saturating_sub(size));
        }
        moved
    }
}
