//! The runtime: plug-ins that are loaded, and the calls of their extension points.
//!
//! Lives here: the public face of this crate. Must not live here: limits, stores, compilation, each in its own file.
//! Invariant: what is loaded under an id is one version, taken up by calls as a whole.

use crate::{
    budget::GuestMemory,
    cache::{self, Cache},
    call::{Caller, Order, Stage},
    compile::Compiler,
    declared::{self, Declared},
    engine,
    guest::{Guest, Linkage},
    introduction::{self, Introduction},
    ledger::Account,
    limits::Limits,
    media,
    plugin::{Exports, Loaded, Slot, Status, Version},
    plugin_host::{self, OFFERS, Previews, Services},
    tasks::Tasks,
    threads::Threads,
    ticker::Ticker,
    view_check,
};
use kamld_bindings::{
    describer::exports::kamld::metadata::describer::Request as DescribeRequest,
    preview::exports::kamld::ui::preview::Request as PreviewRequest,
};
use kamld_policy::{Gate, Quota, Sides, call::Denials};
use kamld_types::{
    Address, Hash, Kind, Node, PluginId, Problem,
    command::{Command, Outcome},
    problem::Result,
};
use parking_lot::RwLock;
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use wasmtime::component::{Component, Linker};

pub use kamld_bindings::imports::kamld::metadata::types::{Column, Description};

/// What a runtime is made of, besides what it links.
pub struct Config {
    pub limits: Limits,
    /// Folder of compiled plug-ins; made when it is not there, closed to others.
    pub cache: PathBuf,
    pub compiler: Compiler,
    /// Told of each refused host call.
    pub denials: Option<Arc<dyn Denials>>,
}

pub struct Runtime {
    pub(crate) stage: Stage,
    pub(crate) cache: Cache,
    pub(crate) compiler: Compiler,
    linker: Linker<Guest>,
    plugins: RwLock<BTreeMap<PluginId, Arc<Slot>>>,
    /// Grows with each change of what commands there are.
    generation: AtomicU64,
    slots: Option<u32>,
    /// The guests' threads; taken out when the runtime goes.
    threads: Option<Threads>,
}

/// All commands at one moment.
#[derive(Clone, Debug)]
pub struct Commands {
    pub generation: u64,
    pub list: Vec<(PluginId, Arc<Command>)>,
}

/// What was found out about an object, and by whom.
#[derive(Clone, Debug)]
pub struct Told {
    /// The plug-in that answered; when none could, all that were asked. With the digests of their components.
    pub by: Vec<(PluginId, Hash)>,
    pub answer: Result<Description>,
}

fn internal(what: &str) -> impl Fn(wasmtime::Error) -> Problem + '_ {
    move |error| Problem::internal(format!("{what}: {error:#}"))
}

impl Runtime {
    /// Starts the engine, its ticker and the guests' threads, and links every capability. Loads nothing.
    pub fn new(config: Config, linkages: Vec<Arc<dyn Linkage>>, previews: Arc<dyn Previews>) -> Result<Self> {
        let Config { limits, cache, compiler, denials } = config;
        let engine::Serving { engine, slots } =
            engine::serving(&limits).map_err(internal("the engine does not start with these limits"))?;
        let cannot = |error: std::io::Error| Problem::unavailable(format!("no threads for plug-ins: {error}"));
        let ticker = Ticker::start(&engine, Duration::from_millis(limits.slice_ms)).map_err(cannot)?;
        let cache = Cache::open(&cache, &engine)?;
        let linking = "a capability cannot be linked";
        let mut linker = Linker::new(&engine);
        plugin_host::link(&mut linker).map_err(internal(linking))?;
        let mut features: Vec<String> = OFFERS.iter().map(|name| (*name).to_owned()).collect();
        for linkage in &linkages {
            linkage.link(&mut linker).map_err(internal(linking))?;
            features.extend(linkage.offers());
        }
        let services = Arc::new(Services {
            tasks: Arc::new(Tasks::default()),
            previews,
            features: OnceLock::from(features.into_iter().collect::<std::collections::BTreeSet<_>>()),
        });
        // Last of all that can fail: threads cannot be given up again from within a task.
        let threads = Threads::start((limits.guest_threads > 0).then_some(limits.guest_threads)).map_err(cannot)?;
        let total = match limits.guests_memory_mib {
            0 => (engine::machine_memory() / 8).clamp(512 << 20, 4 << 30),
            mib => mib.saturating_mul(1 << 20),
        };
        let wait = Duration::from_millis(limits.memory_wait_ms);
        let memory = Arc::new(GuestMemory::new(total, limits.memory_bytes() as u64, wait));
        let stage = Stage {
            memory,
            engine,
            limits,
            ticker: Arc::new(ticker),
            guests: threads.guests(),
            linkages,
            services,
            denials,
        };
        Ok(Self {
            stage,
            cache,
            compiler,
            linker,
            plugins: RwLock::default(),
            generation: AtomicU64::new(1),
            slots,
            threads: Some(threads),
        })
    }

