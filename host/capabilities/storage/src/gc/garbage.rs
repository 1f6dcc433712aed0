//! What lies in the store and is not in use, and since when.
//!
//! The grace period counts from when something was first found to be garbage, which is kept in the object `gc/seen`.
//! When that is lost, the grace period begins again.

use super::{GcReport, Run, mark::Marks};
use crate::{
    backing::Backing,
    error::{Error, Result},
    model::Millis,
};
use futures::TryStreamExt;
use kamld_types::Hash;
use object_store::{ObjectStoreExt, path::Path};
use std::collections::HashMap;
use uuid::Uuid;

/// Things found in one collection; the rest is found by the next one. At 80 bytes each this is the bound on memory.
const MOST: usize = 500_000;
const SEEN: &str = "gc/seen";

/// One pack or whole object that is not in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Thing {
    Pack(Uuid),
    Object(Hash),
}

impl Thing {
    pub fn key(self) -> Path {
        match self {
            Thing::Pack(pack) => Backing::pack_key(pack),
            Thing::Object(hash) => Backing::object_key(hash),
        }
    }

    fn parse(key: &str) -> Option<Self> {
        let (folder, name) = (key.split('/').next()?, key.rsplit('/').next()?);
        match folder {
            "packs" => Some(Thing::Pack(Uuid::try_parse(name).ok()?)),
            "objects" => Some(Thing::Object(name.parse().ok()?)),
            _ => None,
        }
    }
}

pub struct Garbage {
    pub thing: Thing,
    pub bytes: u64,
    /// When it was first found to be garbage.
    pub since: Millis,
}

impl Run<'_> {
    /// Lists what is not marked.
    pub(super) async fn garbage(&self, marks: &Marks, report: &mut GcReport) -> Result<Vec<Garbage>> {
        let seen = self.seen().await?;
        let store = &self.store.inner.backing().store;
        let mut garbage = Vec::new();
        for folder in ["packs", "objects"] {
            let mut listed = store.list(Some(&Path::from(folder)));
            while let Some(meta) = listed.try_next().await? {
                // A name that is none of ours is left alone.
                let Some(thing) = Thing::parse(meta.location.as_ref()) else { continue };
                let used = match thing {
                    Thing::Pack(pack) => marks.packs.contains_key(&pack),
                    Thing::Object(hash) => marks.uses_object(hash),
                };
                if used {
                    continue;
                }
                if garbage.len() == MOST {
                    report.hold(
                        "what else is garbage",
                        0,
                        "one collection deletes half a million things at most",
                        None,
                    );
                    return Ok(garbage);
                }
                let since = seen.get(&thing).copied().unwrap_or(self.now);
                garbage.push(Garbage { thing, bytes: meta.size, since });
            }
        }
        Ok(garbage)
    }

    async fn seen(&self) -> Result<HashMap<Thing, Millis>> {
        let store = &self.store.inner.backing().store;
        let bytes = match store.get(&Path::from(SEEN)).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(HashMap::new()),
            Err(error) => return Err(error.into()),
        };
        let line = |line: &str| {
            let (key, since) = line.split_once(' ')?;
            Some((Thing::parse(key)?, since.parse().ok()?))
        };
        Ok(String::from_utf8_lossy(&bytes).lines().filter_map(line).collect())
    }

    /// Remembers what is garbage and was not deleted yet.
    pub(super) async fn remember(&self, left: &[Garbage]) -> Result<()> {
        let store = &self.store.inner.backing().store;
        let key = Path::from(SEEN);
        if left.is_empty() {
            return match store.delete(&key).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(Error::from(error)),
            };
        }
        let lines: String = left.iter().map(|garbage| format!("{} {}\n", garbage.thing.key(), garbage.since)).collect();
        store.put(&key, lines.into_bytes().into()).await?;
        Ok(())
    }
}
