//! Compiled components on disk, each authenticated before it is mapped: an artifact is native code.
//!
//! Lives here: keys, codes, the files, and their eviction. Must not live here: how an artifact comes to be (`compile`).
//! An artifact is `ENGINE-NAME.cwasm` with its code in `ENGINE-NAME.mac`, whose time of modification is the last use;
//! `ENGINE-NAME.declared` holds what the component said of itself, behind a code of its own.
//! Invariant: nothing is mapped whose code was not checked against this host's own key in this very call. Everything
//! in the folder can be thrown away; it is made again.

use crate::{
    compile::Compiler,
    introduction::{self, Introduction},
    limits::Limits,
};
use hmac::{Hmac, KeyInit, Mac};
use kamld_types::{Hash, Problem, problem::Result};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions, Permissions},
    hash::{Hash as _, Hasher},
    io::{self, Read, Seek, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};
use wasmtime::{Engine, component::Component};

/// The version of the engine, as the lock file has it: artifacts of another one are of no use.
const ENGINE: &str = "wasmtime 48.0.8";

/// Seconds after which a draft is a leftover: longer than any compilation takes.
const DRAFT_AGE: u64 = 3600;

/// The ending of the files that say what components declare of themselves.
const INTRODUCTION: &str = "declared";

/// Numbers the drafts of this process.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

type Code = Hmac<Sha256>;

pub struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    /// Digest over everything of the engine that an artifact depends on.
    settings: [u8; 32],
    /// One compilation at a time: each takes every processor by itself.
    compiling: tokio::sync::Mutex<()>,
}

/// Feeds what the engine hashes into SHA-256, so that file names do not depend on the standard library's hasher.
struct Settings(Sha256);

impl Hasher for Settings {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// What `Cache::collect` removed, or would remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub files: u64,
    pub bytes: u64,
}

/// The files of one artifact.
#[derive(Default)]
struct Artifact {
    files: Vec<PathBuf>,
    bytes: u64,
    used: Option<SystemTime>,
    complete: bool,
}

/// What is in the folder.
struct Contents {
    artifacts: BTreeMap<String, Artifact>,
    introductions: BTreeMap<String, Artifact>,
    drafts: Vec<Artifact>,
}

/// Why an artifact was not taken from the cache.
enum Miss {
    Absent,
    Damaged(String),
    /// Genuine, but not for this engine or these limits.
    Unfit(String),
}

impl Cache {
    /// Opens the folder, and makes the key when there is none.
    pub fn open(folder: &Path, engine: &Engine) -> Result<Self> {
        let fail = |error: io::Error| {
            Problem::unavailable(format!("the folder of compiled plug-ins {} is not usable: {error}", folder.display()))
        };
        fs::create_dir_all(folder).map_err(fail)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(fail)?;
        let key = read_key(folder).map_err(fail)?;
        sweep(folder);
        let mut settings = Settings(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut settings);
        settings.0.update(ENGINE);
        settings.0.update(std::env::consts::ARCH);
        settings.0.update(std::env::consts::OS);
        Ok(Self {
            folder: folder.to_owned(),
            key,
            settings: settings.0.finalize().into(),
            compiling: Default::default(),
        })
    }

    /// The component with this digest: from the cache, or compiled from `source`. Blocks on files, not on the compiler.
    pub async fn component(
        &self,
        engine: &Engine,
        compiler: &Compiler,
        limits: &Limits,
        digest: &Hash,
        source: &Path,
    ) -> Result<Component> {
        match self.load(engine, digest) {
            Ok(component) => return Ok(component),
            Err(Miss::Absent | Miss::Unfit(_)) => {}
            Err(Miss::Damaged(why)) => {
                tracing::error!(%digest, "a compiled plug-in was not what this host wrote and is made again: {why}");
            }
        }
        let _compiling = self.compiling.lock().await;
        if let Ok(component) = self.load(engine, digest) {
            // Somebody else wanted the same one.
            return Ok(component);
        }
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = Draft(self.folder.join(format!("{}.{}-{number}.draft", digest.to_hex(), std::process::id())));
        compiler.compile(source, digest, &draft.0, limits).await?;
        self.keep(digest, &draft.0)
            .map_err(|error| Problem::unavailable(format!("a compiled plug-in cannot be kept: {error}")))?;
        self.load(engine, digest).map_err(|miss| {
            let why = match miss {
                Miss::Absent => "it is gone again".to_owned(),
                Miss::Damaged(why) => why,
                Miss::Unfit(why) => {
                    return Problem::invalid(format!("this host cannot run it: {why}")).help(
                        "when it needs more than it may have: limits.memory_mib, limits.table_elements, limits.parts",
                    );
                }
            };
            Problem::internal(format!("a plug-in that was just compiled cannot be loaded: {why}"))
        })
    }

