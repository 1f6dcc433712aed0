//! The local store: installing, upgrading, going back, and what a crash or a flipped bit does to it.

mod building;

use building::{package, package_with};
use kamld_policy::Verb;
use kamld_registry::{Origin, Store};
use kamld_types::{Kind, PluginId};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

fn id() -> PluginId {
    PluginId::new("acme/reader").unwrap()
}

fn blobs(data: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(data.join("plugins/blobs")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn what_was_installed_is_there_after_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let package = package("acme/reader", "1.0.0");
    let entry = Store::open(data.path()).unwrap().install(&package, Origin::File).unwrap();
    assert_eq!(
        (entry.version.as_str(), entry.digest, entry.enabled, entry.previous),
        ("1.0.0", package.digest, true, None)
    );
    assert!(entry.installed_at > 1_700_000_000_000, "milliseconds since 1970");
    let store = Store::open(data.path()).unwrap();
    assert_eq!(store.get(&id()).unwrap(), entry);
    assert_eq!(store.load(&id()).unwrap().bytes, package.bytes);
    let mode = std::fs::metadata(&blobs(data.path())[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444, "a package is read-only");
    let problem = store.install(&package, Origin::File).unwrap_err();
    assert_eq!(problem.kind, Kind::AlreadyExists);
}

#[test]
fn an_upgrade_keeps_the_one_before_and_shows_what_is_new() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let versions = [
        package_with("acme/reader", "1.0.0", "\"read\""),
        package_with("acme/reader", "1.1.0", "\"read\", \"delete\""),
        package_with("acme/reader", "1.2.0", "\"read\""),
    ];
    assert_eq!(store.upgrade(&versions[0], Origin::File).unwrap_err().kind, Kind::NotFound);
    store.install(&versions[0], Origin::File).unwrap();
    assert_eq!(store.upgrade(&versions[0], Origin::File).unwrap_err().kind, Kind::AlreadyExists);
    store.disable(&id()).unwrap();
    let upgrade = store.upgrade(&versions[1], Origin::File).unwrap();
    assert_eq!(upgrade.after.previous, Some(versions[0].digest));
    assert!(!upgrade.after.enabled, "an upgrade enables nothing");
    assert_eq!(upgrade.difference.needs.len(), 1);
    assert_eq!(upgrade.difference.needs[0].verbs, [Verb::Delete]);
    assert_eq!(store.load_previous(&id()).unwrap().unwrap().digest, versions[0].digest);
    let upgrade = store.upgrade(&versions[2], Origin::File).unwrap();
    assert!(upgrade.difference.is_empty());
    assert_eq!(blobs(data.path()).len(), 2, "the two last packages are kept");
}

#[test]
fn a_rollback_returns_and_a_second_one_comes_back() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let (old, new) = (package_with("acme/reader", "1.0.0", "\"read\", \"list\""), package("acme/reader", "2.0.0"));
    store.install(&old, Origin::File).unwrap();
    let problem = store.rollback(&id()).unwrap_err();
    assert!(problem.kind == Kind::NotFound && problem.message.contains("no earlier package"));
    store.upgrade(&new, Origin::File).unwrap();
    assert_eq!(store.facts(&id()).unwrap().manifest, new.manifest);
    let back = store.rollback(&id()).unwrap();
    assert_eq!((back.after.version.as_str(), back.after.previous), ("1.0.0", Some(new.digest)));
    assert_eq!(back.difference.needs[0].verbs, [Verb::List], "what the older one asks beyond the newer");
    assert_eq!(store.load(&id()).unwrap().digest, old.digest);
    assert_eq!(store.facts(&id()).unwrap().manifest, old.manifest, "what it says of itself goes with it");
    assert_eq!(store.rollback(&id()).unwrap().after.version, "2.0.0");
}

#[test]
fn a_removed_plugin_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.install(&package("acme/reader", "1.0.0"), Origin::File).unwrap();
    store.install(&package("acme/other", "1.0.0"), Origin::File).unwrap();
    store.upgrade(&package("acme/reader", "1.1.0"), Origin::File).unwrap();
    store.remove(&id(), None).unwrap();
    assert_eq!(store.remove(&id(), None).unwrap_err().kind, Kind::NotFound);
    assert_eq!(blobs(data.path()).len(), 1);
    assert_eq!(
        Store::open(data.path()).unwrap().list().into_keys().map(String::from).collect::<Vec<_>>(),
        ["acme/other"]
    );
}

