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

/// The media types that `sql` reads as tables.
///
/// ```
/// assert!(kamld_sdk::metadata::TABLES.contains(&"text/csv"));
/// ```
pub const TABLES: &[&str] = &[
    "text/csv",
    "text/tab-separated-values",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.file",
    "application/vnd.apache.arrow.stream",
    "application/x-ndjson",
    "application/jsonl",
    "application/json",
];
