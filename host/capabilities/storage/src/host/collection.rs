//! `kamld:storage/collection`, and the trait behind it.
//!
//! Must not live here: what is garbage, or who else than storage has some. Invariant: only admins get further than the
//! gate, since a report names what belongs to anybody.

use super::Answer;
use crate::{
    gc::{GcReport, HeldBack, Tally},
    model::Millis,
    policy::{self, Needs},
};
use async_trait::async_trait;
use kamld_bindings::{
    Error as WitError,
    imports::kamld::storage::collection::{self as wit, Freed, Held, Report, Schedule as WitSchedule},
};
use kamld_policy::Call;
use kamld_types::Problem;
use std::sync::Arc;
use wasmtime::component::{HasData, Linker};

/// What is held back that a report names one by one.
const NAMED: usize = 100;

/// A collection that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    pub at: Millis,
    pub report: GcReport,
}

/// How often a host collects by itself, and how soon something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// 0 for never.
    pub every_minutes: u64,
    pub grace_hours: u64,
    pub bin_days: u64,
}

/// Garbage collection of the whole host.
#[async_trait]
pub trait Collecting: Send + Sync {
    fn schedule(&self) -> Schedule;
    /// The last one since the host was started.
    fn last(&self, dry_run: bool) -> Option<Ended>;
    async fn collect(&self, dry_run: bool) -> Result<Ended, Problem>;
}

/// What one call of a plug-in needs of it.
pub struct CollectionHost<'a> {
    pub call: &'a Arc<Call>,
    pub collecting: &'a Arc<dyn Collecting>,
}

struct Marker;

impl HasData for Marker {
    type Data<'a> = CollectionHost<'a>;
}

pub fn link<T: Send + 'static>(linker: &mut Linker<T>, get: fn(&mut T) -> CollectionHost<'_>) -> wasmtime::Result<()> {
    wit::add_to_linker::<T, Marker>(linker, get)
}

impl CollectionHost<'_> {
    fn admit(&self, needs: Needs) -> Result<&Arc<dyn Collecting>, Problem> {
        self.call.admit_admin(needs.interface, needs.verb)?;
        Ok(self.collecting)
    }
}

impl wit::Host for CollectionHost<'_> {
    async fn configured(&mut self) -> Answer<WitSchedule> {
        let configured = self.admit(policy::COLLECTION_CONFIGURED).map(|collecting| {
            let Schedule { every_minutes, grace_hours, bin_days } = collecting.schedule();
            WitSchedule { every_minutes, grace_hours, bin_days }
        });
        Ok(configured.map_err(WitError::from))
    }

    async fn last(&mut self, dry_run: bool) -> Answer<Option<Report>> {
        let last = self.admit(policy::COLLECTION_LAST).map(|collecting| collecting.last(dry_run).map(report));
        Ok(last.map_err(WitError::from))
    }

    async fn run(&mut self, dry_run: bool) -> Answer<Report> {
        let ended = match self.admit(policy::COLLECTION_RUN) {
            Ok(collecting) => collecting.collect(dry_run).await,
            Err(problem) => Err(problem),
        };
        Ok(ended.map(report).map_err(WitError::from))
    }
}

fn report(ended: Ended) -> Report {
    let GcReport { live_bytes, freed, freed_bytes, mut held, compacted, took_ms, .. } = ended.report;
    let (held_count, held_bytes) = (held.len() as u64, held.iter().map(|held| held.bytes).sum());
    held.sort_by_key(|held| std::cmp::Reverse(held.bytes));
    held.truncate(NAMED);
    Report {
        ended: ended.at,
        took: took_ms,
        freed: freed
            .into_iter()
            .map(|Tally { kind, count, bytes, examples }| Freed { kind, count, bytes, examples })
            .collect(),
        freed_bytes,
        held: held.into_iter().map(|HeldBack { what, bytes, why, until }| Held { what, bytes, why, until }).collect(),
        held_count,
        held_bytes,
        compacted,
        live_bytes,
    }
}
