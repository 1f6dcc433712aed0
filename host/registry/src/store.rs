//! The installed plug-ins: `DIR/plugins/blobs/SHA256.wasm` and `DIR/plugins/installed.json`.
//!
//! Must not live here: grants, compiled code. Invariants: a blob is read-only, named by its digest and verified
//! each time it is loaded; `installed.json` changes last and atomically, so after a crash a plug-in is there in the old
//! state or in the new one; of each plug-in the current package and the previous one are kept, and nothing else.
//! `installed.json` also remembers the newest record of the audit log, so that a log that was removed is noticed.

use crate::{
    audit::{Audit, Mark},
    check::Report,
    component::Component,
    durable,
    package::{Package, digest},
    reserved::Origin,
};
use kamld_policy::{Difference, Manifest};
use kamld_types::{Hash, PluginId, Problem, problem::Result};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{SystemTime, UNIX_EPOCH},
};

/// Of `installed.json`. Grows when an older host could no longer read it rightly.
const FORMAT: u32 = 1;

/// One installed plug-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub version: String,
    pub digest: Hash,
    pub enabled: bool,
    /// When this package was put in place, in milliseconds since 1970.
    pub installed_at: u64,
    /// Where it came from; none in what an earlier version of kamld installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The package that it replaced: what a rollback returns to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_origin: Option<Origin>,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Installed {
    format: u32,
    plugins: BTreeMap<PluginId, Entry>,
    /// The newest durable record of the audit log when this was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audit: Option<Mark>,
    /// What the grants of `grants.toml` may look like, by hashes of them: another one was written by hand. None in what
    /// an earlier version of kamld wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grants: Option<BTreeMap<PluginId, Vec<Hash>>>,
}

impl Installed {
    fn read(file: &Path) -> Result<Self> {
        let Some(bytes) = durable::read(file)? else {
            return Ok(Self { format: FORMAT, ..Self::default() });
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            Problem::corrupt(format!("{} cannot be read: {error}", file.display()))
                .at(error.line() as u32, error.column() as u32)
                .help(
                    "nothing was changed: put the file back from a backup, or remove it and install the plug-ins again",
                )
        })
    }

    /// A record that the audit log must have. A list of plug-ins that was written by an earlier version remembers none,
    /// but where something is installed there was at least one.
    fn witness(&self) -> Option<Mark> {
        let some = (!self.plugins.is_empty()).then(|| Mark { seq: 1, ..Mark::default() });
        self.audit.or(some)
    }

    /// The packages that are kept: of each plug-in the current one and the previous one.
    fn digests(&self) -> BTreeSet<Hash> {
        self.plugins.values().flat_map(|entry| [Some(entry.digest), entry.previous]).flatten().collect()
    }
}

/// What an upgrade changed.
#[derive(Clone, Debug)]
pub struct Upgrade {
    pub before: Entry,
    pub after: Entry,
    /// What the new manifest asks for beyond the old one.
    pub difference: Difference,
}

/// What a package says of itself. It belongs to a digest and never changes.
#[derive(Clone, Debug)]
pub struct Facts {
    pub manifest: Manifest,
    pub component: Component,
    pub report: Report,
}

/// Its methods that change something or load a package wait for the disk: call them from a thread that may block.
pub struct Store {
    folder: PathBuf,
    installed: Mutex<Installed>,
    /// Asked for its newest record at each change.
    audit: OnceLock<Arc<Audit>>,
    /// Of packages that were checked, by their digest: that takes longer than all else that is done with one.
    facts: Mutex<BTreeMap<Hash, Arc<Facts>>>,
}

impl Store {
    /// Opens the store in a data folder, or creates it. Removes what a crash left behind.
    pub fn open(data: &Path) -> Result<Self> {
        let folder = data.join("plugins");
        let blobs = folder.join("blobs");
        durable::create_folder(&blobs).map_err(|error| durable::failed("created", &blobs, &error))?;
        let file = folder.join("installed.json");
        let installed = Installed::read(&file)?;
        if installed.format != FORMAT {
            return Err(Problem::invalid(format!(
                "{} has format {}, this host knows {FORMAT}",
                file.display(),
                installed.format
            ))
            .help("nothing was changed: it was written by another version of kamld, use that one"));
        }
        let store = Self { folder, installed: Mutex::new(installed), audit: OnceLock::new(), facts: Mutex::default() };
        store.sweep(&store.installed.lock());
        Ok(store)
    }

