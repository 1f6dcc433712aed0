//! The files of resumable uploads in the spool, and what a crash may have left of them.
//!
//! Layout: `ID.part` holds the bytes, `ID.mark` how many of them are durable (see `mark`), `ID.json` the record;
//! `ID.json.new` is a record being written.
//! Lives here: the order in which the two are made and removed, and the sweep at the start. Must not live here: which
//! request may append, what becomes of the bytes.
//! Invariants: a record that is there has its bytes beside it, unless it says that the upload is finished; bytes and marks
//! without a record belong to nobody. So they are made first and removed last.

use crate::{
    error::{Error, Result},
    folder::{is_older, sync_folder},
    mark::Mark,
    spool::write_whole,
    uploads::{EXPIRES_AFTER, Upload, UploadId},
};
use serde_json::error::Category;
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

pub fn json_name(id: UploadId) -> String {
    format!("{id}.json")
}

pub fn part(folder: &Path, id: UploadId) -> PathBuf {
    folder.join(format!("{id}.part"))
}

pub fn mark(folder: &Path, id: UploadId) -> PathBuf {
    folder.join(format!("{id}.mark"))
}

/// How many bytes of an upload are durable.
pub fn offset(folder: &Path, id: UploadId) -> io::Result<u64> {
    let len = std::fs::metadata(part(folder, id))?.len();
    Ok(Mark::open(&mark(folder, id))?.map_or(len, |mark| mark.offset().min(len)))
}

pub fn to_json(upload: &Upload) -> Result<Vec<u8>> {
    serde_json::to_vec(upload)
        .map_err(|error| Error::internal(format!("the record of an upload cannot be written: {error}")))
}

/// Makes all files durable, the record last.
pub fn create(folder: &Path, id: UploadId, record: &[u8]) -> io::Result<()> {
    File::create_new(part(folder, id))?.sync_all()?;
    Mark::create(&mark(folder, id))?;
    // Syncs the folder, which makes all names durable.
    write_whole(folder, &json_name(id), record)
}

/// Replaces the record by one that says that the upload is finished, then removes the bytes.
pub fn finish(folder: &Path, id: UploadId, record: &[u8]) -> io::Result<()> {
    write_whole(folder, &json_name(id), record)?;
    remove_bytes(folder, id)
}

/// Removes all, the record first.
pub fn abort(folder: &Path, id: UploadId) -> io::Result<()> {
    remove(&folder.join(json_name(id)))?;
    remove_bytes(folder, id)?;
    sync_folder(folder)
}

fn remove_bytes(folder: &Path, id: UploadId) -> io::Result<()> {
    remove(&part(folder, id))?;
    remove(&mark(folder, id))
}

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What a record turned out to be.
enum Record {
    Unfinished(u64),
    Finished,
    /// Damaged: nothing can be made of the bytes.
    Damaged,
    /// Well-formed, but of no kind that is known here: perhaps of a newer version, so it stays until it would expire.
    Unknown,
}

fn look_at(file: &Path) -> io::Result<Record> {
    let bytes = std::fs::read(file)?;
    Ok(match serde_json::from_slice::<Upload>(&bytes) {
        Ok(upload) if upload.done.is_some() => Record::Finished,
        Ok(upload) => Record::Unfinished(upload.spec.size),
        Err(error) if error.classify() == Category::Data => Record::Unknown,
        Err(_) => Record::Damaged,
    })
}

/// Removes what a crash left: files of which the other half is missing, damaged records with their bytes, and the bytes
/// of finished uploads. Only files that were written before `start` are touched, which nobody can be at work on. Answers
/// the unfinished uploads with the bytes that they announced.
pub fn sweep(folder: &Path, start: SystemTime) -> io::Result<HashMap<UploadId, u64>> {
    let (mut parts, mut marks, mut records) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut swept = 0;
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let id = |suffix: &str| name.strip_suffix(suffix).and_then(|id| id.parse::<UploadId>().ok());
        if let Some(id) = id(".part") {
            parts.insert(id);
        } else if let Some(id) = id(".mark") {
            marks.insert(id);
        } else if let Some(id) = id(".json") {
            records.insert(id);
        } else if (name.ends_with(".tmp") || name.ends_with(".json.new")) && is_older(&path, start) {
            remove(&path)?;
            swept += 1;
        }
    }
    let mut unfinished = HashMap::new();
    let mut orphans: HashSet<UploadId> = parts.union(&marks).filter(|id| !records.contains(id)).copied().collect();
    for id in records {
        let record = folder.join(json_name(id));
        let expired = SystemTime::now() - EXPIRES_AFTER;
        let dead = match look_at(&record)? {
            Record::Finished => {
                orphans.insert(id);
                false
            }
            Record::Unfinished(size) if parts.contains(&id) => {
                unfinished.insert(id, size);
                false
            }
            Record::Unfinished(_) | Record::Damaged => is_older(&record, start),
            Record::Unknown => is_older(&record, expired),
        };
        if dead {
            tracing::warn!(upload = %id, "removed an upload whose record or bytes are damaged");
            remove(&record)?;
            orphans.insert(id);
            swept += 1;
        }
    }
    for file in orphans.into_iter().flat_map(|id| [part(folder, id), mark(folder, id)]) {
        if is_older(&file, start) {
            remove(&file)?;
            swept += 1;
        }
    }
    if swept > 0 {
        tracing::info!(swept, "removed files of uploads that an earlier process left");
        sync_folder(folder)?;
    }
    Ok(unfinished)
}
