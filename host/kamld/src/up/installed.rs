//! Plug-ins as an admin handles them: the registry keeps them, the runtime runs them, the audit log remembers who.
//!
//! Invariants: what runs is what the registry says, under the grant in the file; a change is in the audit log before
//! it is answered; a change that began is completed, also when its caller goes away; a plug-in that does not load keeps
//! no other from loading; what waits for the disk runs on a thread that may block.

use super::{ids, packages::Packages};
use kamld::{
    config::{self, Config},
    folder::Folder,
};
use kamld_policy::{Gate, Manifest, Side, call::Denials, difference::Difference};
use kamld_registry::{Action, Audit, Entry, Registry, audit};
use kamld_runtime::{Health, Runtime, Status, Version, cache};
use kamld_types::{Kind, PluginId, Problem, problem::Result};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

const DAY_MS: u64 = 24 * 3600 * 1000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Installed(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    blobs: PathBuf,
    runtime: OnceLock<Arc<Runtime>>,
    /// One number for each plug-in, over all its versions: a change of the grant reaches calls that run.
    generations: Mutex<BTreeMap<PluginId, Arc<AtomicU64>>>,
    /// Why a plug-in that should run does not.
    failed: Mutex<BTreeMap<PluginId, Problem>>,
    /// Bytes of compiled plug-ins from which on those that are not needed are removed.
    cache_budget: u64,
    /// One change at a time, from the check to the runtime.
    changing: tokio::sync::Mutex<()>,
}

fn audit_options(config: &config::Audit) -> audit::Options {
    let mib = |mib: u64| mib.saturating_mul(1 << 20);
    audit::Options {
        rotate: if config.rotate_mib == 0 { u64::MAX } else { mib(config.rotate_mib) },
        keep: (config.keep_days > 0).then_some(config.keep_days.saturating_mul(DAY_MS)),
        ..audit::Options::default()
    }
}

