//! What was released of the contract stays as it is: plug-ins of strangers were built against it.
//!
//! Lives here: the copies in `wit/NAME/released/VERSION` against their digests, and against the live files that bear
//! the same version. Must not live here: whether the host still links old versions (`host/policy`).
//! Invariant: a released copy is never read by `bindgen!`, so that it can only be compared.

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
        assert_eq!(listed, files(&folder), "{}: the list of digests and the files differ", folder.display());
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
