//! Backups: a folder of snapshots that share their content.
//!
//! Layout of a backup folder: `kamld-backup.json` (the marker), `content/` (packs, whole objects and packages of
//! plug-ins, each once, by name), `snapshots/TIME/` with `manifest.json`, `records.bin`, `content.tsv` and `files/`.
//! In reading order: this file (the format), `take`, `restore`.
//! Must not live here: when a backup is made.
//! Invariants: a snapshot without `.partial` in its name is complete and synced; what a snapshot names was verified by
//! its SHA-256 when it was copied; the original is never written to.

mod restore;
mod take;

pub use restore::{check, restore};
pub use take::{Source, take};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

const MARKER: &str = "kamld-backup.json";
const FORMAT: u32 = 1;
const CONTENT: &str = "content";
const SNAPSHOTS: &str = "snapshots";
const PARTIAL: &str = ".partial";
const RECORDS: &str = "records.bin";
/// Refs that lie in an object store instead of among the records.
const REFS: &str = "refs.bin";
const LIST: &str = "content.tsv";
const MANIFEST: &str = "manifest.json";
const FILES: &str = "files";

/// How far a backup or a restore is; the last one is the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub snapshot: String,
    /// Packs, objects and packages that the snapshot names.
    pub contents: u64,
    pub bytes: u64,
    /// Of them, what had to be copied this time.
    pub copied: u64,
    pub copied_bytes: u64,
    pub records: u64,
    /// What does not match its hash and is therefore not in the backup.
    pub damaged: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    format: u32,
}

/// What a snapshot consists of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// RFC 3339, UTC.
    pub created: String,
    /// Of kamld.
    pub version: String,
    /// Format of the data folder.
    pub data_format: u32,
    /// Files of the snapshot itself, by path below it.
    pub files: Vec<FileEntry>,
    pub damaged: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    pub path: String,
    pub size: u64,
    pub sha256: String,
    pub mode: u32,
}

/// One line of `content.tsv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentEntry {
    pub key: String,
    pub size: u64,
    pub sha256: String,
}

/// Checks that a folder is a backup.
fn open(folder: &Path) -> anyhow::Result<()> {
    let file = folder.join(MARKER);
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("{} is not a backup of kamld: it has no {MARKER}", folder.display()))?;
    let marker: Marker = serde_json::from_str(&text).with_context(|| format!("{} is damaged", file.display()))?;
    if marker.format != FORMAT {
        bail!(
            "the backup has format {}, and this version of kamld knows {FORMAT}: use the version that made it",
            marker.format
        );
    }
    Ok(())
}

/// Complete snapshots, oldest first.
fn snapshots(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.join(SNAPSHOTS)).context("the snapshots cannot be listed")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.ends_with(PARTIAL) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The contents that a snapshot names, by key.
fn contents(snapshot: &Path) -> anyhow::Result<HashMap<String, ContentEntry>> {
    let text = std::fs::read_to_string(snapshot.join(LIST))?;
    let parse = |line: &str| {
        let mut parts = line.split('\t');
        let (key, size, sha256) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
        Some((key.to_owned(), ContentEntry { key: key.into(), size, sha256: sha256.into() }))
    };
    text.lines().map(|line| parse(line).with_context(|| format!("{LIST} has a line that cannot be read"))).collect()
}

/// A file that is written once, hashed on the way, and there whole or not at all.
struct Written {
    out: BufWriter<File>,
    hash: Sha256,
    size: u64,
    partial: PathBuf,
    file: PathBuf,
}

impl Written {
    fn create(file: &Path) -> anyhow::Result<Self> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let partial = file.with_added_extension("partial");
        let out = File::create(&partial).with_context(|| format!("cannot write {}", partial.display()))?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, out),
            hash: Sha256::new(),
            size: 0,
            partial,
            file: file.into(),
        })
    }

    /// Hashes and writes; the server goes on serving meanwhile.
    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.size += bytes.len() as u64;
        tokio::task::block_in_place(|| {
            self.hash.update(bytes);
            self.out.write_all(bytes)
        })
        .with_context(|| format!("cannot write {}", self.partial.display()))
    }

    /// The size and the SHA-256. The name is durable once its folder is synced.
    fn finish(mut self, mode: u32) -> anyhow::Result<(u64, String)> {
        use std::os::unix::fs::PermissionsExt;
        tokio::task::block_in_place(|| {
            self.out.flush()?;
            let file = self.out.get_ref();
            file.set_permissions(std::fs::Permissions::from_mode(mode))?;
            file.sync_all()?;
            std::fs::rename(&self.partial, &self.file)
        })
        .with_context(|| format!("cannot write {}", self.file.display()))?;
        Ok((self.size, hex::encode(self.hash.finalize())))
    }

    /// Gives up what was written.
    fn discard(self) {
        let _ = std::fs::remove_file(&self.partial);
    }
}

/// The SHA-256 of a file and its size.
fn hash_file(file: &Path) -> anyhow::Result<(u64, String)> {
    let mut input = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let read = input.read(&mut buffer).with_context(|| format!("cannot read {}", file.display()))?;
        if read == 0 {
            return Ok((size, hex::encode(hash.finalize())));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

fn sync_folder(folder: &Path) -> anyhow::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(|| format!("cannot sync {}", folder.display()))
}

/// Syncs a folder and all below it.
fn sync_tree(folder: &Path) -> anyhow::Result<()> {
    tokio::task::block_in_place(|| sync_below(folder))
}

fn sync_below(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_below(&entry.path())?;
        }
    }
    sync_folder(folder)
}
