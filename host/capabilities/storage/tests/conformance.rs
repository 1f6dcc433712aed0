//! The conformance suite on every pair of back ends that this crate brings.

use kamld_records::RedbRecords;
use kamld_storage::{
    AssetStore, Backends,
    conformance::{Differences, suite},
    embedded::RecordRefs,
    s3::{S3Config, S3Refs, s3_objects},
};
use std::sync::Arc;
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

/// Needs a server, so `tests/run servers` runs it. `KAMLD_TEST_S3` is `URL,KEY,SECRET,BUCKET`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "suite servers"]
async fn s3_conforms() {
    let server = std::env::var("KAMLD_TEST_S3").expect("KAMLD_TEST_S3 names the server: tests/run servers starts one");
    let parts: Vec<&str> = server.split(',').collect();
    let [url, key, secret, bucket] = parts[..] else { panic!("KAMLD_TEST_S3 is URL,KEY,SECRET,BUCKET") };
    let folder = TempDir::new().unwrap();
    let make = || async {
        // A folder of the bucket for each part, so that it begins empty.
        let own = tempfile::tempdir_in(folder.path()).unwrap().keep();
        let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let prefix = format!("test-{}-{}", name(folder.path()), name(&own));
        let config = S3Config {
            url: url.into(),
            key: key.into(),
            secret: secret.into(),
            bucket: bucket.into(),
            region: "us-east-1".into(),
            prefix: Some(prefix),
        };
        let objects = s3_objects(&config).unwrap();
        let refs = Arc::new(S3Refs::open(objects.clone()).await.unwrap());
        AssetStore::open(Backends { objects, local: None, refs, spool: own }).unwrap()
    };
    suite(make, Differences { capacity_known: false, many: 2_000 }).await;
}