impl Installed {
    pub fn open(folder: &Folder, config: &Config) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            registry: Arc::new(Registry::open(&folder.path, audit_options(&config.audit))?),
            blobs: folder.join("plugins").join("blobs"),
            runtime: OnceLock::new(),
            generations: Mutex::default(),
            failed: Mutex::default(),
            cache_budget: config.plugins.cache_mib.saturating_mul(1 << 20),
            changing: tokio::sync::Mutex::default(),
        })))
    }

    /// Runs what waits for the disk on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Registry) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let registry = self.0.registry.clone();
        let stopped = |error| Problem::internal(format!("a change of plug-ins was interrupted: {error}"));
        tokio::task::spawn_blocking(move || work(&registry)).await.map_err(stopped)?
    }

    /// Runs a change, one at a time, and to its end even when the caller goes away: half of one would leave the
    /// registry and the runtime with different versions.
    async fn change<T, F>(&self, change: impl FnOnce(Self) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (this, change) = (self.clone(), change(self.clone()));
        let task = tokio::spawn(async move {
            let _one = this.0.changing.lock().await;
            change.await
        });
        task.await.map_err(|error| Problem::internal(format!("a change of plug-ins was interrupted: {error}")))?
    }

    pub fn audit(&self) -> &Arc<Audit> {
        &self.0.registry.audit
    }

    pub fn denials(&self) -> Arc<dyn Denials> {
        self.0.registry.audit.clone()
    }

    /// Makes denials durable that were appended to the audit log since the last call.
    pub async fn seal(&self) {
        if let Err(error) = self.blocking(|registry| registry.audit.flush()).await {
            tracing::warn!(%error, "denials cannot be made durable in the audit log");
        }
    }

    /// Removes compiled plug-ins that no installed package needs, once they exceed the configured size. With `dry_run`
    /// it only says what it would remove.
    pub async fn collect_cache(&self, dry_run: bool) -> Result<cache::Report> {
        let (runtime, budget) = (self.runtime()?.clone(), self.0.cache_budget);
        self.blocking(move |registry| runtime.collect_cache(&registry.store.digests(), budget, dry_run)).await
    }

    /// The same after a change. Failing at it loses nothing.
    async fn trim_cache(&self) {
        match self.collect_cache(false).await {
            Ok(cache::Report { files: 0, .. }) => {}
            Ok(cache::Report { files, bytes }) => tracing::info!(files, bytes, "compiled plug-ins were removed"),
            Err(error) => tracing::warn!(%error, "compiled plug-ins that are not needed cannot be removed"),
        }
    }

    /// Installs what a new data folder starts with, brings first-party plug-ins to the packages that this binary
    /// has, and loads everything that is enabled.
    pub async fn bring_up(
        &self,
        runtime: &Arc<Runtime>,
        packages: Packages,
        start: &[String],
        new: bool,
    ) -> anyhow::Result<()> {
        self.0.runtime.set(runtime.clone()).ok();
        let start = ids(start)?;
        for id in &start {
            let Some(package) = packages.get(id.as_str()) else {
                if new {
                    anyhow::bail!("plugins.start names {id}, and there is no package of it");
                }
                continue;
            };
            let package = package.clone();
            self.blocking(move |registry| registry.bring(&package, new)).await?;
        }
        let enabled: Vec<PluginId> =
            self.0.registry.store.list().into_iter().filter(|(_, entry)| entry.enabled).map(|(id, _)| id).collect();
        for id in enabled {
            if let Err(problem) = self.load(&id).await {
                eprintln!("plug-in {id} does not run: {problem}");
            }
        }
        self.trim_cache().await;
        Ok(())
    }

    fn runtime(&self) -> Result<&Arc<Runtime>> {
        self.0.runtime.get().ok_or_else(|| Problem::unavailable("the host is starting"))
    }

    fn generation(&self, id: &PluginId) -> Arc<AtomicU64> {
        self.0.generations.lock().entry(id.clone()).or_default().clone()
    }

    fn gate(&self, id: &PluginId, manifest: &Manifest) -> Arc<Gate> {
        let generation = self.generation(id).load(Ordering::Acquire);
        Arc::new(Gate::compile(manifest, self.0.registry.grants.get(id).as_ref(), generation))
    }

    async fn load(&self, id: &PluginId) -> Result<()> {
        let load = async {
            let wanted = id.clone();
            let package = self.blocking(move |registry| registry.store.load(&wanted)).await?;
            let version = Version {
                digest: package.digest,
                component: self.0.blobs.join(format!("{}.wasm", package.digest)),
                gate: self.gate(id, &package.manifest),
                generation: self.generation(id),
            };
            self.runtime()?.load(id.clone(), version).await
        };
        let loaded = load.await;
        let mut failed = self.0.failed.lock();
        match &loaded {
            Ok(()) => drop(failed.remove(id)),
            Err(problem) => drop(failed.insert(id.clone(), problem.clone())),
        }
        loaded
    }

    fn entry(&self, id: &PluginId) -> Result<Entry> {
        self.0.registry.store.get(id).ok_or_else(|| {
            Problem::not_found(format!("there is no plug-in {id}")).help("kamld plugin list shows those there are")
        })
    }

    fn status(&self, id: &PluginId) -> Option<Status> {
        self.0.runtime.get()?.plugins().into_iter().find(|status| status.plugin == *id)
    }

    /// In one word, and why when it is not active.
    fn state(&self, id: &PluginId, entry: &Entry) -> (String, Option<String>) {
        if !entry.enabled {
            return ("disabled".into(), None);
        }
        if let Some(problem) = self.0.failed.lock().get(id) {
            return ("failed".into(), Some(problem.message.clone()));
        }
        if self.0.registry.grants.get(id).is_none() {
            return ("waiting for a grant".into(), None);
        }
        match self.status(id).map(|status| status.health) {
            Some(Health::Active) => ("active".into(), None),
            Some(Health::Paused { why, .. }) => ("paused".into(), Some(why)),
            Some(Health::Quarantined { why }) => ("quarantined".into(), Some(why)),
            None => ("not loaded".into(), None),
        }
    }

    /// One line for each plug-in.
    pub fn list(&self) -> Vec<Value> {
        let one = |(id, entry): (PluginId, Entry)| {
            let (state, why) = self.state(&id, &entry);
            let title = self.0.registry.store.facts(&id).map(|facts| facts.manifest.title.clone()).unwrap_or_default();
            json!({"id": id, "version": entry.version, "state": state, "title": title, "problem": why})
        };
        self.0.registry.store.list().into_iter().map(one).collect()
    }

    /// Everything about one plug-in: what it is, needs, may do, and what it cost.
    pub fn show(&self, id: &PluginId) -> Result<Value> {
        let entry = self.entry(id)?;
        let package = self.0.registry.store.facts(id)?;
        let (state, why) = self.state(id, &entry);
        let grant = self.0.registry.grants.get(id);
        let ungranted = Difference::ungranted(&package.manifest, grant.as_ref());
        let needs: Vec<Value> = package
            .manifest
            .needs
            .iter()
            .map(|need| {
                json!({
                    "interface": need.interface,
                    "verbs": need.verbs,
                    "resources": need.resources,
                    "reason": need.reason,
                    "imported": package.component.imports.iter().any(|import| import.interface == need.interface && !import.types_only),
                })
            })
            .collect();
        Ok(json!({
            "id": id,
            "title": package.manifest.title,
            "summary": package.manifest.summary,
            "version": entry.version,
            "licence": package.manifest.licence,
            "state": state,
            "problem": why,
            "digest": entry.digest,
            "previous": entry.previous,
            "installed": iso(entry.installed_at),
            "provides": package.report.provides,
            "commands": self.status(id).map(|status| status.commands).unwrap_or_default(),
            "needs": needs,
            "granted": grant.as_ref().map(|grant| &grant.allow),
            "limits": self.limits(id, &package.manifest),
            "mode": grant.as_ref().map(|grant| grant.mode.as_str()),
            "not granted": (!ungranted.is_empty()).then_some(ungranted),
            "warnings": package.report.warnings,
            "troubles": self.status(id).map(|status| status.troubles).unwrap_or_default(),
        }))
    }

    /// What each call may use, limit by limit, and who decided it; none before the host has started.
    fn limits(&self, id: &PluginId, manifest: &Manifest) -> Vec<Value> {
        let Some(runtime) = self.0.runtime.get() else { return Vec::new() };
        let (quota, sides) = runtime.quota(&self.gate(id, manifest));
        let one = |(limit, amount, side): (_, _, Side)| json!({"limit": limit, "amount": amount, "decided by": side.as_str()});
        sides.with(&quota).map(one).collect()
    }

    /// Installs or upgrades. Without `grant_needs` a new plug-in may do nothing until an admin grants it something.
    pub async fn install(&self, bytes: Vec<u8>, grant_needs: bool, by: &str) -> Result<Value> {
        let by = by.to_owned();
        let install = move |this: Self| async move {
            let id = this.blocking(move |registry| registry.install(bytes, grant_needs, &by)).await?;
            if this.entry(&id)?.enabled {
                this.load(&id).await?;
            }
            this.trim_cache().await;
            this.show(&id)
        };
        self.change(install).await
    }

    pub async fn remove(&self, id: &PluginId, by: &str) -> Result<()> {
        let (id, by) = (id.clone(), by.to_owned());
        let remove = move |this: Self| async move {
            this.entry(&id)?;
            let (about, removed) = (id.clone(), id.clone());
            this.blocking(move |registry| registry.record(&by, Action::Remove, &about, "")).await?;
            this.unload(&id)?;
            this.blocking(move |registry| registry.remove(&removed)).await?;
            this.trim_cache().await;
            Ok(())
        };
        self.change(remove).await
    }

    fn unload(&self, id: &PluginId) -> Result<()> {
        self.0.failed.lock().remove(id);
        match self.runtime()?.unload(id) {
            // It did not run: then there is nothing to stop.
            Err(problem) if problem.kind == Kind::NotFound => Ok(()),
            done => done,
        }
    }

    pub async fn enable(&self, id: &PluginId, by: &str) -> Result<()> {
        let (id, by) = (id.clone(), by.to_owned());
        let enable = move |this: Self| async move {
            this.entry(&id)?;
            let about = id.clone();
            let enable = move |registry: &Registry| {
                registry.record(&by, Action::Enable, &about, "")?;
                registry.store.enable(&about)
            };
            this.blocking(enable).await?;
            this.load(&id).await
        };
        self.change(enable).await
    }

    pub async fn disable(&self, id: &PluginId, by: &str) -> Result<()> {
        let (id, by) = (id.clone(), by.to_owned());
        let disable = move |this: Self| async move {
            this.entry(&id)?;
            let about = id.clone();
            let disable = move |registry: &Registry| {
                registry.record(&by, Action::Disable, &about, "")?;
                registry.store.disable(&about)
            };
            this.blocking(disable).await?;
            this.unload(&id)
        };
        self.change(disable).await
    }

    /// Back to the previous version.
    pub async fn rollback(&self, id: &PluginId, by: &str) -> Result<Value> {
        let (id, by) = (id.clone(), by.to_owned());
        let rollback = move |this: Self| async move {
            let about = id.clone();
            this.blocking(move |registry| registry.rollback(&about, &by)).await?;
            this.load(&id).await?;
            this.show(&id)
        };
        self.change(rollback).await
    }

    /// The grant as TOML; a comment when there is none.
    pub fn grant(&self, id: &PluginId) -> Result<String> {
        self.entry(id)?;
        Ok(self.0.registry.grants.text(id).unwrap_or_else(|| format!("# nothing is granted to {id}\n")))
    }

    /// Puts a grant in force, at once and also for running calls. An empty text takes everything away.
    pub async fn set_grant(&self, id: &PluginId, text: &str, by: &str) -> Result<()> {
        let (id, text, by) = (id.clone(), text.to_owned(), by.to_owned());
        let set = move |this: Self| async move {
            let about = id.clone();
            let facts = this.blocking(move |registry| registry.set_grant(&about, &text, &by)).await?;
            this.regate(&id, &facts.manifest)
        };
        self.change(set).await
    }

    pub async fn grant_needs(&self, id: &PluginId, by: &str) -> Result<()> {
        let (id, by) = (id.clone(), by.to_owned());
        let grant = move |this: Self| async move {
            let about = id.clone();
            let facts = this.blocking(move |registry| registry.grant_needs(&about, &by)).await?;
            this.regate(&id, &facts.manifest)
        };
        self.change(grant).await
    }

    fn regate(&self, id: &PluginId, manifest: &Manifest) -> Result<()> {
        match self.runtime()?.set_gate(id, self.gate(id, manifest)) {
            // It does not run now; it will load with the new grant.
            Err(problem) if problem.kind == Kind::NotFound => Ok(()),
            done => done,
        }
    }

    pub fn ledger(&self) -> Vec<Value> {
        let Some(runtime) = self.0.runtime.get() else { return Vec::new() };
        runtime
            .ledger()
            .into_iter()
            .map(|(id, account)| {
                json!({
                    "id": id,
                    "calls": account.calls,
                    "cpu_ms": account.cpu_ns / 1_000_000,
                    "wall_ms": account.wall_ns / 1_000_000,
                    "peak_memory": account.peak_memory,
                    "host_calls": account.host_calls,
                    "bytes_in": account.bytes_in,
                    "bytes_out": account.bytes_out,
                    "errors": account.errors,
                    "denials": account.denials,
                    "traps": account.traps,
                    "timeouts": account.timeouts,
                    "cancelled": account.cancelled,
                })
            })
            .collect()
    }
}

/// Milliseconds since 1970 as people and programs read them alike.
fn iso(millis: u64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp_millis(i64::try_from(millis).ok()?)?;
    Some(time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
