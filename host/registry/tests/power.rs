//! What a power cut leaves, after every single step that the registry takes on disk.
//!
//! `Disk` follows the steps and knows what is durable: the contents of a file since its last sync, the names in a folder
//! since its last sync. After each step two folders are made: one with only what is durable, one with everything that
//! was written, as after kill -9. Every one of them must open, and must hold what was answered before. Each kind of sync
//! is then left out of the model in turn: when nothing is lost without it, it is not needed, or the test is blind.

mod building;

use building::{package, package_with};
use kamld_policy::difference::Difference;
use kamld_registry::{
    Action, Audit, Consent, Grants, Origin, Registry, Reserved, Store,
    audit::Options,
    durable::{self, Step},
};
use kamld_types::{By, PluginId};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const DAY: u64 = 24 * 3600 * 1000;

/// What is surely on the disk, by paths within the data folder.
#[derive(Default)]
struct Disk {
    data: PathBuf,
    /// The bytes of each inode when it was synced.
    contents: BTreeMap<u64, Vec<u8>>,
    /// The names in each folder when it was synced: files with their inode, folders without.
    folders: BTreeMap<PathBuf, BTreeMap<PathBuf, Option<u64>>>,
    /// The folders that each step left, with what had been answered by then.
    cuts: Vec<Cut>,
    answered: u64,
    out: PathBuf,
    /// The name of a file or folder whose syncs have no effect.
    deaf: Option<&'static str>,
}

#[derive(Clone)]
struct Cut {
    after: String,
    folder: PathBuf,
    answered: u64,
}

