//! What every pair of back ends must do. One suite; what may differ between back ends is an argument.
//!
//! Run it with a function that gives a new, empty store for each part. A failure is a panic that says
//! which behaviour is missing.

use crate::{
    AssetKind, AssetStore, Change, CommitWords, Destination, Error, ListOptions, Listed, NewBody, NewObject, Object,
    UploadSpec,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use kamld_types::{AssetId, BranchName, Hash, ObjectPath, RefName, VersionName};
use sha2::{Digest, Sha256};
use std::future::Future;

/// What may differ.
#[derive(Clone, Copy, Debug)]
pub struct Differences {
    /// Whether the store knows how much it can hold.
    pub capacity_known: bool,
    /// Objects of the largest batch: fewer where each request crosses a network.
    pub many: usize,
}

/// Runs the whole suite.
pub async fn suite<F, Made>(make: F, differences: Differences)
where
    F: Fn() -> Made,
    Made: Future<Output = AssetStore>,
{
    assets_come_and_go(make().await).await;
    objects_are_read_as_they_were_put(make().await).await;
    listings_show_folders_and_pages(make().await).await;
    history_keeps_what_was_committed(make().await).await;
    refs_name_commits(make().await).await;
    objects_are_copied_moved_and_removed(make().await).await;
    two_writers_lose_nothing(make().await).await;
    uploads_go_on_where_they_stopped(make().await).await;
    many_objects_are_one_batch(make().await, differences).await;
    what_happened_lately_is_newest_first(make().await).await;
}

pub fn asset() -> AssetId {
    AssetId::new("birds", "strikes").expect("a name")
}

pub fn path(path: &str) -> ObjectPath {
    ObjectPath::new(path).expect("a path")
}

pub fn at(name: &str) -> RefName {
    RefName::new(name).expect("a ref")
}

pub fn object(name: &str, body: impl Into<Bytes>) -> NewObject {
    NewObject {
        path: path(name),
        media_type: None,
        modified: Some(1_700_000_000_000),
        body: NewBody::Bytes(body.into()),
    }
}

pub fn words(message: &str) -> CommitWords {
    CommitWords { author: "anna".into(), message: message.into(), ..Default::default() }
}

pub async fn with_asset(store: AssetStore) -> AssetStore {
    store.create_asset(&asset(), AssetKind::Dataset).await.expect("an asset");
    store
}

/// The whole content of an object.
pub async fn content(store: &AssetStore, reference: Option<&RefName>, name: &str) -> Result<Bytes, Error> {
    let reader = store.view(&asset(), reference).await?.read(&path(name)).await?;
    let parts: Vec<Bytes> = reader.stream(0..reader.size()).try_collect().await?;
    Ok(parts.concat().into())
}

async fn paths(store: &AssetStore, reference: Option<&RefName>) -> Vec<String> {
    let view = store.view(&asset(), reference).await.expect("a view");
    view.iter("").map_ok(|object| object.path.to_string()).try_collect().await.expect("a walk")
}

pub fn noise(len: usize, seed: u64) -> Bytes {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let byte = |_| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x as u8
    };
    (0..len).map(byte).collect()
}

