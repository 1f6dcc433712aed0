//! The back end that a laptop uses: three trees of one sled database that the host hands in.
//!
//! Must not live here: the search index, which is derived and lies in its own folder.
//! Invariants: every record carries a checksum over its key and value; nothing is acknowledged before sled has
//! flushed it; a change of several records is one atomic batch.

mod catalog;
mod flush;
mod kv;
mod projects;
pub(crate) mod record;

use crate::{Catalog, Kv, Projects, error::Result};
use std::sync::Arc;

/// The three nouns on one database. Cheap to clone.
#[derive(Clone)]
pub struct Embedded {
    pub projects: Arc<dyn Projects>,
    pub catalog: Arc<dyn Catalog>,
    pub kv: Arc<dyn Kv>,
}

impl Embedded {
    pub fn open(db: &sled::Db) -> Result<Self> {
        let flush = flush::Flush::new(db);
        Ok(Self {
            projects: Arc::new(projects::SledProjects::open(db, &flush)?),
            catalog: Arc::new(catalog::SledCatalog::open(db, &flush)?),
            kv: Arc::new(kv::SledKv::open(db, &flush)?),
        })
    }
}