    /// A record that the audit log must have.
    pub fn witness(&self) -> Option<Mark> {
        self.installed.lock().witness()
    }

    /// From now on each change remembers the newest record of this log.
    pub fn remember(&self, audit: Arc<Audit>) {
        self.audit.set(audit).ok();
    }

    /// The packages that are kept: of each plug-in the current one and the previous one.
    pub fn digests(&self) -> BTreeSet<Hash> {
        self.installed.lock().digests()
    }

    pub fn list(&self) -> BTreeMap<PluginId, Entry> {
        self.installed.lock().plugins.clone()
    }

    pub fn get(&self, id: &PluginId) -> Option<Entry> {
        self.installed.lock().plugins.get(id).cloned()
    }

    /// Puts in a plug-in that is not there yet, enabled. Without a grant it may do nothing.
    pub fn install(&self, package: &Package, origin: Origin) -> Result<Entry> {
        let mut installed = self.installed.lock();
        let id = &package.manifest.id;
        if let Some(there) = installed.plugins.get(id) {
            return Err(Problem::already_exists(format!("{id} {} is installed already", there.version))
                .help(format!("upgrade it, or remove it first: kamld plugin remove {id}")));
        }
        self.write_blob(package)?;
        let entry = Entry {
            version: package.manifest.version.to_string(),
            digest: package.digest,
            enabled: true,
            installed_at: now(),
            origin: Some(origin),
            previous: None,
            previous_origin: None,
        };
        let mut next = installed.clone();
        next.plugins.insert(id.clone(), entry.clone());
        self.commit(&mut installed, next)?;
        Ok(entry)
    }

    /// Puts a package in the place of another one of the same plug-in, which is kept for a rollback.
    pub fn upgrade(&self, package: &Package, origin: Origin) -> Result<Upgrade> {
        let mut installed = self.installed.lock();
        let id = &package.manifest.id;
        let before = installed.plugins.get(id).cloned().ok_or_else(|| absent(id))?;
        if before.digest == package.digest {
            return Err(Problem::already_exists(format!(
                "this very package of {id} {} is installed already",
                before.version
            )));
        }
        let old =
            self.read_blob(id, &before.digest).and_then(|bytes| Package::open(bytes).map(|package| package.manifest));
        let difference = match &old {
            Ok(old) => Difference::between(old, &package.manifest),
            // What cannot be read any more covers nothing: all of it is new to the admin.
            Err(_) => Difference { needs: package.manifest.needs.clone(), limits: package.manifest.limits },
        };
        // A damaged package is nothing to return to; the one before it may still be.
        let (previous, previous_origin) = match &old {
            Ok(_) => (Some(before.digest), before.origin),
            Err(_) => (before.previous.filter(|hash| *hash != package.digest), before.previous_origin),
        };
        self.write_blob(package)?;
        let after = Entry {
            version: package.manifest.version.to_string(),
            digest: package.digest,
            enabled: before.enabled,
            installed_at: now(),
            origin: Some(origin),
            previous,
            previous_origin,
        };
        let mut next = installed.clone();
        next.plugins.insert(id.clone(), after.clone());
        self.commit(&mut installed, next)?;
        Ok(Upgrade { before, after, difference })
    }

