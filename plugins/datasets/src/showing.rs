//! `show`, `asset show` and `preview`.

use crate::{
    objects::{What, find},
    shape::{
        Asset,
        shown::{self, Commit, Shown},
    },
};
use kamld_sdk::{
    Address, Args, Error, Outcome, Result,
    metadata::catalog,
    preview as previews,
    storage::{self, assets, objects, refs},
};

/// How many objects of a folder are counted before `show` says "more than".
const COUNTED: u64 = 20_000;
/// How many commits `show` lists.
const LAST: u32 = 5;

pub fn show(args: &Args) -> Result<Outcome> {
    let address = args.need_address("address")?;
    if address.path.is_none() {
        return show_whole(&address);
    }
    match find(&address)? {
        What::Object => show_object(&address),
        What::Folder => show_folder(&address),
    }
}

pub fn show_asset(args: &Args) -> Result<Outcome> {
    show_whole(&args.asset("asset")?)
}

fn show_whole(address: &Address) -> Result<Outcome> {
    let Address { project, asset, at, .. } = address;
    let found = assets::get(project, asset)?;
    let mut shown = Shown::asset(address, Asset::new(found, Some(catalog::get(&address.asset_id())?)));
    let branches = refs::branches(project, asset)?;
    let versions = refs::versions(project, asset)?;
    let named = |branch: &storage::types::Branch| {
        if branch.changed { format!("{} (with working changes)", branch.name) } else { branch.name.clone() }
    };
    shown.fact("Branches", branches.iter().map(named).collect::<Vec<_>>().join(", "));
    if !versions.is_empty() {
        shown.fact("Versions", versions.iter().map(|version| version.name.as_str()).collect::<Vec<_>>().join(", "));
    }
    let commits = refs::log(project, asset, at.as_deref(), LAST)?;
    let with_names = |commit: storage::types::Commit| {
        let heads =
            branches.iter().filter(|branch| branch.head.as_ref() == Some(&commit.id)).map(|branch| &branch.name);
        let names =
            heads.chain(versions.iter().filter(|version| version.commit == commit.id).map(|version| &version.name));
        Commit { names: names.cloned().collect(), ..Commit::from(commit.clone()) }
    };
    shown.commits = commits.into_iter().map(with_names).collect();
    shown.answer()
}

fn show_object(address: &Address) -> Result<Outcome> {
    let object = objects::stat(&address.project, &address.asset, address.at.as_deref(), address.need_path()?)?;
    Shown::object(address, object, catalog::get(&address.subject())?).answer()
}

fn show_folder(address: &Address) -> Result<Outcome> {
    let folder = format!("{}/", address.need_path()?.trim_end_matches('/'));
    let address = address.with_path(folder);
    let (mut count, mut size, mut more) = (0, 0, false);
    for object in storage::walk(&address) {
        if count == COUNTED {
            more = true;
            break;
        }
        count += 1;
        size += object?.size;
    }
    Shown::folder(&address, count, size, more).answer()
}

pub fn preview(args: &Args) -> Result<Outcome> {
    let address = args.need_address("address")?;
    address.need_path()?;
    if find(&address)? == What::Folder {
        return Err(Error::invalid(format!("'{address}' is a folder, and only an object can be previewed"))
            .help(format!("kamld ls {address} shows what is in it")));
    }
    let rows = args.integer_within("rows", 1, 200, 20)? as u32;
    let start = args.integer_within("start", 0, i64::MAX, 0)? as u64;
    let node = previews::of(&address, start, rows)?;
    shown::preview(&address, start, rows, node)
}
