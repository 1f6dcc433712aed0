//! The conformance suite on every pair of back ends that this crate brings.

use futures::TryStreamExt;
use kamld_records::RedbRecords;
use kamld_storage::{
    AssetStore, Backends, Destination, Error,
    conformance::{Differences, asset, content, noise, path, suite, with_asset},
    embedded::RecordRefs,
    s3::{S3Config, S3Objects, S3Refs, s3_objects},
};
use object_store::ObjectStoreExt;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_conforms() {
    let folder = TempDir::new().unwrap();
    let make = || async {
        let spool = tempfile::tempdir_in(folder.path()).unwrap().keep();
        AssetStore::open(Backends::memory(Arc::new(RecordRefs::memory().unwrap()), spool)).unwrap()
    };
    suite(make, Differences { capacity_known: false, many: 20_000 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_disk_with_records_in_a_file_conforms() {
    let folder = TempDir::new().unwrap();
    let make = || async {
        let folder = tempfile::tempdir_in(folder.path()).unwrap().keep();
        let refs = RecordRefs::new(Arc::new(RedbRecords::open(&folder.join("records.redb")).unwrap()));
        AssetStore::open(Backends::local(&folder, Arc::new(refs)).unwrap()).unwrap()
    };
    suite(make, Differences { capacity_known: true, many: 100_000 }).await;
}

/// A folder of the bucket that `KAMLD_TEST_S3` (`URL,KEY,SECRET,BUCKET`) names, so that each test begins empty.
fn bucket(folder: &Path) -> S3Objects {
    let server = std::env::var("KAMLD_TEST_S3").expect("KAMLD_TEST_S3 names the server: tests/run servers starts one");
    let parts: Vec<&str> = server.split(',').collect();
    let [url, key, secret, bucket] = parts[..] else { panic!("KAMLD_TEST_S3 is URL,KEY,SECRET,BUCKET") };
    let name: Vec<_> = folder.iter().rev().take(2).map(|name| name.to_string_lossy().into_owned()).collect();
    let config = S3Config {
        url: url.into(),
        key: key.into(),
        secret: secret.into(),
        bucket: bucket.into(),
        region: "us-east-1".into(),
        prefix: Some(format!("test-{}", name.join("-"))),
    };
    s3_objects(&config).unwrap()
}

async fn on_s3(S3Objects { objects, multipart }: S3Objects, spool: PathBuf) -> AssetStore {
    let refs = Arc::new(S3Refs::open(objects.clone()).await.unwrap());
    AssetStore::open(Backends { objects, multipart: Some(multipart), local: None, refs, spool }).unwrap()
}

/// Needs a server, so `tests/run servers` runs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "suite servers"]
async fn s3_conforms() {
    let folder = TempDir::new().unwrap();
    let make = || async {
        let own = tempfile::tempdir_in(folder.path()).unwrap().keep();
        on_s3(bucket(&own), own).await
    };
    suite(make, Differences { capacity_known: false, many: 2_000 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "suite servers"]
async fn s3_keeps_no_parts_of_an_upload_whose_process_went_away() {
    let folder = TempDir::new().unwrap();
    let s3 = bucket(folder.path());
    let S3Objects { objects, multipart } = bucket(folder.path());
    let store = with_asset(on_s3(s3, folder.path().into()).await).await;
    // One that is completed leaves no record and becomes an object.
    let body = noise(20 << 20, 1);
    let to = Destination { asset: asset(), branch: None, path: path("large"), media_type: None, modified: None };
    store.put_stream(to, futures::stream::iter([Ok::<_, Error>(body.clone())])).await.unwrap();
    assert!(content(&store, None, "large").await.unwrap() == body);
    let records = async || objects.list(Some(&"multipart".into())).try_collect::<Vec<_>>().await.unwrap().len();
    assert_eq!(records().await, 0);
    // One that stops after its first part.
    let key = object_store::path::Path::from("objects/ab/abandoned");
    let id = multipart.create_multipart(&key).await.unwrap();
    multipart.put_part(&key, &id, 0, vec![7u8; 5 << 20].into()).await.unwrap();
    let record = serde_json::json!({"key": key.to_string(), "id": id, "started": 0}).to_string();
    objects.put(&"multipart/one".into(), record.into()).await.unwrap();
    assert_eq!(store.abort_abandoned(Duration::from_secs(3600)).await.unwrap(), 1);
    assert_eq!(records().await, 0);
    let part = multipart.put_part(&key, &id, 1, vec![7u8; 100].into()).await;
    assert!(part.is_err(), "the server has forgotten the upload");
}