    /// Returns to the package before. A second rollback comes back again.
    pub fn rollback(&self, id: &PluginId) -> Result<Upgrade> {
        let mut installed = self.installed.lock();
        let before = installed.plugins.get(id).cloned().ok_or_else(|| absent(id))?;
        let Some(previous) = before.previous else {
            return Err(Problem::not_found(format!("there is no earlier package of {id} to return to"))
                .help("only the one before the current one is kept"));
        };
        let target = Package::open(self.read_blob(id, &previous)?)?;
        let difference = match self.read_blob(id, &before.digest).and_then(Package::open) {
            Ok(current) => Difference::between(&current.manifest, &target.manifest),
            Err(_) => Difference { needs: target.manifest.needs.clone(), limits: target.manifest.limits },
        };
        let after = Entry {
            version: target.manifest.version.to_string(),
            digest: previous,
            enabled: before.enabled,
            installed_at: now(),
            origin: before.previous_origin,
            previous: Some(before.digest),
            previous_origin: before.origin,
        };
        let mut next = installed.clone();
        next.plugins.insert(id.clone(), after.clone());
        self.commit(&mut installed, next)?;
        Ok(Upgrade { before, after, difference })
    }

    /// Takes a plug-in and its packages away. `marks`: how its grant may read from now on; none for a plug-in without a grant.
    pub fn remove(&self, id: &PluginId, marks: Option<Vec<Hash>>) -> Result<Entry> {
        let mut installed = self.installed.lock();
        let mut next = installed.clone();
        let entry = next.plugins.remove(id).ok_or_else(|| absent(id))?;
        if let Some(grants) = &mut next.grants {
            match marks {
                Some(marks) => grants.insert(id.clone(), marks),
                None => grants.remove(id),
            };
        }
        self.commit(&mut installed, next)?;
        Ok(entry)
    }

    /// What is remembered of the grants; none before anything was.
    pub(crate) fn known_grants(&self) -> Option<BTreeMap<PluginId, Vec<Hash>>> {
        self.installed.lock().grants.clone()
    }

    /// Remembers hashes of grants, those of other plug-ins as they are.
    pub(crate) fn note_grants(&self, notes: impl IntoIterator<Item = (PluginId, Vec<Hash>)>) -> Result<()> {
        let mut installed = self.installed.lock();
        let mut next = installed.clone();
        next.grants.get_or_insert_default().extend(notes);
        if next.grants == installed.grants {
            return Ok(());
        }
        self.commit(&mut installed, next)
    }

    /// Writes a package where it can be compiled and tried before it is installed. The file goes with the next change
    /// when it was not installed by then, and with `discard`. Answers the file.
    pub fn stage(&self, package: &Package) -> Result<PathBuf> {
        self.write_blob(package)?;
        Ok(self.blob(&package.digest))
    }

    /// Removes what was staged and not installed.
    pub fn discard(&self) {
        self.sweep(&self.installed.lock());
    }

    /// Answers whether that changed anything.
    pub fn enable(&self, id: &PluginId) -> Result<bool> {
        self.set_enabled(id, true)
    }

    /// Answers whether that changed anything. The packages stay.
    pub fn disable(&self, id: &PluginId) -> Result<bool> {
        self.set_enabled(id, false)
    }

    /// The current package, verified against its digest; checked by this host since it started.
    pub fn load(&self, id: &PluginId) -> Result<Package> {
        let entry = self.get(id).ok_or_else(|| absent(id))?;
        self.load_digest(id, &entry.digest)
    }

    /// The package before the current one, so that a rollback can be made ready; none when there is none.
    pub fn load_previous(&self, id: &PluginId) -> Result<Option<Package>> {
        let entry = self.get(id).ok_or_else(|| absent(id))?;
        entry.previous.map(|previous| self.load_digest(id, &previous)).transpose()
    }

    /// What the current package says of itself, without reading it again.
    pub fn facts(&self, id: &PluginId) -> Result<Arc<Facts>> {
        let digest = self.get(id).ok_or_else(|| absent(id))?.digest;
        let known = self.facts.lock().get(&digest).cloned();
        match known {
            Some(facts) => Ok(facts),
            None => self.load_digest(id, &digest).map(|package| self.checked(&package)),
        }
    }

    /// Keeps what a package says of itself, so that it is not checked again when it is loaded.
    pub fn checked(&self, package: &Package) -> Arc<Facts> {
        let Package { digest, manifest, component, report, .. } = package;
        let facts =
            Arc::new(Facts { manifest: manifest.clone(), component: component.clone(), report: report.clone() });
        let kept = self.digests();
        let mut known = self.facts.lock();
        known.insert(*digest, facts.clone());
        known.retain(|digest, _| kept.contains(digest));
        facts
    }

