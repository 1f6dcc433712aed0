//! The layout of the refs, and bringing older ones up to date.
//!
//! Layout 1 kept branches and versions under keys of their own (`branch/ID/NAME`, `version/ID/NAME`), so that one name
//! could be both. Layout 2 has one key for a name (`ref/ID/NAME`).
//! Invariant: what an upgrade that was cut short left behind is upgraded by the next one; nothing is removed before
//! what replaces it is durable.

use crate::{
    error::{Error, Result},
    records::{BranchRecord, Records, RefRecord, VersionRecord, last_part, parse, ref_key},
    refstore::{Expect, Record, Wrote},
    store::AssetStore,
};
use bytes::Bytes;
use uuid::Uuid;

const KEY: &str = "layout";
const CURRENT: u32 = 2;

/// What an upgrade did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgraded {
    pub refs: u64,
    /// Versions that shared their name with a branch: the asset's id, the old name and the new one.
    pub renamed: Vec<(Uuid, String, String)>,
}

impl AssetStore {
    /// Brings the refs to the current layout. To be called once after opening, before anything else.
    pub async fn upgrade(&self) -> Result<Upgraded> {
        let records = &self.inner.records;
        let mut upgraded = Upgraded::default();
        match records.get::<u32>(KEY).await? {
            Some((CURRENT, _)) => return Ok(upgraded),
            Some((newer, _)) if newer > CURRENT => {
                return Err(Error::invalid(format!(
                    "the refs have layout {newer}, and this version of kamld knows {CURRENT}"
                ))
                .help("nothing was changed; use the newer version"));
            }
            _ => {}
        }
        // Branches first: when a version has the same name, the branch was what the name led to.
        for old in records.all("branch/").await? {
            let branch = RefRecord::Branch(parse::<BranchRecord>(&old.key, &old.value)?);
            let (asset, name) = parts(&old)?;
            self.move_ref(&old, asset, name, &branch).await?;
            upgraded.refs += 1;
        }
        for old in records.all("version/").await? {
            let version = RefRecord::Version(parse::<VersionRecord>(&old.key, &old.value)?);
            let (asset, name) = parts(&old)?;
            let mut free = name.to_owned();
            let mut number = 1;
            while !self.move_ref(&old, asset, &free, &version).await? {
                number += 1;
                free = format!("{name}-{number}");
            }
            if free != name {
                upgraded.renamed.push((asset, name.to_owned(), free));
            }
            upgraded.refs += 1;
        }
        records.refs.put(KEY, Bytes::from(CURRENT.to_string()), Expect::Any, Vec::new()).await?;
        Ok(upgraded)
    }

    /// False when another ref has the name.
    async fn move_ref(&self, old: &Record, asset: Uuid, name: &str, record: &RefRecord) -> Result<bool> {
        let records: &Records = &self.inner.records;
        let key = ref_key(asset, name);
        if records.put(&key, record, Expect::Absent, Vec::new()).await? == Wrote::Conflict
            && records.get::<RefRecord>(&key).await?.is_none_or(|(there, _)| there != *record)
        {
            return Ok(false);
        }
        records.refs.delete(&old.key, Expect::Any, Vec::new()).await
    }
}

fn parts(record: &Record) -> Result<(Uuid, &str)> {
    let asset = record.key.split('/').nth(1).and_then(|id| Uuid::try_parse(id).ok());
    let asset = asset.ok_or_else(|| Error::corrupt(format!("the record '{}' has no asset", record.key)))?;
    Ok((asset, last_part(&record.key)))
}
