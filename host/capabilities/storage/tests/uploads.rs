//! Uploads that a crash cut at any step, uploads that are finished, and uploads that the disk cannot hold.

use futures::stream;
use kamld_storage::{
    AssetStore, Backends, Error, UploadId, UploadSpec,
    conformance::{asset, content, noise, path, with_asset},
    embedded::RecordRefs,
};
use object_store::memory::InMemory;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

const SIZE: usize = 300_000;

struct Disk {
    folder: TempDir,
    refs: Arc<RecordRefs>,
}

/// The files of the spool with what is in them.
type Files = BTreeMap<String, Vec<u8>>;

impl Disk {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), refs: Arc::new(RecordRefs::memory().unwrap()) }
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn open(&self) -> AssetStore {
        AssetStore::open(Backends::local(self.folder.path(), self.refs.clone()).unwrap()).unwrap()
    }

    fn files(&self) -> Files {
        std::fs::read_dir(self.spool())
            .unwrap()
            .map(|file| file.unwrap())
            .map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()))
            .collect()
    }

    /// The spool as a process left it that ended an hour ago.
    fn left(&self, files: &Files) {
        for name in self.files().into_keys() {
            std::fs::remove_file(self.spool().join(name)).unwrap();
        }
        for (name, bytes) in files {
            let path = self.spool().join(name);
            std::fs::write(&path, bytes).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
        }
    }
}

fn spec(size: u64) -> UploadSpec {
    UploadSpec { asset: asset(), branch: None, path: path("up.bin"), size, media_type: None, modified: None }
}

async fn append(store: &AssetStore, id: UploadId, at: usize, to: usize) {
    let part = noise(SIZE, 1).slice(at..to);
    store.uploads().append(id, at as u64, stream::iter([Ok::<_, Error>(part)])).await.unwrap();
}

fn with(files: &Files, more: &[(String, &[u8])]) -> Files {
    let mut all = files.clone();
    all.extend(more.iter().map(|(name, bytes)| (name.clone(), bytes.to_vec())));
    all
}

/// The upload goes on from its offset and becomes an object, and nothing is left of it.
async fn goes_on(disk: &Disk, id: UploadId) {
    let store = disk.open();
    let offset = store.uploads().offset(id).await.unwrap() as usize;
    append(&store, id, offset, SIZE).await;
    store.uploads().finish(id).await.unwrap();
    assert_eq!(content(&store, None, "up.bin").await.unwrap(), noise(SIZE, 1));
    assert_eq!(disk.files().into_keys().collect::<Vec<_>>(), [format!("{id}.json")]);
}

async fn is_gone(disk: &Disk, id: UploadId) {
    let store = disk.open();
    assert_eq!(disk.files(), Files::new(), "nothing is left");
    assert!(matches!(store.uploads().get(id).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_crash_at_any_step_of_an_upload_leaves_nothing_behind_and_loses_nothing() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let id = store.uploads().create(spec(SIZE as u64)).await.unwrap();
    let (json, part, new) = (format!("{id}.json"), format!("{id}.part"), format!("{id}.json.new"));
    let begun = disk.files();
    append(&store, id, 0, SIZE / 2).await;
    let half = disk.files();
    append(&store, id, SIZE / 2, SIZE).await;
    let complete = disk.files();
    store.uploads().finish(id).await.unwrap();
    let finished = disk.files();
    drop(store);
    let only = |name: &str| Files::from([(name.to_owned(), complete[name].clone())]);

    // Creation: bytes, how many are durable, record under another name, record.
    let mark = (format!("{id}.mark"), &begun[&format!("{id}.mark")][..]);
    for left in [
        with(&Files::new(), &[(part.clone(), b"")]),
        with(&Files::new(), &[(part.clone(), b""), mark.clone()]),
        with(&Files::new(), &[(part.clone(), b""), mark.clone(), (new.clone(), b"{")]),
    ] {
        disk.left(&left);
        is_gone(&disk, id).await;
    }
    // Afterwards it goes on, whatever a later change of the record left. A power cut keeps the new length of a file
    // without its bytes. Earlier versions had no mark.
    let torn = [&complete[&part][..SIZE / 2], &[0; 10_000]].concat();
    let unmarked: Files = half.clone().into_iter().filter(|(name, _)| *name != mark.0).collect();
    for left in [
        &with(&half, &[(part.clone(), &torn)]),
        &unmarked,
        &begun,
        &half,
        &complete,
        &with(&complete, &[(new.clone(), b"{\"id\":")]),
    ] {
        disk.left(left);
        goes_on(&disk, id).await;
    }
    // Finishing: the record says that it is done, then the bytes go.
    disk.left(&with(&finished, &[(part.clone(), &complete[&part]), mark.clone()]));
    let store = disk.open();
    assert_eq!(disk.files(), finished, "bytes of a finished upload are not kept");
    assert_eq!(store.uploads().finish(id).await.unwrap().size, SIZE as u64);
    // Abortion: the record goes first.
    disk.left(&with(&only(&part), std::slice::from_ref(&mark)));
    is_gone(&disk, id).await;
    disk.left(&only(&mark.0));
    is_gone(&disk, id).await;
    // A record without its bytes, and a damaged one.
    disk.left(&only(&json));
    is_gone(&disk, id).await;
    for damaged in [&b""[..], b"\0\0\0\0", &complete[&json][..20]] {
        disk.left(&with(&only(&part), &[(json.clone(), damaged)]));
        is_gone(&disk, id).await;
    }
}

#[tokio::test]
async fn files_of_this_process_are_nobody_elses_to_sweep() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let id = store.uploads().create(spec(SIZE as u64)).await.unwrap();
    let other = disk.spool().join("0193a1f0-0000-7000-8000-000000000000.part");
    std::fs::write(&other, b"just being made").unwrap();
    let again = disk.open();
    assert!(other.exists());
    append(&again, id, 0, SIZE).await;
    again.uploads().finish(id).await.unwrap();
}

#[tokio::test]
async fn a_client_that_missed_the_answer_learns_after_a_restart_that_the_upload_is_done() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let id = store.uploads().create(spec(SIZE as u64)).await.unwrap();
    append(&store, id, 0, SIZE).await;
    let done = store.uploads().finish(id).await.unwrap();
    drop(store);
    let store = disk.open();
    assert_eq!(store.uploads().get(id).await.unwrap().done.as_ref(), Some(&done));
    assert_eq!(store.uploads().offset(id).await.unwrap(), SIZE as u64);
    assert_eq!(store.uploads().finish(id).await.unwrap(), done, "repeating it answers the same object");
}

