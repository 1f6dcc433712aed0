//! How the host is, for probes, for people and for Prometheus.

use async_trait::async_trait;
use kamld_metadata::{Search, sql::Sql};
use kamld_runtime::Runtime;
use kamld_server::parts::{Health, PartHealth};
use kamld_storage::AssetStore;
use serde_json::{Map, Value, json};
use std::{fmt::Write, path::PathBuf, sync::Arc};

pub struct HostHealth {
    pub store: AssetStore,
    pub search: Arc<Search>,
    pub runtime: Arc<Runtime>,
    pub sql: Arc<Sql>,
    pub data: PathBuf,
    /// What the self-test at start found: each limit, and whether it bites.
    pub self_test: Vec<PartHealth>,
}

#[async_trait]
impl Health for HostHealth {
    async fn live(&self) -> bool {
        true
    }

    async fn ready(&self) -> Vec<PartHealth> {
        let part = |part: &str, ok: bool, note: String| PartHealth { part: part.into(), ok, note };
        let storage = match self.store.list_assets(None).await {
            Ok(assets) => part("storage", true, format!("{} assets", assets.len())),
            Err(error) => part("storage", false, error.to_string()),
        };
        let index = self.search.status().await;
        let note = index.problem.clone().unwrap_or_else(|| format!("{} documents", index.documents));
        let mut all = vec![storage, part("index", index.problem.is_none(), note)];
        all.extend(self.self_test.iter().cloned());
        all
    }

    async fn status(&self) -> Map<String, Value> {
        let index = self.search.status().await;
        let usage = self.store.usage(|_| true).await.ok();
        let status = json!({
            "data": self.data,
            "plugins": self.runtime.plugins().len(),
            "tasks": self.runtime.tasks().list(),
            "index": {"documents": index.documents, "undescribed": index.undescribed, "current": index.current},
            "storage": usage.map(|usage| json!({"logical": usage.logical, "stored": usage.stored, "capacity": usage.capacity})),
        });
        match status {
            Value::Object(status) => status,
            _ => Map::new(),
        }
    }

    fn metrics(&self) -> String {
        let mut out = String::new();
        type Read = fn(&kamld_runtime::Account) -> f64;
        let counters: [(&str, &str, Read); 5] = [
            ("kamld_plugin_calls_total", "Calls of a plug-in.", |account| account.calls as f64),
            ("kamld_plugin_cpu_seconds_total", "Processor time of a plug-in.", |account| account.cpu_ns as f64 / 1e9),
            ("kamld_plugin_host_calls_total", "Calls from a plug-in to the host.", |account| account.host_calls as f64),
            ("kamld_plugin_denials_total", "Host calls that were refused.", |account| account.denials as f64),
            ("kamld_plugin_traps_total", "Calls of a plug-in that ended in a fault.", |account| account.traps as f64),
        ];
        let (used, total) = self.runtime.guests_memory();
        let queries = self.sql.busy() as u64;
        for (name, help, value) in [
            ("kamld_guests_memory_bytes", "Memory that all plug-ins use.", used),
            ("kamld_guests_memory_limit_bytes", "Memory that all plug-ins may use.", total),
            ("kamld_queries_running", "Queries that run, or wait for whoever takes their rows.", queries),
        ] {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        let ledger = self.runtime.ledger();
        for (name, help, read) in counters {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
            for (plugin, account) in &ledger {
                let _ = writeln!(out, "{name}{{plugin=\"{plugin}\"}} {}", read(account));
            }
        }
        out
    }
}
