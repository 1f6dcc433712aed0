//! The rules of the house, held by tests: who may import whom, headers, names, sizes, where ids may stand.
//!
//! Lives here: how the tests read the checkout. Must not live here: a rule, or a list of crates.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every package of the workspace by name: its folder, from the root of the checkout, and its manifest.
pub fn manifests() -> BTreeMap<String, (PathBuf, toml::Table)> {
    let workspace: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let folders = members.iter().flat_map(|member| {
        let member = member.as_str().unwrap();
        match member.strip_suffix("/*") {
            Some(folder) => std::fs::read_dir(root().join(folder))
                .unwrap()
                .map(|entry| Path::new(folder).join(entry.unwrap().file_name()))
                .filter(|path| root().join(path).join("Cargo.toml").exists())
                .collect(),
            None => vec![PathBuf::from(member)],
        }
    });
    folders
        .map(|folder| {
            let text = std::fs::read_to_string(root().join(&folder).join("Cargo.toml")).unwrap();
            let manifest: toml::Table = text.parse().unwrap();
            (manifest["package"]["name"].as_str().unwrap().to_owned(), (folder, manifest))
        })
        .collect()
}

/// The files below a folder that end in one of `endings`, with their texts; nothing that is built or installed.
pub fn files(folder: &Path, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let made = path
                .file_name()
                .is_some_and(|name| ["target", "node_modules", "dist"].iter().any(|made| name == *made));
            if path.is_dir() && !made {
                open.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one)) {
                found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

pub fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    files(folder, &["rs"])
}

/// The part of a source file that is neither test nor comment; nothing of a file of tests.
pub fn code(path: &Path, text: &str) -> String {
    let of_tests = path.components().any(|part| part.as_os_str() == "tests")
        || path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
    let before = if of_tests { "" } else { text.split("#[cfg(test)]").next().unwrap_or_default() };
    before.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rows of the Markdown table below a heading that has this first column, cell by cell.
pub fn table(text: &str, first: &str) -> Vec<Vec<String>> {
    let head = format!("| {first} |");
    let lines = text.lines().skip_while(|line| !line.starts_with(&head)).skip(2);
    lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

pub fn architecture() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}
