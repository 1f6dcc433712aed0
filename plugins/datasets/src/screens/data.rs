//! Fetches for the area "Data".

use crate::{
    assets,
    shape::{
        Asset,
        area::{Area, is_counted, mix, window as seen},
        listing::Usage,
    },
};
use kamld_sdk::{
    Place, Result, RowPage, Screen, Window, format,
    metadata::projects,
    storage::{objects, space, types::Entry},
};

/// Assets whose files are looked at for a summary: as many as are seen at once. Each is one call of the host.
const LOOKED_AT: usize = 50;
/// Files of an asset that are looked at; one that has more is only counted.
const FILES: u32 = 500;

pub fn draw(place: &Place) -> Result<Screen> {
    let project = place.project();
    // Whoever may not see the project is told so, and not that it is empty.
    let projects = match project {
        Some(name) => projects::get(name).map(|_| true)?,
        None => !projects::list()?.is_empty(),
    };
    let mut assets = assets::fetch(project)?;
    summarise(&mut assets, LOOKED_AT);
    let capacity = super::unless_denied(space::get())?.and_then(|usage| usage.capacity);
    let usage = Usage::of(&assets, capacity);
    Ok(Area { project, assets: &assets, usage: &usage, projects }.view().into())
}

pub fn rows(place: &Place, window: &Window) -> Result<RowPage> {
    let mut assets = assets::fetch(place.project())?;
    summarise(&mut assets, 0);
    let (rows, total) = seen(&assets, window);
    Ok(RowPage { rows, total: Some(total) })
}

/// An asset that nobody described is summed up by its files; `looks` of them are looked into for that.
fn summarise(assets: &mut [Asset], mut looks: usize) {
    for asset in assets.iter_mut().filter(|asset| is_counted(asset)) {
        if looks == 0 || asset.objects == 0 || asset.objects > u64::from(FILES) {
            asset.summary = match asset.objects {
                0 => "Empty".into(),
                many => format::counted(many, "file", "files"),
            };
            continue;
        }
        looks -= 1;
        let options = objects::ListOptions { prefix: String::new(), recursive: true, after: None, limit: FILES };
        // A summary is a help, and no reason to show nothing at all.
        let Ok(page) = objects::list(&asset.project, &asset.name, None, &options) else { continue };
        let types = page.entries.iter().filter_map(|entry| match entry {
            Entry::Object(object) => Some(object.media_type.as_str()),
            Entry::Folder(_) => None,
        });
        asset.summary = mix(types);
    }
}
