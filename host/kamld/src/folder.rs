//! The data folder: its layout, its format version, who may read it, and the lock that keeps a second process out.
//!
//! Invariants: nothing in the folder is changed before version and lock have been checked; only its owner can read it.

use anyhow::{Context, bail};
use kamld_registry::durable;
use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// Grows when an older `kamld` could no longer read the folder rightly.
pub const FORMAT: u32 = 2;

const LOCK: &str = "lock";
/// There from before the format is written until the first start has completed.
const BEGINNING: &str = "beginning";
const SERVER: &str = "server.json";

/// How often the lock is tried: `holder` in another process takes it for a moment.
const LOCK_ATTEMPTS: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

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
    /// Opens the folder, or creates it. Fails, with nothing changed, when another process holds it or when it was
    /// written by a newer version. From then on, files of this process are readable by its user only.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        durable::create_folder(path).with_context(|| format!("cannot create the data folder {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot open the data folder {}", path.display()))?;
        let lock = lock(&path)?;
        let found = check_format(&path)?;
        // A first start that was cut short has not installed everything yet: the next one is the first one again.
        let new = found.is_none() || path.join(BEGINNING).exists();
        let format = found.unwrap_or(FORMAT);
        close_to_others(&path);
        for part in ["store", "spool", "index", "plugins", "cache", "spill"] {
            durable::create_folder(&path.join(part))
                .with_context(|| format!("cannot create {part} in {}", path.display()))?;
        }
        let folder = Self { path, new, format, _lock: lock };
        // A server that was killed could not remove it, and its port may belong to another program by now.
        folder.retire();
        Ok(folder)
    }

    /// Says that everything that a first start does has been done.
    pub fn begun(&self) -> anyhow::Result<()> {
        match std::fs::remove_file(self.join(BEGINNING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {BEGINNING} in {}", self.path.display()))
            }
            _ => Ok(()),
        }
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
        durable::replace(&file, token.as_bytes(), 0o600)?;
        Ok(token)
    }

    /// Tells command lines of the same person where the server is.
    pub fn announce(&self, url: &str, token: &str) -> anyhow::Result<()> {
        let text = serde_json::json!({"url": url, "token": token, "pid": std::process::id()});
        Ok(durable::replace(&self.join(SERVER), text.to_string().as_bytes(), 0o600)?)
    }

    /// Takes the announcement back.
    pub fn retire(&self) {
        match std::fs::remove_file(self.join(SERVER)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "{SERVER} could not be removed");
            }
            _ => {}
        }
    }
}

