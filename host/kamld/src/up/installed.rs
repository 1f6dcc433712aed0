//! Plug-ins as an admin handles them: the registry keeps them, the runtime runs them, the audit log remembers who.
//!
//! Invariants: what runs is what the registry says, under the grant in the file; a change is in the audit log before
//! it is answered; a plug-in that does not load keeps no other from loading.

use super::{ids, packages::Packages};
use kamld::folder::Folder;
use kamld_policy::{Gate, Grant, Manifest, call::Denials, difference::Difference};
use kamld_registry::{Action, Audit, Entry, Grants, Package, Store};
use kamld_runtime::{Health, Runtime, Status, Version};
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

/// Cheap to clone.
#[derive(Clone)]
pub struct Installed(Arc<Inner>);

struct Inner {
    store: Store,
    grants: Grants,
    audit: Arc<Audit>,
    blobs: PathBuf,
    runtime: OnceLock<Arc<Runtime>>,
    /// One number for each plug-in, over all its versions: a change of the grant reaches calls that run.
    generations: Mutex<BTreeMap<PluginId, Arc<AtomicU64>>>,
    /// Why a plug-in that should run does not.
    failed: Mutex<BTreeMap<PluginId, Problem>>,
    /// One change at a time, from the check to the runtime.
    changing: tokio::sync::Mutex<()>,
}

/// Who changes things when nobody asked.
const HOST: &str = "host";

