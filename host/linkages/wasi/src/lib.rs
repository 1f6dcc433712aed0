//! The base world, WASI 0.2 and 0.3, joined with the runtime's guests.
//!
//! Lives here: which interfaces of WASI are linked. Must not live here: what a guest finds behind them (its context is made
//! by the runtime), or which of them a plug-in may import (`kamld-policy`).
//! All of it is generic over the guest, and much: in the runtime it would be compiled again with each change there.

use kamld_runtime::{Guest, Linkage, Parts};
use wasmtime::component::Linker;

/// WASI, for every call.
pub struct WasiLinkage;

impl Linkage for WasiLinkage {
    fn link(&self, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        wasmtime_wasi::p2::add_to_linker_async(linker)?;
        wasmtime_wasi::p3::add_to_linker(linker)
    }

    fn open(&self, _: &mut Parts) {}
}
