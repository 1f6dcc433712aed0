//! Texts that are no manifests and no grants, and texts that nearly are.
//!
//! Invariants held here: no text makes a reader panic; what is accepted reads back as the same; a grant says what its text
//! says and nothing beyond; a refusal is short, and its place lies within the text.

use kamld_fuzz::{any_text, cases, check_verdict, corpus, mutated_text};
use kamld_policy::{Difference, Gate, Grant, Manifest, Pattern, Verb, grant, quota::NAMES};
use kamld_types::{Problem, text::plain};
use proptest::prelude::*;
use toml::{Table, Value};

fn seeds(subject: &str) -> Vec<(String, Vec<u8>)> {
    corpus(env!("CARGO_MANIFEST_DIR"), subject)
}

/// Over these a reader of TOML, names or patterns may stumble.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\n",
    "\r\n",
    "\r",
    "#",
    "=",
    ".",
    ",",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "{}",
    "[]",
    "[[grant]]\n",
    "[[grant.allow]]\n",
    "[grant.limits]\n",
    "[[needs]]\n",
    "[limits]\n",
    "plugin = \"a/b\"\n",
    "mode = \"observe\"\n",
    "verbs = [\"delete\"]\n",
    "resources = [\"**\"]\n",
    "projects = [\"birds\"]\n",
    "optional = true\n",
    "x = 1\n",
    "allow.x = 1\n",
    "\"\" = 1\n",
    "memory-mib = 1\n",
    "1979-05-27",
    "1e9",
    "inf",
    "nan",
    "-0",
    "0x",
    "0xffffffffffffffff",
    "9223372036854775808",
    "18446744073709551616",
    "true",
    "*",
    "**",
    "/",
    "//",
    "..",
    "\\*",
    "\\\\*",
    "\\u202e",
    "\\u0000",
    "\\U0001F600",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{0}",
    "\u{1b}[2J",
    "é",
    "鳥",
    "e\u{301}",
    "@0.1.0",
    "read",
    "observe",
];

/// Whoever reads a refusal finds what it is about, and is not handed the text back.
fn check_refusal(text: &str, problem: &Problem) {
    assert!(problem.message.len() < 1500, "{} bytes: {:.200}", problem.message.len(), problem.message);
    if let Some(at) = problem.at {
        let line = text.split('\n').nth(at.line as usize - 1).unwrap_or_else(|| panic!("{problem:?} in {text:?}"));
        assert!(at.column as usize <= line.chars().count() + 1, "{problem:?} in {text:?}");
    }
}

fn check_manifest(text: &str) -> bool {
    let manifest = match Manifest::parse(text) {
        Ok(manifest) => manifest,
        Err(problem) => {
            check_refusal(text, &problem);
            return false;
        }
    };
    let json = manifest.to_json();
    let again = Manifest::from_json(json.as_bytes()).unwrap_or_else(|problem| panic!("{problem:?}: {text}"));
    assert_eq!((&again, again.to_json()), (&manifest, json));
    let Manifest { title, summary, licence, source, needs, .. } = &manifest;
    let reasons = needs.iter().flat_map(|need| [Some(&need.reason), need.label.as_ref()]);
    for line in [Some(title), Some(summary), Some(licence), source.as_ref()].into_iter().chain(reasons).flatten() {
        assert_eq!(plain(line), line.as_str(), "shown to an admin as it stands");
    }
    let granted = Grant::from_needs(&manifest);
    assert_eq!(grant::parse("g", &granted.to_toml(Some(&manifest))).unwrap(), std::slice::from_ref(&granted));
    assert!(Difference::ungranted(&manifest, Some(&granted)).is_empty());
    true
}

/// What a list of the text says.
fn list<'v>(table: &'v Table, key: &str) -> Vec<&'v str> {
    table[key].as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

fn only(table: &Table, keys: &[&str]) {
    assert!(table.keys().all(|key| keys.contains(&key.as_str())), "an unknown key was passed over: {table:?}");
}

