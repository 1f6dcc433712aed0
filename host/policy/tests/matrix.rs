//! The whole truth table of policy: every function of the contract × grant × actor, as a reviewed file.
//!
//! `tests/matrix.txt` is written by this test with `KAMLD_BLESS=1` and compared otherwise. A function that stands
//! in `wit/` and not in the table fails the test by name, and so does a row whose function is gone.

use kamld_policy::{
    Allow, Call, Gate, Grant, Manifest, Mode, Pattern, Rights, Verb, base,
    functions::{self, Ask, EXPORTED, FUNCTIONS, Function, Resource},
};
use kamld_types::{Person, ProjectName, Right, Role};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

const ACTORS: [&str; 5] = ["viewer", "editor", "owner", "none", "admin"];
const GRANTS: [&str; 6] = ["neither", "manifest", "grant", "both", "elsewhere", "observe"];

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `NAME: func` of a WIT file as (interface, function); a method stands as `resource.name`.
fn functions_of(file: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut package = String::new();
    let (mut interface, mut resource) = (String::new(), String::new());
    let (mut depth, mut interface_depth, mut resource_depth) = (0, 0, 0);
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap().trim();
        let word = |keyword: &str| {
            line.strip_prefix(keyword)
                .map(|rest| rest.trim_end_matches(['{', ';', ' ']).trim().trim_start_matches('%').to_owned())
        };
        if let Some(name) = word("package ") {
            package = name.split('@').next().unwrap().to_owned();
        } else if let Some(name) = word("interface ") {
            (interface, interface_depth) = (name, depth);
        } else if let Some(name) = word("resource ") {
            (resource, resource_depth) = (name, depth);
        } else if let Some((name, rest)) = line.split_once(':') {
            let rest = rest.trim();
            if rest.starts_with("func") || rest.starts_with("static func") || rest.starts_with("async func") {
                let name = name.trim().trim_start_matches('%');
                let name = if resource.is_empty() { name.to_owned() } else { format!("{resource}.{name}") };
                found.push((format!("{package}/{interface}"), name));
            }
        }
        for c in line.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
        }
        if !resource.is_empty() && depth <= resource_depth {
            resource.clear();
        }
        if !interface.is_empty() && depth <= interface_depth {
            interface.clear();
        }
    }
    assert_eq!(depth, 0, "{} has braces that do not match", file.display());
    found
}

fn contract() -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(crate_folder().join("../../wit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wit"))
        .collect();
    files.sort();
    files.iter().flat_map(|file| functions_of(file)).collect()
}

fn resource_of(ask: &Ask) -> &'static str {
    match ask.resource {
        Resource::Nothing => "",
        Resource::Project => "birds",
        Resource::Asset | Resource::Each => "birds/strikes",
        Resource::Object | Resource::Subject | Resource::Held => "birds/strikes/2019.csv",
    }
}

fn gate(function: &Function, state: &str) -> Gate {
    let verbs: Vec<Verb> = function.asks.iter().map(|ask| ask.verb).collect();
    let mut manifest = Manifest::parse(
        "id = \"test/matrix\"\nversion = \"0.1.0\"\ntitle = \"t\"\nsummary = \"s\"\nlicence = \"Apache-2.0\"\n",
    )
    .unwrap();
    if state != "neither" && state != "grant" {
        manifest.needs.push(kamld_policy::Need {
            interface: function.interface.into(),
            label: None,
            verbs: verbs.clone(),
            resources: vec![Pattern::everything()],
            reason: "the row under test".into(),
            optional: false,
        });
    }
    let mut grant = Grant::nothing(manifest.id.clone());
    if state == "observe" {
        grant.mode = Mode::Observe;
    }
    if ["grant", "both", "elsewhere"].contains(&state) {
        grant.allow.push(Allow {
            interface: function.interface.into(),
            verbs,
            resources: vec![Pattern::everything()],
            projects: (state == "elsewhere").then(|| vec![ProjectName::new("bees").unwrap()]),
        });
    }
    Gate::compile(&manifest, (state != "neither" && state != "manifest").then_some(&grant), 1)
}

