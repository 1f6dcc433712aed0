//! Fetches for the tabs of an object.

use super::files::{loose, refs_of};
use crate::shape::object::{self, Drawn, Preview};
use kamld_sdk::{
    Address, Error, Kind, Place, Result, Screen,
    metadata::catalog,
    preview as previews,
    storage::{self, assets, objects, types::Entry},
};

/// Files of a folder that are looked through for the one before; further down there is none to go back to.
const LOOKED_THROUGH: usize = 5000;

pub fn draw(place: &Place) -> Result<Screen> {
    let address = place.asset()?;
    let path = address.need_path()?;
    let found = objects::stat(&address.project, &address.asset, address.at.as_deref(), path)?;
    let refs = refs_of(&address, &assets::get(&address.project, &address.asset)?)?;
    let kept = loose(&address, &refs)?.is_some_and(|loose| loose.all && !loose.paths.contains(path));
    let document = catalog::get(&address.subject())?;
    // A link may say anything.
    let start = place.param("start").and_then(|start| start.parse().ok()).unwrap_or(0);
    let drawn = drawn(previews::of(&address, start, previews::PAGE))?;
    let screen = Preview {
        address: &address,
        object: &found,
        document: &document,
        refs: &refs,
        drawn,
        beside: beside(&address)?,
        kept,
    }
    .screen();
    // Its description and tags belong to it without a ref.
    Ok(screen.watch(address.subject()))
}

pub fn draw_columns(place: &Place) -> Result<Screen> {
    let address = place.asset()?;
    address.need_path()?;
    let screen = Screen::from(object::columns(&catalog::get(&address.subject())?));
    Ok(screen.watch(address.subject()))
}

fn drawn(answer: Result<kamld_sdk::view::Node>) -> Result<Drawn> {
    match answer {
        Ok(node) => Ok(Drawn::View(node)),
        Err(error) if error.kind() == Kind::NotFound => Ok(Drawn::Nobody),
        Err(error) if error.kind() == Kind::Cancelled => Err(error),
        // One that is broken does not take away the facts, the download and the bytes.
        Err(error) => Ok(Drawn::Failed(error.message().to_owned(), error.help_text().map(str::to_owned))),
    }
}

fn beside(address: &Address) -> Result<(Option<String>, Option<String>)> {
    let folder = address.parent();
    let paths = storage::folder(&folder).take(LOOKED_THROUGH).filter_map(|entry| match entry {
        Ok(Entry::Object(object)) => Some(Ok(object.path)),
        Ok(Entry::Folder(_)) => None,
        Err(error) => Some(Err(error)),
    });
    object::beside::<Error>(paths, address.need_path()?)
}
