//! The sled database of what can be made again: descriptions, and what the index has seen.
//!
//! Must not live here: anything that a person wrote.
//! Invariants: no handle leaves `with`, so that the database can be closed and opened again after trouble with the disk;
//! a database that cannot be opened is deleted and begun anew, since all of it can be made again.

use super::{descriptions, record};
use crate::error::{Error, Result};
use parking_lot::RwLock;
use std::path::{Path, PathBuf};

/// Memory for pages that were used lately.
const CACHE: u64 = 16 << 20;
/// How often the last changes go to the disk. What is lost between is made again.
const FLUSH_MS: u64 = 1000;

pub struct Derived {
    folder: PathBuf,
    /// None after trouble, until the next use opens it again.
    database: RwLock<Option<sled::Db>>,
}

impl Derived {
    /// Opens the database in a folder, or begins it.
    pub fn open(folder: &Path) -> Result<Self> {
        let database = open_or_begin(folder)?;
        Ok(Self { folder: folder.to_owned(), database: RwLock::new(Some(database)) })
    }

    /// Works with one tree of the database.
    pub(crate) fn with<T>(&self, tree: &str, work: impl FnOnce(&sled::Db, &sled::Tree) -> Result<T>) -> Result<T> {
        let answer = self.database.read().as_ref().map(|database| {
            let tree = database.open_tree(tree)?;
            work(database, &tree)
        });
        match answer {
            Some(Err(Error::Store(error))) if !matches!(error, sled::Error::Unsupported(_)) => {
                // After a full disk sled refuses everything until it is opened again.
                drop(self.database.write().take());
                Err(Error::Store(error))
            }
            Some(answer) => answer,
            None => {
                let mut database = self.database.write();
                if database.is_none() {
                    *database = Some(open_or_begin(&self.folder)?);
                }
                drop(database);
                Err(Error::Stopped("store of derived metadata"))
            }
        }
    }

    /// Takes over a description from an older format: hash and media type, and the JSON of it.
    pub fn import_description(&self, key: &[u8], body: &[u8]) -> Result<()> {
        self.with(descriptions::TREE, |_, tree| {
            tree.insert(key, record::seal(key, body))?;
            Ok(())
        })
    }

    /// Takes over a record of the index from an older format, as it lies there.
    pub fn import_index(&self, key: &[u8], record: &[u8]) -> Result<()> {
        self.with(crate::index::state::TREE, |_, tree| {
            tree.insert(key, record)?;
            Ok(())
        })
    }

    /// Writes the last changes out, for a clean stop. Blocks.
    pub fn flush(&self) -> Result<()> {
        match &*self.database.read() {
            Some(database) => {
                database.flush()?;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn open_or_begin(folder: &Path) -> Result<sled::Db> {
    match open(folder) {
        Ok(database) => Ok(database),
        // Somebody else holds it, or the disk says no: deleting would not help.
        Err(error @ (sled::Error::Io(_) | sled::Error::Unsupported(_)))
            if folder.exists() && locked_or_refused(&error) =>
        {
            Err(error.into())
        }
        Err(error) => {
            tracing::warn!(%error, "the store of derived metadata is damaged and is made anew");
            std::fs::remove_dir_all(folder).map_err(Error::disk("the store of derived metadata cannot be removed"))?;
            Ok(open(folder)?)
        }
    }
}

fn locked_or_refused(error: &sled::Error) -> bool {
    match error {
        sled::Error::Io(error) => !matches!(
            error.kind(),
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidInput
        ),
        _ => false,
    }
}

fn open(folder: &Path) -> sled::Result<sled::Db> {
    sled::Config::new().path(folder).cache_capacity(CACHE).flush_every_ms(Some(FLUSH_MS)).open()
}
