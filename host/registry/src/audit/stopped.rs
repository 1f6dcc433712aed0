//! Checking the log of a data folder that no server holds, without changing anything in it.
//!
//! Opening a log repairs what a crash left, and records that. So a copy is opened: of the active segment and the head,
//! with links to the closed segments, which nobody changes. Must not live here: the check itself (`verify.rs`).

use super::{Audit, HEAD, LOG, Options, Verdict, segments};
use crate::{durable, store};
use kamld_types::{Problem, problem::Result};
use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, symlink},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// Reads every record of the log in a data folder. What the list of plug-ins remembers of it counts as well, so that a
/// log that was removed is noticed.
pub fn verify_stopped(data: &Path) -> Result<Verdict> {
    if !data.is_dir() {
        return Err(Problem::not_found(format!("there is no data folder {}", data.display())));
    }
    let witness = store::witness_in(data)?;
    let copy = Copy::of(data)?;
    let audit = Audit::open_with(&copy.0, Options { rotate: u64::MAX, witness, ..Options::default() })?;
    audit.verify_all()
}

/// Goes away with what is in it.
struct Copy(PathBuf);

impl Copy {
    fn of(data: &Path) -> Result<Self> {
        let data = data.canonicalize().map_err(|error| durable::failed("opened", data, &error))?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let folder = std::env::temp_dir().join(format!("kamld-audit-{}-{}", std::process::id(), since.as_nanos()));
        let failed = |error: io::Error| durable::failed("made", &folder, &error);
        // Nobody else may put anything in it, and one that is there already is not taken.
        DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        let copy = Self(folder.clone());
        for name in [LOG, HEAD] {
            match fs::copy(data.join(name), folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(durable::failed("read", &data.join(name), &error));
                }
                _ => {}
            }
        }
        let closed = segments::list(&data)?;
        if !closed.is_empty() {
            fs::create_dir(folder.join(segments::FOLDER)).map_err(failed)?;
        }
        for segment in closed {
            symlink(&segment.path, segments::path(&folder, segment.first)).map_err(failed)?;
        }
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What stays in the folder for temporary files is removed by the system.
        let _ = fs::remove_dir_all(&self.0);
    }
}
