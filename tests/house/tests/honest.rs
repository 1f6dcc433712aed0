//! Tests that can fail: none waits for a fixed time, and none is left out without being counted.

use kamld_house::{files, root, sources};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// Files whose own work is a pause: the two that poll for a condition, and two that play a slow server.
const PAUSES: [&str; 4] =
    ["ui/view/test/until.mjs", "tests/e2e/page/between.mjs", "ui/shell/test/mock.mjs", "ui/view/test/page.ts"];

/// Whether a line of JavaScript waits for a fixed time: `setTimeout(resolve, 50)` calls nothing but the one who waits.
fn sleeps(line: &str) -> bool {
    let word = |rest: &str| {
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        !name.is_empty() && rest[name.len()..].trim_start().starts_with([',', ')'])
    };
    line.contains(concat!("waitFor", "Timeout")) || line.split("setTimeout(").skip(1).any(word)
}

#[test]
fn no_test_of_the_page_waits_for_a_fixed_time() {
    assert!(sleeps(&format!("  await page.waitFor{}(200);", "Timeout")));
    assert!(sleeps("await new Promise((next) => setTimeout(next, 50));"));
    assert!(!sleeps("const timer = setTimeout(() => answer(), 8000);"));
    let mut found = Vec::new();
    let mut pauses = BTreeSet::new();
    for folder in ["ui/view/test", "ui/shell/test", "tests"] {
        for (path, text) in files(&root().join(folder), &["mjs", "js", "ts"]) {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let lines =
                text.lines().enumerate().filter(|(_, line)| sleeps(line)).map(|(at, _)| format!("{name}:{}", at + 1));
            match PAUSES.contains(&name.as_str()) {
                true => pauses.extend(lines.map(|_| name.clone())),
                false => found.extend(lines),
            }
        }
    }
    assert!(
        found.is_empty(),
        "wait for a condition (`until`, `still`, a locator) or move the clock of the page: {found:#?}"
    );
    assert_eq!(pauses.len(), PAUSES.len(), "of the files that may pause, these do: {pauses:?}");
}

/// The binary is built without its tests, since they would compile all that it joins together.
#[test]
fn no_test_stands_in_the_binary_where_none_runs() {
    let source = root().join("host/kamld/src");
    let library = fs::read_to_string(source.join("lib.rs")).unwrap();
    let tested = |path: &Path| {
        let module = path.strip_prefix(&source).unwrap().iter().next().unwrap().to_string_lossy();
        library.contains(&format!("pub mod {};", module.trim_end_matches(".rs")))
    };
    assert!(
        tested(&source.join("folder.rs")) && tested(&source.join("cli/mod.rs")) && !tested(&source.join("up/mod.rs"))
    );
    let attribute = concat!("#[cfg", "(test)]");
    let all = sources(&source);
    let wrong: Vec<_> =
        all.iter().filter(|(path, text)| text.contains(attribute) && !tested(path)).map(|(path, _)| path).collect();
    assert!(wrong.is_empty(), "their tests never run: {wrong:#?}");
}

/// A test that another suite runs is ignored by default, and says which; that suite counts it.
#[test]
fn an_ignored_test_names_the_suite_that_runs_it() {
    let listed = Command::new(root().join("tests/run")).arg("--list").output().expect("tests/run needs Python 3");
    let suites = String::from_utf8(listed.stdout).unwrap();
    let suites: BTreeSet<&str> = suites.lines().collect();
    assert!(suites.contains("unit"), "{suites:?}");
    let attribute = concat!("#[", "ignore");
    let mut wrong = Vec::new();
    for folder in ["host", "plugins", "sdk", "tests"] {
        for (path, text) in sources(&root().join(folder)) {
            for (at, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with(attribute)) {
                let suite = line.split("\"suite ").nth(1).and_then(|rest| rest.split('"').next());
                if !suite.is_some_and(|suite| suites.contains(suite)) {
                    wrong.push(format!("{}:{}: {line}", path.display(), at + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
