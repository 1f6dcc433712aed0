//! Damage is repaired by putting the same bytes again, and by a check that finds a good copy elsewhere in the store.

use bytes::Bytes;
use futures::stream;
use kamld_storage::{
    AssetKind, AssetStore, Backends, Error, NewBody, NewObject, UploadSpec,
    conformance::{asset, at, content, noise, object, path, with_asset, words},
    embedded::RecordRefs,
};
use kamld_types::{AssetId, BranchName};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// A store on a local disk that can be opened again and again.
struct Disk {
    folder: TempDir,
    refs: Arc<RecordRefs>,
}

impl Disk {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), refs: Arc::new(RecordRefs::memory().unwrap()) }
    }

    /// As after a restart: nothing in memory.
    fn open(&self) -> AssetStore {
        AssetStore::open(Backends::local(self.folder.path(), self.refs.clone()).unwrap()).unwrap()
    }

    fn files(&self, name: &str) -> Vec<PathBuf> {
        let mut files = files(&self.folder.path().join(name));
        files.sort();
        files
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

fn flip(file: &Path, place: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[place] ^= 1;
    // Beside and over it: the damage must not reach another name of the same file.
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// Flips a byte wherever `body` is stored in the pack.
fn damage_packed(file: &Path, body: &[u8]) {
    let bytes = std::fs::read(file).unwrap();
    let place = bytes.windows(body.len()).position(|window| window == body).expect("the body is in the pack");
    flip(file, place + body.len() / 2);
}

async fn fails(store: &AssetStore, name: &str) -> Error {
    let error = content(store, None, name).await.expect_err("damaged bytes are never an answer");
    assert!(matches!(error, Error::Corrupt(_)), "{error}");
    error
}

async fn is_clean(store: &AssetStore) {
    let report = store.check(|_| {}).await.unwrap();
    assert!(report.damaged.is_empty(), "{:?}", report.damaged);
}

#[tokio::test]
async fn the_same_bytes_put_again_repair_a_whole_object_and_a_packed_one() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let (small, large) = (noise(1000, 1), noise(300_000, 2));
    store.put(&asset(), None, vec![object("small", small.clone()), object("large", large.clone())]).await.unwrap();
    let first = store.commit(&asset(), None, words("first")).await.unwrap();
    store.create_branch(&asset(), &BranchName::new("try").unwrap(), None).await.unwrap();
    store.copy_objects(&asset(), None, "small", "copy/small").await.unwrap();
    store.copy_objects(&asset(), None, "large", "copy/large").await.unwrap();
    damage_packed(&disk.files("packs")[0], &small);
    flip(&disk.files("objects")[0], 200_000);
    let store = disk.open();
    for name in ["small", "large"] {
        let problem: kamld_types::Problem = fails(&store, name).await.into();
        let help = problem.help.unwrap();
        assert!(help.contains(&format!("kamld put FILE birds/strikes/{name}")) && help.contains("--repair"), "{help}");
    }
    // What one process found the next one knows. One object of the two is put at another path.
    drop(store);
    let store = disk.open();
    store.put(&asset(), None, vec![object("small", small.clone()), object("other", large.clone())]).await.unwrap();
    for store in [&store, &disk.open()] {
        for at in [None, Some(at("try")), Some(at(&first.id.to_hex()))] {
            assert_eq!(content(store, at.as_ref(), "small").await.unwrap(), small, "{at:?}");
            assert_eq!(content(store, at.as_ref(), "large").await.unwrap(), large, "{at:?}");
        }
        assert_eq!(content(store, None, "copy/small").await.unwrap(), small);
        assert_eq!(content(store, None, "copy/large").await.unwrap(), large);
        is_clean(store).await;
    }
    assert!(disk.files("damaged").is_empty(), "a repair removes its mark");
}

#[tokio::test]
async fn a_check_finds_what_a_put_repairs_and_names_the_command() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let (small, large) = (noise(1000, 1), noise(300_000, 2));
    store.put(&asset(), None, vec![object("small", small.clone()), object("a/large", large.clone())]).await.unwrap();
    damage_packed(&disk.files("packs")[0], &small);
    flip(&disk.files("objects")[0], 0);
    for report in [disk.open().check(|_| {}).await.unwrap(), disk.open().check_and_repair(|_| {}).await.unwrap()] {
        let commands: Vec<_> = report.damaged.iter().map(|damage| damage.repair.clone().unwrap()).collect();
        assert_eq!(commands, ["kamld put FILE birds/strikes@main/a/large", "kamld put FILE birds/strikes@main/small"]);
        assert!(report.damaged.iter().all(|damage| damage.hash.is_some()) && report.repaired.is_empty());
    }
    let store = disk.open();
    store.put(&asset(), None, vec![object("small", small.clone()), object("a/large", large.clone())]).await.unwrap();
    is_clean(&disk.open()).await;
}

