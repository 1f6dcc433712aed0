//! What the server asks of the rest of the host, answered over storage, metadata, runtime and registry.
//!
//! Lives here: joining, one file a trait. Must not live here: decisions about rights (the server has made them)
//! or about grants (policy makes them).

mod audit;
mod calling;
mod commands;
mod crossings;
mod finder;
mod health;
mod maintenance;
mod objects;
mod plugins;
mod results;
mod surfaces;
mod tables;
mod uploads;

use super::{collect::Collector, installed::Installed, page::PageFiles};
use crate::backup::Source;
use kamld_metadata::{Projects, Search, sql::Sql};
use kamld_runtime::Runtime;
use kamld_server::{Parts, page::changes::Changes, parts::PartHealth};
use kamld_storage::AssetStore;
use std::{path::PathBuf, sync::Arc};

/// What the parts are made of.
pub struct Joined {
    pub store: AssetStore,
    pub search: Arc<Search>,
    pub projects: Arc<dyn Projects>,
    pub sql: Arc<Sql>,
    pub runtime: Arc<Runtime>,
    pub installed: Installed,
    pub data: PathBuf,
    pub self_test: Vec<PartHealth>,
    pub pages: PageFiles,
    pub changes: Changes,
    pub collector: Arc<Collector>,
    pub source: Arc<Source>,
}

/// Everything that a server needs.
pub fn all(joined: Joined) -> Parts {
    let Joined { store, search, projects, sql, runtime, installed, data, self_test, pages, changes, collector, source } =
        joined;
    Parts {
        surfaces: Arc::new(surfaces::PluginSurfaces::new(runtime.clone(), search.clone(), installed.clone())),
        commands: Arc::new(commands::PluginCommands::new(runtime.clone(), search.clone(), installed.clone())),
        objects: Arc::new(objects::StoredObjects(store.clone())),
        uploads: Arc::new(uploads::StoredUploads(store.clone())),
        results: Arc::new(results::QueryResults(sql.clone())),
        tables: Arc::new(tables::ObjectTables(sql.clone())),
        audit: Arc::new(audit::AuditPages(installed.audit().clone())),
        crossings: Arc::new(crossings::AuditedCrossings(installed.clone())),
        plugins: Arc::new(plugins::PluginAdmin(installed)),
        maintenance: Arc::new(maintenance::HostMaintenance {
            store: store.clone(),
            search: search.clone(),
            collector,
            source,
        }),
        finder: Arc::new(finder::NameFinder { projects, search: search.clone() }),
        pages: Arc::new(pages),
        changes,
        health: Arc::new(health::HostHealth { store, search, runtime, sql, data, self_test }),
    }
}
