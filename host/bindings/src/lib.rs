//! The host's side of the contract in `wit/`: generated, but for the conversions between the
//! contract's error and node and those of `kamld-types`.
//!
//! `imports` holds what plug-ins call and the host implements; the other modules hold what plug-ins
//! export and the host calls, one module an extension point.
//! Invariant: no other crate of the host runs `bindgen!` on `wit/`.

// Several checkouts may share one target folder, and the macros name these files by the absolute path of the checkout
// that was built last. Named from here too, a change of the contract is seen in each of them.
const _: [&str; 4] = [
    include_str!("../../../wit/plugin/plugin.wit"),
    include_str!("../../../wit/storage/storage.wit"),
    include_str!("../../../wit/metadata/metadata.wit"),
    include_str!("../../../wit/ui/ui.wit"),
];

pub mod commands;
mod convert;
pub mod describer;
pub mod imports;
pub mod preview;
pub mod surface;

pub use imports::kamld::plugin::types::{Error, Node};
