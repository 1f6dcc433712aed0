//! `ls`: projects, the assets of a project, or what is in an asset or folder.

use crate::{
    assets,
    shape::listing::{self, Entry, Listing, Project, Usage},
};
use kamld_sdk::{
    Address, Args, Error, Kind, Outcome, Result,
    metadata::{catalog, projects},
    storage::{self, types},
};

pub fn ls(args: &Args) -> Result<Outcome> {
    let limit = args.integer_within("limit", 1, 1000, 200)? as u32;
    match args.text("address")?.map(|text| text.trim_end_matches('/')) {
        None | Some("") => listing::answer(projects_listing()?),
        Some(project) if !project.contains('/') => listing::answer(project_listing(project)?),
        Some(_) => {
            let address = args.need_address("address")?;
            listing::answer(asset_listing(&address, args.text("after")?, limit)?)
        }
    }
}

fn projects_listing() -> Result<Listing> {
    let assets = assets::fetch(None)?;
    let projects = projects::list()?.into_iter().map(|project| {
        let own = assets.iter().filter(|asset| asset.project == project.name);
        let (count, size) = own.fold((0, 0), |(count, size), asset| (count + 1, size + asset.size));
        Project { name: project.name, title: project.title, created: project.created, assets: count, size }
    });
    let projects = projects.collect();
    let usage = Usage::of(&assets, storage::space::get()?.capacity);
    Ok(Listing { projects, usage: Some(usage), ..Listing::default() })
}

fn project_listing(name: &str) -> Result<Listing> {
    if name.contains('@') {
        return Err(Error::invalid(format!("'{name}' is not a project: a ref belongs behind an asset"))
            .help("write PROJECT/ASSET@REF, such as birds/strikes@v1"));
    }
    let project = projects::get(name)?;
    let assets = assets::fetch(Some(&project.name))?;
    let usage = Usage::of(&assets, storage::space::get()?.capacity);
    Ok(Listing { address: project.name, assets, usage: Some(usage), ..Listing::default() })
}

fn asset_listing(address: &Address, after: Option<&str>, limit: u32) -> Result<Listing> {
    let Address { project, asset, at, path } = address;
    let at = at.as_deref();
    let folder = match path.as_deref() {
        None => String::new(),
        Some(path) if path.ends_with('/') => path.to_owned(),
        Some(path) => match storage::objects::stat(project, asset, at, path) {
            Ok(object) => return Ok(one_object(address, object, documents(address, &[path.to_owned()])?.pop())),
            Err(error) => match Error::from(error) {
                error if error.kind() == Kind::NotFound => format!("{path}/"),
                error => return Err(error),
            },
        },
    };
    let options =
        storage::objects::ListOptions { prefix: folder.clone(), recursive: false, after: after.map(Into::into), limit };
    let page = storage::objects::list(project, asset, at, &options)?;
    if page.entries.is_empty() && !folder.is_empty() && after.is_none() {
        return Err(Error::not_found(format!("there is no object and no folder '{address}'"))
            .help(format!("kamld ls {} shows what is there", Address { path: None, ..address.clone() })));
    }
    let path_of = |entry: &types::Entry| match entry {
        types::Entry::Object(object) => object.path.clone(),
        types::Entry::Folder(folder) => folder.path.clone(),
    };
    let paths: Vec<_> = page.entries.iter().map(path_of).collect();
    let mut documents = documents(address, &paths)?.into_iter();
    let entry = |entry| match entry {
        types::Entry::Object(object) => Entry::object(object, &folder, documents.next()),
        types::Entry::Folder(found) => Entry::folder(found.path, &folder),
    };
    let entries = page.entries.into_iter().map(entry).collect();
    let address = if folder.is_empty() { address.to_string() } else { address.with_path(folder.clone()).to_string() };
    Ok(Listing { address, entries, next: page.next, ..Listing::default() })
}

fn one_object(address: &Address, object: types::Object, document: Option<catalog::Document>) -> Listing {
    let folder = object.path.rfind('/').map_or("", |end| &object.path[..=end]).to_owned();
    Listing {
        address: address.to_string(),
        entries: vec![Entry::object(object, &folder, document)],
        ..Listing::default()
    }
}

/// What the catalogue knows about the objects among these paths, in their order; folders are left out.
pub fn documents(address: &Address, paths: &[String]) -> Result<Vec<catalog::Document>> {
    let objects = paths.iter().filter(|path| !path.ends_with('/'));
    let subjects: Vec<_> = objects.map(|path| address.with_path(path.as_str()).subject()).collect();
    Ok(if subjects.is_empty() { Vec::new() } else { catalog::get_many(&subjects)? })
}
