//! Files that are replaced whole or not at all, and that survive a power cut once a call has returned.
//!
//! Must not live here: what is in the files.

use kamld_types::{Problem, problem::Result};
use std::{
    fs::{File, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// The ending of a file that is being written: what is found with it after a crash is nothing.
pub const PARTIAL: &str = "partial";

/// Puts `bytes` in place of `file`. `mode` as of chmod.
pub fn replace(file: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let partial = file.with_added_extension(PARTIAL);
    let write = || -> std::io::Result<()> {
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        out.write_all(bytes)?;
        out.set_permissions(Permissions::from_mode(mode))?;
        out.sync_all()?;
        std::fs::rename(&partial, file)?;
        sync_folder(file)
    };
    write().map_err(|error| {
        // What is left of it means nothing, and the next write truncates it.
        let _ = std::fs::remove_file(&partial);
        failed("written", file, &error)
    })
}

/// Makes a new name in the folder of `file` durable.
pub fn sync_folder(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// The bytes of a file; none when there is no such file.
pub fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", file, &error)),
    }
}

pub fn failed(what: &str, file: &Path, error: &std::io::Error) -> Problem {
    let message = format!("{} cannot be {what}: {error}", file.display());
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Problem::limit(message).help("nothing was changed: make room on the disk and try again")
        }
        _ => Problem::unavailable(message).help("nothing was changed"),
    }
}
