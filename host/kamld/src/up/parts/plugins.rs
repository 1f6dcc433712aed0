//! Administration of plug-ins.

use crate::up::installed::Installed;
use async_trait::async_trait;
use bytes::Bytes;
use kamld_server::parts::Plugins;
use kamld_types::{Person, PluginId, problem::Result};
use serde_json::Value;

pub struct PluginAdmin(pub Installed);

#[async_trait]
impl Plugins for PluginAdmin {
    async fn list(&self) -> Result<Vec<Value>> {
        Ok(self.0.list())
    }

    async fn show(&self, plugin: &PluginId) -> Result<Value> {
        self.0.show(plugin)
    }

    async fn install(&self, component: Bytes, grant_needs: bool, by: &Person) -> Result<Value> {
        self.0.install(component.into(), grant_needs, &by.id).await
    }

    async fn remove(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.0.remove(plugin, &by.id).await
    }

    async fn enable(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.0.enable(plugin, &by.id).await
    }

    async fn disable(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.0.disable(plugin, &by.id).await
    }

    async fn rollback(&self, plugin: &PluginId, by: &Person) -> Result<Value> {
        self.0.rollback(plugin, &by.id).await
    }

    async fn grant(&self, plugin: &PluginId) -> Result<String> {
        self.0.grant(plugin)
    }

    async fn set_grant(&self, plugin: &PluginId, grant: &str, by: &Person) -> Result<()> {
        self.0.set_grant(plugin, grant, &by.id).await
    }

    async fn grant_needs(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.0.grant_needs(plugin, &by.id).await
    }

    async fn ledger(&self) -> Result<Vec<Value>> {
        Ok(self.0.ledger())
    }
}