async fn assets_come_and_go(store: AssetStore) {
    let made = store.create_asset(&asset(), AssetKind::Model).await.expect("a new asset");
    assert_eq!((made.objects, made.size, made.kind), (0, 0, AssetKind::Model));
    let again = store.create_asset(&asset(), AssetKind::Dataset).await;
    assert!(matches!(again, Err(Error::AlreadyExists(_))), "a name is taken once: {again:?}");
    let other = AssetId::new("birds", "strips").expect("a name");
    let missing = store.asset(&other).await.expect_err("an asset that is not there");
    let problem: kamld_types::Problem = missing.into();
    assert!(problem.help.is_some_and(|help| help.contains("birds/strikes")), "the nearest name is offered");
    store.create_asset(&AssetId::new("birds2", "x").expect("a name"), AssetKind::Dataset).await.expect("an asset");
    let all = store.list_assets(None).await.expect("a list");
    assert_eq!(all.len(), 2);
    let project = kamld_types::ProjectName::new("birds").expect("a name");
    let own = store.list_assets(Some(&project)).await.expect("a list");
    assert_eq!(own.len(), 1, "a project's name is not a prefix of another one's");
    store.put(&asset(), None, vec![object("a.csv", "x\n1\n")]).await.expect("a put");
    store.remove_asset(&asset()).await.expect("removed");
    assert!(matches!(store.asset(&asset()).await, Err(Error::NotFound(_))));
    store.create_asset(&asset(), AssetKind::Dataset).await.expect("the name is free again");
    assert!(paths(&store, None).await.is_empty(), "a new asset is empty");
}

async fn objects_are_read_as_they_were_put(store: AssetStore) {
    let store = with_asset(store).await;
    let long = "é".repeat(512);
    let bodies = [
        ("empty", Bytes::new()),
        ("a b/ptáci (1).csv", Bytes::from_static(b"a,b\n1,2\n")),
        ("small", noise(128 << 10, 1)),
        ("just-large", noise((128 << 10) + 1, 2)),
        ("large.bin", noise(3 << 20, 3)),
        (long.as_str(), Bytes::from_static(b"long")),
    ];
    let batch = bodies.iter().map(|(name, body)| object(name, body.clone())).collect();
    let put = store.put(&asset(), None, batch).await.expect("a batch");
    assert_eq!(put[1].media_type, "text/csv");
    for ((name, body), object) in bodies.iter().zip(&put) {
        assert_eq!(object.hash, Hash(Sha256::digest(body).into()));
        assert_eq!(content(&store, None, name).await.expect("content"), *body, "{name}");
        let view = store.view(&asset(), None).await.expect("a view");
        assert_eq!(view.stat(&path(name)).await.expect("stat"), *object);
        let reader = view.read(&path(name)).await.expect("a reader");
        let size = reader.size();
        assert_eq!(size, body.len() as u64);
        for (from, len) in
            [(0, 1), (size / 2, 1000), (size.saturating_sub(1), 10), (size, 10), (size + 5, 1), (0, u64::MAX)]
        {
            let end = body.len().min((from as usize).saturating_add(usize::try_from(len).unwrap_or(usize::MAX)));
            let wanted = &body[body.len().min(from as usize)..end.max(body.len().min(from as usize))];
            assert_eq!(reader.read_at(from, len).await.expect("a part"), wanted, "{name} from {from}");
        }
        let middle: Vec<Bytes> = reader.stream(size / 3..size / 2).try_collect().await.expect("a range");
        assert_eq!(middle.concat(), body[(size / 3) as usize..(size / 2) as usize]);
    }
    let missing = content(&store, None, "a b").await.expect_err("a folder is no object");
    let problem: kamld_types::Problem = missing.into();
    assert!(problem.help.is_some_and(|help| help.contains("folder")), "a folder is recognised");
    // The same bytes again change nothing, their time included.
    let before = store.view(&asset(), None).await.expect("a view").root();
    let mut again = object("small", noise(128 << 10, 1));
    again.modified = Some(1_800_000_000_000);
    let kept = store.put(&asset(), None, vec![again]).await.expect("a put");
    assert_eq!(kept[0].modified, 1_700_000_000_000);
    assert_eq!(store.view(&asset(), None).await.expect("a view").root(), before);
    // A stream of unknown length, small and large.
    for (name, size) in [("streamed-small", 1000), ("streamed-large", 700_000)] {
        let to = Destination { asset: asset(), branch: None, path: path(name), media_type: None, modified: None };
        let body = noise(size, 9);
        let chunks: Vec<Result<Bytes, Error>> = body.chunks(1000).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let object = store.put_stream(to.clone(), stream::iter(chunks)).await.expect("a stream");
        assert_eq!((object.size, object.hash), (size as u64, Hash(Sha256::digest(&body).into())));
        assert_eq!(content(&store, None, name).await.expect("content"), body);
        let cut = stream::iter([Ok(body.clone()), Err("the line broke")]);
        let to = Destination { path: path("cut"), ..to };
        assert!(store.put_stream(to, cut).await.is_err());
        assert!(
            matches!(content(&store, None, "cut").await, Err(Error::NotFound(_))),
            "nothing is seen of a cut stream"
        );
    }
}

