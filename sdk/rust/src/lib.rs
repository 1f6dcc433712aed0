//! Write a plug-in for KAML-D: commands, screens, describers and previews, on the capabilities of the host.
//!
//! Lives here: the Rust face of the contract in `wit/`. Must not live here: anything of `host/`.
//! Invariants: a component imports only what its plug-in uses and exports only what it registers;
//! everything but the calls to the host works natively, so that a plug-in's logic is tested without one.
//!
//! ```
//! use kamld_sdk::{Arg, Args, Command, Commands, HasCommands, Outcome, Result, schema, view};
//!
//! struct Plugin;
//!
//! impl HasCommands for Plugin {
//!     fn commands() -> Commands {
//!         Commands::new().on(
//!             Command::new(["greet"])
//!                 .summary("Greet somebody")
//!                 .arg(Arg::positional("name").required().help("whom"))
//!                 .output(schema::object([("greeted", schema::text())])),
//!             greet,
//!         )
//!     }
//! }
//!
//! fn greet(args: &Args) -> Result<Outcome> {
//!     let name = args.need_text("name")?;
//!     Ok(Outcome::new(&serde_json::json!({ "greeted": name }))?.view(view::text(format!("hello, {name}"))))
//! }
//!
//! kamld_sdk::plugin! { commands: Plugin }
//! # fn main() {}
//! ```

#![warn(missing_docs)]

mod address;
pub mod admin;
mod args;
#[doc(hidden)]
#[allow(missing_docs)]
pub mod bindings;
mod command;
pub mod describe;
mod error;
pub mod format;
mod host;
pub mod kept;
pub mod metadata;
mod object;
pub mod preview;
mod register;
mod router;
pub mod schema;
pub mod storage;
pub mod surface;
pub mod view;

pub use address::Address;
pub use args::Args;
pub use command::{Arg, ArgumentPlace, ArgumentType, Command, Effect};
pub use describe::{Describe, Description, ToDescribe};
pub use error::{Error, Kind, Result};
pub use host::{Task, context, has};
pub use object::{ObjectReader, ObjectWriter};
pub use preview::{Preview, ToPreview};
pub use router::{Commands, HasCommands, Outcome};
pub use schema::Schema;
pub use surface::{HasSurfaces, Offer, Place, Reaction, RowPage, Screen, Slot, Surfaces, Window};

// The README is compiled, so that what it shows is what there is.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the macros of this crate need at the place where they are used.
#[doc(hidden)]
pub mod rt {
    pub use crate::view::cell;
    pub use crate::{
        bindings,
        describe::describe,
        preview::open,
        router::{describe as describe_commands, run},
        surface,
    };
    #[cfg(target_arch = "wasm32")]
    pub use wit_bindgen;
}
