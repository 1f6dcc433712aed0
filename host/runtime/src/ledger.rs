//! What each plug-in has cost: counters that only grow.
//!
//! Lives here: cheap atomics and their snapshot. Must not live here: rates and averages, which a reader makes of two snapshots.
//! Invariant: every call is counted once, however it ends.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! ledger {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters of one plug-in, over all its versions since the host started.
        #[derive(Debug, Default)]
        pub struct Ledger {
            $($name: AtomicU64,)*
        }

        /// The counters as they stood at one moment.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Account {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Ledger {
            pub fn account(&self) -> Account {
                Account { $($name: self.$name.load(Relaxed),)* }
            }

            $($(#[$doc])* pub fn $name(&self, amount: u64) {
                add(&self.$name, amount, stringify!($name));
            })*
        }
    };
}

ledger! {
    /// Calls that were begun.
    calls,
    /// Calls that ended with an error value of the plug-in.
    errors,
    /// Processor time of guests and of the host for them, in nanoseconds.
    cpu_ns,
    /// Time on the clock, in nanoseconds, waiting for a turn included.
    wall_ns,
    /// The largest memory of a single call, in bytes.
    peak_memory,
    /// Calls of the host by guests, WASI included.
    host_calls,
    /// Bytes handed to guests: arguments, and what capabilities report.
    bytes_in,
    /// Bytes that guests handed back: answers, log lines, and what capabilities report.
    bytes_out,
    /// Host calls that were refused.
    denials,
    /// Calls that trapped, whatever the reason.
    traps,
    /// Calls that were cut off by the clock.
    timeouts,
    /// Calls whose caller went away.
    cancelled,
    /// Calls that were refused before they began: too many at once, or the plug-in was paused.
    refused,
    /// Log lines that were dropped.
    log_dropped,
}

/// Sums, except for the one counter that is a maximum.
fn add(counter: &AtomicU64, amount: u64, name: &str) {
    if name == "peak_memory" {
        counter.fetch_max(amount, Relaxed);
    } else if amount > 0 {
        counter.fetch_add(amount, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_sum_and_the_peak_is_a_maximum() {
        let ledger = Ledger::default();
        for bytes in [3, 9, 5] {
            ledger.peak_memory(bytes);
            ledger.bytes_in(bytes);
        }
        let account = ledger.account();
        assert_eq!((account.peak_memory, account.bytes_in), (9, 17));
    }
}
