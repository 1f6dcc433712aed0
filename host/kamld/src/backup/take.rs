//! Taking a snapshot of a running server.
//!
//! Order: garbage collection is held off; the records are read at one moment; then everything that lies in the store is
//! copied, which is at least what those records lead to, since bytes are durable before any record names them.

use super::{
    CONTENT, ContentEntry, FILES, FORMAT, FileEntry, LIST, MANIFEST, MARKER, Manifest, Marker, PARTIAL, Progress,
    RECORDS, REFS, SNAPSHOTS, Written, contents, open, snapshots, sync_folder, sync_tree,
};
use crate::up::signins;
use anyhow::{Context, bail};
use futures::TryStreamExt;
use kamld::{folder, framing::framed};
use kamld_records::Records;
use kamld_storage::AssetStore;
use kamld_types::Problem;
use object_store::{ObjectStoreExt, path::Path as Key};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Records read at once.
const PAGE: usize = 1000;
/// What of the data folder is kept besides records and content. The token is not: a restored server makes its own.
const SINGLE: [&str; 5] = ["kamld.toml", "grants.toml", "audit.log", "audit.head", "plugins/installed.json"];

/// What a backup is taken of.
pub struct Source {
    pub store: AssetStore,
    pub records: Arc<dyn Records>,
    pub data: PathBuf,
    /// Whether the refs lie in an object store and not among the records.
    pub remote_refs: bool,
}

/// Adds a snapshot to the backup in `to`, or begins one there.
pub async fn take(source: &Source, to: &Path, tell: impl Fn(&Progress) + Send + Sync) -> anyhow::Result<Progress> {
    let to = begin(source, to)?;
    let _held = source.store.hold_collection().map_err(Problem::from)?;
    let name = chrono::Utc::now().format("%Y-%m-%dT%H-%M-%S%.3fZ").to_string();
    let partial = to.join(SNAPSHOTS).join(format!("{name}{PARTIAL}"));
    std::fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    let mut taken =
        Taking { source, to: &to, partial: &partial, files: Vec::new(), progress: Progress::default(), tell: &tell };
    taken.progress.snapshot = name.clone();
    taken.records().await?;
    taken.content().await?;
    taken.single_files()?;
    let Taking { files, progress, .. } = taken;
    let manifest = Manifest {
        format: FORMAT,
        created: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        version: env!("CARGO_PKG_VERSION").into(),
        data_format: folder::FORMAT,
        files,
        damaged: progress.damaged.clone(),
    };
    let mut out = Written::create(&partial.join(MANIFEST))?;
    out.write(&serde_json::to_vec_pretty(&manifest)?)?;
    out.finish(0o600)?;
    // Contents first, then what names them, then the name that says that all of it is there.
    sync_tree(&to.join(CONTENT))?;
    sync_tree(&partial)?;
    std::fs::rename(&partial, to.join(SNAPSHOTS).join(&name))?;
    sync_folder(&to.join(SNAPSHOTS))?;
    Ok(progress)
}

/// Makes sure that the folder is a backup or can become one.
fn begin(source: &Source, to: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let to = to.canonicalize()?;
    if to.starts_with(&source.data) || source.data.starts_with(&to) {
        bail!(
            "{} overlaps with the data folder {}: name another folder, best on another disk",
            to.display(),
            source.data.display()
        );
    }
    if !to.join(MARKER).exists() {
        if std::fs::read_dir(&to)?.next().is_some() {
            bail!("{} is neither empty nor a backup of kamld; nothing was written: name an empty folder", to.display());
        }
        let mut out = Written::create(&to.join(MARKER))?;
        out.write(&serde_json::to_vec(&Marker { format: FORMAT })?)?;
        out.finish(0o600)?;
    }
    open(&to)?;
    for folder in [CONTENT, SNAPSHOTS] {
        std::fs::create_dir_all(to.join(folder))?;
    }
    // What an earlier backup did not finish means nothing.
    for entry in std::fs::read_dir(to.join(SNAPSHOTS))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(PARTIAL) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    sync_folder(&to)?;
    Ok(to)
}

struct Taking<'a> {
    source: &'a Source,
    to: &'a Path,
    partial: &'a Path,
    files: Vec<FileEntry>,
    progress: Progress,
    tell: &'a (dyn Fn(&Progress) + Send + Sync),
}

