//! From format 1 of the data folder, which kept all metadata in sled (`meta/`), to format 2: records in redb, and sled
//! only for what can be made again.
//!
//! The old database, and the files that this version changes so that the former one cannot read them, stay in `v1` until
//! the first clean stop of this version; the way back is in CONTRIBUTING.md.
//! Invariants: the old database is only read; the format changes last, so that a migration that was cut short begins
//! again from the start; no garbage is collected while the copy is there, since it names bytes of its own.

use super::metadata::{DERIVED, RECORDS};
use anyhow::Context;
use kamld::folder::{self, Folder};
use kamld_metadata::{Derived, embedded::tables};
use kamld_records::{Records, Transaction};
use kamld_registry::durable;
use kamld_storage::embedded::TABLE as REFS;
use kamld_types::Problem;
use std::{collections::BTreeMap, path::Path, sync::Arc};

const OLD: &str = "meta";
/// What is kept for the way back.
const COPY: &str = "v1";
/// Files that are copied, besides the old database, which is moved.
const COPIED: [&str; 2] = ["plugins/installed.json", "grants.toml"];
/// Records of one transaction.
const BATCH: usize = 2000;

/// Whether the old database is still kept.
pub fn copy_is_kept(folder: &Path) -> bool {
    folder.join(COPY).exists()
}

/// Clears what a migration that was cut short left behind.
pub fn prepare(folder: &Folder) -> anyhow::Result<()> {
    if folder.format >= folder::FORMAT {
        let old = folder.join(OLD);
        if old.exists() {
            put_aside(folder, &old)?;
        }
        return Ok(());
    }
    for name in [RECORDS, "records.draft", "records.reserve"] {
        remove_file(&folder.join(name))?;
    }
    match std::fs::remove_dir_all(folder.join(DERIVED)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("cannot begin the migration"),
        _ => Ok(()),
    }
}

fn remove_file(file: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// Copies all records of a folder of format 1 and says that it has the current format.
pub async fn run(folder: &Folder, records: &Arc<dyn Records>, derived: &Derived) -> anyhow::Result<()> {
    if folder.format >= folder::FORMAT {
        return Ok(());
    }
    let old = folder.join(OLD);
    let mut damaged = Vec::new();
    if old.exists() {
        eprintln!("bringing the metadata of {} to format {}", folder.path.display(), folder::FORMAT);
        keep_files(folder)?;
        let database = sled::open(&old)
            .with_context(|| format!("the metadata in {} cannot be opened; nothing was changed", old.display()))?;
        let mut copy = Copy { records, derived, damaged: &mut damaged, batch: Vec::new(), ids: 0 };
        copy.refs(&database).await?;
        copy.projects(&database).await?;
        copy.catalog(&database).await?;
        copy.key_values(&database).await?;
        copy.index(&database)?;
        copy.finish().await?;
    }
    folder::mark_current(&folder.path)?;
    if old.exists() {
        put_aside(folder, &old)?;
    }
    for key in damaged {
        eprintln!("warning: the old record {key} was damaged and was not carried over; {COPY} still has it");
    }
    Ok(())
}

fn keep_files(folder: &Folder) -> anyhow::Result<()> {
    let copy = folder.join(COPY);
    durable::create_folder(&copy).context("the old files cannot be kept")?;
    for name in COPIED {
        if let Some(bytes) = durable::read(&folder.join(name))? {
            let place = Path::new(name).file_name().context("a file has a name")?;
            durable::replace(&copy.join(place), &bytes, 0o600)?;
        }
    }
    Ok(())
}

fn put_aside(folder: &Folder, old: &Path) -> anyhow::Result<()> {
    let copy = folder.join(COPY);
    durable::create_folder(&copy).context("the old metadata cannot be put aside")?;
    std::fs::rename(old, copy.join(OLD)).context("the old metadata cannot be put aside")?;
    durable::sync_folder(&copy)?;
    Ok(durable::sync_folder(&folder.path)?)
}

/// Removes the old database after a clean stop: everything works without it.
pub fn forget_copy(folder: &Folder) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder.join(COPY)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("the old metadata in {COPY} cannot be removed"))
        }
        _ => Ok(()),
    }
}

type Put = (kamld_records::Table, Vec<u8>, Vec<u8>);

struct Copy<'a> {
    records: &'a Arc<dyn Records>,
    derived: &'a Derived,
    damaged: &'a mut Vec<String>,
    batch: Vec<Put>,
    /// The highest revision that was given out.
    ids: u64,
}

