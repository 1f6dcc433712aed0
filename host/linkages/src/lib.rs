//! The capabilities as plug-ins meet them: what is linked, and what each call finds behind it.
//!
//! Lives here: joining the host code of the capabilities with the runtime's guests, for the binary and for benchmarks.
//! Must not live here: a choice of back ends.
//! The one interface that carries bytes is in `objects`, a crate of its own.

use kamld_metadata::{Embedded, MetadataHost, Search, sql::Sql};
use kamld_runtime::{Guest, HostCall, Linkage, Parts};
use kamld_storage::{
    AssetStore,
    host::collection::{self, Collecting, CollectionHost},
};
use std::sync::Arc;
use wasmtime::component::Linker;

/// Storage, for every call.
pub struct StorageLinkage(pub Arc<AssetStore>);

impl Linkage for StorageLinkage {
    fn link(&self, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        kamld_storage::host::link(linker, kamld_linkages_objects::host)?;
        kamld_linkages_objects::link(linker)
    }

    fn open(&self, parts: &mut Parts) {
        parts.insert(self.0.clone());
    }

    fn offers(&self) -> Vec<String> {
        ["types", "assets", "refs", "objects", "history", "space", "activity", "batch"]
            .map(|name| format!("kamld:storage/{name}"))
            .into()
    }
}

/// Garbage collection, for every call.
#[derive(Clone)]
pub struct CollectionLinkage(pub Arc<dyn Collecting>);

impl Linkage for CollectionLinkage {
    fn link(&self, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        collection::link(linker, |guest: &mut Guest| {
            let HostCall { call, parts, .. } = guest.host_call();
            CollectionHost { call, collecting: &parts.of::<Self>().0 }
        })
    }

    fn open(&self, parts: &mut Parts) {
        parts.insert(self.clone());
    }

    fn offers(&self) -> Vec<String> {
        vec!["kamld:storage/collection".into()]
    }
}

/// Metadata, for every call.
#[derive(Clone)]
pub struct MetadataLinkage {
    pub embedded: Embedded,
    pub search: Arc<Search>,
    pub sql: Arc<Sql>,
}

impl Linkage for MetadataLinkage {
    fn link(&self, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        kamld_metadata::host::link(linker, |guest: &mut Guest| {
            let HostCall { table, call, parts, .. } = guest.host_call();
            let Self { embedded: Embedded { catalog, descriptions, projects, kv }, search, sql } = parts.of::<Self>();
            MetadataHost { table, call, catalog, descriptions, projects, kv, search, sql }
        })
    }

    fn open(&self, parts: &mut Parts) {
        parts.insert(self.clone());
    }

    fn offers(&self) -> Vec<String> {
        ["projects", "catalog", "search", "sql", "kv"].map(|name| format!("kamld:metadata/{name}")).into()
    }
}
