//! Whose plug-ins are replaced by whose, with whose consent, and what becomes of their grants.

mod building;

use building::{package, package_with};
use kamld_policy::Grant;
use kamld_registry::{Action, Consent, Origin, Package, Registry, Reserved, audit::Options};
use kamld_types::{By, Hash, Kind, PluginId};
use std::path::Path;

fn id(text: &str) -> PluginId {
    PluginId::new(text).unwrap()
}

fn me() -> By {
    By::from("anna")
}

/// A registry of a product whose namespace is `house`, and which ships these packages.
fn open(data: &Path, shipped: &[&Package]) -> Registry {
    let shipped = shipped.iter().map(|package| (package.manifest.id.clone(), package.digest));
    Registry::open(data, Options::default(), Reserved::new(["house"], shipped)).unwrap()
}

const NEEDS: Consent = Consent { grant_needs: true, replaces: None };

fn replacing(digest: Hash) -> Consent {
    Consent { grant_needs: false, replaces: Some(digest) }
}

fn actions(registry: &Registry, plugin: &str) -> Vec<(Action, String)> {
    let records = registry.audit.newest(None, 100).unwrap().into_iter().rev();
    records
        .filter(|record| record.plugin == Some(id(plugin)))
        .map(|record| (record.action, record.detail.as_str().unwrap_or_default().to_owned()))
        .collect()
}

#[test]
fn an_id_of_the_product_is_refused_at_every_way_in() {
    let data = tempfile::tempdir().unwrap();
    let (ours, evil) = (package("house/search", "1.0.0"), package("house/search", "1.0.1"));
    let registry = open(data.path(), &[&ours]);
    registry.bring(&ours, true).unwrap();
    let consents = [Consent::default(), NEEDS, replacing(ours.digest)];
    for stranger in [&evil, &package("house/new", "1.0.0")] {
        for consent in consents {
            let problem = registry.install(stranger, &consent, &me()).unwrap_err();
            assert_eq!(problem.kind, Kind::Denied, "{problem:?}");
        }
        assert_eq!(registry.plan(stranger).unwrap_err().kind, Kind::Denied);
    }
    assert_eq!(registry.store.get(&id("house/search")).unwrap().digest, ours.digest);
    assert_eq!(registry.store.get(&id("house/new")), None);
    assert_eq!(actions(&registry, "house/search").len(), 2, "what was refused is no change");
    // The shipped package itself may be installed by hand.
    registry.remove(&id("house/search")).unwrap();
    registry.install(&ours, &NEEDS, &me()).unwrap();
    assert_eq!(registry.store.get(&id("house/search")).unwrap().origin, Some(Origin::Shipped));
}

#[test]
fn a_strangers_package_that_got_into_the_folder_does_not_load_and_is_put_back() {
    let data = tempfile::tempdir().unwrap();
    let (ours, evil) = (package("house/search", "1.0.0"), package("house/search", "9.9.9"));
    // As an edited folder or a restored backup would have it.
    let registry = open(data.path(), &[&ours]);
    registry.store.install(&evil, Origin::Shipped).unwrap();
    registry.store.install(&package("house/new", "1.0.0"), Origin::Shipped).unwrap();
    for taken in ["house/search", "house/new"] {
        assert_eq!(registry.load(&id(taken)).unwrap_err().kind, Kind::Denied, "{taken}");
    }
    registry.bring(&ours, false).unwrap();
    assert_eq!(registry.load(&id("house/search")).unwrap().digest, ours.digest);
    assert_eq!(registry.rollback(&id("house/search"), &me()).unwrap_err().kind, Kind::Denied);
    assert_eq!(registry.load(&id("house/search")).unwrap().digest, ours.digest);
}

