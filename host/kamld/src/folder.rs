//! The data folder: its layout, its format version, and the lock that keeps a second process out.
//!
//! Invariant: nothing in the folder is touched before version and lock have been checked.

use anyhow::{Context, bail};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Grows when an older `kamld` could no longer read the folder rightly.
pub const FORMAT: u32 = 1;

/// An open data folder. While this lives, no other process can open it.
pub struct Folder {
    pub path: PathBuf,
    /// Whether this start made it.
    pub new: bool,
    _lock: File,
}

impl Folder {
    /// Opens the folder, or makes it. Fails, with nothing changed, when another process holds it or when it was
    /// written by a newer version.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        make(path).with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot open the data folder {}", path.display()))?;
        let lock = lock(&path)?;
        let new = check_format(&path)?;
        for part in ["store", "spool", "index", "plugins", "cache", "spill"] {
            std::fs::create_dir_all(path.join(part))
                .with_context(|| format!("cannot make {part} in {}", path.display()))?;
        }
        // What is written below these folders is only as durable as their own names.
        sync(&path).with_context(|| format!("cannot sync the data folder {}", path.display()))?;
        Ok(Self { path, new, _lock: lock })
    }

    pub fn join(&self, part: &str) -> PathBuf {
        self.path.join(part)
    }

    /// The token of this folder, made on the first start and kept, so that links stay good.
    pub fn token(&self) -> anyhow::Result<String> {
        let file = self.join("token");
        match std::fs::read_to_string(&file) {
            Ok(token) if token.trim().len() >= 32 => return Ok(token.trim().to_owned()),
            Ok(_) => bail!("{} is damaged: remove it to get a new token", file.display()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
        let mut random = [0u8; 24];
        File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random)).context("no randomness")?;
        let token = hex::encode(random);
        write_private(&file, token.as_bytes())?;
        Ok(token)
    }

    /// Tells command lines of the same person where the server is.
    pub fn announce(&self, url: &str, token: &str) -> anyhow::Result<()> {
        let text = serde_json::json!({"url": url, "token": token, "pid": std::process::id()});
        write_private(&self.join("server.json"), text.to_string().as_bytes())
    }

    /// Takes the announcement back.
    pub fn retire(&self) {
        if let Err(error) = std::fs::remove_file(self.join("server.json")) {
            tracing::warn!(%error, "server.json could not be removed");
        }
    }
}

/// Makes a folder and those above it that are missing, each with a durable name.
fn make(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make(parent)?;
    match std::fs::create_dir(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => sync(parent),
    }
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a file that only its owner may read, whole or not at all; durable when this returns.
fn write_private(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let partial = file.with_extension("partial");
    let write = || -> std::io::Result<()> {
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        std::fs::rename(&partial, file)?;
        file.parent().map_or(Ok(()), sync)
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let file = path.join("lock");
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&file)
        .with_context(|| format!("cannot open {}", file.display()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            lock.read_to_string(&mut holder).ok();
            bail!(
                "the data folder {} is held by process {}: stop that one, or use another folder with --data",
                path.display(),
                holder.trim()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", file.display()));
        }
    }
    lock.set_len(0)?;
    write!(lock, "{}", std::process::id())?;
    Ok(lock)
}

/// Answers whether the folder is new.
fn check_format(path: &Path) -> anyhow::Result<bool> {
    let file = path.join("FORMAT");
    match std::fs::read_to_string(&file) {
        Ok(text) => match text.trim().parse::<u32>() {
            Ok(format) if format <= FORMAT => Ok(false),
            Ok(format) => bail!(
                "the data folder {} was written by a newer kamld (format {format}, this one reads up to {FORMAT}); \
                 nothing was changed: use the newer version, or another folder with --data",
                path.display()
            ),
            Err(_) => bail!("{} does not hold a number: is {} a data folder of kamld?", file.display(), path.display()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let foreign = std::fs::read_dir(path)?
                .filter_map(Result::ok)
                .find(|entry| entry.file_name() != "lock" && entry.file_name() != crate::config::FILE);
            if let Some(entry) = foreign {
                bail!(
                    "{} is not empty and not a data folder of kamld (it holds {:?}); nothing was changed: use an empty folder",
                    path.display(),
                    entry.file_name()
                );
            }
            let mut out = File::create(&file)?;
            writeln!(out, "{FORMAT}")?;
            out.sync_all()?;
            sync(path)?;
            Ok(true)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_who_holds_the_folder() {
        let temporary = tempfile::tempdir().unwrap();
        let first = Folder::open(temporary.path()).unwrap();
        assert!(first.new);
        let error = Folder::open(temporary.path()).err().unwrap().to_string();
        assert!(error.contains(&format!("held by process {}", std::process::id())), "{error}");
        drop(first);
        assert!(!Folder::open(temporary.path()).unwrap().new);
    }

    #[test]
    fn a_folder_of_a_newer_version_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        drop(Folder::open(temporary.path()).unwrap());
        std::fs::write(temporary.path().join("FORMAT"), "99\n").unwrap();
        let error = Folder::open(temporary.path()).err().unwrap().to_string();
        assert!(error.contains("newer kamld (format 99"), "{error}");
    }

    #[test]
    fn a_folder_with_other_things_in_it_is_not_taken_over() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::write(temporary.path().join("thesis.tex"), "").unwrap();
        let error = Folder::open(temporary.path()).err().unwrap().to_string();
        assert!(error.contains("thesis.tex"), "{error}");
        assert!(!temporary.path().join("FORMAT").exists());
    }

    #[test]
    fn the_token_stays_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(temporary.path()).unwrap();
        let token = folder.token().unwrap();
        assert_eq!(folder.token().unwrap(), token);
        assert_eq!(std::fs::metadata(folder.join("token")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
