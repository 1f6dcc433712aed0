//! The screens: tabs of an asset and of an object, a part of the first screen, and a command for the rows of assets.
//!
//! Each module fetches in `draw` and shapes in pure functions, which its tests call. Must not live here: anything
//! that changes an asset; screens name commands of this plug-in, and the page runs them.

mod compare;
mod diff;
mod here;
mod lately;
mod log;
mod object;
mod refs;
mod tables;
mod texts;
mod working;

use crate::Plugin;
use kamld_sdk::{
    Error, HasSurfaces, Offer, Place, Reaction, Result, Slot, Surfaces,
    view::{Icon, Target, going},
};
use serde_json::{Map, Value};

impl HasSurfaces for Plugin {
    fn surfaces() -> Surfaces {
        Surfaces::new()
            .on(Offer::new("changes", Slot::AssetTab, "Changes").icon(Icon::Edit).order(20), working::draw)
            .on(Offer::new("history", Slot::AssetTab, "History").icon(Icon::History).order(30), log::draw)
            .on(Offer::new("refs", Slot::AssetTab, "Branches and versions").icon(Icon::Branch).order(40), refs::draw)
            .on(Offer::new("object-history", Slot::ObjectTab, "History").icon(Icon::History).order(30), object::draw)
            .on(Offer::new("diff", Slot::ObjectTab, "Changes").icon(Icon::Edit).order(40), diff::draw)
            .on(Offer::new("lately", Slot::Home, "Lately").icon(Icon::History).order(20), lately::draw)
            .command(Offer::new("commit", Slot::AssetAction, "Commit…").icon(Icon::Commit))
            .actions(act)
    }
}

fn act(_: &Place, name: &str, arguments: &Map<String, Value>) -> Result<Reaction> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().trim();
    match name {
        "compare" => {
            let (from, to) = (text("from"), text("to"));
            if from.is_empty() || to.is_empty() {
                return Err(Error::invalid("two states are needed to compare")
                    .help("choose a branch, a version or a commit on both sides"));
            }
            let target = Target::new().with("from", from).with("to", to).with("after", Value::Null);
            Ok(Reaction::default().then(going(target)))
        }
        _ => Err(Error::not_found(format!("there is no action '{name}'"))),
    }
}