#[tokio::test]
async fn an_upload_with_a_damaged_record_can_be_aborted() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let id = store.uploads().create(spec(SIZE as u64)).await.unwrap();
    std::fs::write(disk.spool().join(format!("{id}.json")), b"{").unwrap();
    assert!(matches!(store.uploads().offset(id).await, Err(Error::Corrupt(_))));
    store.uploads().abort(id).await.unwrap();
    assert_eq!(disk.files(), Files::new());
}

#[tokio::test]
async fn what_unfinished_uploads_announced_counts_against_the_room_on_the_disk() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let stat = rustix::fs::statvfs(disk.spool()).unwrap();
    let most = stat.f_bavail * stat.f_frsize / 3 * 2;
    let first = store.uploads().create(spec(most)).await.unwrap();
    let refused = async |store: &AssetStore| {
        let error = store.uploads().create(spec(most)).await.expect_err("both do not fit");
        assert!(matches!(error, Error::Limit(_)), "{error}");
        assert_eq!(disk.files().len(), 3, "nothing was made");
    };
    refused(&store).await;
    // After a restart too.
    drop(store);
    let store = disk.open();
    refused(&store).await;
    store.uploads().abort(first).await.unwrap();
    let second = store.uploads().create(spec(most)).await.unwrap();
    store.uploads().abort(second).await.unwrap();
}

#[tokio::test]
async fn an_object_that_the_store_cannot_take_is_refused_at_once() {
    let spool = TempDir::new().unwrap();
    let objects = Arc::new(InMemory::new());
    let store = with_asset(
        AssetStore::open(Backends {
            multipart: Some(objects.clone()),
            objects,
            local: None,
            refs: Arc::new(RecordRefs::memory().unwrap()),
            spool: spool.path().into(),
        })
        .unwrap(),
    )
    .await;
    let largest = store.largest_object().unwrap();
    assert_eq!(largest, 5 << 40);
    let error = store.uploads().create(spec(largest + 1)).await.unwrap_err();
    assert!(matches!(error, Error::Limit(_)) && error.to_string().contains("5497558138880"), "{error}");
    assert!(matches!(store.check_size("x", largest + 1), Err(Error::Limit(_))));
    store.check_size("x", largest).unwrap();

    assert_eq!(Disk::new().open().largest_object(), None, "a local disk has no limit of its own");
}

#[tokio::test]
async fn uploads_that_announce_more_than_any_disk_has_are_refused_side_by_side() {
    let disk = Disk::new();
    let store = with_asset(disk.open()).await;
    let uploads = store.uploads();
    let tried = futures::future::join_all((0..8).map(|_| uploads.create(spec(u64::MAX)))).await;
    for refused in tried {
        assert!(matches!(refused, Err(Error::Limit(_))), "{refused:?}");
    }
    uploads.create(spec(10)).await.unwrap();
}
