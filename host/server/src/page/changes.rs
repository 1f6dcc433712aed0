//! What changed, told to every open page.
//!
//! Lives here: the broadcast and which change concerns whom. Must not live here: who draws anew.
//! Invariant: a page that missed changes is told that everything may have changed, never nothing.

use kamld_types::command::{ArgumentType, Command};
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Changes that a page may lag behind before it draws everything anew.
const BEHIND: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A project, an asset or what is in it: `PROJECT[/ASSET[/PATH]]`; empty for all.
    At(String),
    /// Which plug-ins there are, or what they may do.
    Plugins,
    /// Long work, its progress or its end.
    Tasks,
}

/// Cheap to clone; all clones are one broadcast.
#[derive(Clone)]
pub struct Changes(Arc<broadcast::Sender<Change>>);

impl Default for Changes {
    fn default() -> Self {
        Self(Arc::new(broadcast::Sender::new(BEHIND)))
    }
}

impl Changes {
    pub fn tell(&self, change: Change) {
        // Without a page nobody needs to know.
        let _ = self.0.send(change);
    }

    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }

    /// Tells what a command that writes has touched: the things that its arguments name.
    pub fn tell_command(&self, command: &Command, arguments: &Map<String, Value>) {
        let mut told = false;
        for argument in &command.arguments {
            let names = matches!(argument.r#type, ArgumentType::Project | ArgumentType::Asset | ArgumentType::Address);
            let values = match arguments.get(&argument.name) {
                Some(Value::Array(values)) if names => values.as_slice(),
                Some(value) if names => std::slice::from_ref(value),
                _ => continue,
            };
            for address in values.iter().filter_map(Value::as_str) {
                self.tell(Change::At(plain(address)));
                told = true;
            }
        }
        if !told {
            self.tell(Change::At(String::new()));
        }
    }
}

/// An address without its ref: what happens on one branch may be shown by another.
fn plain(address: &str) -> String {
    let mut parts = address.trim_end_matches('/').splitn(3, '/');
    let (project, asset, path) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let asset = asset.and_then(|asset| asset.split('@').next());
    [Some(project), asset, path].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// Whether one of two addresses contains the other.
fn touch(a: &str, b: &str) -> bool {
    let (a, b) = (plain(a), plain(b));
    let within = |inner: &str, outer: &str| {
        outer.is_empty() || inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
    };
    within(&a, &b) || within(&b, &a)
}

impl Change {
    /// Whether a view at an address, with these topics, may look different now.
    pub fn concerns(&self, address: &str, topics: &[String]) -> bool {
        match self {
            Change::At(changed) => {
                let others = topics.iter().filter(|topic| !matches!(topic.as_str(), "plugins" | "tasks"));
                touch(changed, address) || others.into_iter().any(|topic| touch(changed, topic))
            }
            Change::Plugins => topics.iter().any(|topic| topic == "plugins"),
            Change::Tasks => topics.iter().any(|topic| topic == "tasks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_concerns_what_holds_it_and_what_it_holds() {
        let at = |text: &str| Change::At(text.to_owned());
        for (changed, address) in [
            ("birds/strikes", "birds"),
            ("birds", "birds/strikes"),
            ("birds/strikes/a.csv", "birds/strikes@main/"),
            ("birds/strikes@cleaning/a/", "birds/strikes/a/b.csv"),
            ("birds", ""),
            ("", "birds/strikes"),
        ] {
            assert!(at(changed).concerns(address, &[]), "{changed} {address}");
        }
        for (changed, address) in
            [("birds/strikes", "birds/stri"), ("birds", "cars"), ("birds/strikes/a.csv", "birds/strikes/b.csv")]
        {
            assert!(!at(changed).concerns(address, &[]), "{changed} {address}");
        }
        assert!(at("cars/parts").concerns("birds", &["cars".into()]));
        for (change, topic) in [(Change::Plugins, "plugins"), (Change::Tasks, "tasks")] {
            assert!(change.concerns("", &[topic.into()]) && !change.concerns("", &[]), "{topic}");
        }
    }
}