#[tokio::test]
async fn an_upload_of_the_same_bytes_repairs_them() {
    for size in [1000, 300_000] {
        let disk = Disk::new();
        let store = with_asset(disk.open()).await;
        let body = noise(size, 3);
        store.put(&asset(), None, vec![object("x", body.clone())]).await.unwrap();
        match size {
            1000 => damage_packed(&disk.files("packs")[0], &body),
            _ => flip(&disk.files("objects")[0], 7),
        }
        let store = disk.open();
        fails(&store, "x").await;
        let before = store.usage(|_| true).await.unwrap().stored;
        let spec = UploadSpec {
            asset: asset(),
            branch: None,
            path: path("x"),
            size: size as u64,
            media_type: None,
            modified: None,
        };
        let id = store.uploads().create(spec).await.unwrap();
        store.uploads().append(id, 0, stream::iter([Ok::<_, Error>(body.clone())])).await.unwrap();
        store.uploads().finish(id).await.unwrap();
        assert_eq!(content(&store, None, "x").await.unwrap(), body);
        is_clean(&disk.open()).await;
        assert_eq!(store.usage(|_| true).await.unwrap().stored, before, "what is replaced is not counted twice");
    }
}

#[tokio::test]
async fn an_object_that_was_cut_or_lost_is_put_again() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let body = noise(300_000, 4);
    let put = async |store: &AssetStore| {
        let upload = UploadSpec {
            asset: asset(),
            branch: None,
            path: path("x"),
            size: 300_000,
            media_type: None,
            modified: None,
        };
        let id = store.uploads().create(upload).await.unwrap();
        store.uploads().append(id, 0, stream::iter([Ok::<_, Error>(body.clone())])).await.unwrap();
        store.uploads().finish(id).await.unwrap();
    };
    put(&store).await;
    let file = disk.files("objects").remove(0);
    for cut in [true, false] {
        std::fs::remove_file(&file).unwrap();
        if cut {
            std::fs::write(&file, &body[..100]).unwrap();
        }
        let store = disk.open();
        fails(&store, "x").await;
        put(&store).await;
        assert_eq!(content(&store, None, "x").await.unwrap(), body);
        is_clean(&disk.open()).await;
    }
}

#[tokio::test]
async fn bytes_on_a_remote_store_are_repaired_too() {
    let spool = TempDir::new().unwrap();
    let (objects, refs) = (Arc::new(InMemory::new()), Arc::new(RecordRefs::memory().unwrap()));
    let open = || {
        let (objects, refs, spool) = (objects.clone(), refs.clone(), spool.path().into());
        AssetStore::open(Backends { multipart: Some(objects.clone()), objects, local: None, refs, spool }).unwrap()
    };
    let store = with_asset(open()).await;
    let (small, large) = (noise(1000, 5), noise(20 << 20, 6));
    let batch = || vec![object("small", small.clone()), object("large", large.clone())];
    store.put(&asset(), None, batch()).await.unwrap();
    let keys: Vec<_> = {
        use futures::TryStreamExt;
        objects.list(None).map_ok(|meta| meta.location).try_collect().await.unwrap()
    };
    for key in keys {
        let mut bytes = objects.get(&key).await.unwrap().bytes().await.unwrap().to_vec();
        bytes[500] ^= 1;
        objects.put(&key, bytes.into()).await.unwrap();
    }
    let store = open();
    fails(&store, "small").await;
    fails(&store, "large").await;
    let spec = UploadSpec {
        asset: asset(),
        branch: None,
        path: path("again"),
        size: 20 << 20,
        media_type: None,
        modified: None,
    };
    let id = store.uploads().create(spec).await.unwrap();
    store.uploads().append(id, 0, stream::iter([Ok::<_, Error>(large.clone())])).await.unwrap();
    store.uploads().finish(id).await.unwrap();
    store.put(&asset(), None, vec![object("small", small.clone())]).await.unwrap();
    let store = open();
    assert_eq!(content(&store, None, "small").await.unwrap(), small);
    assert_eq!(content(&store, None, "large").await.unwrap(), large);
    is_clean(&store).await;
}

