//! The contract over the store: refused before any effect, and shown only what may be seen.

mod calling;

use kamld_bindings::{
    Error,
    imports::kamld::storage::{
        activity, assets, history, objects, objects::HostReader, objects::HostWriter, types::AssetKind,
    },
};
use kamld_policy::{Allowance, Call, Gate, Rights};
use kamld_storage::{AssetKind as Kind, AssetStore, Backends, conformance, embedded::RecordRefs, host::StorageHost};
use kamld_types::{AssetId, ProjectName, Right};
use std::sync::{Arc, atomic::Ordering};
use wasmtime::component::{Resource, ResourceTable};

fn call(gate: Gate) -> Arc<Call> {
    calling::call(gate, Allowance::unlimited())
}

fn store(spool: &std::path::Path) -> Arc<AssetStore> {
    Arc::new(AssetStore::open(Backends::memory(Arc::new(RecordRefs::memory().unwrap()), spool.into())).unwrap())
}

fn strikes() -> (String, String) {
    ("birds".into(), "strikes".into())
}

#[tokio::test]
async fn a_plug_in_without_a_grant_is_refused_before_any_effect() {
    let spool = tempfile::tempdir().unwrap();
    let (store, call, mut table) = (store(spool.path()), call(Gate::default()), ResourceTable::new());
    let mut host = StorageHost { table: &mut table, call: &call, store: &store };
    let (project, asset) = strikes();
    let made = assets::Host::create(&mut host, project.clone(), asset.clone(), AssetKind::Dataset).await.unwrap();
    assert!(matches!(made, Err(Error::Denied(_))), "{made:?}");
    assert!(store.list_assets(None).await.unwrap().is_empty());
    let read = objects::Host::stat(&mut host, project, asset, None, "a".into()).await.unwrap();
    assert!(matches!(read, Err(Error::Denied(_))), "it does not even learn whether the asset is there: {read:?}");
}

#[tokio::test]
async fn what_is_written_through_the_contract_is_read_through_it() {
    let spool = tempfile::tempdir().unwrap();
    let (store, call, mut table) = (store(spool.path()), call(Gate::open()), ResourceTable::new());
    let mut host = StorageHost { table: &mut table, call: &call, store: &store };
    let (project, asset) = strikes();
    assets::Host::create(&mut host, project.clone(), asset.clone(), AssetKind::Dataset).await.unwrap().unwrap();
    let writer = objects::Host::create(&mut host, project.clone(), asset.clone(), None, "a b/1.csv".into(), None)
        .await
        .unwrap()
        .unwrap();
    let rep = writer.rep();
    host.write(writer, b"x,y\n".to_vec()).await.unwrap().unwrap();
    host.write(Resource::new_own(rep), vec![b'1'; 2 << 20]).await.unwrap().unwrap();
    let object = host.finish(Resource::new_own(rep)).await.unwrap().unwrap();
    assert_eq!((object.size, object.media_type.as_str()), ((2 << 20) + 4, "text/csv"));
    let again = host.finish(Resource::new_own(rep)).await.unwrap();
    assert!(matches!(again, Err(Error::Invalid(_))), "a writer finishes once: {again:?}");
    HostWriter::drop(&mut host, Resource::new_own(rep)).await.unwrap();
    let writer = objects::Host::create(&mut host, project.clone(), asset.clone(), None, "a b/1.csv".into(), None)
        .await
        .unwrap()
        .unwrap();
    HostWriter::drop(&mut host, writer).await.unwrap();
    let (p, a) = strikes();
    let reader = objects::Host::open(&mut host, p.clone(), a.clone(), None, "a b/1.csv".into()).await.unwrap().unwrap();
    let rep = reader.rep();
    assert_eq!(host.read_at(reader, 0, 5).await.unwrap().unwrap(), b"x,y\n1");
    let all = host.read_at(Resource::new_own(rep), 0, u32::MAX).await.unwrap().unwrap();
    assert_eq!(all.len(), (2 << 20) + 4);
    history::Host::commit(&mut host, p, a, None, "first".into(), vec![]).await.unwrap().unwrap();
    // A grant that changes reaches a handle that is open.
    call.current_generation.store(1, Ordering::Release);
    let read = host.read_at(Resource::new_own(rep), 0, 5).await.unwrap();
    assert!(matches!(read, Err(Error::Denied(_))), "{read:?}");
    HostReader::drop(&mut host, Resource::new_own(rep)).await.unwrap();
}

#[tokio::test]
async fn what_happened_lately_is_told_of_what_the_caller_may_see() {
    let spool = tempfile::tempdir().unwrap();
    let store = store(spool.path());
    for project in ["birds", "secret"] {
        let asset = AssetId::new(project, "strikes").unwrap();
        store.create_asset(&asset, Kind::Dataset).await.unwrap();
        store.put(&asset, None, vec![conformance::object("a.csv", "x\n1\n")]).await.unwrap();
        store.commit(&asset, None, conformance::words(project)).await.unwrap();
    }
    let recent = async |call: &Arc<Call>, project: Option<&str>, limit| {
        let mut table = ResourceTable::new();
        let mut host = StorageHost { table: &mut table, call, store: &store };
        activity::Host::recent(&mut host, project.map(Into::into), limit).await.unwrap()
    };
    let mut some = Arc::into_inner(call(Gate::open())).unwrap();
    some.rights = Rights::Projects([(ProjectName::new("birds").unwrap(), Right::Viewer)].into());
    let some = Arc::new(some);
    let seen = recent(&some, None, 10).await.unwrap();
    assert_eq!(seen.iter().map(|event| event.project.as_str()).collect::<Vec<_>>(), ["birds"]);
    assert_eq!((seen[0].asset.as_str(), seen[0].commit.message.as_str()), ("strikes", "birds"));
    assert!(recent(&some, Some("secret"), 10).await.unwrap().is_empty(), "no more than of a project that is not there");
    assert_eq!(recent(&call(Gate::open()), None, 10).await.unwrap().len(), 2);
    assert!(matches!(recent(&call(Gate::default()), None, 10).await, Err(Error::Denied(_))));
    for wrong in [0, 1001] {
        assert!(matches!(recent(&some, None, wrong).await, Err(Error::Invalid(_))), "{wrong}");
    }
}
