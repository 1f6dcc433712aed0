//! What a call may have open, and what it may not learn from the cursors of its pages.

mod calling;

use calling::call;
use kamld_bindings::{
    Error,
    imports::kamld::storage::{history, objects, objects::HostWriter, types},
};
use kamld_policy::{Allowance, Call, Gate, Limits, Manifest, Opened, Quota, grant};
use kamld_storage::{AssetKind as Kind, AssetStore, Backends, conformance, embedded::RecordRefs, host::StorageHost};
use kamld_types::{AssetId, Problem};
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use wasmtime::component::{Resource, ResourceTable};

async fn store(spool: &std::path::Path) -> (Arc<AssetStore>, AssetId) {
    let backends = Backends::memory(Arc::new(RecordRefs::memory().unwrap()), spool.into());
    let (store, asset) = (AssetStore::open(backends).unwrap(), AssetId::new("birds", "strikes").unwrap());
    store.create_asset(&asset, Kind::Dataset).await.unwrap();
    (Arc::new(store), asset)
}

/// Memory of all guests, with this much room.
struct Room(AtomicU64);

impl kamld_policy::allowance::Memory for Room {
    fn take(&self, bytes: u64) -> Result<(), Problem> {
        let taken = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| Problem::limit("no memory is left"))
    }

    fn give_back(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::AcqRel);
    }
}

fn at() -> (String, String) {
    ("birds".into(), "strikes".into())
}

#[tokio::test]
async fn a_call_has_no_more_readers_and_writers_open_than_it_may() {
    let spool = tempfile::tempdir().unwrap();
    let (store, asset) = store(spool.path()).await;
    store.put(&asset, None, vec![conformance::object("a.csv", "x\n1\n")]).await.unwrap();
    let granted = Limits { streams: Some(3), ..Limits::default() };
    let (quota, sides) = Quota::of(&Limits::default(), &granted, &Quota::UNLIMITED, &Quota::UNLIMITED);
    let room = Arc::new(Room(AtomicU64::new(64 << 20)));
    let call = call(Gate::open(), Allowance::new(quota, sides, room.clone()));
    let mut table = ResourceTable::new();
    let mut host = StorageHost { table: &mut table, call: &call, store: &store };
    let (p, a) = at();
    let mut open = Vec::new();
    for path in ["new/1", "new/2"] {
        let writer = objects::Host::create(&mut host, p.clone(), a.clone(), None, path.into(), None).await.unwrap();
        open.push(writer.unwrap().rep());
    }
    let reader = objects::Host::open(&mut host, p.clone(), a.clone(), None, "a.csv".into()).await.unwrap().unwrap();
    let more = objects::Host::create(&mut host, p.clone(), a.clone(), None, "new/3".into(), None).await.unwrap();
    let Err(Error::Limit(refused)) = more else { panic!("{more:?}") };
    assert!(refused.message.contains("has 3 readers and writers open"), "{refused:?}");
    let read = objects::Host::open(&mut host, p.clone(), a.clone(), None, "a.csv".into()).await.unwrap();
    assert!(matches!(read, Err(Error::Limit(_))), "readers count with writers: {read:?}");
    // One that is dropped makes room, whatever becomes of what is opened in its place.
    objects::HostReader::drop(&mut host, reader).await.unwrap();
    for _ in 0..5 {
        let none = objects::Host::open(&mut host, p.clone(), a.clone(), None, "none".into()).await.unwrap();
        assert!(matches!(none, Err(Error::NotFound(_))), "what could not be opened is not open: {none:?}");
    }
    assert!(objects::Host::open(&mut host, p, a, None, "a.csv".into()).await.unwrap().is_ok());
    drop(table);
    assert_eq!((call.allowance.count(Opened::Stream), room.0.load(Ordering::Acquire)), (0, 64 << 20));
}

#[tokio::test]
async fn what_the_host_holds_for_writers_comes_out_of_the_memory_of_all_guests() {
    let spool = tempfile::tempdir().unwrap();
    let (store, _) = store(spool.path()).await;
    let room = Arc::new(Room(AtomicU64::new(3 << 20)));
    let (quota, sides) = Quota::of(&Limits::default(), &Limits::default(), &Quota::UNLIMITED, &Quota::UNLIMITED);
    let call = call(Gate::open(), Allowance::new(quota, sides, room.clone()));
    let mut table = ResourceTable::new();
    let mut host = StorageHost { table: &mut table, call: &call, store: &store };
    let (p, a) = at();
    let mut create = async |path: &str| {
        let made = objects::Host::create(&mut host, p.clone(), a.clone(), None, path.into(), None).await;
        made.unwrap().unwrap().rep()
    };
    let (first, second) = (create("1").await, create("2").await);
    let write = |writer, bytes: usize| (Resource::new_own(writer), vec![b'x'; bytes]);
    let (writer, bytes) = write(first, 1 << 20);
    host.write(writer, bytes).await.unwrap().unwrap();
    let (writer, bytes) = write(second, 1 << 20);
    let refused = host.write(writer, bytes).await.unwrap();
    assert!(matches!(refused, Err(Error::Limit(_))), "{refused:?}");
    let (writer, bytes) = write(second, 1000);
    host.write(writer, bytes).await.unwrap().unwrap();
    HostWriter::drop(&mut host, Resource::new_own(first)).await.unwrap();
    let (writer, bytes) = write(second, 1 << 20);
    host.write(writer, bytes).await.unwrap().unwrap();
    let object = host.finish(Resource::new_own(second)).await.unwrap().unwrap();
    assert_eq!(object.size, (1 << 20) + 1000, "the write that was refused left nothing behind");
}

