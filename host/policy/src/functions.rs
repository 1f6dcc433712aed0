//! What each function of the contract asks the gate: the one table from (interface, function) to (verb, resource).
//!
//! The `policy.rs` of each capability reads it; `tests/matrix.rs` holds it against `wit/` and writes the truth
//! table out of it. Must not live here: decisions.
//! Invariant: every function that a plug-in can import stands here, or its interface is in the base world.

use crate::Verb;

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `""`: it belongs to no project.
    Nothing,
    /// `PROJECT`
    Project,
    /// `PROJECT/ASSET`
    Asset,
    /// `PROJECT/ASSET/PATH`, with a `/` at its end for a folder and all below it.
    Object,
    /// `PROJECT/ASSET` or `PROJECT/ASSET/PATH`, as the caller wrote it.
    Subject,
    /// The interface first (`Call::admit_listing`), then each thing before it is shown (`Call::may_see`).
    Each,
    /// What the handle was opened for, asked again, so that a change of the grant reaches open handles.
    Held,
}

impl Resource {
    pub fn as_str(self) -> &'static str {
        match self {
            Resource::Nothing => "nothing",
            Resource::Project => "project",
            Resource::Asset => "asset",
            Resource::Object => "object",
            Resource::Subject => "subject",
            Resource::Each => "each",
            Resource::Held => "held",
        }
    }
}

/// One question. A function that asks more than one needs a yes to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub verb: Verb,
    pub resource: Resource,
    /// The argument that it is about, where a function has more than one; else empty.
    pub of: &'static str,
}

/// One function of the contract; a method of a resource is `reader.size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    pub interface: &'static str,
    pub name: &'static str,
    /// None for a method that only tells what opening its handle has told already.
    pub asks: &'static [Ask],
}

/// Interfaces that plug-ins export: the host calls them, so there is nothing to ask.
pub const EXPORTED: &[&str] =
    &["kamld:plugin/commands", "kamld:metadata/describer", "kamld:ui/preview", "kamld:ui/surface"];

pub const ASSETS: &str = "kamld:storage/assets";
pub const REFS: &str = "kamld:storage/refs";
pub const OBJECTS: &str = "kamld:storage/objects";
pub const HISTORY: &str = "kamld:storage/history";
pub const SPACE: &str = "kamld:storage/space";
pub const ACTIVITY: &str = "kamld:storage/activity";
pub const BATCH: &str = "kamld:storage/batch";
pub const COLLECTION: &str = "kamld:storage/collection";
pub const PROJECTS: &str = "kamld:metadata/projects";
pub const CATALOG: &str = "kamld:metadata/catalog";
pub const SEARCH: &str = "kamld:metadata/search";
pub const SQL: &str = "kamld:metadata/sql";
pub const KV: &str = "kamld:metadata/kv";
pub const ADMIN: &str = "kamld:plugin/admin";
pub const PREVIEWS: &str = "kamld:ui/previews";

macro_rules! asks {
    ($interface:expr, $name:literal) => {
        Function { interface: $interface, name: $name, asks: &[] }
    };
    ($interface:expr, $name:literal, $($verb:ident $resource:ident $(($of:literal))?),+) => {
        Function {
            interface: $interface,
            name: $name,
            asks: &[$(Ask { verb: Verb::$verb, resource: Resource::$resource, of: concat!($($of)?) }),+],
        }
    };
}

pub const FUNCTIONS: &[Function] = &[
    asks!(ASSETS, "create", Create Asset),
    asks!(ASSETS, "get", Read Asset),
    asks!(ASSETS, "list", List Each),
    asks!(ASSETS, "remove", Delete Asset),
    asks!(REFS, "branches", List Asset),
    asks!(REFS, "create-branch", Create Asset),
    asks!(REFS, "remove-branch", Delete Asset),
    asks!(REFS, "versions", List Asset),
    asks!(REFS, "create-version", Create Asset),
    asks!(REFS, "resolve", Read Asset),
    asks!(REFS, "log", Read Asset),
    asks!(OBJECTS, "reader.size"),
    asks!(OBJECTS, "reader.read-at", Read Held),
    asks!(OBJECTS, "writer.write", Create Held),
    asks!(OBJECTS, "writer.finish", Create Held),
    asks!(OBJECTS, "stat", Read Object),
    asks!(OBJECTS, "list", List Asset),
    asks!(OBJECTS, "open", Read Object),
    asks!(OBJECTS, "create", Create Object),
    asks!(OBJECTS, "copy", Read Object ("from"), Create Object ("to")),
    asks!(OBJECTS, "move", Delete Object ("from"), Create Object ("to")),
    asks!(OBJECTS, "remove", Delete Object),
    asks!(HISTORY, "changes", Read Asset),
    asks!(HISTORY, "commit", Create Asset),
    asks!(HISTORY, "diff", Read Asset),
    asks!(HISTORY, "restore", Modify Asset),
    asks!(SPACE, "get", Read Nothing),
    asks!(SPACE, "by-project", List Each),
    asks!(ACTIVITY, "recent", List Each),
    asks!(BATCH, "remove", Delete Object),
    // Besides, the person must be an admin.
    asks!(COLLECTION, "configured", Read Nothing),
    asks!(COLLECTION, "last", Read Nothing),
    asks!(COLLECTION, "run", Delete Nothing),
    asks!(PROJECTS, "create", Create Project),
    asks!(PROJECTS, "get", Read Project),
    asks!(PROJECTS, "list", List Each),
    asks!(PROJECTS, "remove", Delete Project),
    asks!(CATALOG, "get", Read Subject),
    asks!(CATALOG, "get-many", Read Each),
    asks!(CATALOG, "add-tags", Modify Subject),
    asks!(CATALOG, "remove-tags", Modify Subject),
    asks!(CATALOG, "tags", List Each),
    asks!(SEARCH, "find", Read Each),
    asks!(SQL, "query.columns"),
    asks!(SQL, "query.next", Read Held),
    asks!(SQL, "query.hand-over", Read Held),
    // One question for each object that the query names, before it is opened.
    asks!(SQL, "run", Read Object),
    asks!(SQL, "explain", Read Object),
    asks!(SQL, "describe", Read Object),
    asks!(SQL, "rows", Read Object),
    asks!(SQL, "complete", Read Each),
    asks!(KV, "get", Read Nothing),
    asks!(KV, "put", Modify Nothing),
    asks!(KV, "remove", Delete Nothing),
    asks!(KV, "list", List Nothing),
    asks!(PREVIEWS, "open", Read Object),
    // Besides, the person must be an admin.
    asks!(ADMIN, "list", Read Nothing),
    asks!(ADMIN, "show", Read Nothing),
    asks!(ADMIN, "ledger", Read Nothing),
    asks!(ADMIN, "enable", Modify Nothing),
    asks!(ADMIN, "disable", Modify Nothing),
    asks!(ADMIN, "grant", Read Nothing),
    asks!(ADMIN, "set-grant", Modify Nothing),
    asks!(ADMIN, "grant-needs", Modify Nothing),
    asks!(ADMIN, "audit", Read Nothing),
];

/// The row of one function.
pub fn function(interface: &str, name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.interface == interface && function.name == name)
}

/// Every interface that has rows, once each, in order.
pub fn interfaces() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    FUNCTIONS
        .iter()
        .map(|function| function.interface)
        .filter(move |interface| std::mem::replace(&mut last, interface) != *interface)
}