async fn listings_show_folders_and_pages(store: AssetStore) {
    let store = with_asset(store).await;
    let names = ["a", "a-b", "a/1", "a/2", "a/b/3", "a0", "b/x", "c"];
    store.put(&asset(), None, names.iter().map(|name| object(name, "x")).collect()).await.expect("a batch");
    let view = store.view(&asset(), None).await.expect("a view");
    let list = async |prefix: &str, recursive, after: Option<&str>, limit| {
        let options = ListOptions { prefix: prefix.into(), recursive, after: after.map(Into::into), limit };
        let page = view.list(options).await.expect("a page");
        let name = |entry: &Listed| match entry {
            Listed::Object(object) => object.path.to_string(),
            Listed::Folder(folder) => folder.clone(),
        };
        (page.entries.iter().map(name).collect::<Vec<_>>(), page.next)
    };
    assert_eq!(
        list("", false, None, 100).await,
        (["a", "a-b", "a/", "a0", "b/", "c"].map(String::from).to_vec(), None)
    );
    assert_eq!(list("a/", false, None, 100).await.0, ["a/1", "a/2", "a/b/"]);
    assert_eq!(list("a", true, None, 100).await.0, ["a", "a-b", "a/1", "a/2", "a/b/3", "a0"]);
    assert_eq!(list("nothing", true, None, 100).await.0, Vec::<String>::new());
    for recursive in [false, true] {
        let whole = list("", recursive, None, 100).await.0;
        let mut parts = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let (part, next) = list("", recursive, after.as_deref(), 1).await;
            parts.extend(part);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(parts, whole, "pages join to the whole");
    }
}

async fn history_keeps_what_was_committed(store: AssetStore) {
    let store = with_asset(store).await;
    let nothing = store.commit(&asset(), None, words("empty")).await;
    assert!(matches!(nothing, Err(Error::Invalid(_))), "nothing to commit: {nothing:?}");
    store.put(&asset(), None, vec![object("a", "1"), object("b", "1")]).await.expect("a put");
    let changes = store.changes(&asset(), None, None, 10).await.expect("changes").changes;
    assert!(matches!(&changes[..], [Change::Added { .. }, Change::Added { .. }]), "{changes:?}");
    let first = store.commit(&asset(), None, words("first")).await.expect("a commit");
    assert_eq!((first.objects, first.size, first.author.as_str()), (2, 2, "anna"));
    assert!(store.changes(&asset(), None, None, 10).await.expect("changes").changes.is_empty());
    store.put(&asset(), None, vec![object("a", "2"), object("c", "1")]).await.expect("a put");
    store.remove_objects(&asset(), None, "b").await.expect("a removal");
    let second = store.commit(&asset(), None, words("second")).await.expect("a commit");
    assert_eq!(second.parents, [first.id]);
    let log = store.log(&asset(), None, 10).await.expect("a log");
    assert_eq!(log.iter().map(|commit| commit.id).collect::<Vec<_>>(), [second.id, first.id]);
    assert_eq!(store.log(&asset(), None, 1).await.expect("a log").len(), 1);
    let short = at(&first.id.to_hex()[..10]);
    let diff = store.diff(&asset(), &short, &at("main"), None, 10).await.expect("a diff");
    let kinds: Vec<_> =
        diff.changes.iter().map(|change| (change.path().as_str(), matches!(change, Change::Modified { .. }))).collect();
    assert_eq!(kinds, [("a", true), ("b", false), ("c", false)]);
    let page = store.diff(&asset(), &short, &at("main"), None, 2).await.expect("a page");
    let rest = store.diff(&asset(), &short, &at("main"), page.next.as_deref(), 2).await.expect("a page");
    assert_eq!([page.changes, rest.changes].concat(), diff.changes);
    // Going back is a working change; the history stays.
    assert_eq!(store.restore(&asset(), None, Some(&short), &[]).await.expect("a restore"), 3);
    assert_eq!(content(&store, None, "a").await.expect("content"), "1");
    assert_eq!(content(&store, Some(&at(&second.id.to_hex())), "a").await.expect("content"), "2");
    assert_eq!(store.restore(&asset(), None, None, &["a".into()]).await.expect("a restore"), 1);
    assert_eq!(content(&store, None, "a").await.expect("content"), "2");
    assert_eq!(paths(&store, None).await, ["a", "b"]);
    assert_eq!(store.restore(&asset(), None, None, &[]).await.expect("a restore"), 2);
    assert!(store.changes(&asset(), None, None, 10).await.expect("changes").changes.is_empty());
    let missing = store.restore(&asset(), None, None, &["nowhere".into()]).await;
    assert!(matches!(missing, Err(Error::NotFound(_))), "{missing:?}");
}