    pub fn limits(&self) -> &Limits {
        &self.stage.limits
    }

    /// Removes compiled plug-ins that are of no use, and beyond `budget` bytes the least recently used ones that are
    /// neither in `keep` nor loaded. With `dry_run` it only says what it would remove. Blocks on files.
    pub fn collect_cache(&self, keep: &BTreeSet<Hash>, budget: u64, dry_run: bool) -> Result<cache::Report> {
        let plugins = self.plugins.read().values().cloned().collect::<Vec<_>>();
        let loaded: BTreeSet<Hash> = plugins.iter().filter_map(|slot| Some(slot.loaded().ok()?.digest)).collect();
        self.cache.collect(&(keep | &loaded), budget, dry_run)
    }

    /// Instances held ready; none when the pool could not be had.
    pub fn pool(&self) -> Option<u32> {
        self.slots
    }

    /// The list of tasks, for those who watch and stop them.
    pub fn tasks(&self) -> &Arc<Tasks> {
        &self.stage.services.tasks
    }

    /// How often the thread that interrupts guests was late.
    pub fn late_ticks(&self) -> u64 {
        self.stage.ticker.rescues()
    }

    pub(crate) fn slot(&self, plugin: &PluginId) -> Result<Arc<Slot>> {
        let slot = self.plugins.read().get(plugin).cloned();
        slot.ok_or_else(|| {
            Problem::not_found(format!("there is no plug-in {plugin}")).help("kamld plugin list shows those there are")
        })
    }

