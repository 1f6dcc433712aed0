//! Who may import whom, and who opens a back end: both tables are read from ARCHITECTURE.md, for every crate there is.

use kamld_house::{architecture, code, manifests, root, sources, table};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of each package, and the folders of the packages of ours that it imports. Development dependencies may
/// reach further: a test may look at its subject from the outside.
type Crates = BTreeMap<String, BTreeSet<String>>;

fn crates() -> Crates {
    let manifests = manifests();
    let folder = |name: &str| manifests.get(name).map(|(folder, _)| folder.display().to_string());
    let imports = |manifest: &toml::Table| -> BTreeSet<String> {
        let mut tables: Vec<&toml::Table> = vec![manifest];
        tables.extend(
            manifest
                .get("target")
                .and_then(|all| all.as_table())
                .into_iter()
                .flat_map(|all| all.values().filter_map(|one| one.as_table())),
        );
        tables
            .iter()
            .flat_map(|table| {
                ["dependencies", "build-dependencies"].iter().filter_map(|section| table.get(*section)?.as_table())
            })
            .flatten()
            .filter_map(|(name, value)| folder(value.get("package").and_then(|one| one.as_str()).unwrap_or(name)))
            .collect()
    };
    manifests.values().map(|(folder, manifest)| (folder.display().to_string(), imports(manifest))).collect()
}

/// Whether a folder is this one or lies in it.
fn within(folder: &str, outer: &str) -> bool {
    folder == outer || folder.starts_with(&format!("{outer}/"))
}

/// What is wrong with the crates by the rows of the table: a crate without a row, an import that its row does not have,
/// a row that names what is not there.
fn wrong(rows: &[Vec<String>], crates: &Crates) -> Vec<String> {
    let mut wrong = Vec::new();
    let named = |word: &str| -> Vec<&String> {
        let places = [word.to_owned(), format!("host/{word}"), format!("host/capabilities/{word}")];
        crates.keys().filter(|folder| places.iter().any(|place| *folder == place)).collect()
    };
    for (folder, imports) in crates {
        // A row for the crate itself, or the nearest row of a folder that holds one crate after the other.
        let row = rows
            .iter()
            .filter(|row| within(folder, row[0].trim_matches('`').trim_end_matches('/')))
            .filter(|row| row[0].ends_with("/`") || row[0] == format!("`{folder}`"))
            .max_by_key(|row| row[0].len());
        let Some(row) = row else {
            wrong.push(format!("{folder} has no row in the table"));
            continue;
        };
        let mut allowed: BTreeSet<&String> = BTreeSet::new();
        for word in row[2].split(',').map(|word| word.trim().trim_matches('`')).filter(|word| !word.is_empty()) {
            match word.strip_prefix("all of ") {
                Some(top) => allowed.extend(crates.keys().filter(|one| within(one, top))),
                None if named(word).is_empty() => {
                    wrong.push(format!("the row of {folder} names {word}, which is no crate"))
                }
                None => allowed.extend(named(word)),
            }
        }
        wrong.extend(imports.iter().filter(|one| !allowed.contains(one)).map(|one| format!("{folder} imports {one}")));
    }
    wrong
}

#[test]
fn every_import_is_in_the_table() {
    let rows = table(&architecture(), "folder");
    assert!(rows.len() > 10, "the table of ARCHITECTURE.md is not found: {rows:?}");
    let wrong = wrong(&rows, &crates());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_the_table_does_not_allow_is_found() {
    let text = "| folder | what | may import |\n|---|---|---|\n| `host/types` | a | |\n| `host/capabilities/storage` | b | types |\n| `host/kamld` | c | all of host |\n| `plugins/` | d | `sdk/rust` |\n| `host/server` | e | wheels |\n\n| folder | another table |\n";
    let crates = |list: &[(&str, &[&str])]| -> Crates {
        list.iter()
            .map(|(name, imports)| ((*name).to_owned(), imports.iter().map(|one| (*one).to_owned()).collect()))
            .collect()
    };
    let rows = table(text, "folder");
    assert_eq!(rows.len(), 5);
    let good: &[(&str, &[&str])] = &[
        ("host/types", &[]),
        ("host/capabilities/storage", &["host/types"]),
        ("host/kamld", &["host/types", "host/capabilities/storage"]),
        ("sdk/rust", &[]),
        ("plugins/search", &["sdk/rust"]),
    ];
    assert_eq!(wrong(&rows, &crates(good)), ["sdk/rust has no row in the table"]);
    let bad: &[(&str, &[&str])] = &[
        ("host/types", &["host/capabilities/storage"]),
        ("host/capabilities/storage", &["host/kamld"]),
        ("host/kamld", &["sdk/rust"]),
        ("host/server", &[]),
        ("plugins/search", &["host/types"]),
    ];
    assert_eq!(
        wrong(&rows, &crates(bad)),
        [
            "host/capabilities/storage imports host/kamld",
            "host/kamld imports sdk/rust",
            "the row of host/server names wheels, which is no crate",
            "host/types imports host/capabilities/storage",
            "the row of plugins/search names sdk/rust, which is no crate",
            "plugins/search imports host/types",
        ]
    );
}

#[test]
fn back_ends_are_opened_where_architecture_says() {
    let rows = table(&architecture(), "what opens a back end");
    assert!(rows.len() > 2, "the table of ARCHITECTURE.md is not found: {rows:?}");
    let words = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut wrong = Vec::new();
    let host: Vec<(String, String)> = sources(&root().join("host"))
        .into_iter()
        .map(|(path, text)| (path.strip_prefix(root()).unwrap().display().to_string(), code(&path, &text)))
        .collect();
    for row in rows {
        let places = words(&row[1]);
        for word in words(&row[0]) {
            let found: Vec<&String> =
                host.iter().filter(|(_, code)| code.contains(&word)).map(|(path, _)| path).collect();
            for path in found.iter().filter(|path| !places.iter().any(|place| within(path, place))) {
                wrong.push(format!("{path}: {word}"));
            }
            for place in places.iter().filter(|place| !found.iter().any(|path| within(path, place))) {
                wrong.push(format!("{place} has no {word}, which ARCHITECTURE.md says"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