    /// Writes a component of the host's own where the compiler can read it.
    pub fn source(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join(format!("{name}.wasm"));
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(path);
        }
        fs::write(&path, bytes)
            .map_err(|error| Problem::unavailable(format!("{} cannot be written: {error}", path.display())))?;
        Ok(path)
    }

    /// Removes what is of no use: artifacts of other engines and settings, leftovers of crashes, and while more than
    /// `budget` bytes remain the least recently used artifacts of components that are not in `keep`. With `dry_run`
    /// nothing is removed. Blocks on files. A component that is running stays mapped, and is compiled again when it is
    /// loaded the next time. While a component is being compiled, artifacts for this engine stay.
    pub fn collect(&self, keep: &BTreeSet<Hash>, budget: u64, dry_run: bool) -> Result<Report> {
        // One that is being made comes in two renames and is loaded right after: it must not be taken away in between.
        let idle = self.compiling.try_lock();
        let Contents { mut artifacts, introductions, drafts: mut useless } = self.contents().map_err(|error| {
            Problem::unavailable(format!("{} cannot be read: {error}", self.folder.display()))
                .help("nothing was removed")
        })?;
        let engine = self.engine();
        let kept: BTreeSet<String> = keep.iter().map(|digest| self.name(digest)).collect();
        for (name, artifact) in &mut artifacts {
            let foreign = !name.starts_with(&engine);
            if foreign || (!artifact.complete && idle.is_ok()) {
                useless.push(std::mem::take(artifact));
            }
        }
        artifacts.retain(|_, artifact| !artifact.files.is_empty());
        if idle.is_ok() {
            // Asked for again when a component is installed again, which takes less than its compilation.
            useless.extend(introductions.into_iter().filter(|(name, _)| !kept.contains(name)).map(|(_, found)| found));
        }
        let mut total: u64 = artifacts.values().map(|artifact| artifact.bytes).sum();
        let mut evictable: Vec<Artifact> = match idle.is_ok() {
            true => artifacts.into_iter().filter(|(name, _)| !kept.contains(name)).map(|(_, found)| found).collect(),
            false => Vec::new(),
        };
        evictable.sort_by_key(|artifact| artifact.used);
        for artifact in evictable {
            if total <= budget {
                break;
            }
            total -= artifact.bytes;
            useless.push(artifact);
        }
        let mut report = Report::default();
        for artifact in useless {
            for file in artifact.files {
                let Ok(size) = fs::metadata(&file).map(|metadata| metadata.len()) else { continue };
                if !dry_run && let Err(error) = fs::remove_file(&file) {
                    tracing::warn!(%error, file = %file.display(), "a compiled plug-in that is not needed cannot be removed");
                    continue;
                }
                report.files += 1;
                report.bytes += size;
            }
        }
        Ok(report)
    }

    /// Artifacts and introductions by name, and leftover drafts.
    fn contents(&self) -> io::Result<Contents> {
        let (mut artifacts, mut introductions) = (BTreeMap::<String, Artifact>::new(), BTreeMap::new());
        let mut drafts = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // A file may be moved or removed at any time.
            let Ok(metadata) = entry.metadata() else { continue };
            let path = entry.path();
            let (Some(stem), Some(ending)) = (path.file_stem(), path.extension()) else { continue };
            match ending.to_str() {
                Some(ending @ ("cwasm" | "mac")) => {
                    let artifact = artifacts.entry(stem.to_string_lossy().into_owned()).or_default();
                    artifact.complete = !artifact.files.is_empty();
                    artifact.bytes += metadata.len();
                    match ending {
                        // Removed first: a code without an artifact is only a leftover, the reverse looks like damage.
                        "cwasm" => artifact.files.insert(0, path),
                        _ => {
                            artifact.used = metadata.modified().ok();
                            artifact.files.push(path);
                        }
                    }
                }
                Some(INTRODUCTION) => {
                    let introduction =
                        Artifact { files: vec![path.clone()], bytes: metadata.len(), ..Artifact::default() };
                    introductions.insert(stem.to_string_lossy().into_owned(), introduction);
                }
                Some(_) if leftover(&path, &metadata) => {
                    drafts.push(Artifact { files: vec![path], bytes: metadata.len(), ..Artifact::default() });
                }
                // The key, and components of the host's own.
                _ => {}
            }
        }
        Ok(Contents { artifacts, introductions, drafts })
    }

    /// What is remembered of a component; none when nothing is, or when it is not what this host wrote.
    pub fn introduction(&self, digest: &Hash) -> Option<Introduction> {
        let bytes = fs::read(self.introduction_file(digest)).ok()?;
        let (code, body) = bytes.split_at_checked(32)?;
        self.introduction_code(digest, body).ok()?.verify_slice(code).ok()?;
        serde_json::from_slice(body).ok()
    }

    /// Replaces what is remembered of a component.
    pub fn keep_introduction(&self, digest: &Hash, introduction: &Introduction) -> io::Result<()> {
        let body = serde_json::to_vec(introduction)?;
        let code = self.introduction_code(digest, &body)?.finalize().into_bytes();
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = Draft(self.folder.join(format!("{}.{}-{number}.draft", digest.to_hex(), std::process::id())));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft.0)?;
        file.write_all(&code)?;
        file.write_all(&body)?;
        fs::rename(&draft.0, self.introduction_file(digest))
    }

    pub fn forget_introduction(&self, digest: &Hash) {
        // One that stays is replaced by the next try.
        let _ = fs::remove_file(self.introduction_file(digest));
    }

    /// Removes all that there is of a component. What runs of it stays mapped.
    pub fn forget(&self, digest: &Hash) {
        self.forget_introduction(digest);
        let (artifact, code) = self.files(digest);
        for file in [artifact, code] {
            if let Err(error) = fs::remove_file(&file)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, file = %file.display(), "a compiled plug-in that was removed stays in the cache");
            }
        }
    }

    fn introduction_file(&self, digest: &Hash) -> PathBuf {
        self.folder.join(format!("{}.{INTRODUCTION}", self.name(digest)))
    }

    /// Under the key of the artifacts: who declares another effect for a command could have it run without a question.
    fn introduction_code(&self, digest: &Hash, body: &[u8]) -> io::Result<Code> {
        let mut code = Code::new_from_slice(&self.key).map_err(io::Error::other)?;
        code.update(INTRODUCTION.as_bytes());
        code.update(&introduction::asked_as());
        code.update(self.name(digest).as_bytes());
        code.update(body);
        Ok(code)
    }

    /// What the names of all artifacts for this engine and its settings begin with.
    fn engine(&self) -> String {
        format!("{}-", hex::encode(&self.settings[..8]))
    }

    fn name(&self, digest: &Hash) -> String {
        let mut name = Sha256::new();
        name.update(digest.0);
        name.update(self.settings);
        self.engine() + &hex::encode(name.finalize())
    }

    fn files(&self, digest: &Hash) -> (PathBuf, PathBuf) {
        let name = self.name(digest);
        (self.folder.join(format!("{name}.cwasm")), self.folder.join(format!("{name}.mac")))
    }

    /// The code covers the name, so that one artifact cannot stand in for another.
    fn code(&self, digest: &Hash, file: &mut File) -> io::Result<Code> {
        let mut code = Code::new_from_slice(&self.key).map_err(io::Error::other)?;
        code.update(self.name(digest).as_bytes());
        let mut buffer = vec![0; 256 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(code),
                read => code.update(&buffer[..read]),
            }
        }
    }

    fn load(&self, engine: &Engine, digest: &Hash) -> std::result::Result<Component, Miss> {
        let (artifact, code) = self.files(digest);
        let damaged = |error: &dyn std::fmt::Display| Miss::Damaged(error.to_string());
        let mut file = File::open(&artifact).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Miss::Absent,
            _ => damaged(&error),
        })?;
        let mut code = File::open(&code).map_err(|error| damaged(&error))?;
        let mut expected = Vec::new();
        code.read_to_end(&mut expected).map_err(|error| damaged(&error))?;
        let computed = self.code(digest, &mut file).map_err(|error| damaged(&error))?;
        computed.verify_slice(&expected).map_err(|_| damaged(&"its authentication code is wrong"))?;
        file.rewind().map_err(|error| damaged(&error))?;
        // The very file that was checked is mapped, not whatever has its name by now.
        #[cfg(target_os = "linux")]
        let checked = {
            use std::os::fd::AsRawFd;
            PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
        };
        #[cfg(not(target_os = "linux"))]
        let checked = artifact;
        // SAFETY: the bytes are what this host's own compiler wrote, proven by a code under a key that only this
        // host has; the folder is closed to other users, so nobody else changes them while they are mapped.
        let component = unsafe { Component::deserialize_file(engine, &checked) };
        // For eviction only: where it fails, this artifact counts as used less recently.
        let _ = code.set_modified(SystemTime::now());
        component.map_err(|error| Miss::Unfit(format!("{error:#}")))
    }

    fn keep(&self, digest: &Hash, draft: &Path) -> io::Result<()> {
        let (artifact, code) = self.files(digest);
        let computed = self.code(digest, &mut File::open(draft)?)?;
        let draft_code = draft.with_extension("draft-mac");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft_code)?;
        file.write_all(&computed.finalize().into_bytes())?;
        file.sync_all()?;
        // A crash between the two leaves a pair that does not fit, and that is found out at the next load.
        fs::rename(&draft_code, &code)?;
        fs::rename(draft, &artifact)
    }
}

