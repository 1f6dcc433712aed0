//! A plug-in that is loaded: its current version, its grant, its counters.
//!
//! Lives here: what is kept for each plug-in and the atomic swap. Must not live here: how a call is made (`call`).
//! Invariant: a call holds the version it began with; a swap changes what the next call gets and nothing else.

use crate::{
    budget::{GuestMemory, Share},
    declared::Declared,
    faults::{Faults, Health},
    guest::Guest,
    ledger::{Account, Ledger},
    limits::Limits,
    log::Rate,
    troubles::{Trouble, Troubles},
    turns::Turns,
};
use kamld_bindings::{commands::CommandsPre, describer::DescriberPre, preview::PreviewPre, surface::SurfacePre};
use kamld_policy::{Gate, Quota, Sides};
use kamld_types::{Hash, PluginId, Problem, command::Command, problem::Result, surface::Offer};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use std::{
    path::PathBuf,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;
use wasmtime::{
    Engine,
    component::{Component, InstancePre},
};

/// What to load.
#[derive(Clone)]
pub struct Version {
    /// SHA-256 of the component's bytes.
    pub digest: Hash,
    /// The component, a file.
    pub component: PathBuf,
    pub gate: Arc<Gate>,
    /// Counts the changes of the grant.
    pub generation: Arc<AtomicU64>,
}

/// The extension points that a version exports.
#[derive(Clone, Default)]
pub struct Exports {
    pub commands: Option<CommandsPre<Guest>>,
    pub describer: Option<DescriberPre<Guest>>,
    pub preview: Option<PreviewPre<Guest>>,
    pub surface: Option<SurfacePre<Guest>>,
}

/// One version, ready to be called.
pub struct Loaded {
    pub digest: Hash,
    pub exports: Exports,
    pub commands: Vec<Arc<Command>>,
    pub describes: Vec<String>,
    pub previews: Vec<String>,
    pub offers: Vec<Arc<Offer>>,
}

impl Loaded {
    /// A version that has said nothing of itself yet.
    pub fn silent(digest: Hash, exports: Exports) -> Self {
        Self::new(digest, exports, Declared::default())
    }

    pub fn new(digest: Hash, exports: Exports, declared: Declared) -> Self {
        let Declared { commands, describes, previews, offers } = declared;
        Self {
            digest,
            exports,
            commands: commands.into_iter().map(Arc::new).collect(),
            describes,
            previews,
            offers: offers.into_iter().map(Arc::new).collect(),
        }
    }
}

impl Exports {
    pub fn find(engine: &Engine, component: &Component, pre: &InstancePre<Guest>) -> wasmtime::Result<Self> {
        let mut exports = Self::default();
        for (name, _) in component.component_type().exports(engine) {
            match name {
                "kamld:plugin/commands@0.1.0" => exports.commands = Some(CommandsPre::new(pre.clone())?),
                "kamld:metadata/describer@0.1.0" => exports.describer = Some(DescriberPre::new(pre.clone())?),
                "kamld:ui/preview@0.1.0" => exports.preview = Some(PreviewPre::new(pre.clone())?),
                "kamld:ui/surface@0.1.0" => exports.surface = Some(SurfacePre::new(pre.clone())?),
                // Extension points of later contracts are for later hosts.
                _ => {}
            }
        }
        Ok(exports)
    }

    pub fn names(&self) -> Vec<String> {
        let all = [
            ("kamld:plugin/commands@0.1.0", self.commands.is_some()),
            ("kamld:metadata/describer@0.1.0", self.describer.is_some()),
            ("kamld:ui/preview@0.1.0", self.preview.is_some()),
            ("kamld:ui/surface@0.1.0", self.surface.is_some()),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
    }
}

/// Everything that is kept for one plug-in, over all its versions.
pub struct Slot {
    pub id: PluginId,
    current: RwLock<Option<Arc<Loaded>>>,
    grant: RwLock<Grant>,
    /// Counters of earlier versions: calls that drain are revoked with the rest.
    draining: Mutex<Vec<Weak<AtomicU64>>>,
    pub ledger: Arc<Ledger>,
    pub faults: Faults,
    pub troubles: Troubles,
    pub rate: Arc<Rate>,
    pub turns: Turns,
    /// Its part of the memory of all guests.
    pub share: Arc<Share>,
    /// Told of each change of the grant and of the version: calls look whether it concerns them.
    pub changed: Notify,
    /// What this host can spare for a plug-in.
    host: Quota,
    /// The plug-in was taken out: calls that wait for their turn get none.
    retired: AtomicBool,
}

#[derive(Clone)]
pub struct Grant {
    pub gate: Arc<Gate>,
    pub generation: u64,
    pub current: Arc<AtomicU64>,
    /// What a call may use, and who decided it.
    pub quota: Quota,
    pub sides: Sides,
}

impl Slot {
    pub fn new(id: PluginId, limits: &Limits, memory: &Arc<GuestMemory>) -> Self {
        let (gate, host) = (Gate::default(), limits.quota());
        let (quota, sides) = gate.quota(&host);
        let current = Arc::new(AtomicU64::new(0));
        let grant = Grant { gate: Arc::new(gate), generation: 0, current, quota, sides };
        Self {
            id,
            current: RwLock::new(None),
            grant: RwLock::new(grant),
            draining: Mutex::default(),
            ledger: Arc::default(),
            faults: Faults::default(),
            troubles: Troubles::default(),
            rate: Arc::new(Rate::new(limits)),
            turns: Turns::new(&quota),
            share: Arc::new(Share::new(memory.clone())),
            changed: Notify::new(),
            host,
            retired: AtomicBool::new(false),
        }
    }

    pub fn loaded(&self) -> Result<Arc<Loaded>> {
        self.current.read().clone().ok_or_else(|| Problem::not_found(format!("plug-in {} is not loaded", self.id)))
    }

    /// Whether it may run at all.
    pub fn is_granted(&self) -> bool {
        self.grant.read().gate.is_granted()
    }

    /// Whether a call may begin now: no code of a plug-in runs that nobody granted anything, or that is paused.
    pub fn admit(&self) -> Result<()> {
        self.granted()?;
        self.faults.admit(&self.id)
    }

    pub fn granted(&self) -> Result<()> {
        if self.is_granted() { Ok(()) } else { Err(waits_for_a_grant(&self.id)) }
    }

    /// Puts a version in place, with its grant. Calls that run keep what they have.
    pub fn swap(&self, loaded: Loaded, gate: Arc<Gate>, generation: Arc<AtomicU64>) {
        let (quota, sides) = gate.quota(&self.host);
        let grant = Grant { gate, generation: 0, current: generation, quota, sides };
        // The grant first: a new version must not run for a moment under the grant of the old one.
        let old = std::mem::replace(&mut *self.grant.write(), grant);
        let mut draining = self.draining.lock();
        draining.retain(|counter| counter.strong_count() > 0);
        draining.push(Arc::downgrade(&old.current));
        self.turns.limit(&quota);
        *self.current.write() = Some(Arc::new(loaded));
        self.faults.release();
        self.changed.notify_waiters();
    }

    /// Whether another version has taken the place of this one.
    pub fn replaced(&self, loaded: &Arc<Loaded>) -> bool {
        self.current.read().as_ref().is_some_and(|current| !Arc::ptr_eq(current, loaded))
    }

    /// The grant for a call that begins now. The number is read before the gate, and `regrant` writes it after the
    /// gate: a call that mixes the two has the old number, and is refused at its next step.
    pub fn grant(&self) -> Grant {
        let grant = self.grant.read();
        let generation = grant.current.load(Ordering::Acquire);
        Grant { generation, ..grant.clone() }
    }

    pub fn regrant(&self, gate: Arc<Gate>) {
        let mut grant = self.grant.write();
        (grant.quota, grant.sides) = gate.quota(&self.host);
        grant.gate = gate;
        self.turns.limit(&grant.quota);
        grant.current.fetch_add(1, Ordering::AcqRel);
        for counter in self.draining.lock().drain(..).filter_map(|counter| counter.upgrade()) {
            if !Arc::ptr_eq(&counter, &grant.current) {
                counter.fetch_add(1, Ordering::AcqRel);
            }
        }
        drop(grant);
        self.changed.notify_waiters();
    }

    pub fn retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Stops what runs, for good.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        *self.current.write() = None;
        self.regrant(Arc::new(Gate::default()));
    }

    pub fn status(&self) -> Option<Status> {
        let loaded = self.current.read().clone()?;
        Some(Status {
            plugin: self.id.clone(),
            digest: loaded.digest,
            exports: loaded.exports.names(),
            commands: loaded.commands.iter().map(|command| command.name.join(" ")).collect(),
            describes: loaded.describes.clone(),
            previews: loaded.previews.clone(),
            surfaces: loaded.offers.iter().map(|offer| format!("{}: {}", offer.slot, offer.title)).collect(),
            health: self.faults.health(),
            recent_faults: self.faults.recent(),
            troubles: self.troubles.list(),
            running: self.turns.running(),
            queued: self.turns.waiting(),
            memory: self.share.used(),
            account: self.ledger.account(),
        })
    }
}

/// What a person is told who calls a plug-in that nobody has granted anything.
pub fn waits_for_a_grant(plugin: &PluginId) -> Problem {
    Problem::denied(format!("plug-in {plugin} waits for a grant: nothing of it runs before that")).help(format!(
        "an admin lets it run with kamld plugin grant {plugin} --from-needs; kamld plugin show {plugin} says what it asks for"
    ))
}

/// A loaded plug-in as an admin sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    pub plugin: PluginId,
    pub digest: Hash,
    /// Extension points, with their versions.
    pub exports: Vec<String>,
    pub commands: Vec<String>,
    /// Media types that it describes, and that it draws.
    pub describes: Vec<String>,
    pub previews: Vec<String>,
    /// Slot and title of each.
    pub surfaces: Vec<String>,
    pub health: Health,
    /// Faults that count towards quarantine.
    pub recent_faults: usize,
    /// What went wrong lately, newest first.
    pub troubles: Vec<Trouble>,
    /// Calls at this moment: those that run, and those that wait for their turn.
    pub running: usize,
    pub queued: usize,
    /// Bytes of memory that its calls use at this moment.
    pub memory: u64,
    pub account: Account,
}