async fn refs_name_commits(store: AssetStore) {
    let store = with_asset(store).await;
    let branch = |name: &str| BranchName::new(name).expect("a name");
    let version = |name: &str| VersionName::new(name).expect("a name");
    assert!(store.create_version(&asset(), &version("v1"), None, "").await.is_err(), "there is no commit to name");
    store.put(&asset(), None, vec![object("a", "1")]).await.expect("a put");
    assert!(store.create_branch(&asset(), &branch("early"), None).await.is_err(), "there is no commit to start from");
    let first = store.commit(&asset(), None, words("first")).await.expect("a commit");
    store.create_version(&asset(), &version("v1"), None, "as it came").await.expect("a version");
    let again = store.create_version(&asset(), &version("v1"), None, "").await;
    assert!(matches!(again, Err(Error::AlreadyExists(_))), "a version never moves: {again:?}");
    assert!(store.create_branch(&asset(), &branch("v1"), None).await.is_err(), "one name, one ref");
    let made = store.create_branch(&asset(), &branch("try"), Some(&at("v1"))).await.expect("a branch");
    assert_eq!((made.head, made.changed), (Some(first.id), false));
    store.put(&asset(), Some(&branch("try")), vec![object("a", "2")]).await.expect("a put");
    assert_eq!(content(&store, None, "a").await.expect("content"), "1", "branches do not see each other's writes");
    assert_eq!(content(&store, Some(&at("try")), "a").await.expect("content"), "2");
    assert_eq!(store.resolve(&asset(), &at("try")).await.expect("a commit").id, first.id);
    let to_version = store.put(&asset(), Some(&branch("v1")), vec![object("a", "3")]).await;
    assert!(matches!(to_version, Err(Error::Invalid(_))), "a version cannot be written: {to_version:?}");
    let removed = store.remove_branch(&asset(), &branch("try"), false).await;
    assert!(matches!(removed, Err(Error::Conflict(_))), "it has working changes: {removed:?}");
    store.remove_branch(&asset(), &branch("try"), true).await.expect("by force");
    assert!(store.remove_branch(&asset(), &branch("main"), true).await.is_err(), "the default branch stays");
    assert_eq!(store.branches(&asset()).await.expect("branches").len(), 1);
    assert_eq!(store.versions(&asset()).await.expect("versions")[0].message, "as it came");
    let unknown = store.resolve(&asset(), &at("mian")).await.expect_err("an unknown ref");
    let problem: kamld_types::Problem = unknown.into();
    assert!(problem.help.is_some_and(|help| help.contains("main")), "the nearest ref is offered");
    assert!(matches!(store.resolve(&asset(), &at("00000000")).await, Err(Error::NotFound(_) | Error::Corrupt(_))));
}

