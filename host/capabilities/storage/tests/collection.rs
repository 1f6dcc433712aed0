//! Garbage collection: nothing that anybody can reach is ever lost, and what nobody can reach gives its room back.

use bytes::Bytes;
use kamld_storage::{
    AssetKind, AssetStore, Backends, CommitWords, Error, ObjectReader,
    conformance::{asset, at, content, noise, object, path, with_asset, words},
    embedded::RecordRefs,
    gc::{Compared, GcOptions, GcReport},
    layers::fault::{FaultyObjects, Plan},
};
use kamld_types::{AssetId, BranchName, Hash, RefName, VersionName};
use object_store::memory::InMemory;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;

fn at_once() -> GcOptions {
    GcOptions { grace: Duration::ZERO, bin: Duration::ZERO, ..GcOptions::default() }
}

async fn collect(store: &AssetStore, options: &GcOptions) -> GcReport {
    store.collect(options, |_| {}).await.unwrap().report
}

fn open(folder: &Path, refs: &Arc<RecordRefs>) -> AssetStore {
    AssetStore::open(Backends::local(folder, refs.clone()).unwrap()).unwrap()
}

fn on_disk(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            if meta.is_dir() { on_disk(&entry.path()) } else { meta.len() }
        })
        .sum()
}

#[tokio::test]
async fn overwritten_files_and_tiny_commits_give_their_room_back() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(folder.path(), &refs)).await;
    let large = 500_000;
    for n in 0..40 {
        store.put(&asset(), None, vec![object("large.bin", noise(large, n))]).await.unwrap();
    }
    for n in 0..400u64 {
        store.put(&asset(), None, vec![object(&format!("tiny/{n:04}"), noise(8, n))]).await.unwrap();
        store.commit(&asset(), None, words("tiny")).await.unwrap();
    }
    let before = on_disk(folder.path());
    let dry = collect(&store, &GcOptions { dry_run: true, ..at_once() }).await;
    assert_eq!(on_disk(folder.path()), before, "a dry run changes nothing");
    assert!(dry.freed_bytes > 39 * large as u64, "{dry:?}");
    let done = collect(&store, &at_once()).await;
    assert!(done.freed_bytes >= dry.freed_bytes && done.compacted > 100, "{done:?}");
    let after = on_disk(folder.path());
    // 400 commits, each with its own leaf: about what is reachable, in few packs.
    assert!(after as f64 <= 1.2 * done.live_bytes as f64, "{after} bytes for {} in use: {done:?}", done.live_bytes);
    let packs = std::fs::read_dir(folder.path().join("packs")).unwrap().count();
    assert!(packs < 20, "{packs} packs");
    assert_eq!(store.usage(|_| true).await.unwrap().stored, after, "what is stored is counted down too");
    let again = collect(&store, &at_once()).await;
    assert_eq!((again.freed_bytes, again.compacted), (0, 0), "nothing is left to do: {again:?}");
    // Everything is there, in a store that remembers nothing.
    let store = open(folder.path(), &refs);
    assert!(store.check(|_| {}).await.unwrap().damaged.is_empty());
    assert_eq!(content(&store, None, "large.bin").await.unwrap(), noise(large, 39));
    let log = store.log(&asset(), None, 1000).await.unwrap();
    assert_eq!(log.len(), 400);
    for (n, commit) in log.iter().rev().enumerate().step_by(37) {
        let name = format!("tiny/{n:04}");
        assert_eq!(content(&store, Some(&at(&commit.id.to_hex())), &name).await.unwrap(), noise(8, n as u64));
    }
}

/// Somebody who compares with a state, as the index of the search does.
struct Compares(Mutex<Vec<(AssetId, Vec<u8>)>>);

