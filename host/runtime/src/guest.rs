//! What the store of one call holds, and how capabilities get at it.
//!
//! Lives here: `Guest`, `HostCall`, the trait by which a capability is linked.
//! Invariant: host code reaches the state of a call through `host_call` alone, which counts it.

use crate::{
    budget::Share, ledger::Ledger, limits::Limits, memory::MemoryCap, meter::Meter, parts::Parts, plugin_host::Services,
};
use kamld_policy::Call;
use std::sync::Arc;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Links the host code of one capability and prepares its state for each call.
pub trait Linkage: Send + Sync {
    /// Called once, when the runtime starts.
    fn link(&self, linker: &mut Linker<Guest>) -> wasmtime::Result<()>;

    /// Called for each call: puts what the host code needs into `parts`. Must be cheap.
    fn open(&self, parts: &mut Parts);

    /// The interfaces that `link` defines, without versions, such as `kamld:storage/objects`: what
    /// `kamld:plugin/features.has` answers for, in each version that the host links.
    fn offers(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The data of a store: everything that one call has.
pub struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
    pub(crate) call: Arc<Call>,
    parts: Parts,
    pub(crate) memory: MemoryCap,
    pub(crate) locale: String,
    pub(crate) services: Arc<Services>,
    ledger: Arc<Ledger>,
    host_calls: u64,
}

/// What a guest is made of.
pub(crate) struct MadeOf {
    pub wasi: WasiCtx,
    pub call: Arc<Call>,
    pub parts: Parts,
    pub locale: String,
    pub services: Arc<Services>,
    pub meter: Arc<Meter>,
    pub ledger: Arc<Ledger>,
    pub share: Arc<Share>,
}

/// What host code works with during one host call.
pub struct HostCall<'a> {
    pub table: &'a mut ResourceTable,
    pub call: &'a Arc<Call>,
    pub parts: &'a mut Parts,
    /// For `bytes_in` and `bytes_out` of bulk data.
    pub ledger: &'a Ledger,
}

impl Guest {
    pub(crate) fn new(made_of: MadeOf, limits: &Limits) -> Self {
        let MadeOf { wasi, call, parts, locale, services, meter, ledger, share } = made_of;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let memory = MemoryCap::new(limits, call.allowance.quota(), share, meter, ledger.clone());
        Self { table, wasi, call, parts, memory, locale, services, ledger, host_calls: 0 }
    }

    /// The way in for host code: the `get` of every `Linkage` goes through here.
    pub fn host_call(&mut self) -> HostCall<'_> {
        self.host_calls += 1;
        HostCall { table: &mut self.table, call: &self.call, parts: &mut self.parts, ledger: &self.ledger }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.ledger.host_calls(self.host_calls);
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.host_calls += 1;
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
