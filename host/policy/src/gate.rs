//! The compiled form of manifest ∩ grant for one plug-in: one look-up per host call.
//!
//! Invariants: an allowed check under an enforced grant allocates nothing and takes no lock; a resource that is not
//! well-formed is refused whatever the patterns say; an observing gate never allows beyond the manifest.

use crate::{
    Grant, Limits, Manifest, Mode, Pattern, Quota, Sides, Verb,
    observed::{Observed, Use},
    pattern::well_formed,
};
use kamld_types::{PluginId, ProjectName};
use serde::Serialize;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// The answer of a gate, with the reason in words when it is no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow,
    Deny(String),
}

/// How often a gate was asked, since it was compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Those that an observing gate let through are among them.
    pub allowed: u64,
    pub denied: u64,
    /// What an observing gate let through and an enforcing one would have refused.
    pub would_deny: u64,
}

/// What one plug-in may do under its current grant.
#[derive(Debug, Default)]
pub struct Gate {
    everything: bool,
    granted: bool,
    generation: u64,
    /// What the manifest requests and the grant gives of what a call may use.
    requested: Limits,
    given: Limits,
    /// Sorted by interface.
    rules: Box<[Rule]>,
    /// Only an observing gate has one.
    observed: Option<Mutex<Observed>>,
    allowed: AtomicU64,
    denied: AtomicU64,
    would_deny: AtomicU64,
}

/// All about one interface, by verb.
#[derive(Debug)]
struct Rule {
    interface: Box<str>,
    asked: [Vec<Pattern>; 5],
    granted: [Vec<Granted>; 5],
}

#[derive(Debug)]
struct Granted {
    pattern: Pattern,
    projects: Option<Box<[ProjectName]>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Malformed,
    NotAsked,
    NotGranted,
}

impl Gate {
    /// A gate that allows everything: for tests of what lies behind it, and for calls that the host
    /// makes on a person's behalf without any plug-in.
    pub fn open() -> Self {
        Self { everything: true, granted: true, ..Self::default() }
    }