#[test]
fn nothing_is_replaced_without_the_digest_that_goes() {
    let data = tempfile::tempdir().unwrap();
    let registry = open(data.path(), &[]);
    let (old, new) = (package("acme/reader", "1.0.0"), package_with("acme/reader", "1.0.0", r#""read", "delete""#));
    let new = Package { bytes: new.bytes, ..new };
    registry.install(&old, &NEEDS, &me()).unwrap();
    let grant = registry.grants.get(&id("acme/reader"));
    for consent in [Consent::default(), NEEDS, replacing(new.digest), replacing(Hash([7; 32]))] {
        let problem = registry.install(&new, &consent, &me()).unwrap_err();
        assert_eq!(problem.kind, Kind::Conflict, "{consent:?}: {problem:?}");
        assert!(problem.help.as_deref().unwrap().starts_with("nothing was changed"), "{problem:?}");
    }
    assert_eq!(registry.store.get(&id("acme/reader")).unwrap().digest, old.digest);
    let there = registry.plan(&new).unwrap().replaces.unwrap();
    assert_eq!((there.digest, there.origin, there.resets_grant), (old.digest, Origin::File, false));
    assert_eq!(there.new_needs.len(), 1, "the new verb is shown although the version is the same");
    registry.install(&new, &replacing(old.digest), &me()).unwrap();
    assert_eq!(registry.store.get(&id("acme/reader")).unwrap().digest, new.digest);
    assert_eq!(registry.grants.get(&id("acme/reader")), grant, "an upgrade grants nothing new");
    // Once more, as after an answer that was lost: nothing is to be replaced any more.
    registry.install(&new, &replacing(new.digest), &me()).unwrap();
    assert_eq!(
        registry.install(&package("acme/none", "1.0.0"), &replacing(old.digest), &me()).unwrap_err().kind,
        Kind::Conflict
    );
}

#[test]
fn a_package_of_another_origin_does_not_inherit_the_grant() {
    let data = tempfile::tempdir().unwrap();
    let (shipped, strange) = (package("acme/reader", "1.0.0"), package("acme/reader", "2.0.0"));
    open(data.path(), &[&shipped]).install(&shipped, &NEEDS, &me()).unwrap();
    // A later kamld does not bring it any more, so that anybody may have the id.
    let registry = open(data.path(), &[]);
    assert!(registry.plan(&strange).unwrap().resets_grant());
    registry.install(&strange, &replacing(shipped.digest), &me()).unwrap();
    assert_eq!(registry.grants.get(&id("acme/reader")), None);
    let (action, why) = actions(&registry, "acme/reader").pop().unwrap();
    assert!(action == Action::Revoke && why.contains("came with kamld") && why.contains("from a file"), "{why}");
    // Going back is of another origin again.
    registry.grant_needs(&id("acme/reader"), &me()).unwrap();
    registry.rollback(&id("acme/reader"), &me()).unwrap();
    assert_eq!(registry.grants.get(&id("acme/reader")), None);
}

#[test]
fn a_grant_that_was_there_before_does_not_count_for_what_is_installed_later() {
    let data = tempfile::tempdir().unwrap();
    let stranger = package("acme/reader", "1.0.0");
    let grant = Grant::from_needs(&stranger.manifest).to_toml(None);
    std::fs::write(data.path().join("grants.toml"), grant).unwrap();
    let registry = open(data.path(), &[]);
    registry.install(&stranger, &Consent::default(), &me()).unwrap();
    assert_eq!(registry.grants.get(&id("acme/reader")), None);
    let all: Vec<Action> = actions(&registry, "acme/reader").into_iter().map(|(action, _)| action).collect();
    assert_eq!(all, [Action::Revoke, Action::Install]);
}

#[test]
fn a_grant_that_was_changed_by_hand_is_in_the_log() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("grants.toml");
    let registry = open(data.path(), &[]);
    registry.install(&package("acme/reader", "1.0.0"), &NEEDS, &me()).unwrap();
    registry.install(&package("acme/other", "1.0.0"), &NEEDS, &me()).unwrap();
    drop(registry);
    let before = open(data.path(), &[]).audit.last();
    assert_eq!(before, 4, "what the host wrote itself is no edit");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\"read\"", "\"delete\"", 1).replacen("# Because", "# why not", 1)).unwrap();
    let registry = open(data.path(), &[]);
    let (action, detail) = actions(&registry, "acme/reader").pop().unwrap();
    assert!(action == Action::Grant && detail.contains("by hand") && detail.contains("delete"), "{detail}");
    assert_eq!(registry.audit.last(), 5, "one record, for the one that changed");
    // While it runs: the edit is taken over and not overwritten.
    std::fs::write(&file, text.replacen("\"read\"", "\"list\"", 1)).unwrap();
    assert_eq!(registry.reload_grants().unwrap(), [id("acme/reader")]);
    registry.set_grant(&id("acme/other"), "", &me()).unwrap();
    assert!(std::fs::read_to_string(&file).unwrap().contains("\"list\""));
    std::fs::write(&file, "").unwrap();
    assert_eq!(registry.reload_grants().unwrap(), [id("acme/reader")]);
    assert_eq!(actions(&registry, "acme/reader").pop().unwrap().0, Action::Revoke);
    let last = registry.audit.last();
    drop(registry);
    assert_eq!(open(data.path(), &[]).audit.last(), last, "each edit is recorded once");
}

