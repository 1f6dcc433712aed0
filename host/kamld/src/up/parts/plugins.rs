//! Administration of plug-ins.

use crate::up::installed::Installed;
use async_trait::async_trait;
use bytes::Bytes;
use kamld_registry::Consent;
use kamld_server::parts::{Install, Plugins};
use kamld_types::{By, Person, PluginId, problem::Result};
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

    async fn plan(&self, component: Bytes) -> Result<Value> {
        self.0.plan(component.into()).await
    }

    async fn install(&self, component: Bytes, wish: Install, by: &Person) -> Result<Value> {
        let Install { grant_needs, replaces } = wish;
        self.0.install(component.into(), Consent { grant_needs, replaces }, &By::from(by)).await
    }

    async fn remove(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.0.remove(plugin, &By::from(by)).await
    }

    async fn enable(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.0.enable(plugin, &By::from(by)).await
    }

    async fn disable(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.0.disable(plugin, &By::from(by)).await
    }

    async fn rollback(&self, plugin: &PluginId, by: &Person) -> Result<Value> {
        self.0.rollback(plugin, &By::from(by)).await
    }

    async fn grant(&self, plugin: &PluginId) -> Result<String> {
        self.0.grant(plugin)
    }

    async fn set_grant(&self, plugin: &PluginId, grant: &str, by: &Person) -> Result<()> {
        self.0.set_grant(plugin, grant, &By::from(by)).await
    }

    async fn grant_needs(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.0.grant_needs(plugin, &By::from(by)).await
    }

    async fn ledger(&self) -> Result<Vec<Value>> {
        Ok(self.0.ledger())
    }
}
