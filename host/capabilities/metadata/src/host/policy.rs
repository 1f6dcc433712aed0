//! The interface each function of `kamld:metadata` is admitted under. Resources are a project's name, a subject of
//! the catalogue, and none for key-values; each function names its verb where it admits.
//!
//! Must not live here: effects. The decision itself is `kamld_policy`'s.

use kamld_policy::{Call, Verb};
use kamld_types::{Problem, ProjectName};

pub(super) const PROJECTS: &str = "kamld:metadata/projects";
pub(super) const CATALOG: &str = "kamld:metadata/catalog";
pub(super) const SEARCH: &str = "kamld:metadata/search";
pub(super) const KV: &str = "kamld:metadata/kv";

/// Before a listing inside one project: a person without any right there hears so, instead of finding nothing. What
/// of the project is shown, `may_see` decides item by item, since a grant may cover parts of it.
pub(super) fn in_project(call: &Call, interface: &str, verb: Verb, project: &str) -> Result<(), Problem> {
    let project = ProjectName::new(project)?;
    match call.rights.in_project(project.as_str()) {
        Some(_) => Ok(()),
        None => call.admit(interface, verb, project.as_str()),
    }
}