    fn load_digest(&self, id: &PluginId, hash: &Hash) -> Result<Package> {
        let bytes = self.read_blob(id, hash)?;
        let known = self.facts.lock().get(hash).cloned();
        let package = match known.as_deref().cloned() {
            Some(Facts { manifest, component, report }) => {
                Package { bytes, digest: *hash, manifest, component, report }
            }
            None => Package::open(bytes)?,
        };
        if package.manifest.id != *id {
            return Err(Problem::corrupt(format!("the package of {id} is one of {}", package.manifest.id))
                .help(format!("remove it and install it again: kamld plugin remove {id}")));
        }
        Ok(package)
    }

    fn set_enabled(&self, id: &PluginId, enabled: bool) -> Result<bool> {
        let mut installed = self.installed.lock();
        let mut next = installed.clone();
        let entry = next.plugins.get_mut(id).ok_or_else(|| absent(id))?;
        if entry.enabled == enabled {
            return Ok(false);
        }
        entry.enabled = enabled;
        self.commit(&mut installed, next)?;
        Ok(true)
    }

    /// Makes `next` the state: first on disk, then in memory; only then are unused packages removed.
    fn commit(&self, installed: &mut Installed, mut next: Installed) -> Result<()> {
        if let Some(audit) = self.audit.get() {
            next.audit = Some(audit.durable());
        }
        let json = serde_json::to_vec_pretty(&next)
            .map_err(|error| Problem::internal(format!("installed.json cannot be written: {error}")))?;
        durable::replace(&self.folder.join("installed.json"), &json, 0o644)?;
        *installed = next;
        self.sweep(installed);
        Ok(())
    }

    fn blob(&self, hash: &Hash) -> PathBuf {
        self.folder.join("blobs").join(format!("{hash}.wasm"))
    }

    fn write_blob(&self, package: &Package) -> Result<()> {
        let file = self.blob(&package.digest);
        // A blob that is there and intact may come from an attempt that failed before its name was durable. A damaged
        // one is replaced.
        if durable::read(&file)?.is_some_and(|bytes| digest(&bytes) == package.digest) {
            return durable::sync_parent(&file).map_err(|error| durable::failed("synced", &file, &error));
        }
        durable::replace(&file, &package.bytes, 0o444)
    }

    fn read_blob(&self, id: &PluginId, hash: &Hash) -> Result<Vec<u8>> {
        let file = self.blob(hash);
        let help = format!("install it again, or return to the one before: kamld plugin remove {id}");
        let Some(bytes) = durable::read(&file)? else {
            return Err(Problem::corrupt(format!("the package of {id} is missing: {}", file.display())).help(help));
        };
        let found = digest(&bytes);
        if found != *hash {
            return Err(Problem::corrupt(format!(
                "the package of {id} is not what was installed: {} has the digest {}",
                file.display(),
                found.short()
            ))
            .help(help));
        }
        Ok(bytes)
    }

    /// Removes what nothing refers to: older packages, and partial files of interrupted writes. Failing at it loses
    /// nothing, so it is only logged.
    fn sweep(&self, installed: &Installed) {
        let used: BTreeSet<String> = installed.digests().iter().map(|hash| format!("{hash}.wasm")).collect();
        let Ok(files) = std::fs::read_dir(self.folder.join("blobs")) else { return };
        for file in files.flatten() {
            if !file.file_name().to_str().is_some_and(|name| used.contains(name))
                && let Err(error) = durable::remove(&file.path())
            {
                tracing::warn!(%error, file = %file.path().display(), "an unused package could not be removed");
            }
        }
    }
}

/// A record that the audit log of a data folder must have, without opening the store.
pub(crate) fn witness_in(data: &Path) -> Result<Option<Mark>> {
    Ok(Installed::read(&data.join("plugins").join("installed.json"))?.witness())
}

fn absent(id: &PluginId) -> Problem {
    Problem::not_found(format!("there is no plug-in {id} here")).help("kamld plugin list shows what is installed")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
