//! The import table of ARCHITECTURE.md, read from every manifest: what is not in it is not allowed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Package to the packages of ours that it may import. Development dependencies may reach further: a test
/// may look at its subject from the outside.
const TABLE: &[(&str, &[&str])] = &[
    ("kamld-types", &[]),
    ("kamld-policy", &["kamld-types"]),
    ("kamld-bindings", &["kamld-types"]),
    ("kamld-records", &["kamld-types"]),
    ("kamld-storage", &["kamld-types", "kamld-policy", "kamld-bindings", "kamld-records"]),
    ("kamld-metadata", &["kamld-types", "kamld-policy", "kamld-bindings", "kamld-records"]),
    ("kamld-runtime", &["kamld-types", "kamld-policy", "kamld-bindings"]),
    ("kamld-linkages-wasi", &["kamld-runtime"]),
    ("kamld-linkages-objects", &["kamld-storage", "kamld-runtime"]),
    ("kamld-linkages", &["kamld-storage", "kamld-metadata", "kamld-runtime", "kamld-linkages-objects"]),
    ("kamld-registry", &["kamld-types", "kamld-policy"]),
    ("kamld-server", &["kamld-types", "kamld-policy"]),
    (
        "kamld",
        &[
            "kamld-types",
            "kamld-policy",
            "kamld-bindings",
            "kamld-records",
            "kamld-storage",
            "kamld-metadata",
            "kamld-runtime",
            "kamld-linkages",
            "kamld-linkages-wasi",
            "kamld-registry",
            "kamld-server",
        ],
    ),
    ("kamld-sdk", &[]),
    ("kamld-programs", &[]),
    ("kamld-programs-hostile", &[]),
    ("kamld-features", &[]),
    ("kamld-house", &[]),
    (
        "kamld-bench",
        &[
            "kamld-types",
            "kamld-policy",
            "kamld-bindings",
            "kamld-records",
            "kamld-storage",
            "kamld-metadata",
            "kamld-runtime",
            "kamld-linkages",
            "kamld-linkages-wasi",
            "kamld-registry",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn manifests() -> BTreeMap<String, (PathBuf, toml::Table)> {
    let workspace: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    workspace["workspace"]["members"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|member| {
            let member = member.as_str().unwrap();
            match member.strip_suffix("/*") {
                Some(folder) => std::fs::read_dir(root().join(folder))
                    .unwrap()
                    .map(|entry| entry.unwrap().path())
                    .filter(|path| path.join("Cargo.toml").exists())
                    .collect(),
                None => vec![root().join(member)],
            }
        })
        .map(|folder| {
            let manifest: toml::Table = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
            (manifest["package"]["name"].as_str().unwrap().to_owned(), (folder, manifest))
        })
        .collect()
}

fn imports(manifest: &toml::Table, ours: &BTreeSet<&String>) -> BTreeSet<String> {
    ["dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .flat_map(|section| section.keys().cloned().collect::<Vec<_>>())
        .filter(|name| ours.contains(name))
        .collect()
}

#[test]
fn every_import_is_in_the_table() {
    let manifests = manifests();
    let ours: BTreeSet<&String> = manifests.keys().collect();
    let mut wrong = Vec::new();
    for (name, (folder, manifest)) in &manifests {
        let allowed: Vec<&str> = match TABLE.iter().find(|(package, _)| package == name) {
            Some((_, allowed)) => allowed.to_vec(),
            None if folder.starts_with(root().join("plugins")) || folder.starts_with(root().join("sdk")) => {
                vec!["kamld-sdk"]
            }
            None => panic!("{name} is not in the import table"),
        };
        for import in imports(manifest, &ours) {
            if !allowed.contains(&import.as_str()) {
                wrong.push(format!("{name} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_binary_chooses_a_back_end() {
    // A back end is chosen where it is opened; the words below open one.
    let words = ["sled::open", "sled::Config", "AmazonS3Builder", "LocalFileSystem::new"];
    let mut wrong = Vec::new();
    for crate_folder in ["host/server", "host/runtime", "host/registry", "host/policy", "host/types"] {
        for (path, text) in sources(&root().join(crate_folder).join("src")) {
            for word in words.iter().filter(|word| text.contains(**word)) {
                wrong.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn ids_of_first_party_plugins_stand_in_one_list_of_the_host() {
    let ids: Vec<String> = std::fs::read_dir(root().join("plugins"))
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("plugin.toml")).ok())
        .map(|text| text.parse::<toml::Table>().unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(ids.len() > 5, "found {ids:?}");
    let mut wrong = Vec::new();
    for (path, text) in sources(&root().join("host")) {
        if path.ends_with("kamld/src/first_party.rs") {
            continue;
        }
        // Tests and documentation may name a plug-in; code may not.
        let code: String = text
            .split("#[cfg(test)]")
            .next()
            .unwrap_or_default()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        let in_tests = path.components().any(|part| part.as_os_str() == "tests")
            || path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
        for id in ids.iter().filter(|id| !in_tests && code.contains(&format!("\"{id}\""))) {
            wrong.push(format!("{}: {id}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != "node_modules") {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn every_file_says_what_lives_in_it() {
    let mut wrong = Vec::new();
    for folder in ["host", "plugins", "sdk", "tests"] {
        for (path, text) in sources(&root().join(folder)) {
            let template = path.components().any(|part| part.as_os_str() == "template");
            if !template && !text.starts_with("//!") {
                wrong.push(path.display().to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "files without a `//!` header: {wrong:#?}");
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    let names = ["utils", "util", "helpers", "common", "manager", "misc"];
    let mut wrong = Vec::new();
    for folder in ["host", "plugins", "sdk", "tests"] {
        for (path, text) in sources(&root().join(folder)) {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            if names.contains(&stem.as_str()) {
                wrong.push(path.display().to_string());
            }
            let lines = text.lines().count();
            let generated = text.lines().take(3).any(|line| line.contains("Derived from"));
            if lines > 800 && !generated {
                wrong.push(format!("{} has {lines} lines", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn architecture_names_only_what_is_there() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let missing: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains('/') && !word.contains(' ') && !word.contains(['*', '<', '@', ':', '$', '{']))
        .filter(|word| {
            ["host/", "wit/", "plugins/", "sdk/", "tests/", "ui/", "charts/", ".ci/"]
                .iter()
                .any(|top| word.starts_with(top))
        })
        .filter(|word| !root().join(word).exists())
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not there: {missing:?}");
}

#[test]
fn every_member_of_the_workspace_is_in_architecture() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let missing: Vec<String> = manifests()
        .values()
        .map(|(folder, _)| folder.strip_prefix(root()).unwrap().display().to_string())
        .filter(|folder| !folder.starts_with("plugins/"))
        .filter(|folder| !text.contains(folder.as_str()))
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not mention {missing:?}");
}