impl Disk {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Synced(path) | Step::FolderSynced(path) if self.deaf.is_some_and(|name| path.ends_with(name)) => {}
            Step::Synced(path) => {
                // A sync of an open file: it may have another name or none by now.
                if let Ok(metadata) = fs::metadata(path) {
                    self.contents.insert(metadata.ino(), fs::read(path).unwrap());
                }
            }
            Step::FolderSynced(folder) => {
                let names = fs::read_dir(folder).unwrap().map(|entry| {
                    let entry = entry.unwrap();
                    let metadata = entry.metadata().unwrap();
                    (entry.path(), metadata.is_file().then(|| metadata.ino()))
                });
                self.folders.insert(folder.clone(), names.collect());
            }
            // The inode may have belonged to a file that was removed.
            Step::Created(path) => drop(self.contents.remove(&fs::metadata(path).unwrap().ino())),
            Step::Appended(_) | Step::Renamed(..) | Step::Removed(_) => {}
        }
        let number = self.cuts.len();
        let (durable, written) =
            (self.out.join(format!("{number}-durable")), self.out.join(format!("{number}-written")));
        self.restore(&self.data, &durable);
        copy(&self.data, &written);
        for (kind, folder) in [("only what is durable", durable), ("all that was written", written)] {
            self.cuts.push(Cut { after: format!("{step:?}, {kind}"), folder, answered: self.answered });
        }
    }

    /// Writes what is durable of a folder. Files that have two names keep them.
    fn restore(&self, folder: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        let mut seen = BTreeMap::<u64, PathBuf>::new();
        self.restore_into(folder, to, &mut seen);
    }

    fn restore_into(&self, folder: &Path, to: &Path, seen: &mut BTreeMap<u64, PathBuf>) {
        for (path, inode) in self.folders.get(folder).into_iter().flatten() {
            let target = to.join(path.file_name().unwrap());
            let Some(inode) = inode else {
                fs::create_dir_all(&target).unwrap();
                self.restore_into(path, &target, seen);
                continue;
            };
            match seen.get(inode) {
                Some(same) => fs::hard_link(same, &target).unwrap(),
                // A name whose file was never synced: it is empty, or worse.
                None => fs::write(&target, self.contents.get(inode).map_or(&b""[..], Vec::as_slice)).unwrap(),
            }
            seen.insert(*inode, target);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.metadata().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Runs `work` on a data folder and gives every state that a power cut could have left. `work` is told how to say what
/// has been answered so far.
fn cut_after_each_step(out: &Path, deaf: Option<&'static str>, work: impl FnOnce(&Path, &dyn Fn(u64))) -> Vec<Cut> {
    let data = out.join("data");
    fs::create_dir_all(&data).unwrap();
    let disk = Rc::new(RefCell::new(Disk { data: data.clone(), out: out.to_owned(), deaf, ..Disk::default() }));
    let observer = disk.clone();
    durable::observe(Some(Box::new(move |step| observer.borrow_mut().step(step))));
    let answered = disk.clone();
    work(&data, &move |answer| answered.borrow_mut().answered = answer);
    durable::observe(None);
    let cuts = disk.borrow().cuts.clone();
    assert!(cuts.len() > 20, "the steps are observed");
    cuts
}

/// `work` and `check` with every sync, and then without those of each of `names`.
fn with_and_without_syncs(
    names: &[&'static str],
    work: impl Fn(&Path, &dyn Fn(u64)),
    check: impl Fn(&Cut) -> Result<(), String>,
) {
    let out = tempfile::tempdir().unwrap();
    for cut in cut_after_each_step(out.path(), None, &work) {
        check(&cut).unwrap_or_else(|why| panic!("after {}: {why}", cut.after));
    }
    for name in names {
        let out = tempfile::tempdir().unwrap();
        let cuts = cut_after_each_step(out.path(), Some(name), &work);
        assert!(cuts.iter().any(|cut| check(cut).is_err()), "nothing is lost without the syncs of {name}");
    }
}

/// An error with these words unless it holds.
fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

fn said(problem: kamld_types::Problem) -> String {
    problem.to_string()
}

fn options(keep: Option<u64>, time: &Arc<AtomicU64>) -> Options {
    let time = time.clone();
    Options { rotate: 1_200, keep, witness: None, clock: Box::new(move || time.load(Ordering::SeqCst)) }
}

#[test]
fn rotation_loses_no_record_that_was_answered() {
    let time = Arc::new(AtomicU64::new(1_000 * DAY));
    let work = |data: &Path, answered: &dyn Fn(u64)| {
        let audit = Audit::open_with(data, options(None, &time)).unwrap();
        for number in 1..=14 {
            audit.record("anna", Action::Grant, None, format!("grant {number}")).unwrap();
            answered(number);
        }
        assert!(fs::read_dir(data.join("audit")).unwrap().count() >= 2);
    };
    let check = |cut: &Cut| {
        let audit = Audit::open_with(&cut.folder, options(None, &time)).map_err(said)?;
        let verdict = audit.verify().map_err(said)?;
        ensure(verdict.problem.is_none() && verdict.count >= cut.answered, || format!("{verdict:?}"))?;
        let records = audit.export(0, 100).map_err(said)?;
        ensure(records.len() as u64 == verdict.count, || format!("{verdict:?}, {records:?}"))?;
        // Nothing is reported as missing or torn.
        ensure(records.iter().all(|record| record.action == Action::Grant), || format!("{records:?}"))?;
        // And the log goes on.
        audit.record("anna", Action::Revoke, None, "").map_err(said)?;
        let again = audit.verify().map_err(said)?;
        ensure(again.count == verdict.count + 1, || format!("{again:?}"))
    };
    with_and_without_syncs(&["audit.log", "audit.head.partial", "data", "audit"], work, check);
}

#[test]
fn retention_is_completed_or_not_begun() {
    let time = Arc::new(AtomicU64::new(1_000 * DAY));
    let work = |data: &Path, answered: &dyn Fn(u64)| {
        for round in 1..=2 {
            let audit = Audit::open_with(data, options(Some(30 * DAY), &time)).unwrap();
            for number in 1..=9 {
                audit.record("anna", Action::Grant, None, format!("grant {number}")).unwrap();
            }
            answered(audit.last());
            time.fetch_add(31 * DAY, Ordering::SeqCst);
            audit.flush().unwrap();
            assert!(audit.verify().unwrap().first > round * 3);
        }
    };
    let check = |cut: &Cut| {
        for keep in [None, Some(30 * DAY)] {
            let audit = Audit::open_with(&cut.folder, options(keep, &time)).map_err(said)?;
            let verdict = audit.verify().map_err(said)?;
            ensure(verdict.problem.is_none(), || format!("{verdict:?}"))?;
            ensure(verdict.first + verdict.count > cut.answered, || format!("{verdict:?}"))?;
            let records = audit.export(0, 100).map_err(said)?;
            ensure(records.len() as u64 == verdict.count, || format!("{verdict:?}, {records:?}"))?;
            ensure(records.iter().all(|record| record.action != Action::Repair), || format!("{records:?}"))?;
        }
        Ok(())
    };
    with_and_without_syncs(&["audit.log", "data", "audit"], work, check);
}

#[test]
fn a_plugin_is_installed_with_its_package_or_not_at_all() {
    let id = PluginId::new("acme/reader").unwrap();
    let versions = [package("acme/reader", "1.0.0"), package("acme/reader", "1.1.0"), package("acme/reader", "1.2.0")];
    let work = |data: &Path, answered: &dyn Fn(u64)| {
        let store = Store::open(data).unwrap();
        let grants = Grants::open(data).unwrap();
        store.install(&versions[0], Origin::File).unwrap();
        answered(1);
        grants.set_text(&id, "[[grant]]\nplugin = \"acme/reader\"\n").unwrap();
        answered(2);
        for (place, version) in versions.iter().enumerate().skip(1) {
            store.upgrade(version, Origin::File).unwrap();
            answered(place as u64 + 2);
        }
        store.rollback(&id).unwrap();
        answered(5);
    };
    let check = |cut: &Cut| {
        let store = Store::open(&cut.folder).map_err(said)?;
        let Some(entry) = store.get(&id) else {
            return ensure(cut.answered == 0, || "the plug-in is gone".into());
        };
        let expected: &[&str] = match cut.answered {
            0..=1 => &["1.0.0"],
            2 => &["1.0.0", "1.1.0"],
            3 => &["1.1.0", "1.2.0"],
            4 => &["1.2.0", "1.1.0"],
            _ => &["1.1.0"],
        };
        ensure(expected.contains(&entry.version.as_str()), || format!("{entry:?}"))?;
        store.load(&id).map_err(said)?;
        store.load_previous(&id).map_err(said)?;
        let granted = Grants::open(&cut.folder).map_err(said)?.get(&id).is_some();
        ensure(granted || cut.answered < 2, || "the grant is gone".into())
    };
    let packages: Vec<&'static str> = versions
        .iter()
        .take(1)
        .map(|package| &*Box::leak(format!("{}.wasm.partial", package.digest).into_boxed_str()))
        .collect();
    let names = ["installed.json.partial", "grants.toml.partial", "blobs", "plugins", "data"];
    with_and_without_syncs(&[&names[..], &packages].concat(), work, check);
}

#[test]
fn what_the_binary_brings_is_there_with_its_grant_or_comes_with_the_next_start() {
    let verbs = |version| if version == "1.0.0" { r#""read""# } else { r#""read", "modify""# };
    let brought = |version| ["acme/reader", "acme/writer"].map(|id| package_with(id, version, verbs(version)));
    let work = |data: &Path, answered: &dyn Fn(u64)| {
        for (version, new, answer) in [("1.0.0", true, 1), ("1.1.0", false, 2)] {
            let registry = Registry::open(data, Options::default(), Reserved::default()).unwrap();
            for package in brought(version) {
                registry.bring(&package, new).unwrap();
            }
            answered(answer);
        }
    };
    let check = |cut: &Cut| {
        let registry = Registry::open(&cut.folder, Options::default(), Reserved::default()).map_err(said)?;
        let verdict = registry.audit.verify().map_err(said)?;
        ensure(verdict.problem.is_none(), || format!("{verdict:?}"))?;
        for package in brought("1.1.0") {
            let id = &package.manifest.id;
            ensure(cut.answered == 0 || registry.store.get(id).is_some(), || format!("{id} is gone"))?;
            registry.bring(&package, cut.answered == 0).map_err(said)?;
            registry.store.load(id).map_err(said)?;
            let missing = Difference::ungranted(&package.manifest, registry.grants.get(id).as_ref());
            ensure(missing.is_empty(), || format!("{id} is there and lacks {missing:?}"))?;
        }
        Ok(())
    };
    with_and_without_syncs(&["installed.json.partial", "grants.toml.partial", "audit.log"], work, check);
}

#[test]
fn a_plugin_goes_with_its_grant_or_stays_with_it() {
    let reader = package_with("acme/reader", "1.0.0", r#""read""#);
    let id = &reader.manifest.id;
    let by = By::from("anna");
    let work = |data: &Path, answered: &dyn Fn(u64)| {
        let registry = Registry::open(data, Options::default(), Reserved::default()).unwrap();
        let consent = Consent { grant_needs: true, ..Consent::default() };
        registry.install(&reader, &consent, &by).unwrap();
        answered(1);
        registry.remove(id).unwrap();
        answered(2);
    };
    let check = |cut: &Cut| {
        let registry = Registry::open(&cut.folder, Options::default(), Reserved::default()).map_err(said)?;
        let there = registry.store.get(id).is_some();
        let granted = registry.grants.get(id).is_some();
        match cut.answered {
            // It waits for its grant until the install is answered.
            0 => ensure(there || !granted, || "a grant without a plug-in".into())?,
            1 => ensure(there == granted, || format!("there: {there}, granted: {granted}"))?,
            _ => ensure(!there && !granted, || format!("there: {there}, granted: {granted}"))?,
        }
        let records = registry.audit.export(0, 100).map_err(said)?;
        ensure(records.iter().all(|record| !record.detail.to_string().contains("by hand")), || format!("{records:?}"))
    };
    with_and_without_syncs(&["installed.json.partial", "grants.toml.partial"], work, check);
}