/// A file that goes away unless it was moved to its place.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // It is gone when it was moved; what cannot be removed now is nothing but space.
        let _ = fs::remove_file(&self.0);
    }
}

/// Removes drafts that an interrupted compilation left.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.metadata().is_ok_and(|metadata| leftover(&entry.path(), &metadata)) {
            // One that stays is tried again at the next start.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file is the draft of a compilation that was interrupted.
fn leftover(path: &Path, metadata: &fs::Metadata) -> bool {
    let draft = path.extension().is_some_and(|ending| ending.to_string_lossy().starts_with("draft"));
    let age = metadata.modified().ok().and_then(|at| at.elapsed().ok());
    draft && age.is_some_and(|age| age.as_secs() > DRAFT_AGE)
}

/// The key, made when there is none. Of two that make one at the same time the first is taken by both.
fn read_key(folder: &Path) -> io::Result<[u8; 32]> {
    let path = folder.join("key");
    let there = || -> io::Result<Option<[u8; 32]>> {
        match fs::read(&path) {
            Ok(bytes) => Ok(bytes.try_into().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    };
    if let Some(key) = there()? {
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        return Ok(key);
    }
    if path.exists() {
        // Cut short by a crash: nothing that was made under it can be told from a forgery any more.
        fs::remove_file(&path)?;
    }
    let mut key = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = Draft(folder.join(format!("key-{}-{number}.draft", std::process::id())));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft.0)?;
    file.write_all(&key)?;
    file.sync_all()?;
    match fs::hard_link(&draft.0, &path) {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            there()?.ok_or_else(|| io::Error::other("the key is not whole"))
        }
        Err(error) => Err(error),
    }
}
