//! `sample add`: writes, commits, tags and names each sample, in that order.
//!
//! Invariant: the version is made last, so that it marks a sample as whole.

use crate::{
    contents::{SAMPLES, Sample},
    shape::{self, Fate},
};
use kamld_sdk::{
    Address, Args, Error, Kind, ObjectWriter, Outcome, Result,
    metadata::{catalog, projects},
    storage::{self, assets, history, refs, types::AssetKind},
};
use std::io::Write;

const VERSION: &str = "v1";

pub fn add(args: &Args) -> Result<Outcome> {
    let project = args.text("project")?.unwrap_or("sample");
    if or_not_found(projects::get(project))?.is_none() {
        projects::create(project, "Sample data")?;
    }
    let mut fates = Vec::new();
    for sample in SAMPLES {
        let fate = one(project, sample).map_err(|error| {
            let before = fates.len();
            let kept = format!("{before} of {} samples are there and stay; run it again for the rest", SAMPLES.len());
            Error::new(error.kind(), format!("sample {} could not be added: {error}", sample.asset))
                .help(error.help_text().map_or_else(|| kept.clone(), |help| format!("{kept}; {help}")))
        })?;
        fates.push((sample, fate));
    }
    shape::added(project, &fates)
}

fn one(project: &str, sample: &Sample) -> Result<Fate> {
    let name = sample.asset;
    let address = Address { project: project.to_owned(), asset: name.to_owned(), at: None, path: None };
    if or_not_found(assets::get(project, name))?.is_none() {
        assets::create(project, name, AssetKind::Dataset)?;
    } else {
        if refs::versions(project, name)?.iter().any(|version| version.name == VERSION) {
            return Ok(Fate::Kept);
        }
        for object in storage::walk(&address) {
            let path = object?.path;
            if !sample.has(&path) {
                return Ok(Fate::Left(format!("an asset of this name holds {path} and was not touched")));
            }
        }
    }
    for file in sample.files {
        let mut writer = ObjectWriter::create(&address.with_path(file.path), None)?;
        writer.write_all(file.bytes)?;
        writer.finish()?;
    }
    match history::commit(project, name, None, &format!("sample data: {}", sample.summary), &[]).map_err(Error::from) {
        Ok(_) => {}
        // An interrupted run got as far as the commit: there is nothing new to commit.
        Err(error) if error.kind() == Kind::Invalid => {}
        Err(error) => return Err(error),
    }
    catalog::add_tags(&address.asset_id(), &words(sample.tags))?;
    for file in sample.files {
        catalog::add_tags(&address.with_path(file.path).subject(), &words(file.tags))?;
    }
    refs::create_version(project, name, VERSION, None, "as published")?;
    Ok(Fate::Added)
}

fn words(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

/// What is there, or none when there is no such thing.
fn or_not_found<T, E: Into<Error>>(found: Result<T, E>) -> Result<Option<T>> {
    match found.map_err(Into::into) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
