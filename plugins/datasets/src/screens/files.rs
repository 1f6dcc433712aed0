//! Fetches for the tab "Files".

use crate::{
    listing::documents,
    shape::{
        Asset,
        files::Files,
        folder::{self, INLINE, Loose, MOST},
        listing::Entry,
        refs::{Refs, State},
    },
};
use kamld_sdk::{
    Address, Place, Result, RowPage, Screen, Window,
    metadata::catalog,
    storage::{self, history, objects, refs, types},
};

/// The most that one call lists.
const PAGE: u32 = 1000;

pub fn draw(place: &Place) -> Result<Screen> {
    let address = folder_of(place)?;
    let Address { project, asset, at, .. } = &address;
    let found = storage::assets::get(project, asset)?;
    let refs = refs_of(&address, &found)?;
    let held = held(&address, &refs, &found)?;
    let asset = Asset::new(found, Some(catalog::get(&address.asset_id())?));
    let loose = loose(&address, &refs)?;
    let (mut entries, more) = entries(&address, at.as_deref(), "")?;
    if !more {
        folder::arrange(&mut entries, &[], "");
    }
    if entries.len() <= INLINE {
        describe(&address, &mut entries)?;
    }
    let files =
        Files { address: &address, asset: &asset, refs: &refs, held, loose: loose.as_ref(), entries: &entries, more };
    // Tags and summaries belong to the asset without a ref.
    Ok(files.screen().watch(address.asset_id()))
}

pub fn rows(place: &Place, window: &Window) -> Result<RowPage> {
    let address = folder_of(place)?;
    let found = storage::assets::get(&address.project, &address.asset)?;
    let refs = refs_of(&address, &found)?;
    let loose = loose(&address, &refs)?.unwrap_or(Loose { paths: Default::default(), all: false });
    let at = address.at.as_deref();
    let (mut entries_found, more) = entries(&address, at, "")?;
    if !more {
        folder::arrange(&mut entries_found, &window.sort, &window.filter);
    } else if !window.filter.trim().is_empty() {
        // Of a very large folder only what begins so is read.
        entries_found = entries(&address, at, window.filter.trim())?.0;
        folder::arrange(&mut entries_found, &window.sort, "");
    }
    let total = entries_found.len() as u64;
    let mut seen = folder::cut(entries_found, window);
    describe(&address, &mut seen)?;
    let writable = refs.writable();
    let rows = seen.iter().map(|entry| folder::row(entry, &address, writable, &loose));
    Ok(RowPage { rows: rows.collect(), total: Some(total) })
}

/// A tab of an asset is about a folder, however it was written.
fn folder_of(place: &Place) -> Result<Address> {
    let address = place.asset()?;
    Ok(match address.path.as_deref() {
        Some(path) if !path.ends_with('/') => address.with_path(format!("{path}/")),
        _ => address,
    })
}

pub fn refs_of(address: &Address, asset: &types::Asset) -> Result<Refs> {
    let Address { project, asset: name, at, .. } = address;
    Ok(Refs {
        default: asset.default_branch.clone(),
        branches: refs::branches(project, name)?,
        versions: refs::versions(project, name)?,
        at: at.clone(),
    })
}

/// Objects and bytes of the whole state. Of a branch with working changes that is known for the default one only.
fn held(address: &Address, refs: &Refs, asset: &types::Asset) -> Result<Option<(u64, u64)>> {
    if refs.name() == refs.default {
        return Ok(Some((asset.objects, asset.size)));
    }
    match refs.state() {
        State::Branch { changed: false, committed: true, .. } | State::Version(_) | State::Commit(_) => {
            let commit = refs::resolve(&address.project, &address.asset, refs.name())?;
            Ok(Some((commit.objects, commit.size)))
        }
        State::Branch { .. } => Ok(None),
    }
}

/// What is not committed; none where nobody may tell.
pub fn loose(address: &Address, refs: &Refs) -> Result<Option<Loose>> {
    let State::Branch { changed: true, .. } = refs.state() else { return Ok(Some(Loose::none())) };
    let Address { project, asset, at, .. } = address;
    let page = super::unless_denied(history::changes(project, asset, at.as_deref(), None, PAGE))?;
    Ok(page.map(|page| Loose {
        all: page.next.is_none(),
        paths: page.changes.into_iter().map(|change| change.path).collect(),
    }))
}

/// The entries of a folder whose names begin so, in the order of names, as many as are looked through; and whether
/// there are more.
fn entries(address: &Address, at: Option<&str>, beginning: &str) -> Result<(Vec<Entry>, bool)> {
    let folder = address.path.clone().unwrap_or_default();
    let prefix = format!("{folder}{beginning}");
    let mut options = objects::ListOptions { prefix, recursive: false, after: None, limit: PAGE };
    let mut found = Vec::new();
    loop {
        let page = objects::list(&address.project, &address.asset, at, &options)?;
        found.extend(page.entries.into_iter().map(|entry| match entry {
            types::Entry::Object(object) => Entry::object(object, &folder, None),
            types::Entry::Folder(inside) => Entry::folder(inside.path, &folder),
        }));
        match page.next {
            None => return Ok((found, false)),
            Some(_) if found.len() >= MOST => return Ok((found, true)),
            Some(next) => options.after = Some(next),
        }
    }
}

/// Adds what the catalogue knows.
fn describe(address: &Address, entries: &mut [Entry]) -> Result<()> {
    let paths: Vec<_> = entries.iter().map(|entry| entry.path.clone()).collect();
    let mut documents = documents(address, &paths)?.into_iter();
    for entry in entries.iter_mut().filter(|entry| entry.kind == "object") {
        entry.know(documents.next());
    }
    Ok(())
}