/// May list the asset, and see of it what lies in `a/` and what begins with `b`.
fn some() -> Gate {
    let head = "schema = 1\nid = \"acme/test\"\nversion = \"0.1.0\"\ntitle = \"Test\"\nsummary = \"Tests pages\"\n\
                licence = \"Apache-2.0\"\nsource = \"https://example.org\"\n";
    let resources = "[\"birds/strikes\", \"birds/strikes/a/**\", \"birds/strikes/b*\", \"birds/strikes/b*/**\"]";
    let (mut manifest, mut granted) =
        (head.to_owned(), "[[grant]]\nplugin = \"acme/test\"\nmode = \"enforce\"\n".to_owned());
    for interface in ["objects", "history"] {
        let rule = format!(
            "interface = \"kamld:storage/{interface}\"\nverbs = [\"read\", \"list\"]\nresources = {resources}\n"
        );
        manifest.push_str(&format!("[[needs]]\n{rule}reason = \"Lists what is there\"\n"));
        granted.push_str(&format!("[[grant.allow]]\n{rule}"));
    }
    let grant = grant::parse("grants.toml", &granted).unwrap().remove(0);
    Gate::compile(&Manifest::parse(&manifest).unwrap(), Some(&grant), 0)
}

fn path_of(entry: &types::Entry) -> String {
    match entry {
        types::Entry::Object(object) => object.path.clone(),
        types::Entry::Folder(folder) => folder.path.clone(),
    }
}

/// Every page of a listing: its paths, and its cursor.
async fn pages(
    host: &mut StorageHost<'_>,
    prefix: &str,
    recursive: bool,
    limit: u32,
) -> Vec<(Vec<String>, Option<String>)> {
    let mut pages: Vec<(Vec<String>, Option<String>)> = Vec::new();
    loop {
        let after = pages.last().and_then(|(_, next)| next.clone());
        let options = objects::ListOptions { prefix: prefix.into(), recursive, after, limit };
        let (p, a) = at();
        let page = objects::Host::list(host, p, a, None, options).await.unwrap().unwrap();
        pages.push((page.entries.iter().map(path_of).collect(), page.next.clone()));
        if page.next.is_none() {
            return pages;
        }
        assert!(pages.len() < 1000, "the pages have no end: {pages:?}");
    }
}

async fn changes(host: &mut StorageHost<'_>, limit: u32) -> Vec<(Vec<String>, Option<String>)> {
    let mut pages: Vec<(Vec<String>, Option<String>)> = Vec::new();
    loop {
        let after = pages.last().and_then(|(_, next)| next.clone());
        let (p, a) = at();
        let page = history::Host::changes(host, p, a, None, after, limit).await.unwrap().unwrap();
        pages.push((page.changes.iter().map(|change| change.path.clone()).collect(), page.next.clone()));
        if page.next.is_none() {
            return pages;
        }
        assert!(pages.len() < 1000, "the pages have no end: {pages:?}");
    }
}

/// No cursor names anything but what its own page has shown, and the pages are all that may be seen.
fn check(pages: &[(Vec<String>, Option<String>)], all: &[String], call: &Call, interface: &str, limit: u32) {
    let may_see = |path: &String| call.may_see(interface, &format!("birds/strikes/{path}"));
    let visible: Vec<String> = all.iter().filter(|path| may_see(path)).cloned().collect();
    for (page, next) in pages {
        if let Some(next) = next {
            assert!(may_see(next), "the cursor {next} names what may not be seen");
            assert_eq!((page.last(), page.len()), (Some(next), limit as usize), "{pages:?}");
        }
    }
    assert!(
        pages.last().is_some_and(|(page, _)| !page.is_empty()) || pages.len() == 1,
        "a cursor led to nothing: {pages:?}"
    );
    let shown: Vec<String> = pages.iter().flat_map(|(page, _)| page.clone()).collect();
    assert_eq!(shown, visible);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cursor_tells_nothing_of_what_may_not_be_seen(
        paths in proptest::collection::btree_set("[abs][12]?(/[abs][12]?){0,2}", 0..40),
        limit in 1u32..6,
        recursive: bool,
        prefix in "(|a/|b|s)",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let spool = tempfile::tempdir().unwrap();
            let (store, asset) = store(spool.path()).await;
            // A path is no folder of another one.
            let paths: BTreeSet<&String> =
                paths.iter().filter(|path| !paths.iter().any(|other| other.starts_with(&format!("{path}/")))).collect();
            let objects: Vec<_> = paths.iter().map(|path| conformance::object(path, "x")).collect();
            if !objects.is_empty() {
                store.put(&asset, None, objects).await.unwrap();
            }
            let (all, some) = (call(Gate::open(), Allowance::unlimited()), call(some(), Allowance::unlimited()));
            let (mut one, mut other) = (ResourceTable::new(), ResourceTable::new());
            let mut open = StorageHost { table: &mut one, call: &all, store: &store };
            let everything: Vec<String> =
                pages(&mut open, &prefix, recursive, 1000).await.into_iter().flat_map(|(page, _)| page).collect();
            let changed: Vec<String> = changes(&mut open, 1000).await.into_iter().flat_map(|(page, _)| page).collect();
            let mut host = StorageHost { table: &mut other, call: &some, store: &store };
            check(&pages(&mut host, &prefix, recursive, limit).await, &everything, &some, "kamld:storage/objects", limit);
            check(&changes(&mut host, limit).await, &changed, &some, "kamld:storage/history", limit);
        });
    }
}
