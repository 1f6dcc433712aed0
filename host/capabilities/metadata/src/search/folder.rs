//! The folder of the index: `current.json` names the format and the generation in use, each generation is a
//! folder of its own, and a new one takes over in one step.
//!
//! Must not live here: what is indexed.
//! Invariant: everything here is derived; whatever cannot be read is left behind and built anew.

use super::{
    facet::Tables,
    schema::{FORMAT, Fields},
    words,
};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument};

/// Memory of the writer before it puts a segment on disk: 50 MB hold some 50,000 documents.
const WRITER_HEAP: usize = 50_000_000;

#[derive(Serialize, Deserialize)]
struct Current {
    format: u32,
    generation: String,
}

/// One generation of the index, open.
pub(crate) struct Opened {
    pub generation: String,
    pub(super) index: Index,
    pub(super) reader: IndexReader,
    pub(super) fields: Fields,
    pub(super) tables: Tables,
}

impl Opened {
    pub(crate) fn writer(&self) -> Result<IndexWriter<TantivyDocument>> {
        // One thread: the second core belongs to whoever is asking.
        Ok(self.index.writer_with_num_threads(1, WRITER_HEAP)?)
    }

    pub(crate) fn reload(&self) -> Result<()> {
        self.reader.reload()?;
        Ok(self.tables.follow(&self.reader.searcher())?)
    }

    pub(crate) fn documents(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Whether every file of the index is as it was written.
    pub(crate) fn is_sound(&self) -> bool {
        matches!(self.index.validate_checksum(), Ok(damaged) if damaged.is_empty())
    }
}

fn current_file(folder: &Path) -> PathBuf {
    folder.join("current.json")
}

fn read_current(folder: &Path) -> Option<Current> {
    let current: Current = serde_json::from_slice(&fs::read(current_file(folder)).ok()?).ok()?;
    // The name becomes a path: only what this module writes is followed.
    (current.format == FORMAT && uuid::Uuid::parse_str(&current.generation).is_ok()).then_some(current)
}

/// Opens the generation in use, or begins an empty one when there is none that can be read.
pub(crate) fn open(folder: &Path) -> Result<Opened> {
    fs::create_dir_all(folder).map_err(Error::disk(format!("the index folder {} cannot be made", folder.display())))?;
    if let Some(current) = read_current(folder) {
        match Index::open_in_dir(folder.join(&current.generation)).and_then(|index| opened(index, &current.generation))
        {
            Ok(opened) if opened.index.schema() == opened.fields.schema => {
                sweep(folder, &opened.generation);
                return Ok(opened);
            }
            Ok(_) => tracing::warn!("the search index has other fields and is built anew"),
            Err(error) => tracing::warn!(%error, "the search index cannot be read and is built anew"),
        }
    }
    let opened = begin(folder)?;
    take_over(folder, &opened)?;
    Ok(opened)
}

/// An empty generation beside the one in use.
pub(crate) fn begin(folder: &Path) -> Result<Opened> {
    let generation = uuid::Uuid::new_v4().to_string();
    let place = folder.join(&generation);
    fs::create_dir_all(&place).map_err(Error::disk(format!("the index folder {} cannot be made", place.display())))?;
    Ok(opened(Index::create_in_dir(place, Fields::new().schema)?, &generation)?)
}

fn opened(mut index: Index, generation: &str) -> tantivy::Result<Opened> {
    words::register(index.tokenizers());
    index.set_multithread_executor(2)?;
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok(Opened { generation: generation.to_owned(), index, reader, fields: Fields::new(), tables: Tables::default() })
}

/// Makes this generation the one in use, durably, and removes the others.
pub(crate) fn take_over(folder: &Path, opened: &Opened) -> Result<()> {
    let write = || -> io::Result<()> {
        let text = serde_json::to_vec(&Current { format: FORMAT, generation: opened.generation.clone() })?;
        let new = folder.join("current.json.new");
        fs::write(&new, text)?;
        fs::File::open(&new)?.sync_all()?;
        fs::rename(&new, current_file(folder))?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(Error::disk(format!("the index folder {} cannot be written", folder.display())))?;
    sweep(folder, &opened.generation);
    Ok(())
}

/// Removes generations that nobody uses. Files that are still mapped stay until their reader goes.
fn sweep(folder: &Path, keep: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name != keep
            && uuid::Uuid::parse_str(&name.to_string_lossy()).is_ok()
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, folder = %entry.path().display(), "an old search index could not be removed");
        }
    }
}
