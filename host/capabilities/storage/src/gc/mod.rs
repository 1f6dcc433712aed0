//! Garbage collection: finds what nothing leads to any more and gives its room back, beside readers and writers.
//!
//! In reading order: this file (what is asked and what is told), `bins` (what people removed, and commits that no ref
//! reaches), `mark` (what is in use), `garbage` (what is not, and since when), `sweep` (deleting), `compact` (packs that
//! are mostly garbage).
//! Must not live here: when it runs, descriptions and compiled plug-ins (which belong to others).
//! Invariants: nothing is deleted that a ref, a bin, a reader or a writer of this process leads to; garbage goes only
//! after it has been garbage for the grace period; when anything that leads on cannot be read, nothing is deleted, since
//! what lies behind it is unknown.

mod bins;
mod compact;
mod filter;
mod garbage;
mod mark;
mod sweep;

pub use filter::Filter;

pub use crate::leases::HoldOff;
use crate::{
    error::{Error, Result},
    model::{Millis, now},
    store::AssetStore,
};
use bytes::Bytes;
use kamld_types::{AssetId, Hash};
use mark::Marks;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Examples of one kind that a report names.
const EXAMPLES: usize = 20;

/// Who else compares with states of storage, named by their tokens.
pub trait Compared: Send + Sync {
    /// The states that are still compared with: they are in use.
    fn states(&self) -> Result<Vec<(AssetId, Vec<u8>)>>;

    /// The same state lies elsewhere from now on: whoever knows it by the first token knows it by the second.
    fn moved(&self, asset: &AssetId, from: &[u8], to: &[u8]) -> Result<()>;
}

/// How to collect.
#[derive(Clone)]
pub struct GcOptions {
    /// Only says what would be freed.
    pub dry_run: bool,
    /// How long something has to be garbage before it goes.
    pub grace: Duration,
    /// How long removed assets and branches stay in the bin.
    pub bin: Duration,
    pub compared: Option<Arc<dyn Compared>>,
}

impl Default for GcOptions {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self { dry_run: false, grace: day, bin: 30 * day, compared: None }
    }
}

/// Things of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub kind: String,
    pub count: u64,
    pub bytes: u64,
    /// The first few by name.
    pub examples: Vec<String>,
}

/// Something that is not freed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    pub what: String,
    pub bytes: u64,
    pub why: String,
    /// When it may go; none when that depends on what is done about it.
    pub until: Option<Millis>,
}

/// What a collection did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GcReport {
    pub dry_run: bool,
    /// What is being done, while it runs.
    pub phase: String,
    /// Packs and whole objects in use: how many, and their bytes that are in use.
    pub live: u64,
    pub live_bytes: u64,
    pub freed: Vec<Tally>,
    pub freed_bytes: u64,
    pub held: Vec<HeldBack>,
    /// Packs that were written anew without their garbage; they go once their grace period is over.
    pub compacted: u64,
    /// The most memory that marking took, in bytes.
    pub memory: u64,
    pub took_ms: u64,
}

impl GcReport {
    /// Counts something that was freed.
    pub fn free(&mut self, kind: &str, name: impl FnOnce() -> String, bytes: u64) {
        self.free_many(kind, 1, bytes);
        if let Some(tally) = self.freed.iter_mut().find(|tally| tally.kind == kind)
            && tally.examples.len() < EXAMPLES
        {
            tally.examples.push(name());
        }
    }

    pub fn free_many(&mut self, kind: &str, count: u64, bytes: u64) {
        if count == 0 {
            return;
        }
        self.freed_bytes += bytes;
        match self.freed.iter_mut().find(|tally| tally.kind == kind) {
            Some(tally) => {
                tally.count += count;
                tally.bytes += bytes;
            }
            None => self.freed.push(Tally { kind: kind.into(), count, bytes, examples: Vec::new() }),
        }
    }

    fn hold(&mut self, what: impl Into<String>, bytes: u64, why: impl Into<String>, until: Option<Millis>) {
        self.held.push(HeldBack { what: what.into(), bytes, why: why.into(), until });
    }
}

/// A report, and the hashes of all contents in use, for those who keep something by content.
pub struct Collected {
    pub report: GcReport,
    /// None when what is in use could not be found out: then nothing must be forgotten.
    pub in_use: Option<Filter>,
}

