//! What is known about assets: projects, catalogue, key-values, full-text search, SQL over objects in place.
//!
//! In reading order: `project`, `catalog`, `description`, `kv` (the nouns and what a back end of each writes), `embedded` (the
//! back end of a laptop), `index` (how search follows storage), `search`, `sql`, `host` (the contract's host code,
//! the only part that touches bindings), `conformance` (what every back end passes).
//!
//! Must not live here: bytes of objects, branches and commits; they are asked for through `Assets` and `Objects`.
//! Invariants: acknowledged means durable; descriptions belong to contents and not to paths; the search index is
//! derived and never the only place of anything.

pub mod catalog;
pub mod conformance;
pub mod description;
pub mod embedded;
pub mod error;
pub mod host;
pub mod index;
pub mod kv;
pub mod project;
pub mod search;
pub mod sql;

pub use catalog::{Catalog, Document, Subject};
pub use description::{Column, Content, Described, Description, Descriptions, Source, Verdict};
pub use embedded::{Derived, Embedded};
pub use error::Error;
pub use host::{MetadataHost, link};
pub use index::{AssetState, Assets, Change, ChangePage, DescribeRequest, Describer, ObjectState, Told};
pub use kv::Kv;
pub use project::{Project, Projects};
pub use search::Search;