#[test]
fn enabling_and_disabling_are_kept() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.install(&package("acme/reader", "1.0.0"), Origin::File).unwrap();
    assert!(!store.enable(&id()).unwrap(), "it is enabled already");
    assert!(store.disable(&id()).unwrap());
    assert!(!Store::open(data.path()).unwrap().get(&id()).unwrap().enabled);
    assert_eq!(store.enable(&PluginId::new("no/such").unwrap()).unwrap_err().kind, Kind::NotFound);
}

#[test]
fn a_package_that_is_not_what_was_installed_is_never_loaded() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let package = package("acme/reader", "1.0.0");
    store.install(&package, Origin::File).unwrap();
    damage(&blobs(data.path())[0]);
    assert_eq!(store.facts(&id()).unwrap_err().kind, Kind::Corrupt, "what is not verified is not believed either");
    store.checked(&package);
    let problem = store.load(&id()).expect_err("its bytes are verified each time, also when it was checked before");
    assert_eq!(problem.kind, Kind::Corrupt);
    assert!(problem.message.contains("is not what was installed") && problem.help.is_some());
    store.remove(&id(), None).unwrap();
    store.install(&package, Origin::File).unwrap();
    assert!(store.load(&id()).is_ok(), "installing it again mends it");
    std::fs::remove_file(&blobs(data.path())[0]).unwrap();
    assert!(store.load(&id()).unwrap_err().message.contains("is missing"));
}

#[test]
fn a_damaged_package_can_be_upgraded_and_all_of_the_new_one_is_new() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.install(&package("acme/reader", "1.0.0"), Origin::File).unwrap();
    damage(&blobs(data.path())[0]);
    let upgrade = store.upgrade(&package("acme/reader", "1.1.0"), Origin::File).unwrap();
    assert_eq!(upgrade.difference.needs.len(), 1);
    assert_eq!(upgrade.after.previous, None, "there is nothing to return to");
    assert!(store.load(&id()).is_ok());
}

#[test]
fn what_a_crash_left_behind_is_cleared_away() {
    let data = tempfile::tempdir().unwrap();
    let package = package("acme/reader", "1.0.0");
    Store::open(data.path()).unwrap().install(&package, Origin::File).unwrap();
    let folder = data.path().join("plugins");
    // A crash after the package was written and before it counted, and two in the middle of a write.
    std::fs::write(folder.join(format!("blobs/{}.wasm", "0".repeat(64))), b"x").unwrap();
    std::fs::write(folder.join("blobs/half.wasm.partial"), b"x").unwrap();
    std::fs::write(folder.join("installed.json.partial"), b"{").unwrap();
    let store = Store::open(data.path()).unwrap();
    assert_eq!(blobs(data.path()).len(), 1);
    assert!(store.load(&id()).is_ok());
    store.disable(&id()).unwrap();
    assert!(!Store::open(data.path()).unwrap().get(&id()).unwrap().enabled);
}

#[test]
fn a_store_that_cannot_be_read_is_left_as_it_is() {
    for (text, kind, why) in [
        ("{\"format\":1,\"plugins\":", Kind::Corrupt, "cannot be read"),
        ("{\"format\":2,\"plugins\":{}}", Kind::Invalid, "has format 2"),
        ("{\"format\":1,\"plugins\":{\"../x\":{}}}", Kind::Corrupt, "cannot be read"),
    ] {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(data.path().join("plugins/blobs")).unwrap();
        std::fs::write(data.path().join("plugins/installed.json"), text).unwrap();
        std::fs::write(data.path().join("plugins/blobs/a.wasm"), b"x").unwrap();
        let problem = Store::open(data.path()).map(|_| ()).unwrap_err();
        assert_eq!(problem.kind, kind, "{problem}");
        assert!(
            problem.message.contains(why) && problem.help.unwrap().contains("nothing was changed"),
            "{}",
            problem.message
        );
        assert_eq!(blobs(data.path()).len(), 1, "nothing was removed");
    }
}

#[test]
fn what_interrupted_writes_left_is_removed() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.install(&package("acme/reader", "1.0.0"), Origin::File).unwrap();
    let kept = blobs(data.path());
    let name = "0".repeat(64);
    for leftover in [format!("{name}.wasm.partial"), format!("{name}.wasm"), "other".into()] {
        std::fs::write(data.path().join("plugins/blobs").join(leftover), b"half a package").unwrap();
    }
    drop(store);
    Store::open(data.path()).unwrap();
    assert_eq!(blobs(data.path()), kept);
}
