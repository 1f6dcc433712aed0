//! Plug-ins that administrate plug-ins: over the installed ones and the audit log.

use super::installed::Installed;
use async_trait::async_trait;
use kamld_runtime::admin::Administration;
use kamld_server::page::changes::{Change, Changes};
use kamld_types::{By, PluginId, Problem, problem::Result};
use serde_json::Value;

pub struct InstalledPlugins {
    pub installed: Installed,
    pub changes: Changes,
}

impl InstalledPlugins {
    /// Pages show other screens, or the same ones with other rights.
    fn told<T>(&self, done: Result<T>) -> Result<T> {
        self.changes.tell(Change::Plugins);
        done
    }
}

#[async_trait]
impl Administration for InstalledPlugins {
    fn list(&self) -> Vec<Value> {
        self.installed.list()
    }

    fn show(&self, plugin: &PluginId) -> Result<Value> {
        self.installed.show(plugin)
    }

    fn ledger(&self) -> Vec<Value> {
        self.installed.ledger()
    }

    async fn enable(&self, plugin: &PluginId, by: &By) -> Result<()> {
        let done = self.installed.enable(plugin, by).await;
        self.told(done)
    }

    async fn disable(&self, plugin: &PluginId, by: &By) -> Result<()> {
        let done = self.installed.disable(plugin, by).await;
        self.told(done)
    }

    fn grant(&self, plugin: &PluginId) -> Result<String> {
        self.installed.grant(plugin)
    }

    async fn set_grant(&self, plugin: &PluginId, toml: &str, by: &By) -> Result<()> {
        let done = self.installed.set_grant(plugin, toml, by).await;
        self.told(done)
    }

    async fn grant_needs(&self, plugin: &PluginId, by: &By) -> Result<()> {
        let done = self.installed.grant_needs(plugin, by).await;
        self.told(done)
    }

    async fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<Value>> {
        let log = self.installed.audit().clone();
        let read = move || -> Result<Vec<Value>> {
            let records = log.newest(before, limit)?;
            let json = |record| serde_json::to_value(record).map_err(|error| Problem::internal(error.to_string()));
            records.into_iter().map(json).collect()
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Problem::internal(format!("reading the audit log stopped: {error}")))?
    }
}
