//! On whose behalf a query ran, which is who gets its rows.
//!
//! Must not live here: the rows, which are `kept`.

use kamld_types::PluginId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The id of the person.
    pub person: String,
    pub plugin: PluginId,
}
