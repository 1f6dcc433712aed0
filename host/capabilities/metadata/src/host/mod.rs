//! The host code of `kamld:metadata`: admits each call, then asks the nouns.
//!
//! Must not live here: anything that a second back end would need again.
//! Invariant: `admit` comes before the first effect of every function, and listings pass `may_see`.

mod catalog;
mod kv;
mod policy;
mod projects;
mod search;
mod sql;

use crate::{Catalog, Descriptions, Kv, Projects, Search, sql::Sql};
use kamld_bindings::imports::kamld::metadata as wit;
use kamld_policy::Call;
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, ResourceTable};

/// What one call of a plug-in has to work with.
pub struct MetadataHost<'a> {
    pub table: &'a mut ResourceTable,
    pub call: &'a Arc<Call>,
    pub catalog: &'a Arc<dyn Catalog>,
    pub descriptions: &'a Arc<dyn Descriptions>,
    pub projects: &'a Arc<dyn Projects>,
    pub kv: &'a Arc<dyn Kv>,
    pub search: &'a Arc<Search>,
    pub sql: &'a Arc<Sql>,
}

impl wit::types::Host for MetadataHost<'_> {}

struct Metadata;

impl HasData for Metadata {
    type Data<'a> = MetadataHost<'a>;
}

/// Offers every interface of `kamld:metadata` to the components of a linker.
pub fn link<T: Send + 'static>(linker: &mut Linker<T>, get: fn(&mut T) -> MetadataHost<'_>) -> wasmtime::Result<()> {
    wit::types::add_to_linker::<T, Metadata>(linker, get)?;
    wit::projects::add_to_linker::<T, Metadata>(linker, get)?;
    wit::catalog::add_to_linker::<T, Metadata>(linker, get)?;
    wit::search::add_to_linker::<T, Metadata>(linker, get)?;
    wit::sql::add_to_linker::<T, Metadata>(linker, get)?;
    wit::kv::add_to_linker::<T, Metadata>(linker, get)
}
