//! The surfaces: what they are called, where they go, and what they fetch.
//!
//! Must not live here: nodes (`shape`). Invariant: a surface makes two calls of the host at most, however many
//! projects there are.

use crate::{
    Plugin,
    shape::{Project, home, side},
};
use kamld_sdk::{
    Error, HasSurfaces, Kind, Offer, Place, Result, Screen, Slot, Surfaces, metadata::projects, storage::assets,
    view::Icon,
};
use std::time::{SystemTime, UNIX_EPOCH};

impl HasSurfaces for Plugin {
    fn surfaces() -> Surfaces {
        Surfaces::new()
            .on(Offer::new("projects", Slot::Side, "Projects").icon(Icon::Project).order(10), at_the_side)
            .on(Offer::new("start", Slot::Home, "Projects").icon(Icon::Home).order(10), first_screen)
    }
}

fn fetch() -> Result<Vec<Project>> {
    Ok(projects::list()?.into_iter().map(Into::into).collect())
}

fn at_the_side(place: &Place) -> Result<Screen> {
    // Whichever project is open, the list is that of all: a change of any draws it again.
    Ok(Screen::from(side::view(&fetch()?, place.project())).watch(""))
}

fn first_screen(_: &Place) -> Result<Screen> {
    let projects = fetch()?;
    // An admin may have taken the numbers away; the projects are there all the same.
    let assets = match assets::list(None).map_err(Error::from) {
        Ok(assets) => Some(assets),
        Err(error) if error.kind() == Kind::Denied => None,
        Err(error) => return Err(error),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    Ok(home::view(&projects, assets.as_deref(), now).into())
}
