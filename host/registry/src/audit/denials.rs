//! Denials: heard from inside calls, so they must be cheap and must not flood the log.
//!
//! The first of its kind in a minute is written at once, without waiting for the disk; the same one again is counted, and the
//! count is written when the minute is over. Of one plug-in at most 100 different ones a minute are written, the rest
//! is counted together. Invariant: every denial is in the log, by itself or in a count.

use super::{Action, Audit, State};
use kamld_policy::{Call, Denials, Verb};
use kamld_types::{PluginId, problem::Result};
use serde_json::{Value, json};
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
    /// How often each came again.
    again: HashMap<What, u64>,
    /// Beyond the limit.
    more: u64,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct What {
    person: String,
    interface: String,
    verb: Verb,
    resource: String,
    reason: String,
}

impl What {
    fn detail(&self, more: (&str, Value)) -> Value {
        let mut detail = json!({
            "interface": self.interface,
            "verb": self.verb,
            "resource": self.resource,
            "reason": self.reason,
        });
        detail[more.0] = more.1;
        detail
    }
}

impl Denials for Audit {
    fn denied(&self, call: &Call, interface: &str, verb: Verb, resource: &str, reason: &str) {
        let what = What {
            person: call.person.id.clone(),
            interface: interface.to_owned(),
            verb,
            resource: resource.to_owned(),
            reason: reason.to_owned(),
        };
        if let Err(problem) = self.note(&call.plugin, what, &call.trace) {
            tracing::error!(%problem, plugin = %call.plugin, "a denial could not be written to the audit log");
        }
    }
}

impl Audit {
    fn note(&self, id: &PluginId, what: What, trace: &str) -> Result<()> {
        let mut state = self.state.lock();
        self.write_held(&mut state, false)?;
        let plugin = state.denials.plugins.entry(id.clone()).or_default();
        if let Some(again) = plugin.again.get_mut(&what) {
            *again += 1;
            return Ok(());
        }
        if plugin.again.len() as u64 >= MOST {
            plugin.more += 1;
            return Ok(());
        }
        plugin.again.insert(what.clone(), 0);
        self.append(&mut state, &what.person, Action::Deny, Some(id), what.detail(("trace", trace.into())))
    }

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
            for (what, times) in again {
                self.append(state, &what.person, Action::Deny, Some(&id), what.detail(("again", times.into())))?;
            }
            if plugin.more > 0 {
                let detail = format!("{} further denials, after {MOST} different ones within a minute", plugin.more);
                self.append(state, "host", Action::Deny, Some(&id), detail.into())?;
            }
        }
        Ok(())
    }
}
