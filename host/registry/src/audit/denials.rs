//! Denials: reported from inside calls, so they must be cheap and must not flood memory or disk.
//!
//! The first of its kind in a window is appended at once, without a sync; repetitions are counted, and the counts are
//! written when the window is over. What a guest wrote is shortened before it is kept, and what is not seen of it is
//! written as codes. Three bounds hold within a window: different denials of one plug-in, different denials of all
//! plug-ins, and bytes written for all plug-ins. Beyond them denials are counted together, plug-in by plug-in. A fourth
//! holds within a day: once so many bytes were written for denials, windows last an hour until the day is over, and
//! only a few denials of each plug-in are listed.
//! Invariant: every denial is in the log, by itself or in a count, and a plug-in that floods the log hides no other.

use super::{Action, Audit, State, record};
use kamld_policy::{Call, Denials, Verb};
use kamld_types::{By, PluginId, problem::Result, text};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Milliseconds within which equal denials are counted together.
const WINDOW: u64 = 60_000;
/// The same, when the bytes of the day are used up.
const LONG_WINDOW: u64 = 60 * WINDOW;
const DAY: u64 = 24 * 60 * WINDOW;
/// Bytes of log for denials in a day: a month of attacks stays below half a gigabyte, and a laptop's disk is not filled.
const MAX_BYTES_OF_DAY: u64 = 16 << 20;
/// Different denials of one plug-in in a window: a program that exceeds this tries everything.
const MAX_OF_PLUGIN: usize = 100;
/// Different denials of all plug-ins in a window.
const MAX_OF_ALL: usize = 500;
/// Bytes of log for the denials of all plug-ins in a window, beside their counts, which take as much again.
const MAX_BYTES: u64 = 128 * 1024;
/// Different denials of each plug-in that are written although the shared bounds are reached.
const RESERVED: usize = 3;

/// Characters of each text. An interface is a name of the contract, a trace 32 digits; a resource can hold a project, an
/// asset and most of a path of 1,024 bytes; a reason quotes some of it.
const MAX_NAME: usize = 128;
const MAX_RESOURCE: usize = 512;
const MAX_REASON: usize = 512;

#[derive(Default)]
pub struct Held {
    /// When the window began, in milliseconds since 1970.
    since: u64,
    plugins: HashMap<PluginId, Plugin>,
    /// Different denials in this window, of all plug-ins.
    different: usize,
    /// Bytes that were written for them.
    bytes: u64,
    /// When the day began, and the bytes that were written in it for denials and their counts.
    day: u64,
    bytes_of_day: u64,
}

impl Held {
    fn spent(&self) -> bool {
        self.bytes_of_day >= MAX_BYTES_OF_DAY
    }
}

/// A text that a guest may have chosen, as it is kept.
fn kept(text: &str, most: usize) -> String {
    // Shortened first: only so much is looked through. Codes are longer than what they stand for, so it is done again.
    record::shorten(&text::plain(&record::shorten(text, most)), most)
}

#[derive(Default)]
struct Plugin {
    /// How often each was repeated.
    again: HashMap<What, u64>,
    /// Denials beyond a bound.
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

    fn size(&self) -> usize {
        size_of::<Self>() + self.person.len() + self.interface.len() + self.resource.len() + self.reason.len()
    }
}

impl Denials for Audit {
    fn denied(&self, call: &Call, interface: &str, verb: Verb, resource: &str, reason: &str) {
        let what = What {
            person: kept(&call.person.id, MAX_NAME),
            interface: kept(interface, MAX_NAME),
            verb,
            resource: kept(resource, MAX_RESOURCE),
            reason: kept(reason, MAX_REASON),
        };
        if let Err(problem) = self.note(&call.plugin, what, &kept(&call.trace, MAX_NAME)) {
            tracing::error!(%problem, plugin = %call.plugin, "a denial could not be written to the audit log");
        }
    }
}

