//! Making a data folder of a snapshot.
//!
//! Invariants: the folder must be empty before; everything is verified while it is copied; the format is written last,
//! so that a restore that was cut short is never taken for a data folder.

use super::{
    CONTENT, MANIFEST, Manifest, RECORDS, REFS, SNAPSHOTS, Written, contents, hash_file, open, snapshots, sync_tree,
};
use crate::up::RECORDS_FILE;
use anyhow::{Context, bail};
use kamld::{folder, framing::unframed};
use kamld_records::{Records, RedbRecords, Table, Transaction};
use kamld_storage::{
    embedded::RecordRefs,
    refstore::{Expect, RefStore},
};
use kamld_types::Problem;
use serde::Serialize;
use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Records written in one transaction.
const BATCH: usize = 1000;
const FILES: &str = "files/";

/// What was restored, or checked.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    pub snapshot: String,
    pub contents: u64,
    pub bytes: u64,
    pub records: u64,
    /// What was damaged already when the backup was taken.
    pub damaged: Vec<String>,
}

struct Snapshot {
    name: String,
    backup: PathBuf,
    folder: PathBuf,
    manifest: Manifest,
}

impl Snapshot {
    /// The snapshot of this name, or the newest one; its own files are verified.
    fn open(backup: &Path, name: Option<&str>) -> anyhow::Result<Self> {
        open(backup)?;
        let all = snapshots(backup)?;
        let name = match name {
            Some(name) if all.iter().any(|there| there == name) => name.to_owned(),
            Some(name) => bail!("the backup has no snapshot '{name}'; it has {}", all.join(", ")),
            None => all.last().cloned().context("the backup has no complete snapshot")?,
        };
        let folder = backup.join(SNAPSHOTS).join(&name);
        let text = std::fs::read(folder.join(MANIFEST)).with_context(|| format!("snapshot {name} has no manifest"))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).with_context(|| format!("the manifest of {name} is damaged"))?;
        if manifest.data_format > folder::FORMAT {
            bail!("the snapshot is of a newer kamld ({}): use that version to restore it", manifest.version);
        }
        for file in &manifest.files {
            let found = hash_file(&folder.join(&file.path))?;
            if found != (file.size, file.sha256.clone()) {
                bail!("{} of snapshot {name} is damaged; nothing was restored: try another snapshot", file.path);
            }
        }
        Ok(Self { name, backup: backup.to_owned(), folder, manifest })
    }

    fn nothing_restored(&self) -> Restored {
        let (snapshot, damaged) = (self.name.clone(), self.manifest.damaged.clone());
        Restored { snapshot, contents: 0, bytes: 0, records: 0, damaged }
    }

    fn has(&self, path: &str) -> bool {
        self.manifest.files.iter().any(|file| file.path == path)
    }
}

/// Reads and verifies all that a snapshot names, and writes nothing.
pub fn check(backup: &Path, name: Option<&str>) -> anyhow::Result<Restored> {
    let snapshot = Snapshot::open(backup, name)?;
    let mut done = snapshot.nothing_restored();
    for entry in contents(&snapshot.folder)?.into_values() {
        let found = hash_file(&snapshot.backup.join(CONTENT).join(&entry.key))?;
        if found != (entry.size, entry.sha256.clone()) {
            bail!("{} of the backup is damaged", entry.key);
        }
        done.contents += 1;
        done.bytes += entry.size;
    }
    let mut input = BufReader::new(File::open(snapshot.folder.join(RECORDS))?);
    while unframed::<3>(&mut input)?.is_some() {
        done.records += 1;
    }
    Ok(done)
}

/// Makes the data folder `to` of a snapshot.
pub async fn restore(backup: &Path, name: Option<&str>, to: &Path) -> anyhow::Result<Restored> {
    let snapshot = Snapshot::open(backup, name)?;
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    if std::fs::read_dir(to)?.next().is_some() {
        bail!("{} is not empty; nothing was changed: name a new folder with --data", to.display());
    }
    let mut done = snapshot.nothing_restored();
    for entry in contents(&snapshot.folder)?.into_values() {
        let target = match entry.key.starts_with("plugins/") {
            true => to.join(&entry.key),
            false => to.join("store").join(&entry.key),
        };
        copy(&snapshot.backup.join(CONTENT).join(&entry.key), &target, entry.size, &entry.sha256, 0o600)?;
        done.contents += 1;
        done.bytes += entry.size;
    }
    for file in &snapshot.manifest.files {
        if let Some(path) = file.path.strip_prefix(FILES) {
            copy(&snapshot.folder.join(&file.path), &to.join(path), file.size, &file.sha256, file.mode)?;
        }
    }
    done.records = records(&snapshot, to).await?;
    sync_tree(to)?;
    folder::mark_current(to)?;
    Ok(done)
}

fn copy(from: &Path, to: &Path, size: u64, sha256: &str, mode: u32) -> anyhow::Result<()> {
    let mut input = File::open(from).with_context(|| format!("{} is missing from the backup", from.display()))?;
    let mut out = Written::create(to)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = input.read(&mut buffer).with_context(|| format!("cannot read {}", from.display()))?;
        if read == 0 {
            break;
        }
        out.write(&buffer[..read])?;
    }
    if out.finish(mode)? != (size, sha256.to_owned()) {
        bail!(
            "{} is damaged in the backup; the restore stopped, and the new folder is not usable: try another snapshot",
            from.display()
        );
    }
    Ok(())
}

async fn records(snapshot: &Snapshot, to: &Path) -> anyhow::Result<u64> {
    let records: Arc<dyn Records> = Arc::new(RedbRecords::open(&to.join(RECORDS_FILE)).map_err(Problem::from)?);
    let mut input = BufReader::new(File::open(snapshot.folder.join(RECORDS))?);
    let mut tables: Vec<Table> = Vec::new();
    let mut count = 0;
    loop {
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some([table, key, value]) = unframed::<3>(&mut input)?
        {
            let table = String::from_utf8(table).context("a table of the backup has no name")?;
            let table = match tables.iter().find(|known| known.0 == table) {
                Some(known) => *known,
                None => {
                    // A handful of names for one run of the program.
                    tables.push(Table(table.leak()));
                    tables[tables.len() - 1]
                }
            };
            batch.push((table, key, value));
        }
        if batch.is_empty() {
            break;
        }
        count += batch.len() as u64;
        let write = move |transaction: &mut Transaction<'_>| {
            batch.into_iter().try_for_each(|(table, key, value)| transaction.put(table, key, value))
        };
        let written: Result<(), kamld_records::Error> = records.write(write).await;
        written.map_err(Problem::from)?;
    }
    if snapshot.has(REFS) {
        let refs = RecordRefs::new(records);
        let mut input = BufReader::new(File::open(snapshot.folder.join(REFS))?);
        while let Some([key, value]) = unframed::<2>(&mut input)? {
            let key = String::from_utf8(key).context("a ref of the backup has no name")?;
            refs.put(&key, value.into(), Expect::Any, Vec::new()).await.map_err(Problem::from)?;
            count += 1;
        }
    }
    Ok(count)
}