impl Compared for Compares {
    fn states(&self) -> kamld_storage::Result<Vec<(AssetId, Vec<u8>)>> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn moved(&self, asset: &AssetId, from: &[u8], to: &[u8]) -> kamld_storage::Result<()> {
        for (of, state) in self.0.lock().unwrap().iter_mut() {
            if of == asset && state == from {
                *state = to.to_vec();
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn who_compares_with_a_state_does_not_hold_the_packs_that_it_was_moved_out_of() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(folder.path(), &refs)).await;
    for n in 0..60u64 {
        store.put(&asset(), None, vec![object(&format!("tiny/{n:04}"), noise(20_000, n))]).await.unwrap();
    }
    let token = store.view(&asset(), None).await.unwrap().token();
    let compares = Arc::new(Compares(Mutex::new(vec![(asset(), token.clone())])));
    let options = GcOptions { compared: Some(compares.clone()), ..at_once() };
    let done = collect(&store, &options).await;
    assert!(done.compacted > 50, "{done:?}");
    let packs = std::fs::read_dir(folder.path().join("packs")).unwrap().count();
    assert!(packs < 5, "{packs} packs: {done:?}");
    // What it compares with is the state of now, at its new place.
    let known = compares.states().unwrap()[0].1.clone();
    assert_ne!(known, token);
    assert_eq!(known, store.view(&asset(), None).await.unwrap().token());
    let view = store.view_of_token(&asset(), &known).await.unwrap();
    let path = "tiny/0007".parse().unwrap();
    assert_eq!(view.stat(&path).await.unwrap().size, 20_000);
}

#[tokio::test]
async fn garbage_stays_for_its_grace_period_and_the_report_says_why() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(folder.path(), &refs)).await;
    for n in 0..3 {
        store.put(&asset(), None, vec![object("a", noise(300_000, n))]).await.unwrap();
    }
    let hour = GcOptions { grace: Duration::from_secs(3600), ..at_once() };
    for _ in 0..2 {
        let report = collect(&store, &hour).await;
        assert_eq!(report.freed_bytes, 0, "{report:?}");
        let held = report.held.iter().find(|held| held.why.contains("grace")).expect("it says what is held back");
        assert!(held.bytes >= 600_000 && held.until.is_some(), "{held:?}");
    }
    assert!(collect(&store, &at_once()).await.freed_bytes >= 600_000);
}

#[tokio::test]
async fn the_bin_keeps_assets_and_branches_until_its_time_is_over() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(folder.path(), &refs)).await;
    store.put(&asset(), None, vec![object("a", noise(300_000, 1))]).await.unwrap();
    store.commit(&asset(), None, words("first")).await.unwrap();
    let side = BranchName::new("side").unwrap();
    store.create_branch(&asset(), &side, None).await.unwrap();
    store.put(&asset(), Some(&side), vec![object("b", noise(200_000, 2))]).await.unwrap();
    store.commit(&asset(), Some(&side), words("side")).await.unwrap();
    store.remove_branch(&asset(), &side, false).await.unwrap();
    let other = AssetId::new("birds", "gone").unwrap();
    store.create_asset(&other, AssetKind::Model).await.unwrap();
    store.put(&other, None, vec![object("m", noise(400_000, 3))]).await.unwrap();
    store.remove_asset(&other).await.unwrap();
    let binned = GcOptions { bin: Duration::from_secs(3600), ..at_once() };
    let report = collect(&store, &binned).await;
    let objects = folder.path().join("objects");
    assert_eq!(on_disk(&objects), 900_000, "{report:?}");
    let held: BTreeMap<_, _> = report.held.iter().map(|held| (held.what.as_str(), held.bytes)).collect();
    assert!(held["asset birds/gone"] == 400_000 && held["branch 'side' of birds/strikes"] == 200_000, "{held:?}");
    let report = collect(&store, &at_once()).await;
    assert_eq!(on_disk(&objects), 300_000, "{report:?}");
    assert_eq!(store.log(&asset(), None, 10).await.unwrap().len(), 1);
    assert!(store.check(|_| {}).await.unwrap().damaged.is_empty());
}

#[tokio::test]
async fn a_reader_goes_on_reading_what_was_collected_from_under_its_branch() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(folder.path(), &refs)).await;
    store.put(&asset(), None, vec![object("small", noise(100, 1)), object("large", noise(300_000, 2))]).await.unwrap();
    let view = store.view(&asset(), None).await.unwrap();
    let small = view.read(&path("small")).await.unwrap();
    store.remove_objects(&asset(), None, "small").await.unwrap();
    store.remove_objects(&asset(), None, "large").await.unwrap();
    collect(&store, &at_once()).await;
    assert_eq!(view.objects(), 2);
    let large = view.read(&path("large")).await.unwrap();
    drop(view);
    collect(&store, &at_once()).await;
    assert_eq!(small.read_at(0, 1000).await.unwrap(), noise(100, 1));
    assert_eq!(large.read_at(0, 1 << 20).await.unwrap(), noise(300_000, 2));
    drop((small, large));
    collect(&store, &at_once()).await;
    assert_eq!(on_disk(&folder.path().join("objects")), 0, "nobody reads it any more");
}

