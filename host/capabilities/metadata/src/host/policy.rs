//! Which verb and which resource each function of `kamld:metadata` is admitted under.
//!
//! Must not live here: effects. The decision itself is `kamld_policy`'s.

use kamld_policy::{Call, Rights};
use kamld_types::{Person, Problem};
use std::sync::{Arc, atomic::AtomicU64};

pub(super) const PROJECTS: &str = "kamld:metadata/projects";
pub(super) const CATALOG: &str = "kamld:metadata/catalog";
pub(super) const SEARCH: &str = "kamld:metadata/search";
pub(super) const KV: &str = "kamld:metadata/kv";

/// Admits what any person may do where they have no right yet: to create a project. The plug-in's grant and its
/// revocation count as always.
pub(super) fn admit_anybody(
    call: &Call,
    interface: &str,
    verb: kamld_policy::Verb,
    resource: &str,
) -> Result<(), Problem> {
    let anybody = Call {
        plugin: call.plugin.clone(),
        person: Person { id: call.person.id.clone(), roles: call.person.roles.clone() },
        rights: Rights::Everything,
        project: call.project.clone(),
        trace: call.trace.clone(),
        deadline: call.deadline,
        gate: call.gate.clone(),
        generation: call.generation,
        current_generation: Arc::<AtomicU64>::clone(&call.current_generation),
        denials: call.denials.clone(),
    };
    anybody.admit(interface, verb, resource)
}
