//! The figures of the store, printed; `cargo test --test figures -- --ignored --nocapture`.
//! `KAMLD_FIGURES` is the number of entries of the large asset (1,000,000 when it is not set).

use bytes::Bytes;
use kamld_storage::{
    AssetStore, Backends, Error, KnownObject, UploadSpec,
    conformance::{asset, at, noise, object, path, with_asset, words},
    embedded::SledRefs,
};
use kamld_types::{BranchName, Hash};
use std::{sync::Arc, time::Instant};
use tempfile::TempDir;

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; prints figures"]
async fn figures() {
    let folder = TempDir::new().unwrap();
    let database = sled::Config::new().path(folder.path().join("refs")).flush_every_ms(None).open().unwrap();
    let refs = SledRefs::new(database.open_tree("refs").unwrap(), Some(&folder.path().join("refs"))).unwrap();
    let refs = Arc::new(refs);
    let open = || AssetStore::open(Backends::local(folder.path(), refs.clone()).unwrap()).unwrap();
    let store = with_asset(open()).await;

    let start = Instant::now();
    for batch in 0..10 {
        let batch = (0..10_000).map(|i| object(&format!("small/{batch}/{i:05}.txt"), noise(1000, i))).collect();
        store.put(&asset(), None, batch).await.unwrap();
    }
    println!("100 k small files in batches of 10 k: {:.0} files/s", 100_000.0 / start.elapsed().as_secs_f64());

    let body: Vec<Bytes> = (0..256).map(|i| noise(1 << 20, i)).collect();
    let start = Instant::now();
    body.iter().for_each(|b| {
        std::hint::black_box(<sha2::Sha256 as sha2::Digest>::digest(b));
    });
    let hashing = 256.0 / start.elapsed().as_secs_f64();
    for round in 0..3 {
        let start = Instant::now();
        // A new file each time: blocks that the disk has seen before are faster.
        let mut file = std::fs::File::create(folder.path().join(format!("floor-{round}"))).unwrap();
        body.iter().for_each(|b| std::io::Write::write_all(&mut file, b).unwrap());
        file.sync_all().unwrap();
        let disk = 256.0 / start.elapsed().as_secs_f64();
        let body: Vec<_> = body.iter().map(|b| Bytes::from([&[round], &b[1..]].concat())).collect();
        let start = Instant::now();
        let spec = UploadSpec {
            asset: asset(),
            branch: None,
            path: path("big"),
            size: 256 << 20,
            media_type: None,
            modified: None,
        };
        let id = store.uploads().create(spec).await.unwrap();
        store.uploads().append(id, 0, futures::stream::iter(body.into_iter().map(Ok::<_, Error>))).await.unwrap();
        store.uploads().finish(id).await.unwrap();
        println!(
            "256 MiB upload: {:.0} MiB/s; SHA-256 {hashing:.0}, disk {disk:.0}",
            256.0 / start.elapsed().as_secs_f64()
        );
    }

    let mut times: Vec<f64> = Vec::new();
    store.commit(&asset(), None, words("small")).await.unwrap();
    for i in 0..200 {
        let start = Instant::now();
        store.create_branch(&asset(), &BranchName::new(format!("b{i}")).unwrap(), None).await.unwrap();
        times.push(ms(start));
    }
    times.sort_by(f64::total_cmp);
    println!("branch: p50 {:.2} ms, p99 {:.2} ms", times[100], times[197]);

    let many: usize = std::env::var("KAMLD_FIGURES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let entry = |i: usize, seed: u8| KnownObject {
        path: path(&format!("images/{:03}/{i:09}.jpg", i % 1000)),
        size: 1000,
        hash: Hash([seed; 32]),
        media_type: "image/jpeg".into(),
        modified: 1,
    };
    let start = Instant::now();
    for from in (0..many).step_by(1_000_000) {
        let batch = (from..many.min(from + 1_000_000)).map(|i| entry(i, 1)).collect();
        store.import_entries(&asset(), None, batch, true).await.unwrap();
    }
    println!("import of {many} entries: {:.0} ms", ms(start));
    let start = Instant::now();
    let before = store.commit(&asset(), None, words("many")).await.unwrap();
    println!("commit of them: {:.2} ms", ms(start));
    for (seed, cold) in [(2, true), (3, false), (4, false)] {
        let store = if cold { open() } else { store.clone() };
        let start = Instant::now();
        store.import_entries(&asset(), None, vec![entry(many / 2, seed)], true).await.unwrap();
        println!("1 change in {many}, {}: {:.2} ms", if cold { "cold" } else { "warm" }, ms(start));
    }
    let hundred = (0..100).map(|i| entry(i * (many / 100), 9)).collect();
    store.import_entries(&asset(), None, hundred, true).await.unwrap();
    store.commit(&asset(), None, words("100 changes")).await.unwrap();
    let cold = open();
    for name in ["cold", "warm"] {
        let start = Instant::now();
        let page = cold.diff(&asset(), &at(&before.id.to_hex()), &at("main"), None, 1000).await.unwrap();
        println!("diff of {} changes in {many}, {name}: {:.2} ms", page.changes.len(), ms(start));
    }
    let start = Instant::now();
    let view = store.view(&asset(), None).await.unwrap();
    let page = view.list(kamld_storage::ListOptions { limit: 1000, ..Default::default() }).await.unwrap();
    println!("first page of {} folders: {:.2} ms", page.entries.len(), ms(start));
}
