//! Refs on this machine, among the records of the host.
//!
//! Must not live here: opening the records, which `kamld` does once for all capabilities.

mod record_refs;

pub use record_refs::{RecordRefs, TABLE};
