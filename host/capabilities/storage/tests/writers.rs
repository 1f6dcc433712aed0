//! Several processes on one store, restarts in the middle of uploads, and a writer that is killed.

use bytes::Bytes;
use futures::stream;
use kamld_records::RedbRecords;
use kamld_storage::{
    AssetKind, AssetStore, Backends, Error, UploadSpec,
    conformance::{asset, content, noise, object, path, with_asset, words},
    embedded::RecordRefs,
};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_branch_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    // Two stores over the same back ends know nothing of each other's lanes, as two processes.
    let open = || AssetStore::open(Backends::local(folder.path(), refs.clone()).unwrap()).unwrap();
    let stores = [with_asset(open()).await, open()];
    let write = |writer: usize| {
        let store = stores[writer].clone();
        tokio::spawn(async move {
            for i in 0..30 {
                store
                    .put(&asset(), None, vec![object(&format!("{writer}/{i}"), format!("{writer} {i}"))])
                    .await
                    .unwrap();
                if i % 10 == 9 {
                    // The other writer may have committed this one's work just before.
                    let _ = store.commit(&asset(), None, words("ten more")).await;
                }
            }
        })
    };
    let (first, second) = (write(0), write(1));
    first.await.unwrap();
    second.await.unwrap();
    let view = open().view(&asset(), None).await.unwrap();
    assert_eq!(view.objects(), 60);
    assert!(open().check(|_| {}).await.unwrap().damaged.is_empty());
    // Every commit in the log follows from the one before it.
    let log = open().log(&asset(), None, 100).await.unwrap();
    for pair in log.windows(2) {
        assert_eq!(pair[0].parents, [pair[1].id]);
        assert!(pair[0].objects > pair[1].objects);
    }
}

#[tokio::test]
async fn an_upload_survives_a_restart_and_is_linked_not_copied() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let open = || AssetStore::open(Backends::local(folder.path(), refs.clone()).unwrap()).unwrap();
    let store = with_asset(open()).await;
    let body = noise(5 << 20, 3);
    let spec = UploadSpec {
        asset: asset(),
        branch: None,
        path: path("big.bin"),
        size: 5 << 20,
        media_type: None,
        modified: None,
    };
    let id = store.uploads().create(spec).await.unwrap();
    let part = |from: usize, to: usize| stream::iter([Ok::<_, Error>(body.slice(from..to))]);
    store.uploads().append(id, 0, part(0, 2_000_000)).await.unwrap();
    drop(store);
    let store = open();
    assert_eq!(store.uploads().offset(id).await.unwrap(), 2_000_000);
    store.uploads().append(id, 2_000_000, part(2_000_000, 5 << 20)).await.unwrap();
    let more = store.uploads().append(id, 5 << 20, stream::iter([Ok::<_, Error>(Bytes::from_static(b"x"))])).await;
    assert!(matches!(more, Err(Error::Invalid(_))), "{more:?}");
    let object = store.uploads().finish(id).await.unwrap();
    assert_eq!(content(&store, None, "big.bin").await.unwrap(), body);
    let left: Vec<_> = std::fs::read_dir(folder.path().join("spool")).unwrap().map(|f| f.unwrap().path()).collect();
    assert!(left.iter().all(|file| file.extension().is_some_and(|e| e == "json")), "{left:?}");
    assert_eq!(store.uploads().finish(id).await.unwrap(), object);
}

fn open_on_disk(folder: &Path) -> AssetStore {
    let refs = RecordRefs::new(Arc::new(RedbRecords::open(&folder.join("records.redb")).unwrap()));
    AssetStore::open(Backends::local(folder, Arc::new(refs)).unwrap()).unwrap()
}

const CHILD: &str = "KAMLD_TEST_KILLED_WRITER";

/// The process that the test below starts and kills: this same test binary, with a folder to write into.
async fn write_until_killed(folder: &Path) {
    let store = open_on_disk(folder);
    let _ = store.create_asset(&asset(), AssetKind::Dataset).await;
    let start = store.view(&asset(), None).await.unwrap().objects();
    for i in start.. {
        let size = if i % 5 == 0 { 150_000 } else { 100 };
        store.put(&asset(), None, vec![object(&format!("{i:06}"), noise(size, i))]).await.unwrap();
        println!("put {i}");
        if i % 3 == 0 {
            let commit = store.commit(&asset(), None, words("more")).await.unwrap();
            println!("commit {}", commit.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_writer_has_kept_all_that_it_acknowledged() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&folder)).await;
    }
    let rounds: usize = std::env::var("KAMLD_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let folder = TempDir::new().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["a_killed_writer_has_kept_all_that_it_acknowledged", "--exact", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // At another place of its work each time: after so many lines, whatever it does then.
        let wanted = 3 + round * 7 % 23;
        let mut seen = 0;
        let mut killed = false;
        for line in lines {
            let Ok(line) = line else { break };
            if line.starts_with("put ") || line.starts_with("commit ") {
                acknowledged.insert(line);
                seen += 1;
            }
            if seen >= wanted && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the writer ended by itself");
        let store = open_on_disk(folder.path());
        for line in &acknowledged {
            if let Some(id) = line.strip_prefix("commit ") {
                store.resolve(&asset(), &kamld_types::RefName::new(id).unwrap()).await.unwrap();
            } else if let Some(i) = line.strip_prefix("put ").and_then(|i| i.parse::<u64>().ok()) {
                let size = if i % 5 == 0 { 150_000 } else { 100 };
                assert_eq!(content(&store, None, &format!("{i:06}")).await.unwrap(), noise(size, i));
            }
        }
        assert!(store.check(|_| {}).await.unwrap().damaged.is_empty());
    }
}
