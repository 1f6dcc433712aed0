//! A check that takes several turns, since there are more whole objects than it remembers at a time.

use crate::{
    AssetStore, Backends,
    conformance::{asset, noise, object, with_asset, words},
    embedded::RecordRefs,
    objects::SMALL,
};
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use std::{collections::BTreeSet, sync::Arc};

const OBJECTS: u64 = 300;

#[tokio::test]
async fn every_whole_object_is_checked_however_many_there_are() {
    let spool = tempfile::tempdir().unwrap();
    let (objects, refs) = (Arc::new(InMemory::new()), Arc::new(RecordRefs::memory().unwrap()));
    let backends =
        Backends { objects: objects.clone(), multipart: None, local: None, refs, spool: spool.path().into() };
    let store = with_asset(AssetStore::open(backends).unwrap()).await;
    let batch = (0..OBJECTS).map(|i| object(&format!("{i:04}"), noise(SMALL as usize + 1, i)));
    store.put(&asset(), None, batch.collect()).await.unwrap();
    store.commit(&asset(), None, words("all")).await.unwrap();
    let report = store.check(|_| {}).await.unwrap();
    assert!(report.damaged.is_empty(), "{:?}", report.damaged);
    assert!(report.objects >= OBJECTS, "{}", report.objects);
    assert_eq!((report.assets, report.commits), (1, 1), "what is counted is counted once");
    let nodes = report.nodes;
    let keys: Vec<Path> =
        objects.list(Some(&"objects".into())).map_ok(|meta| meta.location).try_collect().await.unwrap();
    for key in &keys {
        let mut bytes = objects.get(key).await.unwrap().bytes().await.unwrap().to_vec();
        bytes[77] ^= 1;
        objects.put(key, bytes.into()).await.unwrap();
    }
    let report = store.check(|_| {}).await.unwrap();
    let paths: BTreeSet<_> = report.damaged.iter().map(|damage| damage.path.clone().unwrap()).collect();
    assert_eq!((report.damaged.len() as u64, paths.len() as u64), (OBJECTS, OBJECTS), "each is found, and once");
    assert_eq!(report.nodes, nodes);
}