#[test]
fn a_grant_for_an_interface_that_is_not_there_is_refused_with_the_one_that_was_meant() {
    let data = tempfile::tempdir().unwrap();
    let registry = open(data.path(), &[]);
    registry.install(&package("acme/reader", "1.0.0"), &Consent::default(), &me()).unwrap();
    let text = "[[grant]]\nplugin = \"acme/reader\"\n[[grant.allow]]\ninterface = \"kamld:storage/objets\"\nverbs = [\"read\"]\nresources = [\"**\"]\n";
    let problem = registry.set_grant(&id("acme/reader"), text, &me()).unwrap_err();
    assert!(problem.help.as_deref().unwrap().contains("kamld:storage/objects"), "{problem:?}");
    assert_eq!(problem.at.map(|at| at.line), Some(4));
    let nosuch = text.replace("kamld:storage/objets", "kamld:nosuch/x");
    assert_eq!(registry.set_grant(&id("acme/reader"), &nosuch, &me()).unwrap_err().kind, Kind::Invalid);
    assert_eq!(registry.grants.get(&id("acme/reader")), None);
    // A file that names one is still read: it was written for another host.
    std::fs::write(data.path().join("grants.toml"), nosuch).unwrap();
    open(data.path(), &[]);
}

#[test]
fn the_log_names_the_plugin_through_which_somebody_asked() {
    let data = tempfile::tempdir().unwrap();
    let registry = open(data.path(), &[]);
    registry.install(&package("acme/reader", "1.0.0"), &Consent::default(), &me()).unwrap();
    registry.grant_needs(&id("acme/reader"), &By::through("anna", &id("acme/admin"))).unwrap();
    let records = registry.audit.newest(None, 2).unwrap();
    let via: Vec<_> = records.iter().map(|record| (record.actor.as_str(), record.via.clone())).collect();
    assert_eq!(via, [("anna", Some(id("acme/admin"))), ("anna", None)]);
    assert!(registry.audit.verify().unwrap().problem.is_none());
}

#[test]
fn the_log_of_a_stopped_server_is_checked_without_a_change() {
    use kamld_registry::audit::verify_stopped;
    let data = tempfile::tempdir().unwrap();
    let registry = open(data.path(), &[]);
    registry.install(&package("acme/reader", "1.0.0"), &NEEDS, &me()).unwrap();
    drop(registry);
    let read = |name: &str| std::fs::read(data.path().join(name)).unwrap();
    let before = (read("audit.log"), read("audit.head"));
    let verdict = verify_stopped(data.path()).unwrap();
    assert_eq!((verdict.count, verdict.problem), (2, None));
    assert_eq!((read("audit.log"), read("audit.head")), before);
    for name in ["audit.log", "audit.head"] {
        std::fs::remove_file(data.path().join(name)).unwrap();
    }
    assert!(verify_stopped(data.path()).unwrap().problem.is_some(), "the list of plug-ins knows that there was a log");
    assert!(!data.path().join("audit.log").exists());
}
