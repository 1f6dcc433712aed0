//! Bit rot: whatever byte changes on the disk, nobody gets wrong bytes, and the check names what is damaged.

use kamld_storage::{
    AssetStore, Backends, Error,
    conformance::{asset, content, noise, object, with_asset, words},
    embedded::RecordRefs,
};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

#[tokio::test]
async fn a_flipped_byte_is_an_error_and_never_an_answer() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let open = || AssetStore::open(Backends::local(folder.path(), refs.clone()).unwrap()).unwrap();
    let store = with_asset(open()).await;
    let (small, large) = (noise(1000, 1), noise(300_000, 2));
    store.put(&asset(), None, vec![object("small", small.clone()), object("large", large.clone())]).await.unwrap();
    store.commit(&asset(), None, words("first")).await.unwrap();
    let (mut refused, mut flips) = (0, 0);
    for name in ["packs", "objects"] {
        for file in files(&folder.path().join(name)) {
            let good = std::fs::read(&file).unwrap();
            for place in (0..good.len()).step_by(good.len() / 40 + 1) {
                let mut bad = good.clone();
                bad[place] ^= 1;
                std::fs::write(&file, &bad).unwrap();
                // A store that has nothing in memory.
                let store = open();
                for (name, body) in [("small", &small), ("large", &large)] {
                    match content(&store, None, name).await {
                        Ok(read) => assert_eq!(read, body),
                        Err(error) => {
                            assert!(matches!(error, Error::Corrupt(_)), "{error}");
                            refused += 1;
                        }
                    }
                }
                let report = store.check(|_| {}).await.unwrap();
                // The magic at the start of a pack is only for people who look at the file.
                assert!(!report.damaged.is_empty() || place < 8, "byte {place} of {}", file.display());
                flips += 1;
            }
            std::fs::write(&file, &good[..good.len() / 2]).unwrap();
            assert!(!open().check(|_| {}).await.unwrap().damaged.is_empty(), "a file that is cut is found");
            std::fs::write(&file, &good).unwrap();
        }
    }
    assert!(refused > flips / 2);
    assert!(open().check(|_| {}).await.unwrap().damaged.is_empty());
}

#[tokio::test]
async fn a_damaged_object_is_named() {
    let folder = TempDir::new().unwrap();
    let refs = Arc::new(RecordRefs::memory().unwrap());
    let store = with_asset(AssetStore::open(Backends::local(folder.path(), refs).unwrap()).unwrap()).await;
    store.put(&asset(), None, vec![object("2019/large.csv", noise(3 << 20, 2))]).await.unwrap();
    let file = files(&folder.path().join("objects")).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[2_000_000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = content(&store, None, "2019/large.csv").await.unwrap_err();
    assert!(error.to_string().contains("birds/strikes/2019/large.csv"), "{error}");
    let report = store.check(|_| {}).await.unwrap();
    assert_eq!(report.damaged[0].path.as_deref(), Some("2019/large.csv"));
    std::fs::remove_file(file).unwrap();
    assert!(matches!(content(&store, None, "2019/large.csv").await, Err(Error::Corrupt(_))));
}
