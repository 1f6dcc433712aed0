//! The interface that carries bytes, joined with the runtime's guests.
//!
//! Lives here: `kamld:storage/objects`, and what a call of storage finds behind it. Must not live here: anything else.
//! What copies bytes between host and guest is generic and is compiled where both are known, which is here: this crate is
//! built at full optimisation (root `Cargo.toml`), for at a lower level it copies byte by byte, and it is small because that
//! takes long. The rest of the interfaces is in `kamld-linkages`.

use kamld_runtime::{Guest, HostCall};
use kamld_storage::{
    AssetStore,
    host::{StorageHost, objects},
};
use std::sync::Arc;
use wasmtime::component::Linker;

/// Links the interface.
pub fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    objects::link(linker, host)
}

/// Storage as a call of a guest meets it.
pub fn host(guest: &mut Guest) -> StorageHost<'_> {
    let HostCall { table, call, parts, .. } = guest.host_call();
    StorageHost { table, call, store: parts.of::<Arc<AssetStore>>() }
}
