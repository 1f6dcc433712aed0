//! File operations that survive a power cut once they have returned: replace, create, rename, remove, and the syncs.
//!
//! Everything that this crate writes goes through here, so that one place decides what is synced and in which order.
//! `observe` lets a test see each step and check what a power cut after it would leave. Must not live here: what is
//! in the files.

use kamld_types::{Problem, problem::Result};
use std::{
    cell::RefCell,
    fs::{File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The extension of a file that is being written. One that is found after a crash is incomplete and has no meaning.
pub const PARTIAL: &str = "partial";

/// Atomically replaces `file` with `bytes`. `mode` as for chmod.
pub fn replace(file: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let partial = file.with_added_extension(PARTIAL);
    let write = || -> io::Result<()> {
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        out.write_all(bytes)?;
        out.set_permissions(Permissions::from_mode(mode))?;
        sync(&out, &partial)?;
        rename(&partial, file)
    };
    write().map_err(|error| {
        // An incomplete file is harmless, and the next write truncates it.
        let _ = std::fs::remove_file(&partial);
        failed("written", file, &error)
    })?;
    sync_parent(file).map_err(|error| {
        Problem::unavailable(format!("{} was written, but its folder cannot be synced: {error}", file.display()))
            .help("the change may be lost if the power fails: check the disk and try again")
    })
}

/// Creates an empty file for appending, readable by its owner only. There is nothing in it to sync; the caller syncs the
/// folder.
pub fn create(file: &Path) -> io::Result<File> {
    let created = OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(file)?;
    note(|| Step::Created(file.to_owned()));
    Ok(created)
}

/// Makes the contents of an open file durable. `path` is where it is.
pub fn sync(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    note(|| Step::Synced(path.to_owned()));
    Ok(())
}

/// Tells an observer that something was appended. The bytes are not durable before `sync`.
pub fn appended(path: &Path) {
    note(|| Step::Appended(path.to_owned()));
}

/// Renames within one file system. The caller syncs the folders.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    note(|| Step::Renamed(from.to_owned(), to.to_owned()));
    Ok(())
}

/// Removes a file. The caller syncs the folder where the removal must be durable.
pub fn remove(file: &Path) -> io::Result<()> {
    std::fs::remove_file(file)?;
    note(|| Step::Removed(file.to_owned()));
    Ok(())
}

/// Makes the names in a folder durable: files that were created, renamed and removed.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()?;
    note(|| Step::FolderSynced(folder.to_owned()));
    Ok(())
}

/// Makes the name of a file durable.
pub fn sync_parent(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Creates a folder and the missing ones above it, each durable in its parent.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_folder(parent)?;
    }
    match std::fs::create_dir(folder) {
        Ok(()) => sync_parent(folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The bytes of a file; none when there is no such file.
pub fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", file, &error)),
    }
}

/// An I/O error after which `file` is as it was before. `what` is a participle such as "written".
pub fn failed(what: &str, file: &Path, error: &io::Error) -> Problem {
    let message = format!("{} cannot be {what}: {error}", file.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Problem::limit(message).help("nothing was changed: free some disk space and try again")
        }
        _ => Problem::unavailable(message).help("nothing was changed"),
    }
}

/// One completed operation, as an observer sees it.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Created(PathBuf),
    Appended(PathBuf),
    Synced(PathBuf),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
    FolderSynced(PathBuf),
}

type Observer = Box<dyn FnMut(&Step)>;

thread_local! {
    static OBSERVER: RefCell<Option<Observer>> = const { RefCell::new(None) };
}

/// Calls `observer` after each operation of this thread, until another one or none takes its place. For tests.
#[doc(hidden)]
pub fn observe(observer: Option<Observer>) {
    OBSERVER.set(observer);
}

fn note(step: impl FnOnce() -> Step) {
    OBSERVER.with_borrow_mut(|observer| {
        if let Some(observer) = observer {
            observer(&step());
        }
    });
}
