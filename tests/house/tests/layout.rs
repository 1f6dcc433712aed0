//! What every file of the checkout is held to: headers, names, sizes, ids of plug-ins, what ARCHITECTURE.md names.

use kamld_house::{architecture, code, root, sources};

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
        let code = code(&path, &text);
        for id in ids.iter().filter(|id| code.contains(&format!("\"{id}\""))) {
            wrong.push(format!("{}: {id}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
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
    let text = architecture();
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