/// The process that holds a data folder; none when no process does, or when it has not said who it is yet. The system
/// releases the lock when a process ends, however it ends, so the answer is never about a dead one.
pub fn holder(path: &Path) -> io::Result<Option<u32>> {
    let mut lock = match File::open(path.join(LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match lock.try_lock_shared() {
        // Closing the file releases it again.
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            lock.read_to_string(&mut pid)?;
            Ok(pid.trim().parse().ok())
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The objects of all projects lie in the folder. Where its mode cannot be changed (a volume that belongs to another
/// user), the server still starts, and says so.
fn close_to_others(path: &Path) {
    let mode = |path: &Path| path.metadata().map(|metadata| metadata.permissions().mode() & 0o7777);
    if mode(path).is_ok_and(|mode| mode == 0o700) {
        return;
    }
    if let Err(error) = std::fs::set_permissions(path, Permissions::from_mode(0o700)) {
        let mode = mode(path).map_or_else(|_| "unknown".to_owned(), |mode| format!("{mode:o}"));
        eprintln!(
            "warning: the data folder {} has the mode {mode} and it cannot be changed ({error}): other users may read what \
             is in it",
            path.display()
        );
    }
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let file = path.join(LOCK);
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&file)
        .with_context(|| format!("cannot open {}", file.display()))?;
    let mut attempts = 1;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempts < LOCK_ATTEMPTS => {
                attempts += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
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
    }
    lock.set_len(0)?;
    write!(lock, "{}", std::process::id())?;
    Ok(lock)
}

/// Says that the folder has the current format from now on.
pub fn mark_current(path: &Path) -> anyhow::Result<()> {
    Ok(durable::replace(&path.join("FORMAT"), format!("{FORMAT}\n").as_bytes(), 0o600)?)
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
            // A first start that was interrupted leaves its partial file.
            let partial = file.with_added_extension(durable::PARTIAL);
            let beginning = path.join(BEGINNING);
            let draft = beginning.with_added_extension(durable::PARTIAL);
            let ours = [path.join(LOCK), path.join(crate::config::FILE), partial, beginning, draft];
            let foreign = std::fs::read_dir(path)?.filter_map(Result::ok).find(|entry| !ours.contains(&entry.path()));
            if let Some(entry) = foreign {
                bail!(
                    "{} is not empty and not a data folder of kamld (it holds {:?}); nothing was changed: use an empty folder",
                    path.display(),
                    entry.file_name()
                );
            }
            durable::replace(&path.join(BEGINNING), b"", 0o600)?;
            durable::replace(&file, format!("{FORMAT}\n").as_bytes(), 0o600)?;
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
        first.begun().unwrap();
        drop(first);
        assert!(!Folder::open(temporary.path()).unwrap().new);
    }

    #[test]
    fn a_first_start_that_was_cut_short_is_the_first_one_again() {
        let temporary = tempfile::tempdir().unwrap();
        assert!(Folder::open(temporary.path()).unwrap().new);
        // Cut before and after the format was written.
        std::fs::remove_file(temporary.path().join("FORMAT")).unwrap();
        for part in ["store", "spool", "index", "plugins", "cache", "spill"] {
            std::fs::remove_dir(temporary.path().join(part)).unwrap();
        }
        assert!(Folder::open(temporary.path()).unwrap().new);
        let folder = Folder::open(temporary.path()).unwrap();
        assert!(folder.new);
        folder.begun().unwrap();
        drop(folder);
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
    fn a_first_start_that_was_interrupted_is_no_foreign_folder() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::write(temporary.path().join("FORMAT.partial"), "").unwrap();
        assert!(Folder::open(temporary.path()).unwrap().new);
    }

    #[test]
    fn others_cannot_read_the_folder_nor_what_is_written_from_then_on() {
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        for loose in [None, Some(0o755), Some(0o777)] {
            if let Some(loose) = loose {
                std::fs::set_permissions(&path, Permissions::from_mode(loose)).unwrap();
            }
            let folder = Folder::open(&path).unwrap();
            assert_eq!(mode(&path), 0o700, "after {loose:?}");
            std::fs::write(folder.join("written"), "").unwrap();
            assert_eq!((mode(&folder.join("written")), mode(&folder.join("store"))), (0o600, 0o700));
        }
    }

    #[test]
    fn a_folder_is_held_as_long_as_its_server_lives_and_a_stale_announcement_goes() {
        let temporary = tempfile::tempdir().unwrap();
        assert_eq!(holder(temporary.path()).unwrap(), None);
        let folder = Folder::open(temporary.path()).unwrap();
        folder.announce("http://127.0.0.1:1", "secret").unwrap();
        assert_eq!(holder(temporary.path()).unwrap(), Some(std::process::id()));
        drop(folder);
        assert_eq!(holder(temporary.path()).unwrap(), None);
        assert!(temporary.path().join("server.json").exists(), "as after kill -9");
        let _again = Folder::open(temporary.path()).unwrap();
        assert!(!temporary.path().join("server.json").exists());
    }

    #[test]
    fn the_token_stays_and_only_its_owner_reads_it() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(temporary.path()).unwrap();
        let token = folder.token().unwrap();
        assert_eq!(folder.token().unwrap(), token);
        assert_eq!(std::fs::metadata(folder.join("token")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
