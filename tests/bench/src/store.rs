//! Versioning and ingest on the local disk, beside what the disk and the hash alone cost.

use crate::table::{Samples, Table, rate, short};
use bytes::Bytes;
use kamld_records::RedbRecords;
use kamld_storage::{
    AssetKind, AssetStore, Backends, CommitWords, Destination, KnownObject, NewBody, NewObject, embedded::RecordRefs,
};
use kamld_types::{AssetId, BranchName, Hash, ObjectPath, RefName, VersionName};
use sha2::{Digest, Sha256};
use std::{fs::File, io::Write, path::Path, sync::Arc, time::Instant};

const MIB: usize = 1 << 20;
/// Writers that ask at the same time, so that their records are synced together, and how often they do.
const WRITERS: usize = 16;
const TOGETHER: usize = 50;

/// A store on the local disk, as the product opens it.
pub fn open(folder: &Path) -> anyhow::Result<AssetStore> {
    let refs = RecordRefs::new(Arc::new(RedbRecords::open(&folder.join("records.redb"))?));
    Ok(AssetStore::open(Backends::local(&folder.join("store"), Arc::new(refs))?)?)
}

fn words(message: &str) -> CommitWords {
    CommitWords { author: "bench".into(), message: message.into(), ..CommitWords::default() }
}

/// An entry whose bytes nobody will read: the tree is what is measured.
fn entry(number: usize, salt: u64) -> anyhow::Result<KnownObject> {
    let path = format!("part-{:04}/object-{number:09}.bin", number / 10_000);
    Ok(KnownObject {
        hash: Hash(Sha256::digest(format!("{path} {salt}")).into()),
        path: ObjectPath::new(path)?,
        size: 1000 + number as u64 % 100,
        media_type: "application/octet-stream".into(),
        modified: 1_700_000_000_000,
    })
}

async fn fill(store: &AssetStore, asset: &AssetId, count: usize) -> anyhow::Result<()> {
    let mut from = 0;
    while from < count {
        let to = (from + 1_000_000).min(count);
        let batch = (from..to).map(|number| entry(number, 0)).collect::<anyhow::Result<Vec<_>>>()?;
        store.import_entries(asset, None, batch, true).await?;
        from = to;
    }
    Ok(())
}

/// One small write made durable: the floor of everything that is acknowledged.
fn synced_write(folder: &Path) -> anyhow::Result<Floor> {
    let mut file = File::create(folder.join("floor"))?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let start = Instant::now();
        file.write_all(&[7; 200])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(Floor(times))
}

struct Floor(Vec<std::time::Duration>);

impl Floor {
    fn show(&self) -> String {
        format!("write + fdatasync p50 {}, p99 {}", short(self.0[50]), short(self.0[99]))
    }
}

pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let store = open(folder.path())?;
    refs(&store, table, folder.path()).await?;
    for count in [100_000, 1_000_000] {
        staged(&store, table, count).await?;
    }
    for count in [100_000, 1_000_000, 10_000_000] {
        changes(&store, table, count).await?;
    }
    small(&store, table, folder.path()).await?;
    large(&store, table, folder.path()).await
}