#[tokio::test]
async fn what_cannot_be_read_stops_the_collection_before_anything_is_deleted() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(folder.path(), &refs)).await;
    store.put(&asset(), None, vec![object("a", noise(300_000, 1))]).await.unwrap();
    store.commit(&asset(), None, words("first")).await.unwrap();
    store.put(&asset(), None, vec![object("a", noise(300_000, 2))]).await.unwrap();
    store.put(&asset(), None, vec![object("a", noise(300_000, 3))]).await.unwrap();
    let mut packs: Vec<_> =
        std::fs::read_dir(folder.path().join("packs")).unwrap().map(|f| f.unwrap().path()).collect();
    packs.sort();
    let good = std::fs::read(&packs[0]).unwrap();
    std::fs::write(&packs[0], vec![0; good.len()]).unwrap();
    let store = open(folder.path(), &refs);
    let report = collect(&store, &at_once()).await;
    assert_eq!(report.freed_bytes, 0, "{report:?}");
    assert!(report.held.iter().any(|held| held.why.contains("nothing was deleted")), "{report:?}");
    std::fs::write(&packs[0], good).unwrap();
    assert_eq!(on_disk(&folder.path().join("objects")), 900_000);
    assert!(collect(&store, &at_once()).await.freed_bytes > 300_000);
}

#[tokio::test]
async fn two_collections_do_not_run_at_once() {
    let spool = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(spool.path(), &refs)).await;
    let inner = store.clone();
    let tried = Arc::new(AtomicBool::new(false));
    let flag = tried.clone();
    store
        .collect(&at_once(), move |_| {
            let second = futures::executor::block_on(inner.collect(&at_once(), |_| {}));
            assert!(matches!(second, Err(Error::Conflict(_))));
            flag.store(true, Ordering::Relaxed);
        })
        .await
        .unwrap();
    assert!(tried.load(Ordering::Relaxed));
    store.collect(&at_once(), |_| {}).await.unwrap();
}

/// A store whose bytes and refs are in memory, and the plan that makes it wait.
async fn held_up(spool: &Path) -> (AssetStore, Arc<Plan>) {
    let plan = Plan::after(i64::MAX);
    let objects = Arc::new(FaultyObjects { inner: Arc::new(InMemory::new()), plan: plan.clone() });
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let backends = Backends { objects, multipart: None, local: None, refs, spool: spool.into() };
    (with_asset(AssetStore::open(backends).unwrap()).await, plan)
}

fn put(store: &AssetStore, name: &'static str, body: &Bytes) -> tokio::task::JoinHandle<Result<(), Error>> {
    let (store, batch) = (store.clone(), vec![object(name, body.clone())]);
    tokio::spawn(async move { store.put(&asset(), None, batch).await.map(drop) })
}

/// A collection that is given up, as when a person presses Ctrl-C, has deletions under way: they are not given up.
#[tokio::test]
async fn a_collection_that_is_given_up_takes_nothing_that_is_put_again() {
    let spool = TempDir::new().unwrap();
    let (store, plan) = held_up(spool.path()).await;
    let body = noise(200_000, 1);
    put(&store, "a", &body).await.unwrap().unwrap();
    store.remove_objects(&asset(), None, "a").await.unwrap();
    plan.deletions.close();
    let collecting = store.clone();
    let task = tokio::spawn(async move { collecting.collect(&at_once(), |_| {}).await.map(drop) });
    plan.deletions.reached().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let again = put(&store, "a", &body);
    plan.deletions.open();
    let again = tokio::time::timeout(Duration::from_secs(20), again).await.expect("the put waits for ever");
    again.unwrap().unwrap();
    assert_eq!(content(&store, None, "a").await.unwrap(), body);
    collect(&store, &at_once()).await;
    assert_eq!(content(&store, None, "a").await.unwrap(), body);
}

/// Whoever goes away does not stop the round of writing that others may share: what it leads to must stay.
#[tokio::test]
async fn a_collection_beside_a_writer_that_went_away_leaves_what_it_wrote() {
    let spool = TempDir::new().unwrap();
    let (store, plan) = held_up(spool.path()).await;
    let body = noise(200_000, 1);
    plan.packs.close();
    let writer = put(&store, "a", &body);
    plan.packs.reached().await;
    writer.abort();
    assert!(writer.await.unwrap_err().is_cancelled());
    collect(&store, &at_once()).await;
    plan.packs.open();
    // Behind it in the same queue.
    put(&store, "b", &Bytes::from_static(b"b")).await.unwrap().unwrap();
    assert_eq!(content(&store, None, "a").await.unwrap(), body);
}

/// Numbers that look random and repeat with their seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

type Tree = BTreeMap<String, Bytes>;

/// What the store should hold, in the plainest terms.
#[derive(Default)]
struct Model {
    /// Working state and last commit.
    branches: BTreeMap<String, (Tree, Option<Hash>)>,
    versions: BTreeMap<String, Hash>,
    commits: BTreeMap<Hash, (Tree, Option<Hash>)>,
}

