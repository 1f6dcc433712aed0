//! `sample add`: writes, commits, tags and names each sample, in that order.
//!
//! It is a task that a person can watch and stop, in files. Invariants: the version is made last, so that it marks a
//! sample as whole; whoever stops it keeps whole samples, and running it again goes on.

use crate::{
    contents::{SAMPLES, Sample},
    shape::{self, Fate},
};
use kamld_sdk::{
    Address, Args, Error, Kind, ObjectWriter, Outcome, Result, Task,
    metadata::{catalog, projects},
    storage::{self, assets, history, refs, types::AssetKind},
};
use std::io::Write;

const VERSION: &str = "v1";
/// What `kamld sql` needs of the host.
const SQL: &str = "kamld:metadata/sql@0.1.0";

pub fn add(args: &Args) -> Result<Outcome> {
    let project = args.text("project")?.unwrap_or("sample");
    if or_not_found(projects::get(project))?.is_none() {
        projects::create(project, "Sample data")?;
    }
    let files = |samples: &[Sample]| samples.iter().map(|sample| sample.files.len() as u64).sum::<u64>();
    let task = Task::start(&format!("Adding sample data to {project}"), Some(files(SAMPLES)), "files")?;
    let fates = each(SAMPLES, |sample, before| {
        let before = files(before);
        one(project, sample, |done| task.progress(before + done))
    })?;
    // Who stops it now is too late: everything is there.
    let _ = task.progress(files(SAMPLES));
    task.finish(&shape::said(project, &fates));
    // Only a host that can query is asked to: which interfaces it has, it says itself.
    shape::added(project, &fates, kamld_sdk::has(SQL))
}

/// One sample after the other, each told which were done before it. The first that fails or is stopped ends it.
fn each<'a>(
    samples: &'a [Sample],
    mut add: impl FnMut(&'a Sample, &'a [Sample]) -> Result<Fate>,
) -> Result<Vec<(&'a Sample, Fate)>> {
    let mut fates = Vec::new();
    for (before, sample) in samples.iter().enumerate() {
        let fate = add(sample, &samples[..before]).map_err(|error| {
            let kept = format!("{before} of {} samples are there and stay; run it again for the rest", samples.len());
            let said = match error.kind() {
                Kind::Cancelled => format!("adding the samples was stopped at {}", sample.asset),
                _ => format!("sample {} could not be added: {error}", sample.asset),
            };
            Error::new(error.kind(), said)
                .help(error.help_text().map_or_else(|| kept.clone(), |help| format!("{kept}; {help}")))
        })?;
        fates.push((sample, fate));
    }
    Ok(fates)
}

/// `progress` is told how many files of the sample are there, and its error ends the work before the next.
fn one(project: &str, sample: &Sample, progress: impl Fn(u64) -> Result<()>) -> Result<Fate> {
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
    for (before, file) in sample.files.iter().enumerate() {
        progress(before as u64)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stops_it_keeps_the_samples_before_and_is_told_so() {
        let mut seen = Vec::new();
        let stopped = each(SAMPLES, |sample, before| {
            seen.push(sample.asset);
            if before.len() == 2 { Err(Error::cancelled("stopped after 5 files")) } else { Ok(Fate::Added) }
        });
        let error = stopped.err().unwrap();
        assert_eq!(error.kind(), Kind::Cancelled);
        assert_eq!(error.message(), "adding the samples was stopped at images");
        assert!(error.help_text().unwrap().starts_with("2 of 4 samples are there and stay"), "{error:?}");
        assert_eq!(seen, ["birds", "cars", "images"], "nothing was begun after it");
    }

    #[test]
    fn a_failure_keeps_its_kind_and_its_advice() {
        let failed = each(SAMPLES, |_, _| Err(Error::limit("the disk is full").help("make room")));
        let error = failed.err().unwrap();
        assert_eq!(error.kind(), Kind::Limit);
        assert!(error.message().contains("birds could not be added: the disk is full"), "{error}");
        assert!(error.help_text().unwrap().ends_with("make room"), "{error:?}");
    }
}
