//! What a new data folder starts with, and what no stranger may be called: the one place of the host where ids of
//! plug-ins stand.

/// Nobody but the product has plug-ins of this namespace.
pub const NAMESPACE: &str = "kamld";

/// Ids in the order of installation; `plugins.start` in the configuration takes ids out or adds others.
pub const START: &[&str] = &[
    "kamld/projects",
    "kamld/datasets",
    "kamld/history",
    "kamld/search",
    "kamld/sql",
    "kamld/plugins",
    "kamld/preview-table",
    "kamld/preview-image",
    "kamld/preview-text",
    "kamld/samples",
];