    /// Loads a version, compiled if need be, and puts it in place of the one before. When that fails, the one
    /// before stays.
    pub async fn load(&self, plugin: PluginId, version: Version) -> Result<()> {
        let Version { digest, component, gate, generation } = version;
        let said = |problem| cannot_load(&plugin, problem);
        let loaded = self.prepare(&plugin, digest, &component).await.map_err(said)?;
        let mut plugins = self.plugins.write();
        if gate.is_granted() {
            taken(&plugins, &plugin, &loaded).map_err(said)?;
        }
        let new = || Arc::new(Slot::new(plugin.clone(), &self.stage.limits, &self.stage.memory));
        let slot = plugins.entry(plugin.clone()).or_insert_with(new);
        slot.swap(loaded, gate, generation);
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn exports(&self, component: &Component) -> Result<Exports> {
        let pre = self.linker.instantiate_pre(component).map_err(|error| {
            Problem::invalid(format!("it imports what this host does not offer: {error:#}"))
                .help("build it against the contract of this host, or bring the host up to date")
        })?;
        Exports::find(&self.stage.engine, component, &pre)
            .map_err(|error| Problem::invalid(format!("what it exports is not what the contract says: {error:#}")))
    }

    /// Compiled, linked, and with what it declares. What failed before under the same limits is not tried again.
    async fn prepare(&self, plugin: &PluginId, digest: Hash, component: &Path) -> Result<Loaded> {
        if let Some(problem) = self.verdict(&digest) {
            let tried = problem.help.clone().map(|help| format!("{help}; ")).unwrap_or_default();
            return Err(
                problem.help(format!("{tried}it was tried before; kamld plugin enable {plugin} tries it again"))
            );
        }
        let stage = &self.stage;
        let compiled = self.cache.component(&stage.engine, &self.compiler, &stage.limits, &digest, component).await;
        let exports = compiled.and_then(|component| self.exports(&component));
        if let Err(problem) = &exports {
            self.remember(&digest, &Err(problem.clone()), false);
        }
        let exports = exports?;
        let kept = self.cache.introduction(&digest);
        let declared = match kept {
            Some(Introduction::Declared(declared)) if declared.check().is_ok() => declared,
            _ => {
                let asked = introduction::ask(stage, plugin, digest, &exports).await;
                self.remember(&digest, &asked, true);
                asked?
            }
        };
        Ok(Loaded::new(digest, exports, declared))
    }

    /// Keeps what came of a try. What may go better the next time is not kept.
    fn remember(&self, digest: &Hash, tried: &Result<Declared>, always: bool) {
        let introduction = match tried {
            Ok(declared) => Introduction::Declared(declared.clone()),
            Err(problem) if introduction::would_again(problem) && (always || problem.kind != Kind::Internal) => {
                Introduction::Refused { limits: introduction::limits_hash(&self.stage), problem: problem.clone() }
            }
            Err(_) => return,
        };
        if let Err(error) = self.cache.keep_introduction(digest, &introduction) {
            tracing::warn!(%error, %digest, "what a plug-in declares cannot be kept: it is asked again at the next start");
        }
    }

    /// Compiles a component and asks what it declares, without putting it in place. What it says is kept. One that is to
    /// run is refused when another plug-in has one of its commands.
    pub async fn inspect(&self, plugin: &PluginId, digest: Hash, component: &Path, runs: bool) -> Result<Declared> {
        self.forget_verdict(&digest);
        let said = |problem| cannot_load(plugin, problem);
        let loaded = self.prepare(plugin, digest, component).await.map_err(said)?;
        if runs {
            taken(&self.plugins.read(), plugin, &loaded).map_err(said)?;
        }
        let Loaded { commands, describes, previews, offers, .. } = loaded;
        Ok(Declared {
            commands: commands.iter().map(|command| (**command).clone()).collect(),
            describes,
            previews,
            offers: offers.iter().map(|offer| (**offer).clone()).collect(),
        })
    }

    /// What a component said of itself when it was asked, without asking it again. Blocks on a small file.
    pub fn declared(&self, digest: &Hash) -> Option<Declared> {
        match self.cache.introduction(digest)? {
            Introduction::Declared(declared) => Some(declared),
            Introduction::Refused { .. } => None,
        }
    }

    /// Whether it is known what a component said of itself, or that it was refused.
    pub fn remembers(&self, digest: &Hash) -> bool {
        self.declared(digest).is_some_and(|declared| declared.check().is_ok()) || self.verdict(digest).is_some()
    }

    /// Asks a component again what it declares, without putting it in place: what it said when it was installed was lost.
    /// The bounds are those of an installation. One that was refused is not asked again.
    pub async fn recall(&self, plugin: &PluginId, digest: Hash, component: &Path) -> Result<()> {
        self.prepare(plugin, digest, component).await.map(drop).map_err(|problem| cannot_load(plugin, problem))
    }

    /// Why a component was refused when it was tried under the limits of now.
    fn verdict(&self, digest: &Hash) -> Option<Problem> {
        match self.cache.introduction(digest)? {
            Introduction::Refused { limits, problem } if limits == introduction::limits_hash(&self.stage) => {
                Some(problem)
            }
            _ => None,
        }
    }

    /// Gives a component that was refused another try.
    pub fn forget_verdict(&self, digest: &Hash) {
        if let Some(Introduction::Refused { .. }) = self.cache.introduction(digest) {
            self.cache.forget_introduction(digest);
        }
    }

    /// Removes what was compiled and remembered of a component that is not installed any more.
    pub fn forget(&self, digest: &Hash) {
        self.cache.forget(digest);
    }

    /// Takes a plug-in out. Its calls are stopped at their next step.
    pub fn unload(&self, plugin: &PluginId) -> Result<()> {
        let slot = self.slot(plugin)?;
        self.plugins.write().remove(plugin);
        slot.retire();
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// Puts a new grant in place. Calls that run under the old one are refused at their next host call or tick. With the
    /// first grant what the plug-in offers appears, with the last one it goes.
    pub fn set_gate(&self, plugin: &PluginId, gate: Arc<Gate>) -> Result<()> {
        let slot = self.slot(plugin)?;
        let plugins = self.plugins.write();
        let appears = gate.is_granted() && !slot.is_granted();
        let goes = !gate.is_granted() && slot.is_granted();
        if appears {
            taken(&plugins, plugin, &*slot.loaded()?).map_err(|problem| cannot_load(plugin, problem))?;
        }
        slot.regrant(gate);
        if appears || goes {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Lifts pause and quarantine.
    pub fn release(&self, plugin: &PluginId) -> Result<()> {
        self.slot(plugin)?.faults.release();
        Ok(())
    }

    /// What a call of a plug-in may use under a grant, limit by limit, and who decided it.
    pub fn quota(&self, gate: &Gate) -> (Quota, Sides) {
        gate.quota(&self.stage.limits.quota())
    }

    /// Bytes of memory that all guests use at this moment, and that they may use.
    pub fn guests_memory(&self) -> (u64, u64) {
        (self.stage.memory.used(), self.stage.memory.total())
    }

    /// Every loaded plug-in, by id.
    pub fn plugins(&self) -> Vec<Status> {
        let slots: Vec<Arc<Slot>> = self.plugins.read().values().cloned().collect();
        slots.iter().filter_map(|slot| slot.status()).collect()
    }

    /// What each plug-in has cost since the host started.
    pub fn ledger(&self) -> BTreeMap<PluginId, Account> {
        self.plugins.read().iter().map(|(id, slot)| (id.clone(), slot.ledger.account())).collect()
    }

    /// Grows with each change of what plug-ins there are.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// What is loaded and may run, by id: what waits for a grant offers nothing to anybody.
    pub(crate) fn loaded(&self) -> Vec<(PluginId, Arc<Loaded>)> {
        let plugins = self.plugins.read();
        let granted = plugins.iter().filter(|(_, slot)| slot.is_granted());
        granted.filter_map(|(id, slot)| Some((id.clone(), slot.loaded().ok()?))).collect()
    }

    /// Every command, by plug-in and then in the order of its declaration.
    pub fn commands(&self) -> Commands {
        let generation = self.generation();
        let of = |(id, loaded): (PluginId, Arc<Loaded>)| {
            loaded.commands.iter().map(|command| (id.clone(), command.clone())).collect::<Vec<_>>()
        };
        Commands { generation, list: self.loaded().into_iter().flat_map(of).collect() }
    }

    /// The plug-in that has a command of this name.
    pub fn find_command(&self, name: &[String]) -> Option<(PluginId, Arc<Command>)> {
        self.commands().list.into_iter().find(|(_, command)| command.name == name)
    }

    /// Runs a command: checks the arguments against its declaration, fills in defaults, calls the plug-in.
    pub async fn run_command(
        &self,
        plugin: &PluginId,
        caller: Caller,
        name: &[String],
        arguments: Map<String, Value>,
    ) -> Result<Outcome> {
        let slot = self.slot(plugin)?;
        let (words, trace) = (name.join(" "), caller.trace.clone());
        let unknown = || {
            Problem::not_found(format!("plug-in {plugin} has no command '{words}'"))
                .help("kamld help shows the commands there are")
        };
        slot.granted()?;
        let loaded = slot.loaded()?;
        let command = loaded.commands.iter().find(|command| command.name == name).ok_or_else(unknown)?;
        let arguments = Value::Object(command.check(arguments)?).to_string();
        let order = Order {
            slot: &slot,
            caller,
            doing: format!("command '{words}'"),
            budget: self.stage.limits.command(),
            bytes: arguments.len(),
        };
        let name = name.to_vec();
        let work = async move |mut store: wasmtime::Store<Guest>, loaded: Arc<Loaded>| {
            let pre = loaded.exports.commands.as_ref().ok_or_else(|| wasmtime::format_err!("no commands"))?;
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_plugin_commands().call_run(&mut store, &name, &arguments).await
        };
        let answer = self.stage.call(order, work).await?.map_err(|error| {
            slot.ledger.errors(1);
            Problem::from(error)
        })?;
        let view = view_check::bytes(&answer.view);
        slot.ledger.bytes_out((answer.data.len() + view) as u64);
        let outcome = || {
            view_check::fits("the view of its outcome", view, view_check::OUTCOME_BYTES)?;
            let outcome = declared::outcome(answer)?;
            if !outcome.view.is_empty() {
                view_check::view(&outcome.view)?;
            }
            Ok(outcome)
        };
        outcome().map_err(|problem: Problem| {
            slot.ledger.errors(1);
            slot.troubles.note(&format!("command '{words}'"), &problem.message, &trace, String::new());
            let message = format!("plug-in {plugin} answered '{words}' with what cannot be shown: {}", problem.message);
            Problem { message, ..problem }.help("what the command did before it answered is kept")
        })
    }

    /// The plug-ins whose declared media types fit, the best first; of two that fit alike, the first by id.
    fn fitting(&self, media_type: &str, types: impl Fn(&Loaded) -> &[String]) -> Vec<Arc<Slot>> {
        let plugins = self.plugins.read();
        let mut fits: Vec<_> = plugins
            .values()
            .filter(|slot| slot.is_granted())
            .filter_map(|slot| {
                let (fit, place) = media::best(types(&*slot.loaded().ok()?), media_type)?;
                Some((std::cmp::Reverse(fit), place, slot.clone()))
            })
            .collect();
        // A stable sort: plug-ins come in the order of their ids.
        fits.sort_by_key(|(fit, place, _)| (*fit, *place));
        fits.into_iter().map(|(_, _, slot)| slot).collect()
    }

    /// What is in an object, told by the plug-in that fits its media type best. When that one cannot say, whatever the
    /// reason (it is not what the type promises, a limit, a fault), the next one is asked: no describer decides alone that
    /// nobody can read some bytes. None when no plug-in fits.
    pub async fn describe_object(
        &self,
        caller: Caller,
        address: &Address,
        media_type: &str,
        size: u64,
    ) -> Option<Told> {
        let (mut asked, mut said) = (Vec::new(), None);
        for slot in self.fitting(media_type, |loaded| &loaded.describes) {
            let Ok(loaded) = slot.loaded() else { continue };
            let by = (slot.id.clone(), loaded.digest);
            match self.describe_by(slot, caller.clone(), address, media_type, size).await {
                Ok(description) => return Some(Told { by: vec![by], answer: Ok(description) }),
                Err(problem) => {
                    asked.push(by);
                    // What is wrong with the bytes tells a person more than what went wrong with a plug-in.
                    let about_bytes = |problem: &Problem| matches!(problem.kind, Kind::Invalid | Kind::Corrupt);
                    match &said {
                        Some(earlier) if about_bytes(earlier) || !about_bytes(&problem) => {}
                        _ => said = Some(problem),
                    }
                }
            }
        }
        said.map(|problem| Told { by: asked, answer: Err(problem) })
    }

    async fn describe_by(
        &self,
        slot: Arc<Slot>,
        caller: Caller,
        address: &Address,
        media_type: &str,
        size: u64,
    ) -> Result<Description> {
        let slot = &slot;
        let order =
            Order { slot, caller, doing: format!("describing {address}"), budget: self.stage.limits.look(), bytes: 0 };
        let request = DescribeRequest { address: address.to_string(), media_type: media_type.to_owned(), size };
        let work = async move |mut store: wasmtime::Store<Guest>, loaded: Arc<Loaded>| {
            let pre = loaded.exports.describer.as_ref().ok_or_else(|| wasmtime::format_err!("no describer"))?;
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_metadata_describer().call_describe(&mut store, &request).await
        };
        self.stage.call(order, work).await.and_then(|answer| answer.map_err(|error| self.refused(slot, error)))
    }

    /// An object drawn by the plug-in that fits its media type, from row, line or the like `start` on, `window` of
    /// them; none when there is no such plug-in.
    pub async fn preview(
        &self,
        caller: Caller,
        address: &Address,
        media_type: &str,
        size: u64,
        start: u64,
        window: u32,
    ) -> Option<Result<Vec<Node>>> {
        let fitting = self.fitting(media_type, |loaded| &loaded.previews);
        let mut said = None;
        for slot in fitting {
            match self.preview_by(slot, caller.clone(), address, media_type, size, start, window).await {
                // It was not what the type promised, or the plug-in failed: somebody else may draw it.
                Ok(Err(problem)) if problem.kind == Kind::Invalid => said = said.or(Some(Err(problem))),
                Err(problem) if problem.kind != Kind::Cancelled => said = said.or(Some(Err(problem))),
                Ok(drawn) => return Some(drawn),
                Err(problem) => return Some(Err(problem)),
            }
        }
        said
    }

    /// The outer error is a fault or a limit of the host, the inner one the plug-in's own word.
    #[expect(clippy::too_many_arguments, reason = "one request, handed on")]
    async fn preview_by(
        &self,
        slot: Arc<Slot>,
        caller: Caller,
        address: &Address,
        media_type: &str,
        size: u64,
        start: u64,
        window: u32,
    ) -> Result<Result<Vec<Node>>> {
        let (slot, trace) = (&slot, caller.trace.clone());
        let order =
            Order { slot, caller, doing: format!("drawing {address}"), budget: self.stage.limits.look(), bytes: 0 };
        let request =
            PreviewRequest { address: address.to_string(), media_type: media_type.to_owned(), size, window, start };
        let work = async move |mut store: wasmtime::Store<Guest>, loaded: Arc<Loaded>| {
            let pre = loaded.exports.preview.as_ref().ok_or_else(|| wasmtime::format_err!("no preview"))?;
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_ui_preview().call_open(&mut store, &request).await
        };
        let answer = self.stage.call(order, work).await?;
        let nodes = |answer: Vec<_>| {
            view_check::fits("its preview", view_check::bytes(&answer), view_check::OUTCOME_BYTES)?;
            let nodes = declared::nodes(answer)?;
            view_check::shows_only(&nodes)?;
            Ok(nodes)
        };
        let told = |problem: &Problem| {
            slot.ledger.errors(1);
            slot.troubles.note("a preview", &problem.message, &trace, String::new());
        };
        Ok(answer.map_err(|error| self.refused(slot, error)).and_then(|answer| nodes(answer).inspect_err(told)))
    }

    pub(crate) fn refused(&self, slot: &Slot, error: kamld_bindings::Error) -> Problem {
        slot.ledger.errors(1);
        Problem::from(error)
    }
}

fn cannot_load(plugin: &PluginId, problem: Problem) -> Problem {
    let Problem { kind, message, help, at } = problem;
    Problem { kind, message: format!("plug-in {plugin} cannot be loaded: {message}"), help, at }
}

/// Refuses a command that another plug-in offers already. One that waits for a grant offers nothing.
fn taken(plugins: &BTreeMap<PluginId, Arc<Slot>>, plugin: &PluginId, loaded: &Loaded) -> Result<()> {
    for (other, slot) in plugins.iter().filter(|(other, slot)| *other != plugin && slot.is_granted()) {
        let Ok(there) = slot.loaded() else { continue };
        if let Some(name) =
            loaded.commands.iter().map(|c| &c.name).find(|name| there.commands.iter().any(|c| c.name == **name))
        {
            let taken = format!("its command '{}' is one of plug-in {other} already", name.join(" "));
            return Err(Problem::already_exists(taken).help("disable one of the two plug-ins"));
        }
    }
    Ok(())
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            // Waiting here would block a thread of whoever drops it.
            threads.stop();
        }
    }
}
