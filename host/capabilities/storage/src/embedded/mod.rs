//! Refs on this machine: in a sled tree, or in memory alone.
//!
//! Must not live here: opening the database, which `kamld` does once for all capabilities.

mod memory;
mod sled_refs;

pub use memory::MemoryRefs;
pub use sled_refs::SledRefs;
