//! What a change of plug-ins does on disk: packages, grants and the audit log together.
//!
//! Must not live here: what runs. Invariants: a change is in the audit log before it is made; what the host began by
//! itself and a power cut ended is completed by the next start; no grant is left for a plug-in that is not there, and
//! none that was there before counts for a plug-in that is installed later; no upgrade widens a grant.

use crate::{
    Grants, Package, Store,
    audit::{self, Action, Audit},
    package,
    plan::{Consent, Plan},
    reserved::{Origin, Reserved},
    store::{Entry, Facts},
};
use kamld_policy::{Grant, Manifest, base, difference::Difference};
use kamld_types::{By, Hash, PluginId, problem::Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// Who changes things when nobody asked.
const HOST: &str = "host";

pub struct Registry {
    pub store: Store,
    pub grants: Grants,
    pub audit: Arc<Audit>,
    reserved: Reserved,
}

impl Registry {
    pub fn open(data: &Path, audit: audit::Options, reserved: Reserved) -> Result<Self> {
        let store = Store::open(data)?;
        let audit = Arc::new(Audit::open_with(data, audit::Options { witness: store.witness(), ..audit })?);
        store.remember(audit.clone());
        let registry = Self { store, grants: Grants::open(data)?, audit, reserved };
        registry.complete_removals()?;
        registry.notice_edits()?;
        Ok(registry)
    }

    pub fn record(&self, by: &By, action: Action, id: &PluginId, detail: &str) -> Result<()> {
        self.audit.record(by.clone(), action, Some(id), detail)
    }

    fn record_host(&self, action: Action, id: &PluginId, detail: &str) -> Result<()> {
        self.record(&By::from(HOST), action, id, detail)
    }

    /// Whether it is one of the packages that came with this binary.
    pub fn is_shipped(&self, id: &PluginId, digest: &Hash) -> bool {
        self.reserved.is_shipped(id, digest)
    }

    /// Refuses a digest that may not carry an id of the product.
    pub fn admit(&self, id: &PluginId, digest: &Hash) -> Result<()> {
        self.reserved.admit(id, digest)
    }

    pub fn origin(&self, id: &PluginId, entry: &Entry) -> Origin {
        self.origin_of(id, entry.origin)
    }

    /// The installed package of a plug-in, verified, unless it carries an id of the product and did not come with it.
    pub fn load(&self, id: &PluginId) -> Result<Package> {
        let package = self.store.load(id)?;
        self.reserved.admit(id, &package.digest)?;
        Ok(package)
    }

    /// A plug-in that the binary brings: installed in a data folder that is new, and as new as the binary in any.
    pub fn bring(&self, package: &Package, new: bool) -> Result<()> {
        match self.store.get(&package.manifest.id) {
            None if new => self.install_first(package)?,
            Some(entry) if entry.digest != package.digest => self.follow_package(package, &entry)?,
            _ => {}
        }
        self.store.checked(package);
        Ok(())
    }

    /// With all that it needs.
    fn install_first(&self, package: &Package) -> Result<()> {
        let id = &package.manifest.id;
        self.record_host(Action::Install, id, &package_words(package))?;
        self.record_host(Action::Grant, id, "all that it needs, as part of a new data folder")?;
        // An entry without a grant would look like a plug-in that an admin granted nothing.
        self.put_grant(&all_needs(&package.manifest), Some(&package.manifest))?;
        self.store.install(package, Origin::Shipped).map(drop)
    }

    /// A newer binary has a newer package of a plug-in that it brought itself. What is new in its needs is granted
    /// only when everything it needed before was: an admin's narrower grant stays.
    fn follow_package(&self, package: &Package, there: &Entry) -> Result<()> {
        let id = &package.manifest.id;
        // What cannot be read any more says nothing about what was granted on purpose: the grant stays as it is.
        let whole = self.store.facts(id).is_ok_and(|old| {
            let grant = self.grants.get(id);
            grant.is_some() && Difference::ungranted(&old.manifest, grant.as_ref()).is_empty()
        });
        let was = self.origin_of(id, there.origin);
        self.record_host(Action::Upgrade, id, &package_words(package))?;
        if was != Origin::Shipped {
            self.reset_grant(&By::from(HOST), id, was, Origin::Shipped)?;
        } else if whole {
            self.record_host(Action::Grant, id, "all that it needs, as before")?;
            self.put_grant(&all_needs(&package.manifest), Some(&package.manifest))?;
        }
        self.store.upgrade(package, Origin::Shipped).map(drop)
    }

    /// Earlier versions of kamld did not remember the origin; what has an id of the product was shipped.
    fn origin_of(&self, id: &PluginId, remembered: Option<Origin>) -> Origin {
        remembered.unwrap_or(if self.reserved.is_reserved(id) { Origin::Shipped } else { Origin::File })
    }

    /// What installing this package would change. Refuses what could not be installed whoever agrees.
    pub fn plan(&self, package: &Package) -> Result<Plan> {
        let Package { manifest: Manifest { id, .. }, digest, .. } = package;
        self.reserved.admit(id, digest).map_err(|problem| {
            let help = problem.help.clone().unwrap_or_default();
            problem.help(format!("nothing was installed: {help}"))
        })?;
        let entry = self.store.get(id);
        let facts = entry.as_ref().and_then(|_| self.store.facts(id).ok());
        let there = entry.as_ref().map(|entry| (entry, self.origin_of(id, entry.origin), facts.as_deref()));
        Ok(Plan::new(package, self.reserved.origin(id, digest), there, self.grants.get(id).as_ref()))
    }

    /// Installs, or upgrades where somebody agreed to that. A grant stays as it is, but for a package of another origin:
    /// what was granted to the one is not granted to the other.
    pub fn install(&self, package: &Package, consent: &Consent, by: &By) -> Result<PluginId> {
        let plan = self.plan(package)?;
        plan.agreed(consent)?;
        let id = plan.id;
        let detail = package_words(package);
        match (self.store.get(&id), &plan.replaces) {
            (None, _) => {
                if self.grants.get(&id).is_some() {
                    self.record(by, Action::Revoke, &id, "a grant that was there before anything was installed")?;
                    self.drop_grant(&id)?;
                }
                self.record(by, Action::Install, &id, &detail)?;
                self.store.install(package, plan.origin)?;
            }
            (Some(_), None) => {}
            (Some(_), Some(there)) => {
                self.record(
                    by,
                    Action::Upgrade,
                    &id,
                    &format!("{detail}, in place of version {}, {}", there.version, there.digest),
                )?;
                if there.resets_grant {
                    self.reset_grant(by, &id, there.origin, plan.origin)?;
                }
                self.store.upgrade(package, plan.origin)?;
            }
        }
        // Last: where nothing could be installed, no grant may wait for another plug-in of this id.
        if consent.grant_needs {
            self.record(by, Action::Grant, &id, "all that it needs")?;
            self.put_grant(&all_needs(&package.manifest), Some(&package.manifest))?;
        }
        Ok(id)
    }

    fn reset_grant(&self, by: &By, id: &PluginId, was: Origin, now: Origin) -> Result<()> {
        if self.grants.get(id).is_none() {
            return Ok(());
        }
        let why = format!("the package before {}, this one {}", was.in_words(), now.in_words());
        self.record(by, Action::Revoke, id, &why)?;
        self.drop_grant(id)
    }

    pub fn set_grant(&self, id: &PluginId, text: &str, by: &By) -> Result<Arc<Facts>> {
        let facts = self.store.facts(id)?;
        if text.trim().is_empty() {
            self.record(by, Action::Revoke, id, "")?;
            self.drop_grant(id)?;
        } else {
            // Checked before it is recorded: a text that cannot be put in force changes nothing.
            let parsed = Grants::read_one(id, text)?;
            self.record(by, Action::Grant, id, text)?;
            self.note_grant(id, Some(&parsed))?;
            self.grants.set_text(id, text)?;
        }
        Ok(facts)
    }

    pub fn grant_needs(&self, id: &PluginId, by: &By) -> Result<Arc<Facts>> {
        let facts = self.store.facts(id)?;
        self.record(by, Action::Grant, id, "all that it needs")?;
        self.put_grant(&all_needs(&facts.manifest), Some(&facts.manifest))?;
        Ok(facts)
    }

    /// Back to the previous version. Its grant stays, unless the two are of different origins.
    pub fn rollback(&self, id: &PluginId, by: &By) -> Result<()> {
        if let Some(target) = self.store.load_previous(id)? {
            self.reserved.admit(id, &target.digest).map_err(|problem| problem.help("nothing was changed"))?;
            let entry = self.store.get(id);
            let origin = |remembered: Option<Option<Origin>>| self.origin_of(id, remembered.flatten());
            let now = origin(entry.as_ref().map(|entry| entry.origin));
            let then = origin(entry.as_ref().map(|entry| entry.previous_origin));
            self.record(by, Action::Rollback, id, &format!("to {}", package_words(&target)))?;
            if now != then {
                self.reset_grant(by, id, now, then)?;
            }
        }
        self.store.rollback(id).map(drop)
    }

    /// The plug-in goes first, and in the same step it is remembered that its grant goes: a power cut in between is
    /// completed by the next start, and never leaves a plug-in without what was granted to it. Whoever installs another
    /// plug-in of this id finds no grant either way, since an install drops it.
    pub fn remove(&self, id: &PluginId) -> Result<()> {
        let grant = self.grants.get(id);
        let marks = grant.as_ref().map(|grant| vec![mark(Some(grant)), mark(None)]);
        self.store.remove(id, marks)?;
        if grant.is_some() {
            self.grants.remove(id)?;
        }
        Ok(())
    }

    /// Drops grants whose plug-in was removed, or not installed yet, when the power went.
    fn complete_removals(&self) -> Result<()> {
        let known = self.store.known_grants().unwrap_or_default();
        for grant in self.grants.all() {
            let going = known
                .get(&grant.plugin)
                .is_some_and(|marks| [mark(Some(&grant)), mark(None)].iter().all(|mark| marks.contains(mark)));
            if going && self.store.get(&grant.plugin).is_none() {
                self.grants.remove(&grant.plugin)?;
            }
        }
        Ok(())
    }

    fn put_grant(&self, grant: &Grant, manifest: Option<&Manifest>) -> Result<()> {
        self.note_grant(&grant.plugin, Some(grant))?;
        self.grants.set(grant, manifest)
    }

    fn drop_grant(&self, id: &PluginId) -> Result<()> {
        if self.grants.get(id).is_some() {
            self.note_grant(id, None)?;
            self.grants.remove(id)?;
        }
        Ok(())
    }

    /// Remembers, before `grants.toml` is changed, how the grant of a plug-in may read from now on. The one before counts
    /// as well: a power cut may leave it.
    fn note_grant(&self, id: &PluginId, next: Option<&Grant>) -> Result<()> {
        let mut marks = vec![mark(self.grants.get(id).as_ref()), mark(next)];
        marks.dedup();
        self.store.note_grants([(id.clone(), marks)])
    }

    /// Reads `grants.toml` again when somebody changed it meanwhile. Answers whose grants are different now.
    pub fn reload_grants(&self) -> Result<Vec<PluginId>> {
        if !self.grants.edited()? {
            return Ok(Vec::new());
        }
        self.grants.reload()?;
        self.notice_edits()
    }

    /// Records grants that were changed by hand, outside of `kamld`.
    fn notice_edits(&self) -> Result<Vec<PluginId>> {
        let now: BTreeMap<PluginId, Grant> =
            self.grants.all().into_iter().map(|grant| (grant.plugin.clone(), grant)).collect();
        let known = self.store.known_grants();
        let ids: BTreeSet<&PluginId> = now.keys().chain(known.iter().flatten().map(|(id, _)| id)).collect();
        let mut edited = Vec::new();
        let mut notes = Vec::new();
        for id in ids {
            let found = mark(now.get(id));
            let expected = known.as_ref().map(|known| known.get(id).map_or(&[Hash([0; 32])][..], Vec::as_slice));
            match expected {
                Some(expected) if expected.contains(&found) => {}
                Some(_) => {
                    let (action, what) = match now.get(id) {
                        Some(grant) => (Action::Grant, grant.to_toml(None)),
                        None => (Action::Revoke, "nothing is granted to it any more".to_owned()),
                    };
                    self.record_host(action, id, &format!("grants.toml was changed by hand:\n{what}"))?;
                    edited.push(id.clone());
                    notes.push((id.clone(), vec![found]));
                }
                // An earlier version of kamld did not remember what it had written.
                None => notes.push((id.clone(), vec![found])),
            }
        }
        if known.is_none() || !notes.is_empty() {
            self.store.note_grants(notes)?;
        }
        Ok(edited)
    }
}

/// All that a manifest asks for and this host has.
fn all_needs(manifest: &Manifest) -> Grant {
    let mut grant = Grant::from_needs(manifest);
    grant.allow.retain(|allow| base::is_offered(&allow.interface));
    grant
}

/// A grant as it is remembered: comments and order in the file do not count. Zeros for none.
fn mark(grant: Option<&Grant>) -> Hash {
    grant.map_or(Hash([0; 32]), |grant| package::digest(grant.to_toml(None).as_bytes()))
}

/// A package as the audit log names it.
fn package_words(package: &Package) -> String {
    format!("version {}, {}", package.manifest.version, package.digest)
}