    /// Without a grant, nothing is allowed.
    pub fn compile(manifest: &Manifest, grant: Option<&Grant>, generation: u64) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        for need in &manifest.needs {
            let rule = match rules.iter_mut().find(|rule| *rule.interface == *need.interface) {
                Some(rule) => rule,
                None => {
                    rules.push(Rule {
                        interface: need.interface.as_str().into(),
                        asked: Default::default(),
                        granted: Default::default(),
                    });
                    let last = rules.len() - 1;
                    &mut rules[last]
                }
            };
            for verb in &need.verbs {
                rule.asked[verb.index()].extend(need.resources.iter().cloned());
            }
        }
        // What is granted and not asked for has no rule and stays refused.
        for allow in grant.iter().flat_map(|grant| &grant.allow) {
            let Some(rule) = rules.iter_mut().find(|rule| *rule.interface == *allow.interface) else { continue };
            for verb in &allow.verbs {
                rule.granted[verb.index()].extend(allow.resources.iter().map(|pattern| Granted {
                    pattern: pattern.clone(),
                    projects: allow.projects.as_deref().map(Into::into),
                }));
            }
        }
        rules.sort_by(|a, b| a.interface.cmp(&b.interface));
        let observe = grant.is_some_and(|grant| grant.mode == Mode::Observe);
        Self {
            generation,
            granted: grant.is_some(),
            requested: manifest.limits,
            given: grant.map(|grant| grant.limits).unwrap_or_default(),
            rules: rules.into(),
            observed: observe.then(Mutex::default),
            ..Self::default()
        }
    }

    /// Whether a person granted the plug-in anything, were it only to run: without that its code is not called at all.
    pub fn is_granted(&self) -> bool {
        self.granted
    }

    /// What a call may use, of what this host can spare.
    pub fn quota(&self, host: &Quota) -> (Quota, Sides) {
        Quota::of(&self.requested, &self.given, host, host)
    }

    /// Of the grant that it was compiled from.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// `interface` is named without its version, such as `kamld:storage/objects`.
    pub fn check(&self, interface: &str, verb: Verb, resource: &str) -> Decision {
        self.answer(self.decide(interface, verb, resource), interface, verb, resource)
    }

    /// Whether anything at all is allowed with this verb: asked before a listing that is filtered thing by thing.
    pub fn check_any(&self, interface: &str, verb: Verb) -> Decision {
        let verdict = match self.rule(interface) {
            _ if self.everything => Verdict::Allowed,
            Some(rule) if rule.asked[verb.index()].is_empty() => Verdict::NotAsked,
            None => Verdict::NotAsked,
            Some(rule) if rule.granted[verb.index()].is_empty() => Verdict::NotGranted,
            Some(_) => Verdict::Allowed,
        };
        // Each thing that is shown is noted on its own.
        match verdict {
            Verdict::Allowed => {
                self.allowed.fetch_add(1, Ordering::Relaxed);
                Decision::Allow
            }
            Verdict::NotGranted if self.observed.is_some() => {
                self.allowed.fetch_add(1, Ordering::Relaxed);
                Decision::Allow
            }
            verdict => self.answer(verdict, interface, verb, "anything"),
        }
    }

    /// The same decision as [`Gate::check`], told to nobody: no reason and no count.
    pub fn allows(&self, interface: &str, verb: Verb, resource: &str) -> bool {
        match self.decide(interface, verb, resource) {
            Verdict::Allowed => {
                self.note(interface, verb, resource);
                true
            }
            Verdict::NotGranted if self.observed.is_some() => {
                self.note(interface, verb, resource);
                true
            }
            _ => false,
        }
    }

    pub fn tally(&self) -> Tally {
        Tally {
            allowed: self.allowed.load(Ordering::Relaxed),
            denied: self.denied.load(Ordering::Relaxed),
            would_deny: self.would_deny.load(Ordering::Relaxed),
        }
    }

    pub fn is_observing(&self) -> bool {
        self.observed.is_some()
    }

    /// What was used since this gate was compiled; empty when it does not observe.
    pub fn uses(&self) -> Vec<Use> {
        self.observed.as_ref().map(|observed| lock(observed).uses()).unwrap_or_default()
    }

    /// The smallest grant of what was used; none when this gate does not observe.
    pub fn propose(&self, plugin: &PluginId) -> Option<Grant> {
        self.observed.as_ref().map(|observed| lock(observed).propose(plugin.clone()))
    }

    fn rule(&self, interface: &str) -> Option<&Rule> {
        let place = self.rules.binary_search_by(|rule| (*rule.interface).cmp(interface)).ok()?;
        self.rules.get(place)
    }

    fn decide(&self, interface: &str, verb: Verb, resource: &str) -> Verdict {
        if !well_formed(resource) {
            return Verdict::Malformed;
        }
        if self.everything {
            return Verdict::Allowed;
        }
        let Some(rule) = self.rule(interface) else { return Verdict::NotAsked };
        if !rule.asked[verb.index()].iter().any(|pattern| pattern.matches(resource)) {
            return Verdict::NotAsked;
        }
        let granted = |granted: &Granted| {
            granted.pattern.matches(resource)
                && granted.projects.as_ref().is_none_or(|projects| {
                    let project = resource.split('/').next().unwrap_or_default();
                    projects.iter().any(|name| name.as_str() == project)
                })
        };
        match rule.granted[verb.index()].iter().any(granted) {
            true => Verdict::Allowed,
            false => Verdict::NotGranted,
        }
    }

    fn answer(&self, verdict: Verdict, interface: &str, verb: Verb, resource: &str) -> Decision {
        let what = if resource.is_empty() { "" } else { " " };
        let reason = match verdict {
            Verdict::Allowed => {
                self.allowed.fetch_add(1, Ordering::Relaxed);
                self.note(interface, verb, resource);
                return Decision::Allow;
            }
            Verdict::NotGranted if self.observed.is_some() => {
                self.allowed.fetch_add(1, Ordering::Relaxed);
                self.would_deny.fetch_add(1, Ordering::Relaxed);
                self.note(interface, verb, resource);
                return Decision::Allow;
            }
            Verdict::Malformed => format!("'{}' is not the name of a resource", resource.escape_debug()),
            Verdict::NotAsked => format!("its manifest does not ask to {verb}{what}{resource} through {interface}"),
            Verdict::NotGranted => format!("its grant does not allow to {verb}{what}{resource} through {interface}"),
        };
        self.denied.fetch_add(1, Ordering::Relaxed);
        Decision::Deny(reason)
    }

    fn note(&self, interface: &str, verb: Verb, resource: &str) {
        if let Some(observed) = &self.observed {
            lock(observed).note(interface, verb, resource);
        }
    }
}

/// What was seen stays right when a thread died while it looked.
fn lock(observed: &Mutex<Observed>) -> std::sync::MutexGuard<'_, Observed> {
    observed.lock().unwrap_or_else(PoisonError::into_inner)
}
