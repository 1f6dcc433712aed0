//! What went wrong in a plug-in lately, for its author and for whoever runs it.
//!
//! Lives here: the last troubles of one plug-in, in memory. Must not live here: what becomes of the plug-in (`faults`),
//! and what a person is told (`diagnosis`).
//! Invariant: what a guest wrote itself, such as the trace of a stack, is kept here and told nobody else.

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

/// As many as one looks through; a plug-in that fails at each call would fill any list.
const KEPT: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Milliseconds since 1970.
    pub at: u64,
    /// What it was doing, such as `surface 'data'`.
    pub doing: String,
    /// What was wrong, as the person was told.
    pub message: String,
    /// The id under which the person saw it.
    pub trace: String,
    /// What it wrote last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
}

#[derive(Debug, Default)]
pub struct Troubles(Mutex<VecDeque<Trouble>>);

impl Troubles {
    pub fn note(&self, doing: &str, message: &str, trace: &str, words: String) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let trouble = Trouble { at, doing: doing.into(), message: message.into(), trace: trace.into(), words };
        let mut kept = self.0.lock();
        kept.truncate(KEPT - 1);
        kept.push_front(trouble);
    }

    /// Newest first.
    pub fn list(&self) -> Vec<Trouble> {
        self.0.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_kept_newest_first() {
        let troubles = Troubles::default();
        for n in 0..KEPT + 5 {
            troubles.note("surface 'data'", &format!("trouble {n}"), "4bf9", String::new());
        }
        let list = troubles.list();
        assert_eq!((list.len(), list[0].message.as_str()), (KEPT, "trouble 24"));
    }
}