/// Holds a grant against its text, read by someone else.
fn check_says(grant: &Grant, table: &Table) {
    only(table, &["plugin", "mode", "allow", "limits"]);
    assert_eq!(grant.plugin.as_str(), table["plugin"].as_str().unwrap());
    assert_eq!(grant.mode.as_str(), table.get("mode").map_or("enforce", |mode| mode.as_str().unwrap()));
    let empty = Vec::new();
    let allowed = table.get("allow").map_or(&empty, |allow| allow.as_array().unwrap());
    assert_eq!(grant.allow.len(), allowed.len());
    for (allow, table) in grant.allow.iter().zip(allowed.iter().map(|allow| allow.as_table().unwrap())) {
        only(table, &["interface", "verbs", "resources", "projects"]);
        assert_eq!(allow.interface, table["interface"].as_str().unwrap());
        let written = list(table, "verbs");
        let said: Vec<Verb> = Verb::ALL.into_iter().filter(|verb| written.contains(&verb.as_str())).collect();
        assert!(allow.verbs == said && written.iter().all(|word| word.parse::<Verb>().is_ok()), "{table:?}");
        assert_eq!(allow.resources.iter().map(Pattern::as_str).collect::<Vec<_>>(), list(table, "resources"));
        let projects = allow.projects.as_ref().map(|all| all.iter().map(|one| one.as_str()).collect::<Vec<_>>());
        assert_eq!(projects, table.get("projects").map(|_| list(table, "projects")));
        assert!(projects.is_none_or(|projects| !projects.is_empty()));
    }
    let none = Table::new();
    let limits = table.get("limits").map_or(&none, |limits| limits.as_table().unwrap());
    only(limits, &NAMES);
    for (name, value) in NAMES.iter().zip(grant.limits.list()) {
        assert_eq!(value, limits.get(*name).map(|limit| u64::try_from(limit.as_integer().unwrap()).unwrap()), "{name}");
        assert_ne!(value, Some(0), "{name}");
    }
}

fn check_grants(text: &str) -> bool {
    let grants = match grant::parse("grants.toml", text) {
        Ok(grants) => grants,
        Err(problem) => {
            check_refusal(text, &problem);
            assert!(grant::parse_new("grants.toml", text).is_err());
            return false;
        }
    };
    let table: Table = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    only(&table, &["grant"]);
    let empty = Vec::new();
    let written = table.get("grant").map_or(&empty, |grants| grants.as_array().unwrap());
    assert_eq!(grants.len(), written.len());
    for (grant, table) in grants.iter().zip(written) {
        check_says(grant, table.as_table().unwrap());
    }
    let rewritten: String = grants.iter().map(|grant| grant.to_toml(None)).collect();
    assert_eq!(grant::parse("g", &rewritten).unwrap(), grants);
    true
}

#[test]
fn the_corpus_of_manifests_is_read_as_its_names_say() {
    for (name, bytes) in seeds("manifests") {
        check_verdict(&name, check_manifest(&String::from_utf8_lossy(&bytes)));
    }
}

#[test]
fn the_corpus_of_grants_is_read_as_its_names_say() {
    for (name, bytes) in seeds("grants") {
        check_verdict(&name, check_grants(&String::from_utf8_lossy(&bytes)));
    }
}

/// The embedded form is longer than the text: what can be built can be installed.
#[test]
fn a_manifest_of_the_largest_size_survives_its_embedded_form_or_is_refused() {
    let head = "id = \"a/b\"\nversion = \"0.0.0\"\ntitle = \"t\"\nsummary = \"s\"\nlicence = \"l\"\n";
    let need = "{interface=\"a:b/c\",verbs=[\"read\"],resources=['\\*'],reason='\"\"\"\"\"\"\"\"\"\"'},";
    for count in [2_000, 2_500, 3_000, 3_300] {
        let text = format!("{head}needs=[{}]\n", need.repeat(count));
        assert!(text.len() <= kamld_policy::manifest::MAX_MANIFEST, "{}", text.len());
        check_manifest(&text);
    }
}

/// A key that a later version may know narrows something: read without it, the grant would be wider.
#[test]
fn a_key_that_is_not_known_is_refused_wherever_it_stands() {
    let (_, bytes) = seeds("grants").into_iter().find(|(name, _)| name == "accepted-several.toml").unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for place in 0..=lines.len() {
        let with = format!("{}until = 2030\n{}", lines[..place].concat(), lines[place..].concat());
        assert!(grant::parse("grants.toml", &with).is_err(), "{with}");
    }
}

/// The meaning of patterns, written as a person would explain it.
fn stands_for(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['\\', '*', rest @ ..] => text.first() == Some(&'*') && stands_for(rest, &text[1..]),
        ['*', rest @ ..] => (0..=text.len()).any(|end| stands_for(rest, &text[end..])),
        [letter, rest @ ..] => text.first() == Some(letter) && stands_for(rest, &text[1..]),
    }
}

fn names(pattern: &str, resource: &str) -> bool {
    let parts = |text: &str| -> Vec<Vec<char>> {
        text.split('/').filter(|part| !part.is_empty()).map(|part| part.chars().collect()).collect()
    };
    let (mut wanted, given) = (parts(pattern), parts(resource));
    let rest = wanted.last().is_some_and(|last| *last == ['*', '*']);
    if rest {
        wanted.pop();
    }
    let fits = if rest { given.len() >= wanted.len() } else { given.len() == wanted.len() && !resource.ends_with('/') };
    fits && wanted.iter().zip(&given).all(|(wanted, given)| stands_for(wanted, given))
}

