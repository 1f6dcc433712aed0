//! The folder of a store on a local disk: making it so that it survives a power cut, and sweeping what a crash left.
//!
//! Lives here: folders, their syncs, and temporary files. Must not live here: what the files mean.
//! Invariant: one process at a time uses a folder (`kamld` holds a lock on it), so a temporary file that is older than
//! this process belongs to nobody.

use std::{
    fs::File,
    io::{ErrorKind, Result},
    path::Path,
    sync::OnceLock,
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder and what is missing above it, durably: each new name is synced in the folder that it is in.
pub fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = match folder.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(ErrorKind::NotFound.into()),
    };
    make_folder(parent)?;
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_folder(parent)
}

/// Makes everything that the store writes into. To make the folders when they are needed first would leave a moment in
/// which one writer has made a folder but not synced its name, and another one already answers for a file in it.
pub fn prepare(folder: &Path) -> Result<()> {
    for name in ["packs", "objects", "damaged"] {
        make_folder(&folder.join(name))?;
    }
    let objects = folder.join("objects");
    if objects.join("ff").is_dir() {
        return Ok(());
    }
    for shelf in 0..=255u8 {
        match std::fs::create_dir(objects.join(format!("{shelf:02x}"))) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    sync_folder(&objects)
}

/// The clock of a file system lags behind that of the system by some milliseconds: without a margin, a file that this
/// process has just written could look older than the process.
const MARGIN: Duration = Duration::from_secs(2);

/// A moment shortly before this process began: what is older was written by another one.
pub fn process_start() -> SystemTime {
    static START: OnceLock<SystemTime> = OnceLock::new();
    *START.get_or_init(|| SystemTime::now() - MARGIN)
}

/// Whether a file was written before this process began; not when that cannot be told.
pub fn is_older(path: &Path, than: SystemTime) -> bool {
    std::fs::metadata(path).and_then(|meta| meta.modified()).is_ok_and(|modified| modified < than)
}

/// Removes temporary files that an earlier process left, on a thread of its own, since a large store has millions of
/// files to look through.
pub fn sweep_in_background(folder: &Path) -> Option<JoinHandle<usize>> {
    let (folder, start) = (folder.to_owned(), process_start());
    std::thread::Builder::new().name("sweep".into()).spawn(move || sweep(&folder, start)).ok()
}

/// Removes files with a `#` in their name (what `object_store` and `link_whole` write beside the target and rename)
/// that were written before `start`. Answers how many.
fn sweep(folder: &Path, start: SystemTime) -> usize {
    let mut swept = 0;
    let mut folders: Vec<_> = ["packs", "objects", "damaged"].iter().map(|name| folder.join(name)).collect();
    while let Some(folder) = folders.pop() {
        // A folder that cannot be read is reported by whoever needs it.
        let Ok(files) = std::fs::read_dir(&folder) else { continue };
        for file in files.flatten() {
            if file.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(file.path());
            } else if file.file_name().as_encoded_bytes().contains(&b'#') && is_older(&file.path(), start) {
                swept += usize::from(std::fs::remove_file(file.path()).is_ok());
            }
        }
    }
    if swept > 0 {
        tracing::info!(swept, "removed temporary files that an earlier process left");
    }
    swept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_of_an_earlier_process_are_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("new/store");
        make_folder(&store).unwrap();
        prepare(&store).unwrap();
        let hex = "ab".repeat(32);
        let old = process_start() - Duration::from_secs(1);
        let write = |name: &str, modified: SystemTime| {
            let path = store.join(name);
            std::fs::write(&path, b"x").unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
            path
        };
        let left = [
            write("packs/0190-1#1", old),
            write(&format!("objects/ab/{hex}#copy"), old),
            write(&format!("objects/ab/{hex}#12"), old),
            write("damaged/x.whole#1", old),
        ];
        let kept = [
            write("packs/0190-1", old),
            write(&format!("objects/ab/{hex}"), old),
            write("packs/0190-2#1", SystemTime::now() + Duration::from_secs(1)),
        ];
        assert_eq!(sweep_in_background(&store).unwrap().join().unwrap(), left.len());
        assert!(left.iter().all(|path| !path.exists()));
        assert!(kept.iter().all(|path| path.exists()));
    }
}
