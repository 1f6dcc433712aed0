//! `activity`: what happened lately, whatever the asset.

use crate::shape::{self, Happened};
use kamld_sdk::{Args, Outcome, Result, storage::activity};

pub fn activity(args: &Args) -> Result<Outcome> {
    let project = args.text("project")?;
    let limit = args.integer_within("limit", 1, 1000, 20)? as u32;
    let events = activity::recent(project, limit)?.into_iter().map(Happened::from).collect();
    shape::lately(project, events)
}