impl Installed {
    pub fn open(folder: &Folder) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            store: Store::open(&folder.path)?,
            grants: Grants::open(&folder.path)?,
            audit: Arc::new(Audit::open(&folder.path)?),
            blobs: folder.join("plugins").join("blobs"),
            runtime: OnceLock::new(),
            generations: Mutex::default(),
            failed: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        })))
    }

    pub fn audit(&self) -> &Arc<Audit> {
        &self.0.audit
    }

    pub fn denials(&self) -> Arc<dyn Denials> {
        self.0.audit.clone()
    }

    /// Denials that were written since the last time go to the disk.
    pub fn seal(&self) {
        if let Err(error) = self.0.audit.flush() {
            tracing::warn!(%error, "denials cannot be made durable in the audit log");
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
            match self.0.store.get(id) {
                None if new => {
                    self.0.store.install(package)?;
                    self.record(HOST, Action::Install, id, &package_words(package))?;
                    self.0.grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest))?;
                    self.record(HOST, Action::Grant, id, "all that it needs, as part of a new data folder")?;
                }
                Some(entry) if entry.digest != package.digest => self.follow_package(id, package)?,
                _ => {}
            }
            self.0.store.checked(package);
        }
        let enabled: Vec<PluginId> =
            self.0.store.list().into_iter().filter(|(_, entry)| entry.enabled).map(|(id, _)| id).collect();
        for id in enabled {
            if let Err(problem) = self.load(&id).await {
                eprintln!("plug-in {id} does not run: {problem}");
            }
        }
        Ok(())
    }

    /// A newer binary has a newer package of a plug-in that it brought itself. What is new in its needs is granted
    /// only when everything it needed before was: an admin's narrower grant stays.
    fn follow_package(&self, id: &PluginId, package: &Package) -> Result<()> {
        let old = self.0.store.facts(id)?;
        let whole = Difference::ungranted(&old.manifest, self.0.grants.get(id).as_ref()).is_empty();
        self.0.store.upgrade(package)?;
        self.record(HOST, Action::Upgrade, id, &package_words(package))?;
        if whole {
            self.0.grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest))?;
            self.record(HOST, Action::Grant, id, "all that it needs, as before")?;
        }
        Ok(())
    }

    fn record(&self, actor: &str, action: Action, id: &PluginId, detail: &str) -> Result<()> {
        self.0.audit.record(actor, action, Some(id), detail)
    }

    fn runtime(&self) -> Result<&Arc<Runtime>> {
        self.0.runtime.get().ok_or_else(|| Problem::unavailable("the host is starting"))
    }

    fn generation(&self, id: &PluginId) -> Arc<AtomicU64> {
        self.0.generations.lock().entry(id.clone()).or_default().clone()
    }

    fn gate(&self, id: &PluginId, manifest: &Manifest) -> Arc<Gate> {
        let generation = self.generation(id).load(Ordering::Acquire);
        Arc::new(Gate::compile(manifest, self.0.grants.get(id).as_ref(), generation))
    }

    async fn load(&self, id: &PluginId) -> Result<()> {
        let load = async {
            let package = self.0.store.load(id)?;
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
        self.0.store.get(id).ok_or_else(|| {
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
        if self.0.grants.get(id).is_none() {
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
            let title = self.0.store.facts(&id).map(|facts| facts.manifest.title.clone()).unwrap_or_default();
            json!({"id": id, "version": entry.version, "state": state, "title": title, "problem": why})
        };
        self.0.store.list().into_iter().map(one).collect()
    }

    /// Everything about one plug-in: what it is, needs, may do, and what it cost.
    pub fn show(&self, id: &PluginId) -> Result<Value> {
        let entry = self.entry(id)?;
        let package = self.0.store.facts(id)?;
        let (state, why) = self.state(id, &entry);
        let grant = self.0.grants.get(id);
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
            "mode": grant.as_ref().map(|grant| grant.mode.as_str()),
            "not granted": (!ungranted.is_empty()).then_some(ungranted),
            "warnings": package.report.warnings,
            "troubles": self.status(id).map(|status| status.troubles).unwrap_or_default(),
        }))
    }

    /// Installs or upgrades. Without `grant_needs` a new plug-in may do nothing until an admin grants it something.
    pub async fn install(&self, bytes: Vec<u8>, grant_needs: bool, by: &str) -> Result<Value> {
        let _one = self.0.changing.lock().await;
        let package = Package::open(bytes)?;
        let id = package.manifest.id.clone();
        let detail = package_words(&package);
        match self.0.store.get(&id) {
            None => {
                self.record(by, Action::Install, &id, &detail)?;
                self.0.store.install(&package)?;
            }
            Some(entry) if entry.digest == package.digest => {}
            Some(_) => {
                self.record(by, Action::Upgrade, &id, &detail)?;
                self.0.store.upgrade(&package)?;
            }
        }
        if grant_needs {
            self.record(by, Action::Grant, &id, "all that it needs")?;
            self.0.grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest))?;
        }
        if self.entry(&id)?.enabled {
            self.load(&id).await?;
        }
        self.show(&id)
    }

    pub async fn remove(&self, id: &PluginId, by: &str) -> Result<()> {
        let _one = self.0.changing.lock().await;
        self.entry(id)?;
        self.record(by, Action::Remove, id, "")?;
        self.unload(id)?;
        self.0.grants.remove(id)?;
        self.0.store.remove(id)?;
        Ok(())
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
        let _one = self.0.changing.lock().await;
        self.entry(id)?;
        self.record(by, Action::Enable, id, "")?;
        self.0.store.enable(id)?;
        self.load(id).await
    }

    pub async fn disable(&self, id: &PluginId, by: &str) -> Result<()> {
        let _one = self.0.changing.lock().await;
        self.entry(id)?;
        self.record(by, Action::Disable, id, "")?;
        self.0.store.disable(id)?;
        self.unload(id)
    }

    /// Back to the version before.
    pub async fn rollback(&self, id: &PluginId, by: &str) -> Result<Value> {
        let _one = self.0.changing.lock().await;
        let upgrade = self.0.store.rollback(id)?;
        self.record(
            by,
            Action::Rollback,
            id,
            &format!("to version {}, {}", upgrade.after.version, upgrade.after.digest),
        )?;
        self.load(id).await?;
        self.show(id)
    }

    /// The grant as TOML; a comment when there is none.
    pub fn grant(&self, id: &PluginId) -> Result<String> {
        self.entry(id)?;
        Ok(self.0.grants.text(id).unwrap_or_else(|| format!("# nothing is granted to {id}\n")))
    }

    /// Puts a grant in force, at once and for calls that run. An empty text takes everything away.
    pub async fn set_grant(&self, id: &PluginId, text: &str, by: &str) -> Result<()> {
        let _one = self.0.changing.lock().await;
        let facts = self.0.store.facts(id)?;
        if text.trim().is_empty() {
            self.record(by, Action::Revoke, id, "")?;
            self.0.grants.remove(id)?;
        } else {
            // Checked before it is recorded: a text that cannot be read changes nothing.
            kamld_policy::grant::parse("the grant", text)?;
            self.record(by, Action::Grant, id, text)?;
            self.0.grants.set_text(id, text)?;
        }
        self.regate(id, &facts.manifest)
    }

    pub async fn grant_needs(&self, id: &PluginId, by: &str) -> Result<()> {
        let _one = self.0.changing.lock().await;
        let facts = self.0.store.facts(id)?;
        let manifest = &facts.manifest;
        self.record(by, Action::Grant, id, "all that it needs")?;
        self.0.grants.set(&Grant::from_needs(manifest), Some(manifest))?;
        self.regate(id, manifest)
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

/// A package as the audit log names it.
fn package_words(package: &Package) -> String {
    format!("version {}, {}", package.manifest.version, package.digest)
}

/// Milliseconds since 1970 as people and programs read them alike.
fn iso(millis: u64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp_millis(i64::try_from(millis).ok()?)?;
    Some(time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