fn call(gate: Gate, actor: &str) -> Call {
    let right = match actor {
        "viewer" => Some(Right::Viewer),
        "editor" => Some(Right::Editor),
        "owner" => Some(Right::Owner),
        _ => None,
    };
    let rights: BTreeMap<ProjectName, Right> =
        right.into_iter().map(|right| (ProjectName::new("birds").unwrap(), right)).collect();
    Call {
        plugin: kamld_types::PluginId::new("test/matrix").unwrap(),
        person: Person { id: actor.into(), roles: if actor == "admin" { vec![Role::Admin] } else { vec![] } },
        rights: Rights::Projects(rights),
        project: None,
        trace: "0".repeat(32),
        deadline: Instant::now(),
        gate: Arc::new(gate),
        generation: 1,
        current_generation: Arc::new(AtomicU64::new(1)),
        denials: None,
        allowance: kamld_policy::Allowance::unlimited(),
    }
}

/// One letter: yes, or who said no.
fn decide(function: &Function, state: &str, actor: &str) -> &'static str {
    if function.asks.is_empty() {
        return ".";
    }
    let call = call(gate(function, state), actor);
    for ask in function.asks {
        let resource = resource_of(ask);
        let result = match ask.resource {
            Resource::Each => match call.admit_listing(function.interface, ask.verb) {
                // What may not be seen is left out, which is no answer of its own.
                Ok(()) if !call.may_see(function.interface, resource) => return "h",
                other => other,
            },
            _ => call.admit(function.interface, ask.verb, resource),
        };
        if let Err(problem) = result {
            return match problem.message {
                message if message.contains("its manifest does not ask") => "m",
                message if message.contains("its grant does not allow") => "g",
                message if message.contains(" may not ") => "p",
                message => panic!("a denial without a side: {message}"),
            };
        }
    }
    "Y"
}

fn table() -> String {
    let mut text = String::from(
        "The truth table of policy: who may call what. Written by tests/matrix.rs; review each change of it.\n\
         \n\
         Y  allowed\n\
         m  the manifest does not ask for it\n\
         g  the grant does not allow it\n\
         p  the person may not\n\
         h  allowed, and what may not be seen is left out\n\
         .  not asked: it only tells what opening the handle has told already\n\
         \n\
         neither: no need, no grant. manifest: a need for everything, no grant. grant: a grant of everything, no need.\n\
         both: a need and a grant of everything. elsewhere: both, the grant only for another project.\n\
         observe: a need, and a grant of nothing in the mode observe.\n\
         v e o n a: viewer, editor, owner of the project; no right in it; no right in it, but the role admin.\n\
         What is asked: nothing (it belongs to no project), project, asset, object, subject (asset or object),\n\
         each (the interface, then each thing before it is shown), held (what the handle was opened for).\n",
    );
    let asks = |function: &Function| {
        let ask = |ask: &Ask| match ask.of {
            "" => format!("{} {}", ask.verb, ask.resource.as_str()),
            of => format!("{} {} ({of})", ask.verb, ask.resource.as_str()),
        };
        function.asks.iter().map(ask).collect::<Vec<_>>().join(", ")
    };
    let (name_width, ask_width) = FUNCTIONS
        .iter()
        .fold((0, 0), |(name, ask), function| (name.max(function.name.len()), ask.max(asks(function).len())));
    for interface in functions::interfaces() {
        writeln!(text, "\n{interface}").unwrap();
        let mut head = format!("  {:name_width$}  {:ask_width$}", "", "");
        let mut actors = head.clone();
        for state in GRANTS {
            write!(head, "  {state:<9}").unwrap();
            write!(actors, "  {}", ACTORS.map(|actor| &actor[..1]).join(" ")).unwrap();
        }
        writeln!(text, "{}\n{}", head.trim_end(), actors.trim_end()).unwrap();
        for function in FUNCTIONS.iter().filter(|function| function.interface == interface) {
            write!(text, "  {:name_width$}  {:ask_width$}", function.name, asks(function)).unwrap();
            for state in GRANTS {
                write!(text, "  {}", ACTORS.map(|actor| decide(function, state, actor)).join(" ")).unwrap();
            }
            text.push('\n');
        }
    }
    writeln!(text, "\nThe base world, that every plug-in may import undeclared\n  {}", base::BASE.join(", ")).unwrap();
    writeln!(text, "  {} ({})", base::WASI.join(", "), base::versions("wasi:io").unwrap()).unwrap();
    writeln!(text, "\nCalled by the host, so there is nothing to ask\n  {}", EXPORTED.join(", ")).unwrap();
    text
}