const PATTERN: &str = "(([ab*]|\\\\\\*){1,3}|\\*\\*)(/(([ab*]|\\\\\\*){1,3}|\\*\\*)){0,3}|";
const RESOURCE: &str = "([ab*]{1,3}(/[ab*]{1,3}){0,3}/?)?";

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn any_text_is_refused_or_read_in_full(text in any_text()) {
        check_manifest(&text);
        check_grants(&text);
    }

    #[test]
    fn a_text_that_is_nearly_a_manifest_is_refused_or_read_in_full(text in mutated_text(seeds("manifests"), PIECES)) {
        check_manifest(&text);
    }

    #[test]
    fn a_text_that_is_nearly_a_grant_says_nothing_beyond_its_words(text in mutated_text(seeds("grants"), PIECES)) {
        check_grants(&text);
    }

    #[test]
    fn an_embedded_manifest_that_was_tampered_with_is_refused_or_read_in_full(
        bytes in kamld_fuzz::mutated(
            seeds("manifests")
                .into_iter()
                .filter_map(|(name, bytes)| Some((name, Manifest::parse(std::str::from_utf8(&bytes).ok()?).ok()?.to_json().into())))
                .collect(),
            &["\"", "\\", "\\u202e", "{", "}", "[", "]", ",", ":", "null", "0", "-1", "1e99", "\"schema\":1,", "\"x\":1,", "\"read\""],
        ),
    ) {
        if let Ok(manifest) = Manifest::from_json(&bytes) {
            let json = manifest.to_json();
            prop_assert_eq!(&Manifest::from_json(json.as_bytes()).unwrap(), &manifest);
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(value["needs"].as_array().unwrap().len(), manifest.needs.len());
        }
    }

    #[test]
    fn a_pattern_names_what_its_words_say(pattern in PATTERN, resource in RESOURCE) {
        if let Ok(read) = Pattern::new(pattern.as_str()) {
            prop_assert_eq!(read.matches(&resource), names(&pattern, &resource), "{} {}", pattern, resource);
            prop_assert!(read.covers(&read), "{}", pattern);
        }
    }

    #[test]
    fn what_a_pattern_covers_it_names(
        (wide, narrow) in (PATTERN, PATTERN),
        resources in proptest::collection::vec(RESOURCE, 1..12),
    ) {
        if let (Ok(wide), Ok(narrow)) = (Pattern::new(wide), Pattern::new(narrow))
            && wide.covers(&narrow)
        {
            for resource in resources {
                prop_assert!(wide.matches(&resource) || !narrow.matches(&resource), "{wide} {narrow} {resource}");
            }
        }
    }

    #[test]
    fn a_gate_opens_for_nothing_that_the_grant_does_not_name(
        (asked, given, resource) in (PATTERN, PATTERN, RESOURCE),
        verb in 0..5usize,
        projects in proptest::option::of(proptest::collection::vec("[ab]{1,2}", 1..3)),
    ) {
        let quoted = |text: &str| Value::from(text).to_string();
        let manifest = format!(
            "id = \"a/b\"\nversion = \"0.1.0\"\ntitle = \"t\"\nsummary = \"s\"\nlicence = \"l\"\n[[needs]]\ninterface = \"x:y/z\"\n\
             verbs = [\"read\", \"modify\"]\nresources = [{}]\nreason = \"ten letters\"\n",
            quoted(&asked)
        );
        let within = projects.as_ref().map_or(String::new(), |projects| format!("projects = {projects:?}\n"));
        let granted = format!(
            "[[grant]]\nplugin = \"a/b\"\n[[grant.allow]]\ninterface = \"x:y/z\"\nverbs = [\"read\", \"delete\"]\nresources = [{}]\n{within}",
            quoted(&given)
        );
        if let (Ok(manifest), Ok(grants)) = (Manifest::parse(&manifest), grant::parse("g", &granted)) {
            let gate = Gate::compile(&manifest, grants.first(), 1);
            let project = resource.split('/').next().unwrap().to_owned();
            let expected = Verb::ALL[verb] == Verb::Read
                && names(&asked, &resource)
                && names(&given, &resource)
                && projects.is_none_or(|projects| projects.contains(&project));
            prop_assert_eq!(gate.allows("x:y/z", Verb::ALL[verb], &resource), expected, "{} {} {}", asked, given, resource);
            prop_assert!(!gate.allows("x:y/w", Verb::ALL[verb], &resource));
        }
    }
}
