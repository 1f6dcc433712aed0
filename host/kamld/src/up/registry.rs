//! What a change of plug-ins does on disk: packages, grants and the audit log together.
//!
//! Everything here waits for the disk: `installed` calls it on threads that may block. Must not live here: what runs.
//! Invariant: a change is in the audit log before it is answered.

use kamld::{config, folder::Folder};
use kamld_policy::{Grant, difference::Difference};
use kamld_registry::{Action, Audit, Grants, Package, Store, audit, store::Facts};
use kamld_types::{PluginId, problem::Result};
use std::sync::Arc;

/// Who changes things when nobody asked.
const HOST: &str = "host";

const DAY_MS: u64 = 24 * 3600 * 1000;

pub struct Registry {
    pub store: Store,
    pub grants: Grants,
    pub audit: Arc<Audit>,
}

impl Registry {
    pub fn open(folder: &Folder, config: &config::Audit) -> Result<Self> {
        let store = Store::open(&folder.path)?;
        let options = audit::Options {
            rotate: match config.rotate_mib {
                0 => u64::MAX,
                mib => mib.saturating_mul(1 << 20),
            },
            keep: (config.keep_days > 0).then_some(config.keep_days.saturating_mul(DAY_MS)),
            witness: store.witness(),
            ..audit::Options::default()
        };
        let audit = Arc::new(Audit::open_with(&folder.path, options)?);
        store.remember(audit.clone());
        Ok(Self { store, grants: Grants::open(&folder.path)?, audit })
    }

    pub fn record(&self, actor: &str, action: Action, id: &PluginId, detail: &str) -> Result<()> {
        self.audit.record(actor, action, Some(id), detail)
    }

    /// A plug-in that a new data folder starts with.
    pub fn install_first(&self, package: &Package) -> Result<()> {
        let id = &package.manifest.id;
        self.store.install(package)?;
        self.record(HOST, Action::Install, id, &package_words(package))?;
        self.grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest))?;
        self.record(HOST, Action::Grant, id, "all that it needs, as part of a new data folder")
    }

    /// A newer binary has a newer package of a plug-in that it brought itself. What is new in its needs is granted
    /// only when everything it needed before was: an admin's narrower grant stays.
    pub fn follow_package(&self, package: &Package) -> Result<()> {
        let id = &package.manifest.id;
        let old = self.store.facts(id)?;
        let whole = Difference::ungranted(&old.manifest, self.grants.get(id).as_ref()).is_empty();
        self.store.upgrade(package)?;
        self.record(HOST, Action::Upgrade, id, &package_words(package))?;
        if whole {
            self.grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest))?;
            self.record(HOST, Action::Grant, id, "all that it needs, as before")?;
        }
        Ok(())
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
}

/// A package as the audit log names it.
fn package_words(package: &Package) -> String {
    format!("version {}, {}", package.manifest.version, package.digest)
}