async fn objects_are_copied_moved_and_removed(store: AssetStore) {
    let store = with_asset(store).await;
    store.put(&asset(), None, vec![object("a/1", "1"), object("a/2", "2"), object("b", "b")]).await.expect("a put");
    assert_eq!(store.copy_objects(&asset(), None, "a/", "c/d/").await.expect("a copy"), 2);
    assert_eq!(store.copy_objects(&asset(), None, "b", "c/").await.expect("a copy"), 1);
    assert_eq!(paths(&store, None).await, ["a/1", "a/2", "b", "c/b", "c/d/1", "c/d/2"]);
    assert_eq!(store.move_objects(&asset(), None, "c/", "c/e/").await.expect("a move"), 3);
    assert_eq!(paths(&store, None).await, ["a/1", "a/2", "b", "c/e/b", "c/e/d/1", "c/e/d/2"]);
    assert_eq!(content(&store, None, "c/e/d/2").await.expect("content"), "2");
    assert_eq!(store.remove_objects(&asset(), None, "c/").await.expect("a removal"), 3);
    assert!(matches!(store.remove_objects(&asset(), None, "c/").await, Err(Error::NotFound(_))));
    assert!(store.copy_objects(&asset(), None, "a/", "b").await.is_err(), "a folder is no object");
    assert!(store.move_objects(&asset(), None, "b", "../b").await.is_err(), "paths stay inside");
    assert_eq!(paths(&store, None).await, ["a/1", "a/2", "b"]);
    // Many at once go together or not at all.
    for wrong in [["b", "c"], ["a/", "c/"], ["c", "a/1"]] {
        assert!(matches!(store.remove_many(&asset(), None, &wrong).await, Err(Error::NotFound(_))), "{wrong:?}");
        assert_eq!(paths(&store, None).await, ["a/1", "a/2", "b"], "{wrong:?}");
    }
    store.put(&asset(), None, vec![object("a/c/3", "3")]).await.expect("a put");
    // One may lie in another, and may be named twice.
    let within = ["a/1", "a/", "a/c/", "a/2", "a/1"];
    assert_eq!(store.remove_many(&asset(), None, &within).await.expect("a removal"), 3);
    assert_eq!(paths(&store, None).await, ["b"]);
}

async fn two_writers_lose_nothing(store: AssetStore) {
    let store = with_asset(store).await;
    let write = |writer: usize| {
        let store = store.clone();
        async move {
            for i in 0..10 {
                store
                    .put(&asset(), None, vec![object(&format!("{writer}/{i}"), format!("{writer} {i}"))])
                    .await
                    .expect("a put");
            }
        }
    };
    futures::future::join_all((0..4).map(write)).await;
    assert_eq!(paths(&store, None).await.len(), 40);
}

async fn uploads_go_on_where_they_stopped(store: AssetStore) {
    let store = with_asset(store).await;
    let uploads = store.uploads();
    for size in [0usize, 100, 1 << 20] {
        let body = noise(size, 5);
        let name = format!("up/{size}.bin");
        let spec = UploadSpec {
            asset: asset(),
            branch: None,
            path: path(&name),
            size: size as u64,
            media_type: None,
            modified: None,
        };
        let id = uploads.create(spec).await.expect("an upload");
        let half = size / 2;
        let cut = stream::iter([Ok(body.slice(..half)), Err("the line broke")]);
        if size > 0 {
            assert!(matches!(uploads.append(id, 0, cut).await, Err(Error::Cancelled(_))));
            assert_eq!(uploads.offset(id).await.expect("an offset"), half as u64, "what arrived is kept");
            assert!(matches!(uploads.finish(id).await, Err(Error::Conflict(_))), "it is not complete");
            let wrong = stream::iter([Ok::<_, Error>(Bytes::from_static(b"x"))]);
            assert!(matches!(uploads.append(id, 7, wrong).await, Err(Error::Conflict(_))), "offsets must fit");
            let rest = || stream::iter([Ok::<_, Error>(body.slice(half..))]).boxed();
            assert_eq!(uploads.append(id, half as u64, rest()).await.expect("the rest"), size as u64);
        }
        let object: Object = uploads.finish(id).await.expect("an object");
        assert_eq!(object.hash, Hash(Sha256::digest(&body).into()));
        assert_eq!(uploads.finish(id).await.expect("the same object"), object, "a lost answer can be asked for again");
        assert_eq!(content(&store, None, &name).await.expect("content"), body);
    }
    assert_eq!(uploads.list().await.expect("uploads").len(), 3);
    assert_eq!(uploads.expire(std::time::Duration::ZERO).await.expect("expired"), 3);
    assert!(uploads.list().await.expect("uploads").is_empty());
}

