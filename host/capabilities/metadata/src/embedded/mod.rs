//! The back end that a laptop uses: what people wrote lies in the records of the host, what can be made again in sled.
//!
//! Must not live here: the search index, which lies in its own folder.
//! Invariants: nothing that a person wrote is acknowledged before it is synced; a change of several records is one
//! transaction; the sled database can be deleted at any time.

mod catalog;
mod derived;
mod descriptions;
mod kv;
mod projects;
pub(crate) mod record;

pub use derived::Derived;
/// The tables of the records, for whoever brings records from elsewhere.
pub mod tables {
    pub use super::{catalog::TABLE as CATALOG, kv::TABLE as KV, kv::USAGE as KV_USAGE, projects::TABLE as PROJECTS};
}

use crate::{Catalog, Descriptions, Kv, Projects};
use kamld_records::Records;
use std::sync::Arc;

/// The nouns on one store of records. Cheap to clone.
#[derive(Clone)]
pub struct Embedded {
    pub projects: Arc<dyn Projects>,
    pub catalog: Arc<dyn Catalog>,
    pub kv: Arc<dyn Kv>,
    pub descriptions: Arc<dyn Descriptions>,
}

impl Embedded {
    pub fn new(records: &Arc<dyn Records>, derived: &Arc<Derived>) -> Self {
        Self {
            projects: Arc::new(projects::RecordProjects::new(records.clone())),
            catalog: Arc::new(catalog::RecordCatalog::new(records.clone())),
            kv: Arc::new(kv::RecordKv::new(records.clone())),
            descriptions: Arc::new(descriptions::SledDescriptions::new(derived.clone())),
        }
    }
}
