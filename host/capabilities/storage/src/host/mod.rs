//! The contract `kamld:storage` over the store: what plug-ins call.
//!
//! The only folder that touches bindings. Each function asks the gate first (`policy` says for what), then
//! parses its arguments, then acts; a refusal is a value and comes before any effect.
//! Invariant: nothing is shown of a resource that the call may not see.

mod activity;
mod assets;
mod batch;
pub mod collection;
mod history;
pub mod objects;
mod refs;
mod shapes;
mod space;

use crate::{AssetStore, policy::Needs};
use kamld_bindings::{Error as WitError, imports::kamld::storage as wit};
use kamld_policy::Call;
use kamld_types::{AssetId, BranchName, Problem, RefName};
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, ResourceTable};

/// What one call of a plug-in needs of storage.
pub struct StorageHost<'a> {
    pub table: &'a mut ResourceTable,
    pub call: &'a Arc<Call>,
    pub store: &'a Arc<AssetStore>,
}

struct Marker;

impl HasData for Marker {
    type Data<'a> = StorageHost<'a>;
}

/// Links all interfaces of `kamld:storage` but `objects`, which carries bytes, and `collection`, which is of the whole host.
pub fn link<T: Send + 'static>(linker: &mut Linker<T>, get: fn(&mut T) -> StorageHost<'_>) -> wasmtime::Result<()> {
    wit::types::add_to_linker::<T, Marker>(linker, get)?;
    wit::assets::add_to_linker::<T, Marker>(linker, get)?;
    wit::refs::add_to_linker::<T, Marker>(linker, get)?;
    wit::history::add_to_linker::<T, Marker>(linker, get)?;
    wit::space::add_to_linker::<T, Marker>(linker, get)?;
    wit::batch::add_to_linker::<T, Marker>(linker, get)?;
    wit::activity::add_to_linker::<T, Marker>(linker, get)
}

impl wit::types::Host for StorageHost<'_> {}

/// The outer error is a trap and stays unused; the inner one is what a plug-in sees.
type Answer<T> = wasmtime::Result<Result<T, WitError>>;

/// Entries of one page, as the contract says.
const MAX_PAGE: u32 = 1000;

/// The part of the host that may wait: without the table, which belongs to one thread at a time.
#[derive(Clone, Copy)]
struct Narrow<'a> {
    call: &'a Arc<Call>,
    store: &'a Arc<AssetStore>,
}

impl<'a> StorageHost<'a> {
    fn narrow(&self) -> Narrow<'a> {
        Narrow { call: self.call, store: self.store }
    }
}

impl Narrow<'_> {
    fn admit(&self, needs: Needs, resource: &str) -> Result<(), Problem> {
        self.call.admit(needs.interface, needs.verb, resource)
    }

    /// Asks the gate about a whole asset, and checks its name.
    fn asset(&self, needs: Needs, project: &str, asset: &str) -> Result<AssetId, Problem> {
        self.admit(needs, &format!("{project}/{asset}"))?;
        AssetId::new(project, asset)
    }

    /// Asks the gate about a path of an asset, and checks the asset's name.
    fn at_path(&self, needs: Needs, project: &str, asset: &str, path: &str) -> Result<AssetId, Problem> {
        self.admit(needs, &format!("{project}/{asset}/{path}"))?;
        AssetId::new(project, asset)
    }
}

fn branch_name(name: Option<String>) -> Result<Option<BranchName>, Problem> {
    name.map(BranchName::new).transpose()
}

fn ref_name(name: Option<String>) -> Result<Option<RefName>, Problem> {
    name.map(RefName::new).transpose()
}

fn limit(limit: u32) -> Result<usize, Problem> {
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(limit as usize);
    }
    Err(Problem::invalid(format!("a page holds 1 to {MAX_PAGE} entries, not {limit}")))
}

/// From the house's errors to the contract's.
fn answer<T>(result: Result<T, Problem>) -> Answer<T> {
    Ok(result.map_err(WitError::from))
}
