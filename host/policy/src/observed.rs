//! What an observing gate has seen, folded so that it stays small, and the smallest grant that allows it.
//!
//! Invariant: the proposal allows everything that was seen; it never names a verb that was not used.

use crate::{Allow, Grant, Pattern, Verb};
use kamld_types::{PluginId, problem::Result};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// More different resources than this are folded to the assets, then the projects, then everything: nobody
/// reviews a longer list, and a plug-in must not fill the memory of the host by asking.
const MOST: usize = 64;

/// The resources used through one interface with one verb.
#[derive(Debug, Default)]
struct Used {
    /// To how many parts resources are cut; none keeps them whole.
    depth: Option<usize>,
    resources: BTreeSet<Box<str>>,
}

/// What was used so far.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    used: BTreeMap<Box<str>, BTreeMap<Verb, Used>>,
}

/// One line of what was used: a resource, or a pattern when there were many.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Use {
    pub interface: String,
    pub verb: Verb,
    pub resource: String,
}

impl Observed {
    pub fn note(&mut self, interface: &str, verb: Verb, resource: &str) {
        // The name is only copied for the first use of an interface.
        if !self.used.contains_key(interface) {
            self.used.insert(interface.into(), BTreeMap::new());
        }
        let Some(verbs) = self.used.get_mut(interface) else { return };
        let used = verbs.entry(verb).or_default();
        let resource = cut(resource, used.depth);
        if used.resources.contains(resource) {
            return;
        }
        used.resources.insert(resource.into());
        while used.resources.len() > MOST {
            let depth = used.depth.map_or(2, |depth| depth.saturating_sub(1));
            used.depth = Some(depth);
            used.resources = used.resources.iter().map(|resource| cut(resource, Some(depth)).into()).collect();
        }
    }

    fn patterns(&self) -> impl Iterator<Item = (&str, Verb, Result<Pattern>)> {
        let each = self
            .used
            .iter()
            .flat_map(|(interface, verbs)| verbs.iter().map(move |(verb, used)| (interface, verb, used)));
        each.flat_map(|(interface, verb, used)| {
            used.resources.iter().map(move |resource| {
                let whole = used.depth.is_none_or(|depth| resource.split('/').count() < depth);
                let folder = resource.ends_with('/');
                // What belongs to no project stays apart unless everything was folded.
                let deep = folder || (!whole && (!resource.is_empty() || used.depth == Some(0)));
                (&**interface, *verb, Pattern::exactly(resource, deep))
            })
        })
    }

    pub fn uses(&self) -> Vec<Use> {
        self.patterns()
            .filter_map(|(interface, verb, pattern)| {
                Some(Use { interface: interface.into(), verb, resource: pattern.ok()?.into() })
            })
            .collect()
    }

    /// The smallest grant of what was seen; verbs with the same resources share an entry.
    pub fn propose(&self, plugin: PluginId) -> Grant {
        let mut by_verb: BTreeMap<(&str, Verb), Vec<Pattern>> = BTreeMap::new();
        for (interface, verb, pattern) in self.patterns() {
            by_verb.entry((interface, verb)).or_default().extend(pattern.ok());
        }
        let mut grant = Grant::nothing(plugin);
        for ((interface, verb), resources) in by_verb {
            match grant.allow.iter_mut().find(|allow| allow.interface == interface && allow.resources == resources) {
                Some(allow) => allow.verbs.push(verb),
                None => grant.allow.push(Allow {
                    interface: interface.into(),
                    verbs: vec![verb],
                    resources,
                    projects: None,
                }),
            }
        }
        grant
    }
}

/// The first `depth` parts.
fn cut(resource: &str, depth: Option<usize>) -> &str {
    match depth {
        None => resource,
        Some(0) => "",
        Some(depth) => match resource.match_indices('/').nth(depth - 1) {
            Some((place, _)) => &resource[..place],
            None => resource,
        },
    }
}
