//! The stored format: trees of the same content have the same root for ever, on every machine.

use kamld_storage::{
    AssetStore, Backends, KnownObject,
    conformance::{asset, path, with_asset},
    embedded::RecordRefs,
};
use kamld_types::Hash;
use std::sync::Arc;

#[tokio::test]
async fn the_root_of_a_known_tree_has_not_changed() {
    let spool = tempfile::tempdir().unwrap();
    let backends = Backends::memory(Arc::new(RecordRefs::memory().unwrap()), spool.path().into());
    let store = with_asset(AssetStore::open(backends).unwrap()).await;
    let entry = |i: u64| KnownObject {
        path: path(&format!("images/{:03}/{i:06}.jpg", i % 100)),
        size: 200_000 + i,
        hash: Hash([i as u8; 32]),
        media_type: "image/jpeg".into(),
        modified: 1_700_000_000_000 + i,
    };
    store.import_entries(&asset(), None, (0..100_000).map(entry).collect(), true).await.unwrap();
    let view = store.view(&asset(), None).await.unwrap();
    // When this fails, stored trees cannot be compared with new ones any more: raise the version in `tree/node.rs`.
    assert_eq!(view.root().unwrap().to_hex(), "d852610e1cb77b8cc9d11eecf6eaf5b29f7252a26d67e2c3d773f7e78ef2bf01");
    assert_eq!(view.objects(), 100_000);
}