/// What a plug-in tried on the page, outside of any call.
pub struct Refusal<'a> {
    pub person: &'a str,
    /// What it wanted.
    pub wanted: &'a str,
    pub verb: Verb,
    /// What about.
    pub resource: &'a str,
    pub reason: &'a str,
    pub trace: &'a str,
}

impl Audit {
    /// A denial that was decided outside of any call of the plug-in; within the same bounds.
    pub fn refused(&self, plugin: &PluginId, refusal: &Refusal) {
        let what = What {
            person: record::shorten(refusal.person, MAX_NAME),
            interface: record::shorten(refusal.wanted, MAX_NAME),
            verb: refusal.verb,
            resource: record::shorten(refusal.resource, MAX_RESOURCE),
            reason: record::shorten(refusal.reason, MAX_REASON),
        };
        if let Err(problem) = self.note(plugin, what, &record::shorten(refusal.trace, MAX_NAME)) {
            tracing::error!(%problem, %plugin, "a refusal could not be written to the audit log");
        }
    }

    fn note(&self, id: &PluginId, what: What, trace: &str) -> Result<()> {
        let mut state = self.state.lock();
        self.write_held(&mut state, false)?;
        let spent = state.denials.spent();
        let Held { plugins, different, bytes, .. } = &mut state.denials;
        let plugin = plugins.entry(id.clone()).or_default();
        if let Some(again) = plugin.again.get_mut(&what) {
            *again += 1;
            return Ok(());
        }
        let of_plugin = plugin.again.len();
        let room = !spent && of_plugin < MAX_OF_PLUGIN && *different < MAX_OF_ALL && *bytes < MAX_BYTES;
        if !room && of_plugin >= RESERVED {
            plugin.more += 1;
            return Ok(());
        }
        plugin.again.insert(what.clone(), 0);
        *different += 1;
        let before = state.length;
        self.append(
            &mut state,
            &By::from(&*what.person),
            Action::Deny,
            Some(id),
            what.detail(("trace", trace.into())),
        )?;
        let written = state.length - before;
        state.denials.bytes += written;
        state.denials.bytes_of_day += written;
        Ok(())
    }

    /// Writes the counts when the window is over, or when the log is closed.
    pub(super) fn write_held(&self, state: &mut State, end: bool) -> Result<()> {
        let now = (self.options.clock)();
        // A clock that was set back ends the window and the day too.
        if now.checked_sub(state.denials.day).is_none_or(|passed| passed >= DAY) {
            (state.denials.day, state.denials.bytes_of_day) = (now, 0);
        }
        let window = if state.denials.spent() { LONG_WINDOW } else { WINDOW };
        if !end && now.checked_sub(state.denials.since).is_some_and(|passed| passed < window) {
            return Ok(());
        }
        let (day, bytes_of_day) = (state.denials.day, state.denials.bytes_of_day);
        let held = std::mem::replace(&mut state.denials, Held { since: now, day, bytes_of_day, ..Held::default() });
        let before = state.length;
        let mut plugins: Vec<_> = held.plugins.into_iter().collect();
        plugins.sort_by(|a, b| a.0.cmp(&b.0));
        for (id, plugin) in plugins {
            let mut again: Vec<_> = plugin.again.into_iter().filter(|(_, times)| *times > 0).collect();
            again.sort();
            for (what, times) in again {
                self.append(
                    state,
                    &By::from(&*what.person),
                    Action::Deny,
                    Some(&id),
                    what.detail(("again", times.into())),
                )?;
            }
            if plugin.more > 0 {
                let within = if window == WINDOW { "a minute" } else { "an hour" };
                let detail = format!("{} further denials within {within}, not listed one by one", plugin.more);
                self.append(state, &By::from("host"), Action::Deny, Some(&id), detail.into())?;
            }
        }
        state.denials.bytes_of_day += state.length - before;
        Ok(())
    }

    /// Bytes of the texts that are held for denials of this window. For tests.
    #[doc(hidden)]
    pub fn denials_held(&self) -> usize {
        let state = self.state.lock();
        state.denials.plugins.values().flat_map(|plugin| plugin.again.keys()).map(What::size).sum()
    }
}