impl Model {
    /// Commits that a branch or a version leads to.
    fn reached(&self) -> Vec<Hash> {
        let heads = self.branches.values().filter_map(|(_, head)| *head).chain(self.versions.values().copied());
        let mut next: Vec<Hash> = heads.collect();
        let mut all = Vec::new();
        while let Some(id) = next.pop() {
            if !all.contains(&id) {
                all.push(id);
                next.extend(self.commits[&id].1);
            }
        }
        all
    }
}

async fn same(store: &AssetStore, at: &RefName, tree: &Tree, dice: &mut Dice) {
    let view = store.view(&asset(), Some(at)).await.unwrap();
    assert_eq!(view.objects(), tree.len() as u64, "objects at {at}");
    for (name, body) in tree {
        // Reading all of everything after every step would take for ever.
        if dice.roll(4) == 0 {
            assert_eq!(content(store, Some(at), name).await.unwrap(), *body, "{name} at {at}");
        } else {
            assert_eq!(view.stat(&path(name)).await.unwrap().size, body.len() as u64);
        }
    }
}

async fn random_life(seed: u64, steps: usize) {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let mut store = with_asset(open(folder.path(), &refs)).await;
    let mut dice = Dice(seed | 1);
    let mut model = Model::default();
    model.branches.insert("main".into(), (Tree::new(), None));
    let mut readers: Vec<(ObjectReader, Bytes)> = Vec::new();
    for step in 0..steps {
        let names: Vec<String> = model.branches.keys().cloned().collect();
        let name = names[dice.roll(names.len() as u64) as usize].clone();
        let branch = BranchName::new(&*name).unwrap();
        match dice.roll(20) {
            0..8 => {
                let count = 1 + dice.roll(4);
                let mut batch = Vec::new();
                for _ in 0..count {
                    let to = format!("{}/{}", dice.roll(3), dice.roll(12));
                    // Few contents, so that objects come back to life that were garbage.
                    let len = [0, 7, 900, 140_000, 200_000][dice.roll(5) as usize];
                    let body = noise(len, dice.roll(6));
                    batch.push(object(&to, body.clone()));
                    model.branches.get_mut(&name).unwrap().0.insert(to, body);
                }
                store.put(&asset(), Some(&branch), batch).await.unwrap();
            }
            8 => {
                let prefix = format!("{}/", dice.roll(3));
                let (tree, _) = model.branches.get_mut(&name).unwrap();
                let there = tree.keys().any(|path| path.starts_with(&prefix));
                let removed = store.remove_objects(&asset(), Some(&branch), &prefix).await;
                assert_eq!(removed.is_ok(), there, "{removed:?}");
                tree.retain(|path, _| !path.starts_with(&prefix));
            }
            9..12 => {
                let made = store.commit(&asset(), Some(&branch), CommitWords::default()).await;
                if let Ok(commit) = made {
                    let (tree, head) = model.branches.get_mut(&name).unwrap();
                    model.commits.insert(commit.id, (tree.clone(), *head));
                    *head = Some(commit.id);
                }
            }
            12 => {
                let new = format!("b{step}x");
                let made = store.create_branch(&asset(), &BranchName::new(&*new).unwrap(), Some(&branch.into())).await;
                if made.is_ok() {
                    let head = model.branches[&name].1;
                    let tree = head.map(|head| model.commits[&head].0.clone()).unwrap_or_default();
                    model.branches.insert(new, (tree, head));
                }
            }
            13 if name != "main" => {
                store.remove_branch(&asset(), &branch, true).await.unwrap();
                model.branches.remove(&name);
            }
            14 => {
                let new = format!("v{step}x");
                let version = VersionName::new(&*new).unwrap();
                if store.create_version(&asset(), &version, Some(&branch.into()), "").await.is_ok() {
                    model.versions.insert(new, model.branches[&name].1.unwrap());
                }
            }
            15 => {
                let all: Vec<Hash> = model.commits.keys().copied().collect();
                if let Some(id) = all.get(dice.roll(all.len().max(1) as u64) as usize) {
                    let to = at(&id.to_hex());
                    match store.restore(&asset(), Some(&branch), Some(&to), &[]).await {
                        Ok(_) => model.branches.get_mut(&name).unwrap().0 = model.commits[id].0.clone(),
                        Err(Error::NotFound(_)) => assert!(!model.reached().contains(id), "a reachable commit is gone"),
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            16 => {
                let (tree, _) = &model.branches[&name];
                if let Some((to, body)) = tree.iter().nth(dice.roll(tree.len().max(1) as u64) as usize) {
                    let view = store.view(&asset(), Some(&branch.into())).await.unwrap();
                    readers.push((view.read(&path(to)).await.unwrap(), body.clone()));
                }
            }
            17 if !readers.is_empty() => {
                let (reader, body) = readers.swap_remove(dice.roll(readers.len() as u64) as usize);
                assert_eq!(reader.read_at(0, 1 << 20).await.unwrap(), body, "seed {seed}, step {step}");
            }
            18 => {
                // As after a stop: nothing in memory, no readers.
                readers.clear();
                store = open(folder.path(), &refs);
            }
            _ => {
                let report = collect(&store, &at_once()).await;
                assert!(report.held.iter().all(|held| !held.why.contains("nothing was deleted")), "{report:?}");
                for (name, (tree, _)) in &model.branches {
                    same(&store, &at(name), tree, &mut dice).await;
                }
                for id in model.reached() {
                    same(&store, &at(&id.to_hex()), &model.commits[&id].0, &mut dice).await;
                }
            }
        }
    }
    readers.clear();
    let report = collect(&store, &at_once()).await;
    let checked = open(folder.path(), &refs).check(|_| {}).await.unwrap();
    assert!(checked.damaged.is_empty(), "seed {seed}: {checked:?}");
    let stored = on_disk(&folder.path().join("objects")) + on_disk(&folder.path().join("packs"));
    // Small packs may hold a bit of garbage, and each part has a line in the index of its pack.
    assert!(stored as f64 <= 1.3 * report.live_bytes as f64 + 100_000.0, "seed {seed}: {stored} bytes, {report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_life_with_collections_keeps_what_a_plain_model_keeps() {
    let lives: u64 = std::env::var("KAMLD_TEST_LIVES").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let base: u64 = std::env::var("KAMLD_TEST_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for life in 0..lives {
        random_life((base + life).wrapping_mul(0x9e37_79b9_7f4a_7c15), 160).await;
    }
}

/// `KAMLD_TEST_GC_SECONDS=600` is the long form.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_writers_beside_collections_lose_nothing() {
    let seconds: u64 = std::env::var("KAMLD_TEST_GC_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(open(folder.path(), &refs)).await;
    store.put(&asset(), None, vec![object("first", "1")]).await.unwrap();
    store.commit(&asset(), None, words("first")).await.unwrap();
    let end = Instant::now() + Duration::from_secs(seconds);
    let writes = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = (0..8u64)
        .map(|writer| {
            let (store, writes) = (store.clone(), writes.clone());
            tokio::spawn(async move {
                let branch = BranchName::new(format!("w{}x", writer / 2)).unwrap();
                let _ = store.create_branch(&asset(), &branch, None).await;
                let mut dice = Dice(writer * 977 + 1);
                let mut own: BTreeMap<String, Bytes> = BTreeMap::new();
                while Instant::now() < end {
                    let name = format!("{writer}/{}", dice.roll(20));
                    // Both writers of a branch and all branches share contents.
                    let body = noise([5, 3000, 150_000][dice.roll(3) as usize], dice.roll(5));
                    store.put(&asset(), Some(&branch), vec![object(&name, body.clone())]).await.unwrap();
                    own.insert(name, body);
                    writes.fetch_add(1, Ordering::Relaxed);
                    match dice.roll(8) {
                        0 => drop(store.commit(&asset(), Some(&branch), words("more")).await),
                        1 => {
                            let prefix = format!("{writer}/");
                            store.remove_objects(&asset(), Some(&branch), &prefix).await.unwrap();
                            own.clear();
                        }
                        2 => {
                            let (name, body) = own.iter().next().unwrap();
                            let reference = branch.clone().into();
                            assert_eq!(content(&store, Some(&reference), name).await.unwrap(), *body);
                        }
                        _ => {}
                    }
                }
                (branch, own)
            })
        })
        .collect();
    let mut collections = 0;
    while Instant::now() < end {
        let report = collect(&store, &at_once()).await;
        assert!(report.held.iter().all(|held| !held.why.contains("nothing was deleted")), "{report:?}");
        collections += 1;
    }
    let store_again = open(folder.path(), &refs);
    for writer in writers {
        let (branch, own) = writer.await.unwrap();
        for (name, body) in own {
            let reference = branch.clone().into();
            assert_eq!(content(&store_again, Some(&reference), &name).await.unwrap(), body, "{branch}/{name}");
        }
    }
    assert!(store_again.check(|_| {}).await.unwrap().damaged.is_empty());
    println!("{} writes, {collections} collections", writes.load(Ordering::Relaxed));
}
