//! Fetches and actions for the settings page "Storage".

use super::unless_denied;
use crate::shape::room::{Collection, Room};
use kamld_sdk::{
    Reaction, Result, Screen, format,
    storage::{
        collection::{self, Report},
        space,
    },
    view::Action,
};
use serde_json::Map;

pub fn draw() -> Result<Screen> {
    let room = Room { usage: space::get()?, shares: space::by_project()?, collection: known()? };
    Ok(room.view().into())
}

/// None for whoever is no admin.
fn known() -> Result<Option<Collection>> {
    let Some(schedule) = unless_denied(collection::configured())? else { return Ok(None) };
    Ok(Some(Collection { schedule, checked: collection::last(true)?, last: collection::last(false)? }))
}

/// Frees what can be freed, or looks for it.
pub fn collect(dry_run: bool) -> Result<Reaction> {
    let report = collection::run(dry_run)?;
    Ok(Reaction::note(note(&report, dry_run)).then(Action::new().set(Map::new()).reopen(true)))
}

fn note(report: &Report, dry_run: bool) -> String {
    let bytes = format::bytes(report.freed_bytes);
    match (dry_run, report.freed_bytes) {
        (_, 0) => "There is nothing to free".into(),
        (true, _) => format!("{bytes} can be freed"),
        (false, _) => format!("Freed {bytes}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::room::tests::report;

    #[test]
    fn what_was_done_is_said_in_one_sentence() {
        assert_eq!(note(&report(0), true), "There is nothing to free");
        assert_eq!(note(&report(5_000), true), "5 kB can be freed");
        assert_eq!(note(&report(5_000), false), "Freed 5 kB");
    }
}
