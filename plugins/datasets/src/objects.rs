//! `rm`, `undelete`, `cp` and `mv`.
//!
//! Invariant: within one branch no bytes move; across assets and refs each object is written whole or not at all.

use kamld_sdk::{
    Address, Args, Error, Kind, ObjectReader, ObjectWriter, Outcome, Result, Task, format,
    storage::{self, batch, history, objects},
    view::{self, Tone, View},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
};

pub fn rm(args: &Args) -> Result<Outcome> {
    let addresses = args.texts("address")?.iter().map(|text| text.parse()).collect::<Result<Vec<Address>>>()?;
    // All are looked at before any is touched.
    for address in &addresses {
        removable(address)?;
    }
    let mut removed = 0;
    for ((project, asset, at), paths) in by_branch(&addresses)? {
        removed += batch::remove(project, asset, at, &paths)
            .map_err(|error| removed_before(&format!("{project}/{asset}"), removed, error.into()))?;
    }
    let assets: BTreeSet<_> = addresses.iter().map(|address| address.whole().to_string()).collect();
    let back = assets
        .iter()
        .map(|asset| view::hint("what was committed comes back with").command(format!("kamld restore {asset}")));
    let view = view::text(format!("removed {}", format::counted(removed, "object", "objects"))).tone(Tone::Good);
    let view = back.fold(View::new().show(view), View::show);
    Ok(Outcome::new(&serde_json::json!({ "removed": removed }))?.view(view))
}

pub fn undelete(args: &Args) -> Result<Outcome> {
    let addresses = args.texts("address")?.iter().map(|text| text.parse()).collect::<Result<Vec<Address>>>()?;
    let mut restored = 0;
    for ((project, asset, at), paths) in by_branch(&addresses)? {
        restored += history::restore(project, asset, at, None, &paths)?;
    }
    let said = match restored {
        0 => "everything is as the last commit has it; nothing was changed".to_owned(),
        _ => format!("brought {} back from the last commit", format::counted(restored, "object", "objects")),
    };
    let view = View::from(view::text(said).tone(Tone::Good));
    Ok(Outcome::new(&serde_json::json!({ "restored": restored }))?.view(view))
}

/// Paths by project, asset and branch.
type Branches<'a> = BTreeMap<(&'a str, &'a str, Option<&'a str>), Vec<String>>;

/// What lies on one branch is changed at once, or not at all.
fn by_branch(addresses: &[Address]) -> Result<Branches<'_>> {
    let mut branches = Branches::new();
    for address in addresses {
        let Address { project, asset, at, .. } = address;
        branches.entry((project, asset, at.as_deref())).or_default().push(address.need_path()?.to_owned());
    }
    Ok(branches)
}

fn removable(address: &Address) -> Result<()> {
    let Address { project, asset, .. } = address;
    if address.path.is_none() {
        return Err(Error::invalid(format!("'{address}' is a whole asset, and nothing was removed")).help(format!(
            "name an object or a folder in it; to remove the asset: kamld asset remove {project}/{asset}"
        )));
    }
    if find(address)? == What::Folder && !address.is_folder() {
        return Err(Error::invalid(format!("'{address}' is a folder, and nothing was removed"))
            .help(format!("to remove all that is in it: kamld rm {address}/")));
    }
    Ok(())
}

/// Why removing ended, and what is gone already.
fn removed_before(asset: &str, removed: u64, error: Error) -> Error {
    if removed == 0 {
        return error;
    }
    let gone = format!("{} in other assets were removed before", format::counted(removed, "object", "objects"));
    let help = error.help_text().map_or(gone.clone(), |help| format!("{gone}; {help}"));
    Error::new(error.kind(), format!("nothing of {asset} was removed: {error}")).help(help)
}

pub fn cp(args: &Args) -> Result<Outcome> {
    let (from, to) = (args.need_address("from")?, args.need_address("to")?);
    let (from, to) = plan(&from, find(&from)?, &to)?;
    replaces_nothing(&to, args)?;
    let copied = if same_branch(&from, &to) {
        objects::copy(&from.project, &from.asset, from.at.as_deref(), from.need_path()?, to.need_path()?)?
    } else {
        copy_bytes(&from, &to)?
    };
    let view = view::text(format!("copied {} to {to}", format::counted(copied, "object", "objects"))).tone(Tone::Good);
    Ok(Outcome::new(&serde_json::json!({ "copied": copied, "to": to.to_string() }))?.view(view))
}

pub fn mv(args: &Args) -> Result<Outcome> {
    let (from, to) = (args.need_address("from")?, args.need_address("to")?);
    if !same_branch(&from, &to) {
        return Err(Error::invalid(format!(
            "a move stays within one branch of one asset, and {from} and {to} are in two; nothing was changed"
        ))
        .help(format!("copy, look, then remove: kamld cp {from} {to}; kamld rm {from}")));
    }
    let (from, to) = plan(&from, find(&from)?, &to)?;
    replaces_nothing(&to, args)?;
    let moved = objects::move_(&from.project, &from.asset, from.at.as_deref(), from.need_path()?, to.need_path()?)?;
    let view = view::text(format!("moved {} to {to}", format::counted(moved, "object", "objects"))).tone(Tone::Good);
    Ok(Outcome::new(&serde_json::json!({ "moved": moved, "to": to.to_string() }))?.view(view))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Object,
    Folder,
}