impl Taking<'_> {
    fn keep(&mut self, path: &str, (size, sha256): (u64, String), mode: u32) {
        self.files.push(FileEntry { path: path.into(), size, sha256, mode });
    }

    async fn records(&mut self) -> anyhow::Result<()> {
        let snapshot = self.source.records.snapshot().map_err(Problem::from)?;
        let mut out = Written::create(&self.partial.join(RECORDS))?;
        // Where people are signed in is no part of it, as the token is not.
        let tables = snapshot.tables().map_err(Problem::from)?;
        for table in tables.into_iter().filter(|table| table != signins::TABLE.0) {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let page = snapshot.page(&table, after.as_deref(), PAGE).map_err(Problem::from)?;
                let Some((last, _)) = page.last() else { break };
                after = Some(last.to_vec());
                for (key, value) in page {
                    match value {
                        Ok(value) => {
                            out.write(&framed(&[table.as_bytes(), &key, &value]))?;
                            self.progress.records += 1;
                        }
                        Err(error) => self.progress.damaged.push(error.to_string()),
                    }
                }
                tokio::task::consume_budget().await;
            }
        }
        let written = out.finish(0o600)?;
        self.keep(RECORDS, written, 0o600);
        if self.source.remote_refs {
            let mut out = Written::create(&self.partial.join(REFS))?;
            let mut after: Option<String> = None;
            loop {
                let page = self.source.store.refs_page(after.as_deref(), PAGE).await.map_err(Problem::from)?;
                let Some((last, _)) = page.last() else { break };
                after = Some(last.clone());
                for (key, value) in page {
                    out.write(&framed(&[key.as_bytes(), &value]))?;
                    self.progress.records += 1;
                }
            }
            let written = out.finish(0o600)?;
            self.keep(REFS, written, 0o600);
        }
        (self.tell)(&self.progress);
        Ok(())
    }

    async fn content(&mut self) -> anyhow::Result<()> {
        let known = match snapshots(self.to)?.last() {
            Some(last) => contents(&self.to.join(SNAPSHOTS).join(last))?,
            None => HashMap::new(),
        };
        let mut list = Written::create(&self.partial.join(LIST))?;
        let store = self.source.store.content();
        for folder in ["packs", "objects"] {
            let mut listed = store.list(Some(&Key::from(folder)));
            while let Some(meta) = listed.try_next().await? {
                let key = meta.location.to_string();
                // Only what has one of our names: an unfinished write of the store is not content.
                if key.contains('#') {
                    continue;
                }
                let entry = match self.have(&known, &key, meta.size)? {
                    Some(entry) => Some(entry),
                    None => self.copy_object(&key, meta.size).await?,
                };
                self.list(&mut list, entry)?;
            }
        }
        let blobs = self.source.data.join("plugins/blobs");
        for file in std::fs::read_dir(&blobs).into_iter().flatten().flatten() {
            let key = format!("plugins/blobs/{}", file.file_name().to_string_lossy());
            if !key.ends_with(".wasm") {
                continue;
            }
            let entry = match self.have(&known, &key, file.metadata()?.len())? {
                Some(entry) => Some(entry),
                None => Some(self.copy_file(&key, &file.path())?),
            };
            self.list(&mut list, entry)?;
        }
        let written = list.finish(0o600)?;
        self.keep(LIST, written, 0o600);
        Ok(())
    }

    fn list(&mut self, list: &mut Written, entry: Option<ContentEntry>) -> anyhow::Result<()> {
        let Some(ContentEntry { key, size, sha256 }) = entry else { return Ok(()) };
        list.write(format!("{key}\t{size}\t{sha256}\n").as_bytes())?;
        self.progress.contents += 1;
        self.progress.bytes += size;
        if self.progress.contents.is_multiple_of(64) {
            (self.tell)(&self.progress);
        }
        Ok(())
    }

    /// The entry of what an earlier snapshot has already, whole.
    fn have(
        &self,
        known: &HashMap<String, ContentEntry>,
        key: &str,
        size: u64,
    ) -> anyhow::Result<Option<ContentEntry>> {
        let Some(entry) = known.get(key).filter(|entry| entry.size == size) else { return Ok(None) };
        let there = std::fs::metadata(self.to.join(CONTENT).join(key)).is_ok_and(|found| found.len() == size);
        Ok(there.then(|| entry.clone()))
    }

    /// None when it is damaged or was not there any more.
    async fn copy_object(&mut self, key: &str, size: u64) -> anyhow::Result<Option<ContentEntry>> {
        let found = self.source.store.content().get(&Key::from(key)).await?;
        let mut out = Written::create(&self.to.join(CONTENT).join(key))?;
        let mut stream = found.into_stream();
        while let Some(bytes) = stream.try_next().await? {
            out.write(&bytes)?;
        }
        let name = key.rsplit('/').next().unwrap_or_default();
        let hash = hex::encode(sha2::Digest::finalize(out.hash.clone()));
        if key.starts_with("objects/") && (hash != name || out.size != size) {
            out.discard();
            self.progress.damaged.push(format!("object {name}: its bytes do not match its hash"));
            return Ok(None);
        }
        let (size, sha256) = out.finish(0o400)?;
        self.progress.copied += 1;
        self.progress.copied_bytes += size;
        Ok(Some(ContentEntry { key: key.into(), size, sha256 }))
    }

    fn copy_file(&mut self, key: &str, from: &Path) -> anyhow::Result<ContentEntry> {
        let bytes = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        let mut out = Written::create(&self.to.join(CONTENT).join(key))?;
        out.write(&bytes)?;
        let (size, sha256) = out.finish(0o400)?;
        self.progress.copied += 1;
        self.progress.copied_bytes += size;
        Ok(ContentEntry { key: key.into(), size, sha256 })
    }

    fn single_files(&mut self) -> anyhow::Result<()> {
        let mut paths: Vec<String> = SINGLE.iter().map(|path| (*path).to_owned()).collect();
        // Closed segments of the audit log.
        for file in std::fs::read_dir(self.source.data.join("audit")).into_iter().flatten().flatten() {
            paths.push(format!("audit/{}", file.file_name().to_string_lossy()));
        }
        for path in paths {
            let from = self.source.data.join(&path);
            let bytes = match std::fs::read(&from) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                read => read.with_context(|| format!("cannot read {}", from.display()))?,
            };
            let stored = format!("{FILES}/{path}");
            let mut out = Written::create(&self.partial.join(&stored))?;
            out.write(&bytes)?;
            let written = out.finish(0o600)?;
            self.keep(&stored, written, 0o600);
        }
        Ok(())
    }
}