async fn many_objects_are_one_batch(store: AssetStore, differences: Differences) {
    let store = with_asset(store).await;
    let mut events = store.events();
    let batch = (0..differences.many).map(|i| object(&format!("data/{i:06}.txt"), format!("object {i}"))).collect();
    store.put(&asset(), None, batch).await.expect("a batch");
    assert_eq!(events.recv().await.expect("an event").asset, asset());
    assert!(events.try_recv().is_err(), "one batch, one event");
    let described = store.asset(&asset()).await.expect("an asset");
    assert_eq!(described.objects, differences.many as u64);
    assert_eq!(paths(&store, None).await.len(), differences.many);
    store.commit(&asset(), None, words("all")).await.expect("a commit");
    let report = store.check(|_| {}).await.expect("a check");
    assert_eq!((report.damaged.len(), report.objects), (0, differences.many as u64));
    let usage = store.usage(|_| true).await.expect("usage");
    assert_eq!(usage.logical, described.size);
    assert!(usage.stored >= usage.logical);
    assert_eq!(usage.capacity.is_some(), differences.capacity_known);
}

async fn what_happened_lately_is_newest_first(store: AssetStore) {
    let named = |name: &str| AssetId::new("birds", name).expect("a name");
    for name in ["strikes", "images", "quiet"] {
        store.create_asset(&named(name), AssetKind::Dataset).await.expect("an asset");
    }
    for turn in 0..3 {
        for name in ["strikes", "images"] {
            let body = format!("{name} {turn}");
            store.put(&named(name), None, vec![object("a.txt", body.clone())]).await.expect("a put");
            store.commit(&named(name), None, words(&body)).await.expect("a commit");
        }
    }
    // Changes that are not committed yet put their asset first in the queue and nothing in the answer.
    store.put(&named("quiet"), None, vec![object("a.txt", "x")]).await.expect("a put");
    let said = |recent: Vec<(crate::Asset, crate::Commit)>| -> Vec<String> {
        assert!(recent.windows(2).all(|two| two[0].1.created >= two[1].1.created), "newest first: {recent:?}");
        recent.into_iter().map(|(_, commit)| commit.message).collect()
    };
    let assets = store.list_assets(None).await.expect("assets");
    let all = said(store.recent(&assets, 100).await.expect("what happened"));
    let of = |name: &str| all.iter().filter(|message| message.starts_with(name)).cloned().collect::<Vec<_>>();
    assert_eq!(of("strikes"), ["strikes 2", "strikes 1", "strikes 0"], "a child before its parent");
    assert_eq!(of("images"), ["images 2", "images 1", "images 0"]);
    assert_eq!(all.len(), 6);
    assert_eq!(said(store.recent(&assets, 2).await.expect("the newest two")), all[..2]);
    store.remove_asset(&named("images")).await.expect("removed");
    let rest = said(store.recent(&assets, 100).await.expect("what is left"));
    assert_eq!(rest, of("strikes"), "an asset that went since it was listed is left out");
}
