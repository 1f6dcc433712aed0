//! `kamld:metadata`: projects, the catalogue, search, SQL and a private key-value space.
//!
//! The modules are the interfaces of the contract, function by function; their documentation is that of
//! `wit/metadata`. A plug-in declares in `plugin.toml` each one that it uses.
//!
//! ```no_run
//! use kamld_sdk::metadata::catalog;
//! let document = catalog::get("birds/strikes/2019.csv")?;
//! println!("{:?}", document.tags);
//! # Ok::<(), kamld_sdk::Error>(())
//! ```

pub use crate::bindings::imports::kamld::metadata::{catalog, kv, projects, search, sql, types};
