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
pub const FORMAT: u32 = 2;

/// An open data folder. While this lives, no other process can open it.
pub struct Folder {
    pub path: PathBuf,
    /// Whether this start made it.
    pub new: bool,
    /// The format that it had when it was opened.
    pub format: u32,
    _lock: File,
}

impl Folder {
    /// Opens the folder, or makes it. Fails, with nothing changed, when another process holds it or when it was
    /// written by a newer version.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path).with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot open the data folder {}", path.display()))?;
        let lock = lock(&path)?;
        let found = check_format(&path)?;
        let (new, format) = (found.is_none(), found.unwrap_or(FORMAT));
        for part in ["store", "spool", "index", "plugins", "cache", "spill"] {
            std::fs::create_dir_all(path.join(part))
                .with_context(|| format!("cannot make {part} in {}", path.display()))?;
        }
        Ok(Self { path, new, format, _lock: lock })
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

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let partial = file.with_extension("partial");
    let write = || -> std::io::Result<()> {
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        std::fs::rename(&partial, file)
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

/// Says that the folder has the current format from now on.
pub fn mark_current(path: &Path) -> anyhow::Result<()> {
    write_private(&path.join("FORMAT"), format!("{FORMAT}\n").as_bytes())?;
    File::open(path)?.sync_all()?;
    Ok(())
}

/// The format of the folder; none for a new one, which gets the current one.
fn check_format(path: &Path) -> anyhow::Result<Option<u32>> {
    let file = path.join("FORMAT");
    match std::fs::read_to_string(&file) {
        Ok(text) => match text.trim().parse::<u32>() {
            Ok(format) if format <= FORMAT => Ok(Some(format)),
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
            File::open(path)?.sync_all()?;
            Ok(None)
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
