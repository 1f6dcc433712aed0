//! The bin: assets and branches that people removed, and what is left of assets that are gone.
//!
//! Invariant: the record that names something in the bin goes last, so that emptying it can be cut short and goes on.

use super::{GcReport, Known, Run};
use crate::{
    error::Result,
    records::{AssetRecord, Dropped, Removed, last_part, parse},
    refstore::Expect,
};
use futures::{TryStreamExt, stream};
use std::collections::HashSet;
use uuid::Uuid;

/// Records deleted at the same time: they share a commit.
const TOGETHER: usize = 64;

impl Run<'_> {
    /// Deletes the records of what was long enough in the bin. Answers the assets that are there or still in the bin.
    pub(super) async fn empty_bins(&self, report: &mut GcReport) -> Result<Vec<Known>> {
        let records = &self.store.inner.records;
        let mut known = Vec::new();
        for record in records.all("asset/").await? {
            let asset: AssetRecord = parse(&record.key, &record.value)?;
            let name = record.key.trim_start_matches("asset/").to_owned();
            known.push(Known { id: asset.id, name, removed: None });
        }
        for record in records.all("removed/").await? {
            let removed: Removed = parse(&record.key, &record.value)?;
            let id = removed.asset.id;
            if !self.older_than(removed.removed, self.options.bin) {
                known.push(Known { id, name: removed.name.to_string(), removed: Some(removed.removed) });
                continue;
            }
            report.free("removed assets", || removed.name.to_string(), record.value.len() as u64);
            if !self.options.dry_run {
                self.delete_asset(id).await?;
                records.refs.delete(&record.key, Expect::Any, Vec::new()).await?;
            }
        }
        self.orphans(&known, report).await?;
        for asset in &known {
            for record in records.all(&format!("dropped/{}/", asset.id)).await? {
                let dropped: Dropped = parse(&record.key, &record.value)?;
                if self.older_than(dropped.dropped, self.options.bin) {
                    let name = || format!("'{}' of {}", dropped.name, asset.name);
                    report.free("removed branches", name, record.value.len() as u64);
                    if !self.options.dry_run {
                        records.refs.delete(&record.key, Expect::Any, Vec::new()).await?;
                    }
                }
            }
        }
        Ok(known)
    }

    async fn delete_asset(&self, id: Uuid) -> Result<()> {
        let records = &self.store.inner.records;
        for kind in ["ref", "dropped", "commit"] {
            loop {
                let page = records.refs.list(&format!("{kind}/{id}/"), None, 1000).await?;
                if page.is_empty() {
                    break;
                }
                stream::iter(page.iter().map(Ok))
                    .try_for_each_concurrent(TOGETHER, |record| async move {
                        records.refs.delete(&record.key, Expect::Any, Vec::new()).await.map(drop)
                    })
                    .await?;
            }
        }
        Ok(())
    }

    /// Refs of assets that nobody can name: a creation that was cut short, or a bin that was emptied halfway.
    async fn orphans(&self, known: &[Known], report: &mut GcReport) -> Result<()> {
        let records = &self.store.inner.records;
        let known: HashSet<Uuid> = known.iter().map(|asset| asset.id).collect();
        for kind in ["ref", "commit"] {
            let prefix = format!("{kind}/");
            let mut after: Option<String> = None;
            loop {
                // One record of each asset is enough: the next look begins behind all of its records.
                let page = records.refs.list(&prefix, after.as_deref(), 1).await?;
                let Some(record) = page.first() else { break };
                let id = record.key.split('/').nth(1).and_then(|id| Uuid::try_parse(id).ok());
                let Some(id) = id else { break };
                after = Some(format!("{prefix}{id}/~"));
                let made = id.get_timestamp().map_or(0, |time| {
                    let (seconds, nanos) = time.to_unix();
                    seconds * 1000 + u64::from(nanos) / 1_000_000
                });
                if known.contains(&id) || !self.older_than(made, self.options.grace.max(MOMENT)) {
                    continue;
                }
                report.free("records of assets that are gone", || last_part(&record.key).to_owned(), 0);
                if !self.options.dry_run {
                    self.delete_asset(id).await?;
                }
            }
        }
        Ok(())
    }
}

/// Making an asset takes no longer, whatever the grace period is.
const MOMENT: std::time::Duration = std::time::Duration::from_secs(600);