impl Copy<'_> {
    async fn put(&mut self, put: Put) -> anyhow::Result<()> {
        self.batch.push(put);
        if self.batch.len() >= BATCH {
            self.write().await?;
        }
        Ok(())
    }

    async fn write(&mut self) -> anyhow::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let ids = self.ids;
        let work = move |transaction: &mut Transaction<'_>| {
            for (table, key, value) in batch {
                transaction.put(table, key, value)?;
            }
            transaction.ids_above(ids)
        };
        let written: Result<(), kamld_records::Error> = self.records.write(work).await;
        Ok(written.map_err(Problem::from)?)
    }

    async fn finish(&mut self) -> anyhow::Result<()> {
        self.write().await?;
        self.derived.flush().map_err(Problem::from)?;
        Ok(())
    }

    fn damage(&mut self, tree: &str, key: &[u8]) {
        self.damaged.push(format!("'{}' of {tree}", String::from_utf8_lossy(key).escape_debug()));
    }

    /// `u32` CRC of the rest, `u64` revision, the record: without the checksum it is what records have today.
    async fn refs(&mut self, database: &sled::Db) -> anyhow::Result<()> {
        for entry in database.open_tree("storage-refs")?.iter() {
            let (key, stored) = entry?;
            match stored.split_first_chunk::<4>() {
                Some((sum, rest)) if u32::from_le_bytes(*sum) == crc32fast::hash(rest) && rest.len() > 8 => {
                    self.see_revision(rest);
                    self.put((REFS, key.to_vec(), rest.to_vec())).await?;
                }
                _ => self.damage("storage-refs", &key),
            }
        }
        Ok(())
    }

    fn see_revision(&mut self, record: &[u8]) {
        if let Some(revision) = record.first_chunk::<8>() {
            self.ids = self.ids.max(u64::from_le_bytes(*revision));
        }
    }

    async fn projects(&mut self, database: &sled::Db) -> anyhow::Result<()> {
        for entry in database.open_tree("metadata/projects")?.iter() {
            let (key, stored) = entry?;
            match unsealed(&key, &stored) {
                Some(record) => self.put((tables::PROJECTS, key.to_vec(), record.to_vec())).await?,
                None => self.damage("metadata/projects", &key),
            }
        }
        Ok(())
    }

    async fn catalog(&mut self, database: &sled::Db) -> anyhow::Result<()> {
        for entry in database.open_tree("metadata/catalog")?.iter() {
            let (key, stored) = entry?;
            match key.first() {
                // Descriptions moved to the store of what can be made again.
                Some(b'c') => {
                    if let Some(record) = unsealed(&key, &stored) {
                        self.derived.import_description(&key[2..], record).map_err(Problem::from)?;
                    }
                }
                Some(b'd') => match unsealed(&key, &stored) {
                    Some(record) => self.put((tables::CATALOG, key.to_vec(), record.to_vec())).await?,
                    None => self.damage("metadata/catalog", &key),
                },
                // Tags in use have no value, and marks of changes are a number.
                _ => self.put((tables::CATALOG, key.to_vec(), stored.to_vec())).await?,
            }
        }
        Ok(())
    }

    async fn key_values(&mut self, database: &sled::Db) -> anyhow::Result<()> {
        let mut usage = BTreeMap::<Vec<u8>, u64>::new();
        for entry in database.open_tree("metadata/kv")?.iter() {
            let (key, stored) = entry?;
            let space = key.iter().position(|byte| *byte == 0);
            match (unsealed(&key, &stored), space) {
                (Some(record), Some(space)) if record.len() >= 8 => {
                    self.see_revision(record);
                    let bytes = (key.len() - space - 1 + record.len() - 8) as u64;
                    *usage.entry(key[..space].to_vec()).or_default() += bytes;
                    self.put((tables::KV, key.to_vec(), record.to_vec())).await?;
                }
                _ => self.damage("metadata/kv", &key),
            }
        }
        for (space, bytes) in usage {
            self.put((tables::KV_USAGE, space, bytes.to_le_bytes().to_vec())).await?;
        }
        Ok(())
    }

    fn index(&mut self, database: &sled::Db) -> anyhow::Result<()> {
        for entry in database.open_tree("metadata/index")?.iter() {
            let (key, stored) = entry?;
            self.derived.import_index(&key, &stored).map_err(Problem::from)?;
        }
        Ok(())
    }
}

/// A record of the old catalogue, projects and key-values: CRC-32 over key and body, then the body.
fn unsealed<'a>(key: &[u8], stored: &'a [u8]) -> Option<&'a [u8]> {
    let (sum, body) = stored.split_first_chunk::<4>()?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(body);
    (hasher.finalize() == u32::from_le_bytes(*sum)).then_some(body)
}
