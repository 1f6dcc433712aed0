//! What was released of the contract stays as it is: plug-ins of strangers were built against it.
//!
//! Lives here: the copies in `wit/NAME/released/VERSION` against their digests, and against the live files that bear
//! the same version. Must not live here: whether the host still links old versions (`host/policy`).
//! Invariant: a released copy is never read by `bindgen!`, so that it can only be compared.

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// (package folder, released folder) of each release.
fn releases() -> Vec<(PathBuf, PathBuf)> {
    let packages = folders(&root().join("wit"));
    packages
        .iter()
        .flat_map(|package| folders(&package.join("released")).into_iter().map(move |folder| (package.clone(), folder)))
        .collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The names of the WIT files directly in a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "wit")).map(|path| name(&path)).collect()
}

/// What the files of a folder say their version is; every file that says one says the same.
fn version(folder: &Path) -> Option<String> {
    let said: BTreeSet<String> = files(folder)
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            let line = text.lines().find(|line| line.starts_with("package "))?;
            Some(line.split('@').nth(1)?.trim_end_matches([';', ' ']).to_owned())
        })
        .collect();
    assert!(said.len() <= 1, "{} bears several versions: {said:?}", folder.display());
    said.into_iter().next()
}

#[test]
fn a_released_copy_never_changes() {
    for (_, folder) in releases() {
        let sums = fs::read_to_string(folder.join("SHA256SUMS"))
            .unwrap_or_else(|_| panic!("{} has no SHA256SUMS: tests/house/freeze writes it", folder.display()));
        let listed: BTreeSet<String> =
            sums.lines().filter_map(|line| Some(line.split_once("  ")?.1.to_owned())).collect();
        let there = fs::read_dir(&folder).unwrap().map(|entry| name(&entry.unwrap().path()));
        let there: BTreeSet<String> = there.filter(|file| file != "SHA256SUMS").collect();
        assert_eq!(listed, there, "{}: the list of digests and the files differ", folder.display());
        assert_eq!(version(&folder).as_deref(), Some(name(&folder).as_str()), "{}", folder.display());
        let check = |program: &str, arguments: &[&str]| {
            Command::new(program).args(arguments).args(["-c", "SHA256SUMS"]).current_dir(&folder).output()
        };
        // Linux has the one, macOS the other.
        let checked = check("sha256sum", &[]).or_else(|_| check("shasum", &["-a", "256"]));
        let checked = checked.expect("sha256sum or shasum is needed to check the released contract");
        assert!(
            checked.status.success(),
            "{} was changed after its release; git checkout brings it back:\n{}",
            folder.display(),
            String::from_utf8_lossy(&checked.stdout)
        );
    }
}

#[test]
fn a_package_that_bears_a_released_version_is_what_was_released() {
    for (package, released) in releases() {
        if version(&package).as_deref() != Some(name(&released).as_str()) {
            continue;
        }
        let advice = format!(
            "wit/{} still says version {}, which is released: raise the version, and put new functions into new interfaces",
            name(&package),
            name(&released)
        );
        assert_eq!(files(&package), files(&released), "{advice}");
        for file in files(&released) {
            let (live, copy) = (fs::read_to_string(package.join(&file)), fs::read_to_string(released.join(&file)));
            let (live, copy) = (live.unwrap(), copy.unwrap());
            let differs = live.lines().zip(copy.lines()).position(|(live, copy)| live != copy);
            let line = differs.unwrap_or_else(|| live.lines().count().min(copy.lines().count())) + 1;
            assert!(live == copy, "{advice}\nthey differ from line {line} of {file}");
        }
    }
}

/// What went or became stricter of a released schema, by its place.
fn lost(place: &str, released: &Value, live: Option<&Value>, found: &mut Vec<String>) {
    let Some(live) = live else { return found.push(format!("{place} is gone")) };
    match (released, live) {
        (Value::Object(released), Value::Object(live)) => {
            for (key, value) in
                released.iter().filter(|(key, _)| !["description", "title", "version"].contains(&key.as_str()))
            {
                let (place, items) =
                    (format!("{place}/{key}"), |value: &Value| value.as_array().cloned().unwrap_or_default());
                match key.as_str() {
                    "required" => {
                        let more = live.get(key).map(items).unwrap_or_default();
                        found.extend(
                            more.iter()
                                .filter(|one| !items(value).contains(one))
                                .map(|one| format!("{place} wants {one} too")),
                        );
                    }
                    "enum" => {
                        let words = live.get(key).map(items).unwrap_or_default();
                        found.extend(
                            items(value)
                                .iter()
                                .filter(|one| !words.contains(one))
                                .map(|one| format!("{place} lacks {one}")),
                        );
                    }
                    _ => lost(&place, value, live.get(key), found),
                }
            }
            let stricter =
                ["required", "enum", "minimum", "maximum", "maxItems", "oneOf", "additionalProperties", "type"];
            let new = stricter.iter().filter(|key| live.contains_key(**key) && !released.contains_key(**key));
            found.extend(new.map(|key| format!("{place} has {key}, which it had not")));
        }
        (released, live) if released != live => found.push(format!("{place} was {released} and is {live}")),
        _ => {}
    }
}

/// Views that were made for a released catalogue are drawn by every later one of its version.
#[test]
fn a_released_catalogue_only_grows() {
    let read = |path: &Path| -> Option<Value> { Some(serde_json::from_str(&fs::read_to_string(path).ok()?).unwrap()) };
    let mut seen = 0;
    for (package, released) in releases() {
        let Some(copy) = read(&released.join("catalogue.json")) else { continue };
        seen += 1;
        let mut found = Vec::new();
        lost("", &copy, read(&package.join("catalogue.json")).as_ref(), &mut found);
        assert!(found.is_empty(), "wit/{}/catalogue.json: {found:#?}", name(&package));
    }
    assert!(seen > 0, "a catalogue was released");
    let mut found = Vec::new();
    let old = serde_json::json!({"kinds": {"text": {"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}}, "words": {"enum": ["x", "y"]}});
    let new = serde_json::json!({"kinds": {"text": {"properties": {"a": {"type": "number"}, "c": {}}, "required": ["a", "c"]}, "new": {}}, "words": {"enum": ["y", "z"]}});
    lost("", &old, Some(&new), &mut found);
    found.sort();
    assert_eq!(found.len(), 4, "{found:#?}");
}

/// A version that is live is never older than one that was released.
#[test]
fn versions_only_grow() {
    let numbers = |version: &str| version.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u64>>();
    for (package, released) in releases() {
        let live = version(&package).expect("a package says its version");
        assert!(numbers(&live) >= numbers(&name(&released)), "wit/{} went back to {live}", name(&package));
    }
}

#[test]
fn nothing_is_generated_from_a_released_copy() {
    for file in ["host/bindings/src", "sdk/rust/src", "tests/programs/src"] {
        for entry in fs::read_dir(root().join(file)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let text = fs::read_to_string(&path).unwrap();
                assert!(!text.contains("/released"), "{} reads a released copy of the contract", path.display());
            }
        }
    }
}