/// Whether an address names an object or a folder; `not-found` when it names neither.
pub fn find(address: &Address) -> Result<What> {
    let Address { project, asset, at, path } = address;
    let prefix = match path.as_deref() {
        None => return Ok(What::Folder),
        Some(path) if path.ends_with('/') => path.to_owned(),
        Some(path) => match objects::stat(project, asset, at.as_deref(), path).map_err(Error::from) {
            Ok(_) => return Ok(What::Object),
            Err(error) if error.kind() == Kind::NotFound => format!("{path}/"),
            Err(error) => return Err(error),
        },
    };
    let options = objects::ListOptions { prefix, recursive: true, after: None, limit: 1 };
    if objects::list(project, asset, at.as_deref(), &options)?.entries.is_empty() {
        return Err(Error::not_found(format!("there is no object and no folder '{address}'"))
            .help(format!("kamld ls {} shows what is there", Address { path: None, ..address.clone() })));
    }
    Ok(What::Folder)
}

/// What is at the target already and in no commit would be lost for good.
fn replaces_nothing(to: &Address, args: &Args) -> Result<()> {
    if args.flag("replace") {
        return Ok(());
    }
    match find(to) {
        Ok(there) => Err(taken(to, there)),
        Err(error) if error.kind() == Kind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn taken(to: &Address, there: What) -> Error {
    let (what, other) = match there {
        What::Object => ("an object", "choose another name"),
        What::Folder => ("a folder", "choose another name, or end it with '/' to go into the folder"),
    };
    Error::already_exists(format!("there is {what} '{to}' already; nothing was changed"))
        .help(format!("{other}; with --replace it takes the place of what is there"))
}

fn same_branch(from: &Address, to: &Address) -> bool {
    (&from.project, &from.asset, &from.at) == (&to.project, &to.asset, &to.at)
}

/// Where things go: a target that is an asset or ends in `/` keeps the name of the source.
fn plan(from: &Address, what: What, to: &Address) -> Result<(Address, Address)> {
    let source = from.need_path()?.trim_end_matches('/');
    let name = source.rsplit('/').next().unwrap_or(source);
    let target = match to.path.as_deref() {
        None => name.to_owned(),
        Some(folder) if folder.ends_with('/') => format!("{folder}{name}"),
        Some(path) => path.to_owned(),
    };
    let end = if what == What::Folder { "/" } else { "" };
    let (source, target) = (format!("{source}{end}"), format!("{target}{end}"));
    if what == What::Folder && same_branch(from, to) && target.starts_with(&source) {
        return Err(Error::invalid(format!("the folder {source} cannot go into itself; nothing was changed"))
            .help("choose a target outside of it"));
    }
    Ok((from.with_path(source), to.with_path(target)))
}

/// Bytes that travel between two looks at whether the person has stopped it.
const CHUNK: usize = 1 << 20;

/// A task that a person can watch and stop, since every byte travels. How many there are is known of one object; of a
/// folder it would take a walk of its own.
fn copy_bytes(from: &Address, to: &Address) -> Result<u64> {
    let (source, target) = (from.need_path()?, to.need_path()?);
    let title = format!("Copying {from} to {to}");
    let mut bytes = 0;
    if !source.ends_with('/') {
        let object = objects::stat(&from.project, &from.asset, from.at.as_deref(), source)?;
        let task = Task::start(&title, Some(object.size), "bytes")?;
        copy_one(from, to, &object.media_type, &mut bytes, |bytes| task.progress(bytes))?;
        task.finish(&copied_words(1, bytes));
        return Ok(1);
    }
    let task = Task::start(&title, None, "bytes")?;
    let mut copied = 0;
    for object in storage::walk(from) {
        let object = object?;
        let rest = object.path.strip_prefix(source).unwrap_or(&object.path);
        let (one, to) = (from.with_path(&object.path), to.with_path(format!("{target}{rest}")));
        copy_one(&one, &to, &object.media_type, &mut bytes, |bytes| task.progress(bytes))
            .map_err(|error| stopped_at(&object.path, copied, error))?;
        copied += 1;
    }
    task.finish(&copied_words(copied, bytes));
    Ok(copied)
}

fn copied_words(copied: u64, bytes: u64) -> String {
    format!("copied {}, {}", format::counted(copied, "object", "objects"), format::bytes(bytes))
}

/// What ended a copy, and what of it stays.
fn stopped_at(path: &str, copied: u64, error: Error) -> Error {
    let kept = format!("{} were copied before it and stay", format::counted(copied, "object", "objects"));
    let said = match error.kind() {
        Kind::Cancelled => format!("copying was stopped at '{path}'"),
        _ => format!("'{path}' could not be copied: {error}"),
    };
    let help = error.help_text().map_or(kept.clone(), |help| format!("{kept}; {help}"));
    Error::new(error.kind(), said).help(help)
}

/// `bytes` counts on over all objects; the error of `progress` leaves nothing of this one behind.
fn copy_one(
    from: &Address,
    to: &Address,
    media_type: &str,
    bytes: &mut u64,
    progress: impl Fn(u64) -> Result<()>,
) -> Result<()> {
    let mut reader = ObjectReader::open(from)?;
    let mut writer = ObjectWriter::create(to, Some(media_type))?;
    pour(&mut reader, &mut writer, bytes, progress)?;
    writer.finish()?;
    Ok(())
}

fn pour(
    from: &mut impl Read,
    to: &mut impl Write,
    bytes: &mut u64,
    progress: impl Fn(u64) -> Result<()>,
) -> Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        progress(*bytes)?;
        match from.read(&mut chunk)? {
            0 => return Ok(()),
            read => {
                to.write_all(&chunk[..read])?;
                *bytes += read as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(from: &str, what: What, to: &str) -> Result<(String, String)> {
        let (from, to) = plan(&from.parse().unwrap(), what, &to.parse().unwrap())?;
        Ok((from.to_string(), to.to_string()))
    }

    #[test]
    fn a_target_folder_keeps_the_name() {
        for (from, what, to, expected) in [
            ("b/s/x.csv", What::Object, "b/s/raw/", ("b/s/x.csv", "b/s/raw/x.csv")),
            ("b/s/a/x.csv", What::Object, "b/t", ("b/s/a/x.csv", "b/t/x.csv")),
            ("b/s/x.csv", What::Object, "b/s/y.csv", ("b/s/x.csv", "b/s/y.csv")),
            ("b/s/a", What::Folder, "b/s/z", ("b/s/a/", "b/s/z/")),
            ("b/s@v1/a/", What::Folder, "b/s/z/", ("b/s@v1/a/", "b/s/z/a/")),
        ] {
            assert_eq!(planned(from, what, to).unwrap(), (expected.0.to_owned(), expected.1.to_owned()), "{from} {to}");
        }
    }

    #[test]
    fn who_would_replace_something_is_told_what_to_do() {
        let error = taken(&"b/s/a/".parse().unwrap(), What::Folder);
        assert_eq!(error.message(), "there is a folder 'b/s/a/' already; nothing was changed");
        assert!(error.help_text().unwrap().contains("--replace"), "{error}");
        assert_eq!(error.kind(), Kind::AlreadyExists);
    }

    #[test]
    fn a_folder_cannot_go_into_itself() {
        assert!(planned("b/s/a/", What::Folder, "b/s/a/b").is_err());
        assert!(planned("b/s/a/", What::Folder, "b/s/ab").is_ok());
        assert!(planned("b/s@v1/a/", What::Folder, "b/s/a/b").is_ok());
    }

    #[test]
    fn a_copy_says_how_far_it_is_and_ends_when_it_is_stopped() {
        let source = vec![7; 2 * CHUNK + 3];
        let (mut target, mut bytes, seen) = (Vec::new(), 10, std::cell::RefCell::new(Vec::new()));
        let watch = |bytes| {
            seen.borrow_mut().push(bytes);
            Ok(())
        };
        pour(&mut &source[..], &mut target, &mut bytes, watch).unwrap();
        assert_eq!((target, bytes), (source.clone(), 10 + source.len() as u64));
        assert_eq!(*seen.borrow(), [10, 10 + CHUNK as u64, 10 + 2 * CHUNK as u64, bytes]);
        let (mut target, mut bytes) = (Vec::new(), 0);
        let stop = |bytes| if bytes > 0 { Err(Error::cancelled("stopped")) } else { Ok(()) };
        let error = pour(&mut &source[..], &mut target, &mut bytes, stop).unwrap_err();
        assert_eq!((error.kind(), target.len()), (Kind::Cancelled, CHUNK));
    }

    #[test]
    fn who_stops_a_copy_is_told_what_stays() {
        let error = stopped_at("2019/may.csv", 12, Error::cancelled("stopped after 9 bytes"));
        assert_eq!(error.message(), "copying was stopped at '2019/may.csv'");
        assert_eq!(error.help_text(), Some("12 objects were copied before it and stay"));
        assert_eq!(stopped_at("x", 0, Error::limit("the disk is full")).kind(), Kind::Limit);
    }

    #[test]
    fn who_removes_many_is_told_what_is_gone() {
        let denied = || Error::denied("a version stays as it is").help("name a branch");
        let error = removed_before("b/s", 2, denied());
        assert_eq!(error.message(), "nothing of b/s was removed: a version stays as it is");
        assert_eq!(error.help_text(), Some("2 objects in other assets were removed before; name a branch"));
        assert_eq!(removed_before("b/s", 0, denied()), denied());
    }

    #[test]
    fn a_whole_asset_is_no_source() {
        assert!(planned("b/s", What::Folder, "b/t").is_err());
    }
}
