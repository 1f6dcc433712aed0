//! Denials: heard from inside calls, so they must be cheap and must not flood the log.
//!
//! The first of its kind in a minute is written at once, without waiting for the disk; the same one again is counted, and the
//! count is written when the minute is over. Of one plug-in at most 100 different ones a minute are written, the rest
//! is counted together. Invariant: every denial is in the log, by itself or in a count.

use super::{Action, Audit, State};
use kamld_policy::{Call, Denials, Verb};
use kamld_types::{PluginId, problem::Result};
use std::collections::HashMap;

/// Milliseconds that equal denials are counted together.
const WINDOW: u64 = 60_000;
/// Different denials of one plug-in that are written in one window: more are a program that tries everything.
const MOST: u64 = 100;

#[derive(Default)]
pub struct Held {
    /// When the window began, in milliseconds since 1970.
    since: u64,
    plugins: HashMap<PluginId, Plugin>,
}

#[derive(Default)]
struct Plugin {
    /// By person and what was denied; how often it came again.
    again: HashMap<(String, String), u64>,
    /// Beyond the limit.
    more: u64,
}

impl Denials for Audit {
    fn denied(&self, call: &Call, interface: &str, verb: Verb, resource: &str, reason: &str) {
        let what = match resource {
            "" => format!("{verb} through {interface}: {reason}"),
            _ => format!("{verb} {resource} through {interface}: {reason}"),
        };
        let mut state = self.state.lock();
        let result = self.write_held(&mut state, false).and_then(|()| {
            let plugin = state.denials.plugins.entry(call.plugin.clone()).or_default();
            let key = (call.person.id.clone(), what);
            if let Some(again) = plugin.again.get_mut(&key) {
                *again += 1;
                return Ok(());
            }
            if plugin.again.len() as u64 >= MOST {
                plugin.more += 1;
                return Ok(());
            }
            let detail = format!("{} (trace {})", key.1, call.trace);
            plugin.again.insert(key, 0);
            self.append(&mut state, &call.person.id, Action::Deny, Some(&call.plugin), &detail).map(|_| ())
        });
        if let Err(problem) = result {
            tracing::error!(%problem, plugin = %call.plugin, "a denial could not be written to the audit log");
        }
    }
}

impl Audit {
    /// Writes the counts when the window is over, or when the end has come.
    pub(super) fn write_held(&self, state: &mut State, end: bool) -> Result<()> {
        let now = (self.clock)();
        // A clock that was set back ends the window too.
        if !end && now.checked_sub(state.denials.since).is_some_and(|passed| passed < WINDOW) {
            return Ok(());
        }
        let mut plugins: Vec<_> = std::mem::take(&mut state.denials.plugins).into_iter().collect();
        plugins.sort_by(|a, b| a.0.cmp(&b.0));
        state.denials.since = now;
        for (id, plugin) in plugins {
            let mut again: Vec<_> = plugin.again.into_iter().filter(|(_, times)| *times > 0).collect();
            again.sort();
            for ((person, what), times) in again {
                let times = if times == 1 { "once more".to_owned() } else { format!("{times} times more") };
                self.append(state, &person, Action::Deny, Some(&id), &format!("{what} ({times})"))?;
            }
            if plugin.more > 0 {
                let detail = format!("{} further denials, after {MOST} different ones within a minute", plugin.more);
                self.append(state, "host", Action::Deny, Some(&id), &detail)?;
            }
        }
        Ok(())
    }
}
