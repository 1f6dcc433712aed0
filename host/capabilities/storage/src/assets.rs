//! Assets: create, look up, list, remove; and how much room they take.

use crate::{
    error::{Error, Result},
    model::{Asset, AssetKind, Changed, now},
    records::{
        AssetRecord, BranchRecord, RefRecord, Removed, asset_key, companion, last_part, parse, ref_key, removed_key,
    },
    refstore::{Expect, Wrote},
    store::{AssetStore, Inner},
};
use kamld_types::{AssetId, BranchName, ProjectName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The branch that every asset begins with.
pub const DEFAULT_BRANCH: &str = "main";

/// Room taken, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// What the assets would take if each were stored alone.
    pub logical: u64,
    /// In use by the whole store.
    pub stored: u64,
    /// What the store can hold, when that is known.
    pub capacity: Option<u64>,
}

impl Inner {
    pub(crate) async fn asset_record(&self, asset: &AssetId) -> Result<AssetRecord> {
        if let Some((record, _)) = self.records.get(&asset_key(asset)).await? {
            return Ok(record);
        }
        let siblings = self.records.all(&format!("asset/{}/", asset.project)).await?;
        let names = siblings.iter().map(|record| last_part(&record.key));
        let error = Error::not_found(format!("there is no asset {asset}"));
        Err(match nearest(asset.name.as_str(), names) {
            Some(name) => error.help(format!("did you mean {}/{name}?", asset.project)),
            None => error.help(format!("`kamld asset list {}` shows what is there", asset.project)),
        })
    }

    pub(crate) async fn describe(&self, id: AssetId, record: &AssetRecord) -> Result<Asset> {
        let AssetRecord { kind, created, default_branch, .. } = record.clone();
        let branch = self.records.get::<RefRecord>(&ref_key(record.id, &default_branch)).await?;
        // An asset whose creation was cut short has no branch yet: it is empty.
        let branch = branch.and_then(|(found, _)| found.branch());
        let (modified, tree) = branch.map_or((created, None), |branch| (branch.modified, branch.working));
        let (objects, size) = tree.map_or((0, 0), |tree| (tree.objects, tree.bytes));
        Ok(Asset { id, kind, created, modified, objects, size, default_branch })
    }
}

/// The name that was most likely meant.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|name| (strsim::damerau_levenshtein(wanted, name), name)).min()?;
    (near.0 <= wanted.len() / 3 + 1).then_some(near.1)
}

impl AssetStore {
    /// Makes an empty asset with the branch `main`. `already-exists` when the name is taken.
    pub async fn create_asset(&self, asset: &AssetId, kind: AssetKind) -> Result<Asset> {
        let records = &self.inner.records;
        let default_branch = BranchName::new(DEFAULT_BRANCH)?;
        let record = AssetRecord { id: Uuid::now_v7(), kind, created: now(), default_branch: default_branch.clone() };
        let branch = BranchRecord { head: None, working: None, modified: record.created };
        // The branch accompanies the asset: one that can be seen can be written. A branch alone is never found.
        let with = vec![companion(ref_key(record.id, &default_branch), &RefRecord::Branch(branch))?];
        if records.put(&asset_key(asset), &record, Expect::Absent, with).await? == Wrote::Conflict {
            return Err(Error::already_exists(format!("there is an asset {asset} already"))
                .help("choose another name, or use the one that is there"));
        }
        self.inner.tell(Changed { asset: asset.clone(), at: default_branch.into() });
        self.inner.describe(asset.clone(), &record).await
    }

    pub async fn asset(&self, asset: &AssetId) -> Result<Asset> {
        let record = self.inner.asset_record(asset).await?;
        self.inner.describe(asset.clone(), &record).await
    }

    /// All assets by name; of one project when it is given.
    pub async fn list_assets(&self, project: Option<&ProjectName>) -> Result<Vec<Asset>> {
        let prefix = project.map_or("asset/".to_owned(), |project| format!("asset/{project}/"));
        let mut assets = Vec::new();
        for record in self.inner.records.all(&prefix).await? {
            let mut parts = record.key.split('/').skip(1);
            let (Some(project), Some(name)) = (parts.next(), parts.next()) else { continue };
            let stored: AssetRecord = parse(&record.key, &record.value)?;
            assets.push(self.inner.describe(AssetId::new(project, name)?, &stored).await?);
        }
        Ok(assets)
    }

    /// Moves the asset and its history to the bin; the name is free again. Garbage collection empties the bin.
    pub async fn remove_asset(&self, asset: &AssetId) -> Result<()> {
        let records = &self.inner.records;
        let Some((record, tag)) = records.get::<AssetRecord>(&asset_key(asset)).await? else {
            self.inner.asset_record(asset).await?;
            return Ok(());
        };
        let removed = Removed { name: asset.clone(), removed: now(), asset: record.clone() };
        let bin = companion(removed_key(record.id), &removed)?;
        if !records.refs.delete(&asset_key(asset), Expect::Tag(tag), vec![bin]).await? {
            return Err(Error::conflict(format!("{asset} was changed by somebody else meanwhile"))
                .help("look again, then decide"));
        }
        self.inner.tell(Changed { asset: asset.clone(), at: record.default_branch.into() });
        if let Some(follower) = self.inner.follower.get()
            && let Err(problem) = follower.removed(asset).await
        {
            tracing::warn!(%asset, %problem, "what is known of a removed asset stays behind");
        }
        Ok(())
    }

    /// Room taken by the assets that `counts` lets in, and by the whole store.
    pub async fn usage(&self, counts: impl Fn(&AssetId) -> bool) -> Result<Usage> {
        let logical = self.list_assets(None).await?.iter().filter(|a| counts(&a.id)).map(|a| a.size).sum();
        let backing = self.inner.backing();
        Ok(Usage { logical, stored: backing.stored().await?, capacity: backing.capacity() })
    }
}