async fn refs(store: &AssetStore, table: &mut Table, folder: &Path) -> anyhow::Result<()> {
    let asset = AssetId::new("bench", "refs")?;
    store.create_asset(&asset, AssetKind::Dataset).await?;
    fill(store, &asset, 100_000).await?;
    store.commit(&asset, None, words("first")).await?;
    let floor = synced_write(folder)?.show();
    let branches = Samples::take(200, async |place| {
        store.create_branch(&asset, &BranchName::new(format!("try-{place}"))?, None).await?;
        Ok(())
    })
    .await?;
    table.row("create a branch, durable", "100 k objects", branches.show(), floor.clone(), "p99 below 10 ms");
    let versions = Samples::take(200, async |place| {
        store.create_version(&asset, &VersionName::new(format!("v{place}x"))?, None, "").await?;
        Ok(())
    })
    .await?;
    table.row("create a version, durable", "100 k objects", versions.show(), floor, "p99 below 10 ms");
    let puts = Samples::take(200, async |place| {
        let body = NewBody::Bytes(Bytes::from(vec![place as u8; 1024]));
        let path = ObjectPath::new(format!("put/{place}.bin"))?;
        store.put(&asset, None, vec![NewObject { path, media_type: None, modified: None, body }]).await?;
        Ok(())
    })
    .await?;
    table.row("put an object of 1 kB, durable", "100 k objects", puts.show(), synced_write(folder)?.show(), "-");
    let start = Instant::now();
    let together = Samples::take(TOGETHER, async |place| {
        let create = |n: usize| {
            let (store, asset) = (store.clone(), asset.clone());
            tokio::spawn(async move {
                anyhow::Ok(store.create_branch(&asset, &BranchName::new(format!("at-once-{place}-{n}"))?, None).await?)
            })
        };
        for created in futures::future::join_all((0..WRITERS).map(create)).await {
            created??;
        }
        Ok(())
    })
    .await?;
    let each = start.elapsed() / (TOGETHER * WRITERS) as u32;
    table.row(
        "create 16 branches at once, durable",
        "100 k objects",
        format!("{}; {} each", together.show(), short(each)),
        synced_write(folder)?.show(),
        "each below one sync",
    );
    Ok(())
}

async fn staged(store: &AssetStore, table: &mut Table, count: usize) -> anyhow::Result<()> {
    let asset = AssetId::new("bench", &format!("staged-{count}"))?;
    store.create_asset(&asset, AssetKind::Dataset).await?;
    let start = Instant::now();
    fill(store, &asset, count).await?;
    let staging = start.elapsed();
    let start = Instant::now();
    store.commit(&asset, None, words("all")).await?;
    let commit = start.elapsed();
    // The floor: hash and write the same metadata once, 120 bytes an entry.
    let bytes = vec![5u8; count * 120];
    let start = Instant::now();
    std::hint::black_box(Sha256::digest(&bytes));
    let mut file = tempfile::tempfile()?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    let floor = start.elapsed();
    table.row(
        "commit of staged entries",
        &format!("{count}"),
        format!("{} (staging them {})", short(commit), short(staging)),
        format!("hash + write + fsync {}", short(floor)),
        "1 M below 2 s",
    );
    Ok(())
}

async fn changes(store: &AssetStore, table: &mut Table, count: usize) -> anyhow::Result<()> {
    let asset = AssetId::new("bench", &format!("large-{count}"))?;
    store.create_asset(&asset, AssetKind::Dataset).await?;
    fill(store, &asset, count).await?;
    store.commit(&asset, None, words("first")).await?;
    let one = Samples::take(20, async |place| {
        store.import_entries(&asset, None, vec![entry(place * 4177 % count, 1 + place as u64)?], true).await?;
        store.commit(&asset, None, words("one")).await?;
        Ok(())
    })
    .await?;
    table.row(
        "put and commit 1 change",
        &format!("{count}"),
        one.show(),
        "two durable writes".into(),
        "10 M below 20 ms",
    );
    store.create_version(&asset, &VersionName::new("before")?, None, "").await?;
    let hundred = (0..100).map(|n| entry(n * (count / 100), 99)).collect::<anyhow::Result<Vec<_>>>()?;
    store.import_entries(&asset, None, hundred, true).await?;
    store.commit(&asset, None, words("hundred")).await?;
    let (before, main) = (RefName::new("before")?, RefName::new("main")?);
    let diffs = Samples::take(20, async |_| {
        let page = store.diff(&asset, &before, &main, None, 1000).await?;
        anyhow::ensure!(page.changes.len() == 100, "{} changes", page.changes.len());
        Ok(())
    })
    .await?;
    table.row("diff of 100 changes", &format!("{count}"), diffs.show(), "-".into(), "10 M below 20 ms");
    Ok(())
}

