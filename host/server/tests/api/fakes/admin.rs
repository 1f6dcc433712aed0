//! What admins ask for: plug-ins, the audit log, maintenance, health.

use super::Host;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use kamld_server::parts::{
    Audit, AuditPage, Backup, Collect, Health, Install, LineStream, Maintenance, PartHealth, Plugins,
};
use kamld_types::{Person, PluginId, Problem, problem::Result};
use serde_json::{Map, Value, json};
use std::sync::atomic::Ordering;

#[async_trait]
impl Plugins for Host {
    async fn list(&self) -> Result<Vec<Value>> {
        Ok(vec![json!({"id": "acme/tools", "version": "1.0.0", "state": "active"})])
    }

    async fn show(&self, plugin: &PluginId) -> Result<Value> {
        match plugin.as_str() {
            "acme/tools" => Ok(json!({"id": plugin, "needs": []})),
            _ => Err(Problem::not_found(format!("no plug-in {plugin} is installed"))),
        }
    }

    async fn plan(&self, component: Bytes) -> Result<Value> {
        self.ask(format!("plan {}", component.len()));
        Ok(json!({"id": "acme/tools", "replaces": {"version": "0.9.0"}}))
    }

    async fn install(&self, component: Bytes, wish: Install, by: &Person) -> Result<Value> {
        let Install { grant_needs, replaces } = wish;
        let replaces = replaces.map(|digest| format!(" replacing {}", digest.short())).unwrap_or_default();
        self.ask(format!("install {} {grant_needs}{replaces} {}", component.len(), by.id));
        Ok(json!({"id": "acme/tools"}))
    }

    async fn remove(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.ask(format!("remove {plugin} {}", by.id));
        Ok(())
    }

    async fn enable(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.ask(format!("enable {plugin} {}", by.id));
        Ok(())
    }

    async fn disable(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.ask(format!("disable {plugin} {}", by.id));
        Ok(())
    }

    async fn rollback(&self, plugin: &PluginId, by: &Person) -> Result<Value> {
        self.ask(format!("rollback {plugin} {}", by.id));
        Ok(json!({"id": plugin}))
    }

    async fn grant_needs(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.ask(format!("grant-needs {plugin} {}", by.id));
        Ok(())
    }

    async fn grant(&self, plugin: &PluginId) -> Result<String> {
        Ok(format!("# grant of {plugin}\n"))
    }

    async fn set_grant(&self, plugin: &PluginId, grant: &str, by: &Person) -> Result<()> {
        self.ask(format!("set-grant {plugin} {grant:?} {}", by.id));
        Ok(())
    }

    async fn ledger(&self) -> Result<Vec<Value>> {
        Ok(vec![json!({"id": "acme/tools", "cpu_ms": 3})])
    }
}

#[async_trait]
impl Audit for Host {
    async fn page(&self, after: u64, limit: usize) -> Result<AuditPage> {
        self.ask(format!("audit {after} {limit}"));
        Ok(AuditPage { entries: vec![json!({"number": after + 1})], next: None })
    }

    async fn verify(&self, all: bool) -> Result<Value> {
        self.ask(format!("verify {all}"));
        Ok(json!({"entries": 1}))
    }
}

#[async_trait]
impl Maintenance for Host {
    async fn storage_check(&self, repair: bool) -> Result<LineStream> {
        if repair {
            return Ok(stream::iter([Ok(json!({"repaired": 1}))]).boxed());
        }
        Ok(stream::iter([Ok(json!({"checked": 1})), Ok(json!({"checked": 2, "wrong": 0}))]).boxed())
    }

    async fn storage_gc(&self, order: Collect) -> Result<LineStream> {
        Ok(stream::iter([Ok(json!({"asked": order}))]).boxed())
    }

    async fn backup(&self, order: Backup) -> Result<LineStream> {
        Ok(stream::iter([Ok(json!({"asked": order}))]).boxed())
    }

    async fn index_rebuild(&self) -> Result<LineStream> {
        Ok(stream::iter([Ok(json!({"indexed": 1})), Err(Problem::unavailable("the index is locked"))]).boxed())
    }
}

#[async_trait]
impl Health for Host {
    async fn live(&self) -> bool {
        !self.unwell.load(Ordering::Relaxed)
    }

    async fn ready(&self) -> Vec<PartHealth> {
        let ok = !self.unwell.load(Ordering::Relaxed);
        vec![PartHealth { part: "storage".into(), ok, note: "a private note".into() }]
    }

    async fn status(&self) -> Map<String, Value> {
        json!({"data": "somewhere"}).as_object().unwrap().clone()
    }

    fn metrics(&self) -> String {
        "kamld_plugins 1\n".into()
    }
}