/// The same objects in two assets, each in a pack of its own. The second pack is returned first.
async fn twice(disk: &Disk, bodies: &[(&str, Bytes)]) -> (AssetId, PathBuf, PathBuf) {
    let store = with_asset(disk.open()).await;
    let other = AssetId::new("birds", "copy").unwrap();
    store.create_asset(&other, AssetKind::Dataset).await.unwrap();
    let batch = || {
        let object = |(name, body): &(&str, Bytes)| NewObject {
            path: path(name),
            media_type: None,
            modified: Some(1_700_000_000_000),
            body: NewBody::Bytes(body.clone()),
        };
        bodies.iter().map(object).collect::<Vec<_>>()
    };
    store.put(&asset(), None, batch()).await.unwrap();
    let first = disk.files("packs").remove(0);
    store.put(&other, None, batch()).await.unwrap();
    let second = disk.files("packs").into_iter().find(|file| *file != first).unwrap();
    (other, first, second)
}

#[tokio::test]
async fn whatever_byte_of_a_pack_is_damaged_a_copy_in_another_pack_repairs_it() {
    let disk = Disk::new();
    let bodies: Vec<(&str, Bytes)> = vec![("a", noise(700, 1)), ("b", noise(900, 2)), ("c/d", noise(10, 3))];
    let (other, first, _) = twice(&disk, &bodies).await;
    let good = std::fs::read(&first).unwrap();
    let places: Vec<usize> = (8..good.len()).step_by(7).chain(good.len() - 120..good.len()).collect();
    for place in places {
        flip(&first, place);
        let report = disk.open().check_and_repair(|_| {}).await.unwrap();
        assert!(report.damaged.is_empty(), "byte {place}: {:?}", report.damaged);
        assert!(!report.repaired.is_empty(), "byte {place}");
        let store = disk.open();
        is_clean(&store).await;
        for (name, body) in &bodies {
            assert_eq!(content(&store, None, name).await.unwrap(), body, "byte {place}");
        }
        std::fs::write(&first, &good).unwrap();
    }
    // A pack that is cut, and one that is gone.
    for left in [good.len() - 1, good.len() / 2, 20, 0] {
        match left {
            0 => std::fs::remove_file(&first).unwrap(),
            left => std::fs::write(&first, &good[..left]).unwrap(),
        }
        let report = disk.open().check_and_repair(|_| {}).await.unwrap();
        assert!(report.damaged.is_empty() && !report.repaired.is_empty(), "{left} bytes left: {:?}", report.damaged);
        is_clean(&disk.open()).await;
        let view = disk.open().view(&other, None).await.unwrap();
        assert_eq!(view.objects(), 3);
        std::fs::write(&first, &good).unwrap();
    }
}

#[tokio::test]
async fn without_a_copy_a_repair_changes_nothing_and_says_so() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    store.put(&asset(), None, vec![object("small", noise(1000, 1))]).await.unwrap();
    drop(store);
    let file = disk.files("packs").remove(0);
    let good = std::fs::read(&file).unwrap();
    // The node behind the body: nothing else knows what was in it.
    flip(&file, 8 + 1000 + 20);
    let bad = std::fs::read(&file).unwrap();
    let report = disk.open().check_and_repair(|_| {}).await.unwrap();
    assert!(!report.damaged.is_empty() && report.repaired.is_empty(), "{report:?}");
    assert_eq!(std::fs::read(&file).unwrap(), bad);
    std::fs::write(&file, good).unwrap();
    is_clean(&disk.open()).await;
}

#[tokio::test]
async fn a_node_that_is_still_cached_is_written_again() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    store.put(&asset(), None, vec![object("small", noise(1000, 1))]).await.unwrap();
    flip(&disk.files("packs")[0], 8 + 1000 + 20);
    let report = store.check_and_repair(|_| {}).await.unwrap();
    assert_eq!((report.damaged.len(), report.repaired.len()), (0, 1), "{report:?}");
    assert_eq!(content(&disk.open(), None, "small").await.unwrap(), noise(1000, 1));
}

#[tokio::test]
async fn a_mark_of_what_is_good_again_goes_with_the_next_check() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    store.put(&asset(), None, vec![object("large", noise(300_000, 1))]).await.unwrap();
    let file = disk.files("objects").remove(0);
    flip(&file, 9);
    fails(&disk.open(), "large").await;
    assert_eq!(disk.files("damaged").len(), 1);
    flip(&file, 9);
    is_clean(&disk.open()).await;
    assert!(disk.files("damaged").is_empty());
}
