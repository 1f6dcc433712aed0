//! What is new: between two manifests when a plug-in is upgraded, and between a manifest and a grant.
//!
//! Invariant: what is left out was covered before, so an admin who reads a difference reads all that is new.

use crate::{Grant, Limits, Manifest, Need, Pattern, Verb};
use serde::Serialize;

/// Only what is new.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Each cut down to the verbs and resources that were not there.
    pub needs: Vec<Need>,
    /// Those that grew, and those that nobody spoke about before.
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty() && self.limits.is_empty()
    }

    /// What an upgrade asks for beyond the manifest that it replaces.
    pub fn between(old: &Manifest, new: &Manifest) -> Self {
        let had = |interface: &str, verb: Verb, resource: &Pattern| {
            old.needs.iter().any(|need| {
                need.interface == interface
                    && need.verbs.contains(&verb)
                    && need.resources.iter().any(|pattern| pattern.covers(resource))
            })
        };
        Self { needs: beyond(&new.needs, had), limits: new.limits.beyond(&old.limits) }
    }

    /// What a manifest asks for and a grant does not give: what the plug-in will be refused.
    pub fn ungranted(manifest: &Manifest, grant: Option<&Grant>) -> Self {
        let gives = |interface: &str, verb: Verb, resource: &Pattern| {
            grant.is_some_and(|grant| {
                grant.allow.iter().any(|allow| {
                    allow.interface == interface
                        && allow.verbs.contains(&verb)
                        // Named projects may be all that the pattern reaches, but that is not for sure: say it.
                        && allow.projects.is_none()
                        && allow.resources.iter().any(|pattern| pattern.covers(resource))
                })
            })
        };
        Self { needs: beyond(&manifest.needs, gives), limits: Limits::default() }
    }
}

/// Cuts each need down to what `covered` denies. Verbs with the same resources stay together.
fn beyond(needs: &[Need], covered: impl Fn(&str, Verb, &Pattern) -> bool) -> Vec<Need> {
    let mut left: Vec<Need> = Vec::new();
    for need in needs {
        let start = left.len();
        for verb in &need.verbs {
            let resources: Vec<Pattern> =
                need.resources.iter().filter(|resource| !covered(&need.interface, *verb, resource)).cloned().collect();
            if resources.is_empty() {
                continue;
            }
            match left[start..].iter_mut().find(|other| other.resources == resources) {
                Some(other) => other.verbs.push(*verb),
                None => left.push(Need { verbs: vec![*verb], resources, ..need.clone() }),
            }
        }
    }
    left
}