async fn small(store: &AssetStore, table: &mut Table, folder: &Path) -> anyhow::Result<()> {
    const FILES: usize = 100_000;
    const SIZE: usize = 1024;
    let asset = AssetId::new("bench", "small")?;
    store.create_asset(&asset, AssetKind::Dataset).await?;
    let body = |n: usize| {
        let mut bytes = vec![b'x'; SIZE];
        bytes[..8].copy_from_slice(&(n as u64).to_le_bytes());
        Bytes::from(bytes)
    };
    let start = Instant::now();
    for batch in 0..FILES / 1000 {
        let objects = (batch * 1000..(batch + 1) * 1000)
            .map(|n| {
                Ok(NewObject {
                    path: ObjectPath::new(format!("images/{n:06}.bin"))?,
                    media_type: None,
                    modified: None,
                    body: NewBody::Bytes(body(n)),
                })
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        store.put(&asset, None, objects).await?;
    }
    let ours = FILES as f64 / start.elapsed().as_secs_f64();
    let plain = folder.join("plain");
    std::fs::create_dir(&plain)?;
    let start = Instant::now();
    for n in 0..20_000 {
        std::fs::write(plain.join(format!("{n:06}.bin")), body(n))?;
    }
    let peer = 20_000.0 / start.elapsed().as_secs_f64();
    table.row(
        "ingest small files, durable",
        "100 k of 1 kB",
        format!("{ours:.0} files/s"),
        format!("create files without sync {peer:.0} files/s"),
        "above 10,000 files/s",
    );
    Ok(())
}

async fn large(store: &AssetStore, table: &mut Table, folder: &Path) -> anyhow::Result<()> {
    const SIZE: usize = 1024 * MIB;
    let asset = AssetId::new("bench", "large")?;
    store.create_asset(&asset, AssetKind::Dataset).await?;
    let mut chunk = vec![0u8; MIB];
    let mut state = 88_172_645_463_325_252_u64;
    for byte in &mut chunk {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state as u8;
    }
    let chunk = Bytes::from(chunk);
    let start = Instant::now();
    let mut file = File::create(folder.join("dd"))?;
    for _ in 0..SIZE / MIB {
        file.write_all(&chunk)?;
    }
    file.sync_all()?;
    let disk = start.elapsed();
    std::fs::remove_file(folder.join("dd"))?;
    let start = Instant::now();
    let mut hash = Sha256::new();
    for _ in 0..SIZE / MIB {
        hash.update(&chunk);
    }
    std::hint::black_box(hash.finalize());
    let hashing = start.elapsed();
    let to = Destination {
        asset: asset.clone(),
        branch: None,
        path: ObjectPath::new("large.bin")?,
        media_type: None,
        modified: None,
    };
    let start = Instant::now();
    let parts = std::iter::repeat_n(chunk, SIZE / MIB).map(Ok::<_, std::convert::Infallible>);
    store.put_stream(to, futures::stream::iter(parts)).await?;
    let ours = start.elapsed();
    let floor = disk.max(hashing);
    table.row(
        "ingest a large file, durable",
        "1 GiB",
        format!("{}, {:.0} % of the slower", rate(SIZE as u64, ours), 100.0 * floor.as_secs_f64() / ours.as_secs_f64()),
        format!("write + fsync {}, SHA-256 {}", rate(SIZE as u64, disk), rate(SIZE as u64, hashing)),
        "above 80 %",
    );
    let view = store.view(&asset, None).await?;
    let reader = view.read(&ObjectPath::new("large.bin")?).await?;
    let start = Instant::now();
    let mut at = 0;
    while at < SIZE as u64 {
        at += reader.read_at(at, MIB as u64).await?.len() as u64;
    }
    table.row("read an object in 1 MiB steps", "1 GiB", rate(SIZE as u64, start.elapsed()), "-".into(), "-");
    Ok(())
}