impl Collected {
    pub fn uses(&self, hash: Hash) -> bool {
        self.in_use.as_ref().is_none_or(|filter| filter.contains(&hash.0))
    }
}

/// Ends the recording of what is written, however the collection ends.
struct Recording<'a>(&'a AssetStore);

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        self.0.inner.leases.end();
    }
}

impl AssetStore {
    /// Holds garbage collection off until the answer is dropped, for who copies the store.
    pub fn hold_collection(&self) -> Result<HoldOff> {
        self.inner.leases.hold_off().ok_or_else(|| {
            Error::conflict("a garbage collection is running").help("wait until it has ended, then repeat")
        })
    }

    /// The bytes of the store: packs and whole objects by key.
    pub fn content(&self) -> &Arc<dyn ObjectStore> {
        &self.inner.backing().store
    }

    /// Refs behind a key, with their records, in the order of keys.
    pub async fn refs_page(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Bytes)>> {
        let page = self.inner.records.refs.list("", after, limit).await?;
        Ok(page.into_iter().map(|record| (record.key, record.value)).collect())
    }

    /// Collects garbage; `progress` is told now and then. `conflict` while another collection runs.
    pub async fn collect(&self, options: &GcOptions, progress: impl Fn(&GcReport) + Send + Sync) -> Result<Collected> {
        let start = std::time::Instant::now();
        if !self.inner.leases.start() {
            return Err(Error::conflict("a garbage collection or a backup is running already")
                .help("nothing was collected; wait until it has ended"));
        }
        let recording = Recording(self);
        let mut report = GcReport { dry_run: options.dry_run, ..GcReport::default() };
        let run = Run { store: self, options, now: now(), progress: &progress };
        let in_use = run.collect(&mut report).await?;
        drop(recording);
        report.phase = "done".into();
        report.took_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Collected { report, in_use })
    }
}

struct Run<'a> {
    store: &'a AssetStore,
    options: &'a GcOptions,
    now: Millis,
    progress: &'a (dyn Fn(&GcReport) + Send + Sync),
}

impl Run<'_> {
    fn phase(&self, report: &mut GcReport, phase: &str) {
        report.phase = phase.into();
        (self.progress)(report);
    }

    /// The states that others compare with.
    fn compared(&self) -> Result<Vec<(AssetId, Vec<u8>)>> {
        self.options.compared.as_ref().map_or_else(|| Ok(Vec::new()), |compared| compared.states())
    }

    fn older_than(&self, time: Millis, age: Duration) -> bool {
        time.saturating_add(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)) <= self.now
    }

    async fn collect(&self, report: &mut GcReport) -> Result<Option<Filter>> {
        self.phase(report, "emptying the bin");
        let assets = self.empty_bins(report).await?;
        let mut filter = None;
        for round in 0.. {
            self.phase(report, "finding what is in use");
            let mut marks = Marks::new(self.store.inner.nodes.clone());
            match self.once(&assets, &mut marks, report).await {
                Ok(()) => {}
                Err(error @ Error::Corrupt(_)) => {
                    let why = format!("nothing was deleted, since what lies behind this is unknown: {error}");
                    report.hold("everything", 0, why, None);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
            let compacted = report.compacted;
            if !self.options.dry_run && round == 0 {
                self.phase(report, "compacting packs");
                self.compact(&assets, &marks, report).await?;
            }
            (report.live, report.live_bytes) = marks.totals();
            report.memory = report.memory.max(marks.memory());
            filter = Some(marks.into_filter());
            // The packs that were compacted are garbage now: without a grace period they can go at once.
            if report.compacted == compacted || !self.options.grace.is_zero() {
                break;
            }
            report.held.clear();
        }
        Ok(filter)
    }

    /// Marks and deletes.
    async fn once(&self, assets: &[Known], marks: &mut Marks, report: &mut GcReport) -> Result<()> {
        let doomed = self.mark(assets, marks, report).await?;
        self.phase(report, "finding what is not in use");
        let garbage = self.garbage(marks, report).await?;
        self.phase(report, if self.options.dry_run { "adding up" } else { "deleting" });
        self.sweep(marks, doomed, garbage, report).await
    }
}

/// What a collection works on besides the refs: the assets that are there or in the bin.
pub(crate) struct Known {
    pub id: uuid::Uuid,
    pub name: String,
    /// Since when it is in the bin.
    pub removed: Option<Millis>,
}
