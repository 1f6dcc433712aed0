//! What a change of plug-ins does on disk: packages, grants and the audit log together.
//!
//! Must not live here: what runs. Invariants: a change is in the audit log before it is made; what the host began by
//! itself and a power cut ended is completed by the next start; no grant is left for a plug-in that is not there.

use crate::{
    Grants, Package, Store,
    audit::{self, Action, Audit},
    store::Facts,
};
use kamld_policy::{Grant, difference::Difference};
use kamld_types::{PluginId, problem::Result};
use std::{path::Path, sync::Arc};

/// Who changes things when nobody asked.
const HOST: &str = "host";

pub struct Registry {
    pub store: Store,
    pub grants: Grants,
    pub audit: Arc<Audit>,
}

impl Registry {
    pub fn open(data: &Path, audit: audit::Options) -> Result<Self> {
        let store = Store::open(data)?;
        let audit = Arc::new(Audit::open_with(data, audit::Options { witness: store.witness(), ..audit })?);
        store.remember(audit.clone());
        Ok(Self { store, grants: Grants::open(data)?, audit })
    }

    pub fn record(&self, actor: &str, action: Action, id: &PluginId, detail: &str) -> Result<()> {
        self.audit.record(actor, action, Some(id), detail)
    }

    /// A plug-in that the binary brings: installed in a data folder that is new, and as new as the binary in any.
    pub fn bring(&self, package: &Package, new: bool) -> Result<()> {
        match self.store.get(&package.manifest.id) {
            None if new => self.install_first(package)?,
            Some(entry) if entry.digest != package.digest => self.follow_package(package)?,
            _ => {}
        }
        self.store.checked(package);
        Ok(())
    }

    /// With all that it needs.
    fn install_first(&self, package: &Package) -> Result<()> {
        let id = &package.manifest.id;
        self.record(HOST, Action::Install, id, &package_words(package))?;
        self.record(HOST, Action::Grant, id, "all that it needs, as part of a new data folder")?;
        // An entry without a grant would look like a plug-in that an admin granted nothing.
        self.grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest))?;
        self.store.install(package).map(drop)
    }

    /// A newer binary has a newer package of a plug-in that it brought itself. What is new in its needs is granted
    /// only when everything it needed before was: an admin's narrower grant stays.
    fn follow_package(&self, package: &Package) -> Result<()> {
        let id = &package.manifest.id;
        let old = self.store.facts(id)?;
        let whole = Difference::ungranted(&old.manifest, self.grants.get(id).as_ref()).is_empty();
        self.record(HOST, Action::Upgrade, id, &package_words(package))?;
        if whole {
            self.record(HOST, Action::Grant, id, "all that it needs, as before")?;
            self.grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest))?;
        }
        self.store.upgrade(package).map(drop)
    }

    pub fn install(&self, bytes: Vec<u8>, grant_needs: bool, by: &str) -> Result<PluginId> {
        let package = Package::open(bytes)?;
        let id = package.manifest.id.clone();
        let detail = package_words(&package);
        match self.store.get(&id) {
            None => {
                self.record(by, Action::Install, &id, &detail)?;
                self.store.install(&package)?;
            }
            Some(entry) if entry.digest == package.digest => {}
            Some(_) => {
                self.record(by, Action::Upgrade, &id, &detail)?;
                self.store.upgrade(&package)?;
            }
        }
        // Last: where nothing could be installed, no grant may wait for another plug-in of this id.
        if grant_needs {
            self.record(by, Action::Grant, &id, "all that it needs")?;
            self.grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest))?;
        }
        Ok(id)
    }

    pub fn set_grant(&self, id: &PluginId, text: &str, by: &str) -> Result<Arc<Facts>> {
        let facts = self.store.facts(id)?;
        if text.trim().is_empty() {
            self.record(by, Action::Revoke, id, "")?;
            self.grants.remove(id)?;
        } else {
            // Checked before it is recorded: a text that cannot be read changes nothing.
            kamld_policy::grant::parse("the grant", text)?;
            self.record(by, Action::Grant, id, text)?;
            self.grants.set_text(id, text)?;
        }
        Ok(facts)
    }

    pub fn grant_needs(&self, id: &PluginId, by: &str) -> Result<Arc<Facts>> {
        let facts = self.store.facts(id)?;
        self.record(by, Action::Grant, id, "all that it needs")?;
        self.grants.set(&Grant::from_needs(&facts.manifest), Some(&facts.manifest))?;
        Ok(facts)
    }

    /// Back to the previous version.
    pub fn rollback(&self, id: &PluginId, by: &str) -> Result<()> {
        if let Some(target) = self.store.load_previous(id)? {
            self.record(by, Action::Rollback, id, &format!("to {}", package_words(&target)))?;
        }
        self.store.rollback(id).map(drop)
    }

    /// Its grant goes first: whoever installs another plug-in of this id must not find one.
    pub fn remove(&self, id: &PluginId) -> Result<()> {
        self.grants.remove(id)?;
        self.store.remove(id).map(drop)
    }
}

/// A package as the audit log names it.
fn package_words(package: &Package) -> String {
    format!("version {}, {}", package.manifest.version, package.digest)
}
