//! Garbage collection of the whole host: storage, and what others keep by content.
//!
//! Lives here: joining, and when it runs by itself. Must not live here: what is garbage (each owner decides).

use super::{installed::Installed, migrate};
use async_trait::async_trait;
use kamld::config::Gc;
use kamld_metadata::{Descriptions, Search};
use kamld_server::parts::Collect;
use kamld_storage::{
    AssetStore,
    gc::{Compared, GcOptions, GcReport},
    host::collection::{Collecting, Ended, Schedule},
    now,
};
use kamld_types::{AssetId, Problem, problem::Result};
use parking_lot::Mutex;
use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

/// How often the host looks whether it is quiet enough to collect.
const LOOK: Duration = Duration::from_secs(60);
/// A host that is never quiet collects all the same, after so many times its interval.
const PATIENCE: u32 = 4;

/// What a collection works on.
pub struct Collector {
    pub store: AssetStore,
    pub search: Arc<Search>,
    pub descriptions: Arc<dyn Descriptions>,
    pub installed: Installed,
    pub data: PathBuf,
    pub config: Gc,
    pub last: Mutex<Last>,
}

/// How the last of each kind ended, since the host was started.
#[derive(Default)]
pub struct Last {
    dry_run: Option<Ended>,
    collection: Option<Ended>,
}

/// The states that the index compares with.
struct IndexedStates {
    search: Arc<Search>,
    /// Assets that exist: the index drops one that is gone without comparing it with anything.
    there: BTreeSet<AssetId>,
}

impl Compared for IndexedStates {
    fn states(&self) -> kamld_storage::Result<Vec<(AssetId, Vec<u8>)>> {
        let mut states = self.search.roots().map_err(cannot)?;
        states.retain(|(asset, _)| self.there.contains(asset));
        Ok(states)
    }

    fn moved(&self, asset: &AssetId, from: &[u8], to: &[u8]) -> kamld_storage::Result<()> {
        self.search.moved(asset, from, to).map_err(cannot)
    }
}

fn cannot(error: kamld_metadata::Error) -> kamld_storage::Error {
    kamld_storage::Error::internal(format!("what the index compares with cannot be read or written: {error}"))
}

impl Collector {
    async fn options(&self, order: &Collect) -> Result<GcOptions> {
        let there = self.store.list_assets(None).await?.into_iter().map(|asset| asset.id).collect();
        let compared = IndexedStates { search: self.search.clone(), there };
        let grace = order.grace_s.unwrap_or(self.config.grace_hours.saturating_mul(3600));
        let bin = order.bin_s.unwrap_or(self.config.bin_days.saturating_mul(86_400));
        Ok(GcOptions {
            dry_run: order.dry_run,
            grace: Duration::from_secs(grace),
            bin: Duration::from_secs(bin),
            compared: Some(Arc::new(compared)),
        })
    }

    /// Collects once.
    pub async fn run(&self, order: &Collect, progress: impl Fn(&GcReport) + Send + Sync) -> Result<Ended> {
        if migrate::copy_is_kept(&self.data) && !order.dry_run {
            return Err(Problem::conflict(
                "the metadata of the former version is still kept, and it needs what is garbage now",
            )
            .help(
                "stop the server cleanly once and start it again; then the copy is gone and garbage can be collected",
            ));
        }
        let options = self.options(order).await?;
        let collected = self.store.collect(&options, progress).await?;
        let uses = |hash| collected.uses(hash);
        let (count, bytes) = self.descriptions.forget(&uses, options.dry_run).await.map_err(Problem::from)?;
        let mut report = collected.report;
        report.free_many("descriptions of content that is gone", count, bytes);
        let compiled = self.installed.collect_cache(options.dry_run).await?;
        report.free_many("compiled plug-ins that are not needed", compiled.files, compiled.bytes);
        let ended = Ended { at: now(), report };
        self.remember(order, &ended);
        Ok(ended)
    }

    fn remember(&self, order: &Collect, ended: &Ended) {
        let mut last = self.last.lock();
        match *order {
            Collect { dry_run: false, .. } => *last = Last { dry_run: None, collection: Some(ended.clone()) },
            // What another grace period would free says nothing about the configured one.
            Collect { dry_run: true, grace_s: None, bin_s: None } => last.dry_run = Some(ended.clone()),
            Collect { .. } => {}
        }
    }

    /// Collects in quiet times, for as long as the host runs.
    pub async fn by_itself(self: Arc<Self>) {
        let Some(every) = (self.config.every_minutes > 0).then(|| Duration::from_secs(self.config.every_minutes * 60))
        else {
            return;
        };
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last = tokio::time::Instant::now();
        let mut events = self.store.events();
        loop {
            looks.tick().await;
            // Whatever was written since the last look means that the host is busy.
            let busy = !events.is_empty();
            events = events.resubscribe();
            let waited = last.elapsed();
            if waited < every || (busy && waited < every * PATIENCE) || migrate::copy_is_kept(&self.data) {
                continue;
            }
            last = tokio::time::Instant::now();
            match self.run(&Collect::default(), |_| {}).await {
                Ok(Ended { report, .. }) if report.freed_bytes > 0 || report.compacted > 0 => {
                    tracing::info!(bytes = report.freed_bytes, compacted = report.compacted, "garbage was collected");
                }
                Ok(_) => {}
                Err(problem) => tracing::warn!(%problem, "garbage could not be collected"),
            }
        }
    }
}

#[async_trait]
impl Collecting for Collector {
    fn schedule(&self) -> Schedule {
        let Gc { every_minutes, grace_hours, bin_days } = self.config;
        Schedule { every_minutes, grace_hours, bin_days }
    }

    fn last(&self, dry_run: bool) -> Option<Ended> {
        let last = self.last.lock();
        if dry_run { last.dry_run.clone() } else { last.collection.clone() }
    }

    async fn collect(&self, dry_run: bool) -> Result<Ended> {
        self.run(&Collect { dry_run, ..Collect::default() }, |_| {}).await
    }
}