#[test]
fn every_function_of_the_contract_stands_in_the_table() {
    let contract: BTreeSet<(String, String)> = contract()
        .into_iter()
        .filter(|(interface, _)| !base::is_base(interface) && !EXPORTED.contains(&interface.as_str()))
        .collect();
    let rows: BTreeSet<(String, String)> =
        FUNCTIONS.iter().map(|function| (function.interface.to_owned(), function.name.to_owned())).collect();
    assert_eq!(rows.len(), FUNCTIONS.len(), "a function stands in the table twice");
    let missing: Vec<_> = contract.difference(&rows).collect();
    let gone: Vec<_> = rows.difference(&contract).collect();
    assert!(missing.is_empty(), "functions of wit/ without a row in host/policy/src/functions.rs: {missing:?}");
    assert!(gone.is_empty(), "rows of host/policy/src/functions.rs without a function in wit/: {gone:?}");
    assert!(contract.len() > 40, "the contract was not read: {contract:?}");
}

#[test]
fn the_reading_of_the_contract_finds_what_is_there() {
    let found = contract();
    for (interface, name) in [
        ("kamld:storage/objects", "reader.read-at"),
        ("kamld:storage/objects", "list"),
        ("kamld:plugin/tasks", "task.start"),
        ("kamld:metadata/sql", "run"),
    ] {
        assert!(found.contains(&(interface.into(), name.into())), "{interface} {name} in {found:?}");
    }
}

#[test]
fn what_is_exported_or_base_is_in_the_contract() {
    let interfaces: BTreeSet<String> = contract().into_iter().map(|(interface, _)| interface).collect();
    for interface in EXPORTED.iter().chain(base::BASE) {
        assert!(interfaces.contains(*interface), "{interface} is not in wit/");
    }
}

#[test]
fn the_truth_table_is_the_reviewed_one() {
    let file = crate_folder().join("tests/matrix.txt");
    let now = table();
    if std::env::var_os("KAMLD_BLESS").is_some() {
        std::fs::write(&file, &now).unwrap();
        return;
    }
    let reviewed = std::fs::read_to_string(&file).unwrap_or_default();
    let differing = now.lines().zip(reviewed.lines()).find(|(now, reviewed)| now != reviewed);
    assert!(
        now == reviewed,
        "policy decides otherwise than {} says; first difference (now, reviewed): {differing:#?}\n\
         if that is meant, write it anew and review it: KAMLD_BLESS=1 cargo test -p kamld-policy -p kamld-features",
        file.display()
    );
}

#[test]
fn only_methods_of_handles_ask_nothing() {
    for function in FUNCTIONS.iter().filter(|function| function.asks.is_empty()) {
        assert!(function.name.contains('.'), "{} {}", function.interface, function.name);
    }
}

#[test]
fn nothing_is_allowed_without_need_and_grant() {
    for function in FUNCTIONS {
        for state in ["neither", "manifest", "grant"] {
            for actor in ACTORS {
                assert_ne!(
                    decide(function, state, actor),
                    "Y",
                    "{} {} {state} {actor}",
                    function.interface,
                    function.name
                );
            }
        }
    }
}
