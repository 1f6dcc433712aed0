//! What a call may do: manifest ∩ grant ∩ the person's rights in the project.
//!
//! Lives here: needs, grants, patterns, the gate that decides, the arithmetic of limits, and the table
//! that says what each function of the contract asks for, and the counters of what a call has open. Pure functions over
//! plain data.
//! Must not live here: I/O, clocks, anything of wasmtime.
//! Invariants: no rule means no; nothing in this crate widens what a grant allows; an allowed check
//! allocates nothing and takes no lock (an observing gate does: it is there to learn).

pub mod allowance;
pub mod base;
pub mod call;
pub mod difference;
mod document;
pub mod functions;
pub mod gate;
pub mod grant;
pub mod manifest;
pub mod observed;
pub mod pattern;
pub mod quota;
pub mod verb;

pub use allowance::{Allowance, Holding, Opened};
pub use call::{Call, Denials, Rights};
pub use difference::Difference;
pub use gate::{Decision, Gate, Tally};
pub use grant::{Allow, Grant, Mode};
pub use manifest::{Manifest, Need};
pub use pattern::Pattern;
pub use quota::{Limits, Quota, Side, Sides};
pub use verb::Verb;
