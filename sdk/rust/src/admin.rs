//! Plug-ins and what they may do, for plug-ins that administrate them.
//!
//! All of it is `denied` to a person who is no admin, and nothing can be changed about the plug-in that asks.

use crate::{Result, bindings::imports::kamld::plugin::admin as wit, error::Error};
use serde_json::Value;

pub use wit::Plugin;

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(Error::from)
}

/// Every installed plug-in.
///
/// ```no_run
/// for plugin in kamld_sdk::admin::list()? {
///     println!("{} is {}", plugin.id, plugin.state);
/// }
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub fn list() -> Result<Vec<Plugin>> {
    Ok(wit::list()?)
}

/// Needs with reasons, the grant in force, versions, exports, in the shape of `GET /api/v1/plugins/ID`.
pub fn show(id: &str) -> Result<Value> {
    json(&wit::show(id)?)
}

/// What each plug-in has cost since the start, in the shape of `GET /api/v1/plugins/ledger`.
pub fn ledger() -> Result<Value> {
    json(&wit::ledger()?)
}

/// Switches it on.
pub fn enable(id: &str) -> Result<()> {
    Ok(wit::enable(id)?)
}

/// Switches it off: its calls stop, its screens and commands go.
pub fn disable(id: &str) -> Result<()> {
    Ok(wit::disable(id)?)
}

/// Its grant, as TOML.
pub fn grant(id: &str) -> Result<String> {
    Ok(wit::grant(id)?)
}

/// Puts a grant in force; an empty text takes everything away.
pub fn set_grant(id: &str, toml: &str) -> Result<()> {
    Ok(wit::set_grant(id, toml)?)
}

/// Grants just what its manifest asks for.
pub fn grant_needs(id: &str) -> Result<()> {
    Ok(wit::grant_needs(id)?)
}

/// Records of the audit log, newest first: those before number `before`, at most `limit`, 1 to 1,000.
pub fn audit(before: Option<u64>, limit: u32) -> Result<Value> {
    json(&wit::audit(before, limit)?)
}
