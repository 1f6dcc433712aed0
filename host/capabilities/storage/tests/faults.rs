//! Faults that once lost data or told an untruth, each with the test that found it.

use kamld_storage::{
    AssetStore, Backends, Error,
    conformance::{asset, at, content, noise, object, with_asset, words},
    embedded::RecordRefs,
};
use kamld_types::{BranchName, VersionName};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

fn open(folder: &Path, refs: &Arc<RecordRefs>) -> AssetStore {
    AssetStore::open(Backends::local(folder, refs.clone()).unwrap()).unwrap()
}

async fn memory(spool: &Path) -> AssetStore {
    let backends = Backends::memory(Arc::new(RecordRefs::memory().unwrap()), spool.into());
    with_asset(AssetStore::open(backends).unwrap()).await
}

#[tokio::test]
async fn a_folder_that_cannot_be_moved_whole_stays_where_it_is() {
    let spool = TempDir::new().unwrap();
    let store = memory(spool.path()).await;
    let long = format!("a/z{}", "y".repeat(1000));
    store.put(&asset(), None, vec![object("a/1", "1"), object(&long, "2"), object("b", "3")]).await.unwrap();
    let root = store.view(&asset(), None).await.unwrap().root();
    let to = format!("{}/", "x".repeat(100));
    for copy in [true, false] {
        let refused = match copy {
            true => store.copy_objects(&asset(), None, "a/", &to).await,
            false => store.move_objects(&asset(), None, "a/", &to).await,
        };
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        store.put(&asset(), None, vec![object("b", "3")]).await.unwrap();
        assert_eq!(store.view(&asset(), None).await.unwrap().root(), root, "nothing was changed by what was refused");
    }
    assert_eq!(content(&store, None, "a/1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_restore_of_several_places_that_fails_in_the_end_restores_none() {
    let spool = TempDir::new().unwrap();
    let store = memory(spool.path()).await;
    store.put(&asset(), None, vec![object("a/1", "1"), object("b", "1")]).await.unwrap();
    store.commit(&asset(), None, words("first")).await.unwrap();
    store.put(&asset(), None, vec![object("a/1", "2"), object("b", "2")]).await.unwrap();
    let places = ["a/", "b", "nowhere/"].map(String::from);
    let refused = store.restore(&asset(), None, None, &places).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    assert_eq!(content(&store, None, "a/1").await.unwrap(), "2");
    assert_eq!(content(&store, None, "b").await.unwrap(), "2");
    assert_eq!(store.restore(&asset(), None, None, &places[..2]).await.unwrap(), 2);
    assert_eq!(content(&store, None, "a/1").await.unwrap(), "1");
}

/// On one thread all three jobs wait before the lane runs, so that they share a round, in this order.
#[tokio::test]
async fn a_put_beside_a_commit_on_a_damaged_tree_is_never_acknowledged_and_lost() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(folder.path(), &refs)).await;
    let many = (0..3000).map(|n| object(&format!("{n:05}"), n.to_string())).collect();
    store.put(&asset(), None, many).await.unwrap();
    store.put(&asset(), None, vec![object("zz", "1")]).await.unwrap();
    // The nodes of the first batch are damaged; those on the right edge were written again by the second one.
    let mut packs: Vec<_> =
        std::fs::read_dir(folder.path().join("packs")).unwrap().map(|f| f.unwrap().path()).collect();
    packs.sort();
    let mut bytes = std::fs::read(&packs[0]).unwrap();
    let from = bytes.len() / 8;
    bytes[from..].fill(0);
    std::fs::write(&packs[0], bytes).unwrap();
    let store = open(folder.path(), &refs);
    let put = |name: &'static str| {
        let store = store.clone();
        tokio::spawn(async move { store.put(&asset(), None, vec![object(name, "new")]).await })
    };
    let (damaged, good) = (put("00001-new"), put("zzz-new"));
    let committing = store.clone();
    let commit = tokio::spawn(async move { committing.commit(&asset(), None, words("more")).await });
    assert!(damaged.await.unwrap().is_err(), "what cannot be written is not acknowledged");
    let good = good.await.unwrap();
    let _ = commit.await.unwrap();
    assert!(good.is_ok(), "what can be written is written beside it: {good:?}");
    assert_eq!(content(&open(folder.path(), &refs), None, "zzz-new").await.unwrap(), "new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lane_that_just_ended_takes_the_next_job() {
    let spool = TempDir::new().unwrap();
    let store = memory(spool.path()).await;
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..600 {
                    let name = format!("{task}/{}", n % 10);
                    store.put(&asset(), None, vec![object(&name, n.to_string())]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.view(&asset(), None).await.unwrap().objects(), 160);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_branch_and_a_version_that_are_made_at_once_never_share_a_name() {
    let spool = TempDir::new().unwrap();
    let store = memory(spool.path()).await;
    store.put(&asset(), None, vec![object("a", "1")]).await.unwrap();
    store.commit(&asset(), None, words("first")).await.unwrap();
    for n in 0..200 {
        let name = format!("n{n}x");
        let (one, other) = (store.clone(), store.clone());
        let (branch, version) = (BranchName::new(&*name).unwrap(), VersionName::new(&*name).unwrap());
        let branch = tokio::spawn(async move { one.create_branch(&asset(), &branch, None).await });
        let version = tokio::spawn(async move { other.create_version(&asset(), &version, None, "").await });
        let (branch, version) = (branch.await.unwrap(), version.await.unwrap());
        assert!(branch.is_ok() != version.is_ok(), "{name}: {branch:?} {version:?}");
    }
}

#[tokio::test]
async fn a_new_version_is_told_to_whoever_listens() {
    let spool = TempDir::new().unwrap();
    let store = memory(spool.path()).await;
    store.put(&asset(), None, vec![object("a", "1")]).await.unwrap();
    store.commit(&asset(), None, words("first")).await.unwrap();
    let mut events = store.events();
    store.create_version(&asset(), &VersionName::new("v1").unwrap(), None, "").await.unwrap();
    assert_eq!(events.try_recv().map(|changed| (changed.asset, changed.at)).ok(), Some((asset(), at("v1"))));
}

#[tokio::test]
async fn folders_of_many_levels_move_copy_and_go_as_single_objects_would() {
    let spool = TempDir::new().unwrap();
    let store = memory(spool.path()).await;
    let names: Vec<String> = (0..20_000).map(|n| format!("{}/{:05}", ["a", "b", "b-", "b/c", "c"][n % 5], n)).collect();
    let all = names.iter().map(|name| object(name, name.clone())).collect();
    store.put(&asset(), None, all).await.unwrap();
    store.commit(&asset(), None, words("all")).await.unwrap();
    let listed = async |store: &AssetStore| {
        let page = store.view(&asset(), None).await.unwrap();
        let mut paths = Vec::new();
        let mut walk = page.iter("");
        while let Some(object) = futures::StreamExt::next(&mut walk).await {
            paths.push(object.unwrap().path.to_string());
        }
        paths
    };
    let expect = |change: &dyn Fn(&str) -> Option<String>| {
        let mut paths: Vec<String> = names.iter().filter_map(|name| change(name)).collect();
        paths.sort();
        paths
    };
    assert_eq!(store.move_objects(&asset(), None, "b/", "b/c/").await.unwrap(), 8000);
    let moved = |name: &str| Some(name.strip_prefix("b/").map_or(name.to_owned(), |rest| format!("b/c/{rest}")));
    assert_eq!(listed(&store).await, expect(&moved), "a folder into itself");
    assert_eq!(content(&store, None, "b/c/c/00003").await.unwrap(), "b/c/00003");
    store.restore(&asset(), None, None, &["b/".into()]).await.unwrap();
    assert_eq!(listed(&store).await, expect(&|name| Some(name.to_owned())));
    assert!(store.changes(&asset(), None, None, 10).await.unwrap().changes.is_empty(), "as it was committed");
    assert_eq!(store.remove_objects(&asset(), None, "b/").await.unwrap(), 8000);
    assert_eq!(listed(&store).await, expect(&|name| (!name.starts_with("b/")).then(|| name.to_owned())));
    assert_eq!(store.copy_objects(&asset(), None, "a/", "zz/").await.unwrap(), 4000);
    assert_eq!(content(&store, None, "zz/00005").await.unwrap(), "a/00005");
    assert_eq!(store.restore(&asset(), None, None, &["zz/".into(), "b/".into()]).await.unwrap(), 12_000);
    assert_eq!(store.restore(&asset(), None, None, &["a/".into()]).await.unwrap(), 0, "nothing differed");
}

#[tokio::test]
async fn refs_of_the_first_layout_are_brought_up_to_date_and_clashes_are_told() {
    use bytes::Bytes;
    use kamld_storage::refstore::{Expect, RefStore};
    let spool = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let open = || AssetStore::open(Backends::local(spool.path(), refs.clone()).unwrap()).unwrap();
    let store = with_asset(open()).await;
    store.put(&asset(), None, vec![object("a", noise(10, 1))]).await.unwrap();
    let commit = store.commit(&asset(), None, words("first")).await.unwrap();
    // As the first layout had it.
    let main = refs.list("ref/", None, 10).await.unwrap().remove(0);
    let inner: serde_json::Value = serde_json::from_slice(&main.value).unwrap();
    let id = main.key.split('/').nth(1).unwrap().to_owned();
    let put = async |key: String, value: String| {
        refs.put(&key, Bytes::from(value), Expect::Any, Vec::new()).await.unwrap();
    };
    let version = format!(r#"{{"commit":"{}","created":7,"message":"m"}}"#, commit.id);
    put(format!("branch/{id}/main"), inner["branch"].to_string()).await;
    put(format!("branch/{id}/same"), inner["branch"].to_string()).await;
    put(format!("version/{id}/same"), version.clone()).await;
    put(format!("version/{id}/v1"), version).await;
    refs.delete(&main.key, Expect::Any, Vec::new()).await.unwrap();
    let store = open();
    let upgraded = store.upgrade().await.unwrap();
    assert_eq!(upgraded.refs, 4);
    assert_eq!(upgraded.renamed.iter().map(|(_, old, new)| (&**old, &**new)).collect::<Vec<_>>(), [("same", "same-2")]);
    let names: Vec<_> = store.branches(&asset()).await.unwrap().into_iter().map(|b| b.name.to_string()).collect();
    assert_eq!(names, ["main", "same"]);
    let names: Vec<_> = store.versions(&asset()).await.unwrap().into_iter().map(|b| b.name.to_string()).collect();
    assert_eq!(names, ["same-2", "v1"]);
    assert_eq!(content(&store, Some(&at("v1")), "a").await.unwrap(), noise(10, 1));
    assert!(refs.list("branch/", None, 1).await.unwrap().is_empty());
    assert_eq!(store.upgrade().await.unwrap().refs, 0, "once");
}
