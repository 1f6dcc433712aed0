//! Plug-ins as an admin handles them: the registry keeps them, the runtime runs them, the audit log remembers who.
//!
//! Invariants: what runs is what the registry says, under the grant in the file; a change is in the audit log before
//! it is answered; a change that began is completed, also when its caller goes away; a plug-in that does not load keeps
//! no other from loading; what waits for the disk runs on a thread that may block.

mod answers;

use super::{ids, packages::Packages};
use kamld::{
    config::{self, Config},
    first_party,
    folder::Folder,
};
use kamld_policy::{Gate, Manifest, call::Denials};
use kamld_registry::{Action, Audit, Consent, Entry, Package, Registry, Reserved, audit};
use kamld_runtime::{Runtime, Status, Version, cache};
use kamld_types::{By, Hash, Kind, PluginId, Problem, problem::Result};
use parking_lot::Mutex;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
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
    /// Told after each change, with the digest of what is installed.
    changed: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// Whether the plug-ins of strangers have been loaded since the start.
    settled: tokio::sync::watch::Sender<bool>,
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
    /// `packages` are those that this binary brings: nobody else's may carry their ids, nor others of their namespace.
    pub fn open(folder: &Folder, config: &Config, packages: &Packages) -> Result<Self> {
        let shipped = packages.values().map(|package| (package.manifest.id.clone(), package.digest));
        let reserved = Reserved::new([first_party::NAMESPACE], shipped);
        Ok(Self(Arc::new(Inner {
            registry: Arc::new(Registry::open(&folder.path, audit_options(&config.audit), reserved)?),
            blobs: folder.join("plugins").join("blobs"),
            runtime: OnceLock::new(),
            generations: Mutex::default(),
            failed: Mutex::default(),
            cache_budget: config.plugins.cache_mib.saturating_mul(1 << 20),
            changing: tokio::sync::Mutex::default(),
            changed: OnceLock::new(),
            settled: tokio::sync::watch::Sender::new(false),
        })))
    }

    /// From now on this is called after each change of what is installed or granted. Said once, where the host is put together.
    pub fn on_change(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.0.changed.set(Box::new(tell)).ok();
    }

    /// What is installed, in bytes that are the same as long as it is.
    pub fn fingerprint(&self) -> Vec<u8> {
        self.0
            .registry
            .store
            .list()
            .into_iter()
            .flat_map(|(id, entry)| format!("{id} {}\n", entry.digest).into_bytes())
            .collect()
    }

    /// Whether what a plug-in with this digest said about contents still counts: not once it was removed or replaced. With
    /// a newer kamld come newer plug-ins; what they said before counts as well, unless they could say nothing.
    pub fn still_counts(&self, plugin: &str, digest: &Hash, failed: bool) -> bool {
        let Some(entry) = PluginId::new(plugin).ok().and_then(|id| Some((self.0.registry.store.get(&id)?, id))) else {
            return false;
        };
        let (entry, id) = entry;
        entry.digest == *digest || (!failed && self.0.registry.is_shipped(&id, &entry.digest))
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
            this.follow_edits().await?;
            let done = change.await;
            if let Some(changed) = this.0.changed.get() {
                changed();
            }
            done
        });
        task.await.map_err(|error| Problem::internal(format!("a change of plug-ins was interrupted: {error}")))?
    }

    /// What its manifest calls it; empty where it is not installed.
    pub fn title(&self, id: &PluginId) -> String {
        self.0.registry.store.facts(id).map(|facts| facts.manifest.title.clone()).unwrap_or_default()
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

    /// Grants that somebody changed by hand while the server was running are put in force before anything else changes,
    /// so that they are not overwritten.
    async fn follow_edits(&self) -> Result<()> {
        for id in self.blocking(|registry| registry.reload_grants()).await? {
            if let Ok(facts) = self.0.registry.store.facts(&id) {
                self.regate(&id, &facts.manifest).await?;
            }
        }
        Ok(())
    }

    /// Installs what a new data folder starts with, brings the plug-ins that came with this binary to the packages that it
    /// has, and loads those of them that are enabled. No code of a stranger runs here.
    pub async fn bring_up(
        &self,
        runtime: &Arc<Runtime>,
        packages: Packages,
        start: &[String],
        new: bool,
    ) -> anyhow::Result<()> {
        self.0.runtime.set(runtime.clone()).ok();
        let start = ids(start)?;
        if let Some(id) = start.iter().find(|id| new && !packages.contains_key(id.as_str())) {
            anyhow::bail!("plugins.start names {id}, and there is no package of it");
        }
        // Those in the order of the start first, then what else the binary has and somebody installed.
        let rest = packages.values().filter(|package| !start.contains(&package.manifest.id));
        let ordered: Vec<(Package, bool)> = start
            .iter()
            .filter_map(|id| packages.get(id.as_str()))
            .map(|package| (package.clone(), new))
            .chain(rest.map(|package| (package.clone(), false)))
            .collect();
        for (package, new) in ordered {
            self.blocking(move |registry| registry.bring(&package, new)).await?;
        }
        for (id, entry) in self.0.registry.store.list() {
            if entry.enabled && self.0.registry.is_shipped(&id, &entry.digest) {
                self.load_at_start(&id).await;
            }
        }
        Ok(())
    }

    /// Loads what is enabled and granted and did not come with the binary, and asks what waits for a grant what it declares
    /// where that was lost; one after the other, while the server already answers: however long they take, they hold up
    /// nobody else.
    pub async fn load_strangers(&self, loaded: impl Fn()) {
        for (id, entry) in self.0.registry.store.list() {
            let shipped = self.0.registry.is_shipped(&id, &entry.digest);
            // It may have been changed or removed meanwhile.
            let load = move |this: Self| async move {
                if this.0.registry.store.get(&id).is_some_and(|entry| entry.enabled) {
                    match this.0.registry.grants.get(&id) {
                        None => this.recall(&id).await,
                        Some(_) if shipped => {}
                        Some(_) => this.load_at_start(&id).await,
                    }
                }
                Ok(())
            };
            // What went wrong with it is shown with the plug-in; only the host's own end gets here.
            if let Err(problem) = self.change(load).await {
                tracing::warn!(%problem, "a plug-in was not loaded at the start");
            }
            loaded();
        }
        self.0.settled.send_replace(true);
        self.trim_cache().await;
    }

    /// Waits until the plug-ins of strangers are loaded, at most so long.
    pub async fn settled(&self, most: std::time::Duration) {
        let mut settled = self.0.settled.subscribe();
        tokio::time::timeout(most, settled.wait_for(|settled| *settled)).await.ok();
    }

    async fn load_at_start(&self, id: &PluginId) {
        // What is not granted anything runs nothing.
        if self.0.registry.grants.get(id).is_none() {
            return;
        }
        if let Err(problem) = self.load(id).await {
            eprintln!("plug-in {id} does not run: {problem}");
        }
    }

    /// What a plug-in declares is remembered since it was installed. Where that was lost, as with the cache or when the host
    /// was replaced by another version, it is asked again: who decides about it sees what it would bring.
    async fn recall(&self, id: &PluginId) {
        let recall = async {
            let runtime = self.runtime()?.clone();
            if runtime.remembers(&self.entry(id)?.digest) {
                return Ok(());
            }
            let wanted = id.clone();
            let package = self.blocking(move |registry| registry.load(&wanted)).await?;
            runtime.recall(id, package.digest, &self.component(&package)).await
        };
        if let Err(problem) = recall.await {
            eprintln!("plug-in {id} does not say what it would bring: {problem}");
        }
    }

    /// The file of a package that is installed.
    fn component(&self, package: &Package) -> PathBuf {
        self.0.blobs.join(format!("{}.wasm", package.digest))
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
            let package = self.blocking(move |registry| registry.load(&wanted)).await?;
            let version = Version {
                digest: package.digest,
                component: self.component(&package),
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

    /// Installs, or upgrades where the consent names what is replaced. Without `grant_needs` a new plug-in may do nothing
    /// until an admin grants it something. It is compiled and asked what it declares before anything is changed: one that
    /// fails at that leaves nothing behind.
    pub async fn install(&self, bytes: Vec<u8>, consent: Consent, by: &By) -> Result<Value> {
        let by = by.clone();
        let install = move |this: Self| async move {
            let (package, staged, runs) = this
                .blocking(move |registry| {
                    let package = Package::open(bytes)?;
                    let plan = registry.plan(&package)?;
                    plan.agreed(&consent)?;
                    let staged = registry.store.stage(&package)?;
                    let runs = consent.grant_needs || (plan.granted && !plan.resets_grant());
                    Ok((package, staged, runs))
                })
                .await?;
            let (id, digest) = (package.manifest.id.clone(), package.digest);
            if let Err(problem) = this.runtime()?.inspect(&id, digest, &staged, runs).await {
                this.discard(&id, digest).await;
                let help = nothing_installed(&id, problem.help.as_deref(), this.entry(&id).is_ok());
                return Err(problem.help(help));
            }
            let before = this.0.registry.store.digests();
            this.blocking(move |registry| registry.install(&package, &consent, &by)).await?;
            this.forget_since(&before);
            this.try_again(&id).await?;
            this.trim_cache().await;
            this.show(&id)
        };
        self.change(install).await
    }

    /// Removes what was written of a package that is not installed. What is installed stays.
    async fn discard(&self, id: &PluginId, digest: Hash) {
        if self.entry(id).is_ok_and(|entry| entry.digest == digest || entry.previous == Some(digest)) {
            return;
        }
        self.blocking(|registry| {
            registry.store.discard();
            Ok(())
        })
        .await
        .ok();
        if let Ok(runtime) = self.runtime() {
            runtime.forget(&digest);
        }
    }

    /// Removes what was compiled of packages that have been removed since.
    fn forget_since(&self, before: &BTreeSet<Hash>) {
        let now = self.0.registry.store.digests();
        let Ok(runtime) = self.runtime() else { return };
        before.difference(&now).for_each(|digest| runtime.forget(digest));
    }

    pub async fn remove(&self, id: &PluginId, by: &By) -> Result<()> {
        let (id, by) = (id.clone(), by.clone());
        let remove = move |this: Self| async move {
            this.entry(&id)?;
            let (about, removed) = (id.clone(), id.clone());
            this.blocking(move |registry| registry.record(&by, Action::Remove, &about, "")).await?;
            this.unload(&id)?;
            let before = this.0.registry.store.digests();
            this.blocking(move |registry| registry.remove(&removed)).await?;
            this.forget_since(&before);
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

    pub async fn enable(&self, id: &PluginId, by: &By) -> Result<()> {
        let (id, by) = (id.clone(), by.clone());
        let enable = move |this: Self| async move {
            this.entry(&id)?;
            let about = id.clone();
            let enable = move |registry: &Registry| {
                registry.record(&by, Action::Enable, &about, "")?;
                registry.store.enable(&about)
            };
            this.blocking(enable).await?;
            this.try_again(&id).await
        };
        self.change(enable).await
    }

    pub async fn disable(&self, id: &PluginId, by: &By) -> Result<()> {
        let (id, by) = (id.clone(), by.clone());
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
    pub async fn rollback(&self, id: &PluginId, by: &By) -> Result<Value> {
        let (id, by) = (id.clone(), by.clone());
        let rollback = move |this: Self| async move {
            let about = id.clone();
            this.blocking(move |registry| registry.rollback(&about, &by)).await?;
            this.try_again(&id).await?;
            this.show(&id)
        };
        self.change(rollback).await
    }

    /// Puts a grant in force, at once and also for running calls. An empty text takes everything away.
    pub async fn set_grant(&self, id: &PluginId, text: &str, by: &By) -> Result<()> {
        let (id, text, by) = (id.clone(), text.to_owned(), by.clone());
        let set = move |this: Self| async move {
            let about = id.clone();
            let facts = this.blocking(move |registry| registry.set_grant(&about, &text, &by)).await?;
            this.regate(&id, &facts.manifest).await
        };
        self.change(set).await
    }

    pub async fn grant_needs(&self, id: &PluginId, by: &By) -> Result<()> {
        let (id, by) = (id.clone(), by.clone());
        let grant = move |this: Self| async move {
            let about = id.clone();
            let facts = this.blocking(move |registry| registry.grant_needs(&about, &by)).await?;
            this.regate(&id, &facts.manifest).await
        };
        self.change(grant).await
    }

    /// A person decided about it: it runs when it is enabled and granted, and one that failed before gets another try.
    /// Otherwise nothing of it runs, nor of the package that was there before.
    async fn try_again(&self, id: &PluginId) -> Result<()> {
        let entry = self.entry(id)?;
        if !entry.enabled || self.0.registry.grants.get(id).is_none() {
            return self.unload(id);
        }
        self.runtime()?.forget_verdict(&entry.digest);
        self.load(id).await
    }

    /// Puts the grant of now in force. With the first one the plug-in begins to run.
    async fn regate(&self, id: &PluginId, manifest: &Manifest) -> Result<()> {
        let runtime = self.runtime()?;
        let current = self.entry(id)?.digest;
        if self.status(id).is_some_and(|status| status.digest == current) {
            let set = runtime.set_gate(id, self.gate(id, manifest));
            return set.inspect_err(|problem| drop(self.0.failed.lock().insert(id.clone(), problem.clone())));
        }
        self.try_again(id).await
    }
}

/// What to do about a package that could not be taken, and what was kept.
fn nothing_installed(id: &PluginId, help: Option<&str>, there: bool) -> String {
    let kept = match there {
        true => format!("nothing was changed, {id} stays as it is installed"),
        false => "nothing was installed".to_owned(),
    };
    help.map_or(kept.clone(), |help| format!("{help}; {kept}"))
}
