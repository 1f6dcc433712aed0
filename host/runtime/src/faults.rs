//! Plug-ins that fail: pauses that double, and quarantine.
//!
//! Lives here: when a plug-in may be called again. Must not live here: what a fault is (`diagnosis`).
//! Invariant: one fault alone stops nobody; a plug-in leaves quarantine by a person's word or a new version only.

use crate::limits::Limits;
use kamld_types::{PluginId, Problem};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Whether a plug-in may be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Health {
    Active,
    /// Calls are refused for this much longer.
    Paused {
        for_ms: u64,
        why: String,
    },
    Quarantined {
        why: String,
    },
}

#[derive(Debug, Default)]
pub struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    recent: VecDeque<Instant>,
    in_a_row: u32,
    paused_until: Option<Instant>,
    quarantined: bool,
    last: String,
}

impl Faults {
    /// Whether a call may begin now.
    pub fn admit(&self, plugin: &PluginId) -> Result<(), Problem> {
        match self.health() {
            Health::Active => Ok(()),
            Health::Paused { for_ms, why } => Err(Problem::unavailable(format!(
                "plug-in {plugin} failed again and is paused for another {}: {why}",
                seconds(for_ms)
            ))
            .help("nothing was done; try again after that")),
            Health::Quarantined { why } => {
                Err(Problem::unavailable(format!("plug-in {plugin} failed too often and is in quarantine: {why}"))
                    .help(format!("an admin can give it another chance: kamld plugin enable {plugin}")))
            }
        }
    }

    pub fn health(&self) -> Health {
        let state = self.0.lock();
        let now = Instant::now();
        match state.paused_until {
            _ if state.quarantined => Health::Quarantined { why: state.last.clone() },
            Some(until) if until > now => {
                let left = until.duration_since(now).as_millis();
                Health::Paused { for_ms: u64::try_from(left).unwrap_or(u64::MAX).max(1), why: state.last.clone() }
            }
            _ => Health::Active,
        }
    }

    /// Faults within the window.
    pub fn recent(&self) -> usize {
        self.0.lock().recent.len()
    }

    /// A call that ended in one of the ways that count. Answers whether it led to quarantine.
    pub fn strike(&self, limits: &Limits, why: &str) -> bool {
        let mut state = self.0.lock();
        let now = Instant::now();
        let window = Duration::from_secs(limits.fault_window_s);
        state.recent.retain(|at| now.duration_since(*at) < window);
        state.recent.push_back(now);
        state.in_a_row = state.in_a_row.saturating_add(1);
        why.clone_into(&mut state.last);
        if state.in_a_row > 1 {
            let doubled =
                limits.backoff_ms.saturating_mul(1 << (state.in_a_row - 2).min(16)).min(limits.backoff_max_ms);
            // Callers that were refused together should not come back together.
            let spread = u64::from(now.elapsed().subsec_nanos()) % (doubled / 8 + 1);
            state.paused_until = Some(now + Duration::from_millis(doubled + spread));
        }
        let full = state.recent.len() >= limits.faults.max(1);
        let new = full && !state.quarantined;
        state.quarantined |= full;
        new
    }

    /// A call that ended well: the next fault is the first again, but the window remembers.
    pub fn well(&self) {
        let mut state = self.0.lock();
        state.in_a_row = 0;
        state.paused_until = None;
    }

    /// A person's word, or a new version.
    pub fn release(&self) {
        *self.0.lock() = State::default();
    }
}

fn seconds(ms: u64) -> String {
    if ms < 1000 { format!("{ms} ms") } else { format!("{} s", ms.div_ceil(1000)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin() -> PluginId {
        PluginId::new("acme/rain").unwrap()
    }

    #[test]
    fn one_fault_stops_nobody_the_second_one_pauses() {
        let faults = Faults::default();
        assert!(!faults.strike(&Limits::default(), "it trapped"));
        assert!(faults.admit(&plugin()).is_ok());
        assert!(!faults.strike(&Limits::default(), "it trapped"));
        let problem = faults.admit(&plugin()).unwrap_err();
        assert!(problem.message.contains("paused for another") && problem.message.ends_with("it trapped"), "{problem}");
    }

    #[test]
    fn the_fifth_fault_within_the_window_is_the_last() {
        let faults = Faults::default();
        let struck: Vec<bool> = (0..5)
            .map(|_| {
                faults.well();
                faults.strike(&Limits::default(), "it trapped")
            })
            .collect();
        assert_eq!(struck, [false, false, false, false, true]);
        faults.well();
        assert_eq!(faults.health(), Health::Quarantined { why: "it trapped".into() });
        faults.release();
        assert_eq!(faults.health(), Health::Active);
    }
}
