//! Manifests, grants and gates as people meet them: what is read, what is refused and with which words.

use kamld_policy::{
    Call, Decision, Denials, Difference, Gate, Grant, Limits, Manifest, Mode, Rights, Verb, grant, observed::Use,
};
use kamld_types::{Kind, Person, PluginId, Position, Problem};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

const OBJECTS: &str = "kamld:storage/objects";

const HEAD: &str = "id = \"acme/outliers\"\nversion = \"0.3.1\"\ntitle = \"Outliers\"\nsummary = \"Marks odd rows\"\nlicence = \"MIT\"\n";

fn manifest(needs: &str) -> Manifest {
    Manifest::parse(&format!("{HEAD}{needs}")).unwrap()
}

fn need(interface: &str, verbs: &str, resources: &str) -> String {
    format!(
        "[[needs]]\ninterface = \"{interface}\"\nverbs = [{verbs}]\nresources = [{resources}]\nreason = \"Reads what a person points at\"\n"
    )
}

fn refused(text: &str) -> Problem {
    Manifest::parse(text).expect_err(text)
}

#[test]
fn a_manifest_survives_its_embedded_form() {
    let manifest = manifest(&format!(
        "source = \"https://example.org\"\n{}label = \"input\"\noptional = true\n[limits]\ncpu-ms = 2_000\n",
        need(OBJECTS, "\"list\", \"read\", \"read\"", "\"**\", \"birds/*\"")
    ));
    assert_eq!(manifest.needs[0].verbs, [Verb::Read, Verb::List], "each verb once, in the order of the contract");
    let json = manifest.to_json();
    assert_eq!(Manifest::from_json(json.as_bytes()).unwrap(), manifest);
    assert_eq!(Manifest::from_json(json.as_bytes()).unwrap().to_json(), json, "one form only");
    assert!(json.starts_with(r#"{"schema":1,"id":"acme/outliers","version":"0.3.1""#), "{json}");
}

#[test]
fn a_wrong_manifest_says_where_and_what_was_meant() {
    let good = need(OBJECTS, "\"read\"", "\"**\"");
    for (text, why, help, line) in [
        (format!("{HEAD}licens = \"MIT\"\n"), "there is no key 'licens'", "did you mean 'licence'?", 6),
        (format!("{HEAD}[[need]]\n"), "there is no key 'need'", "did you mean 'needs'?", 6),
        (
            format!("{HEAD}{good}reasons = \"x\"\n"),
            "there is no key 'reasons' in [[needs]]",
            "did you mean 'reason'?",
            11,
        ),
        (format!("{HEAD}{}", good.replace("\"read\"", "\"raed\"")), "'raed' is not a verb", "did you mean 'read'?", 8),
        (format!("{HEAD}{}", good.replace("\"**\"", "\"**/x\"")), "only stand at the end", "PROJECT/ASSET/PATH", 9),
        (
            format!("{HEAD}{}", good.replace("objects", "objects@0.1.0")),
            "leave its version out",
            "kamld:storage/objects",
            7,
        ),
        (format!("{HEAD}{}", good.replace("[\"read\"]", "[]")), "'verbs' is empty", "", 8),
        (
            format!("{HEAD}{}", good.replace("Reads what a person points at", "data")),
            "shorter than 10 characters",
            "",
            10,
        ),
        (format!("{HEAD}[limits]\nmemory = 3\n"), "there is no key 'memory' in [limits]", "memory-mib", 7),
        (format!("{HEAD}[limits]\nmemory-mib = 0\n"), "at least 1", "", 7),
        (format!("{HEAD}[limits]\nmemory-mib = -3\n"), "a whole number from 0 on", "", 7),
        (format!("{HEAD}needs = 3\n"), "must be tables [[needs]]", "", 6),
        (format!("schema = 2\n{HEAD}"), "schema 2", "newer kamld", 1),
        (HEAD.replace("0.3.1", "3"), "'3' is not a version", "three numbers", 2),
        (HEAD.replace("acme/outliers", "outliers"), "not the id of a plug-in", "kamld/search", 1),
        (HEAD.replace("Outliers", "Out\\u001b[2Jliers"), "control characters", "", 3),
        (HEAD.replace("Outliers", "Out\\u202eliers"), "control characters", "", 3),
        (HEAD.replace("title", "titel"), "there is no key 'titel'", "did you mean 'title'?", 3),
        (format!("{HEAD}title = \"twice\"\n"), "duplicate key", "", 6),
        (format!("{HEAD}x = [\n"), "plugin.toml: ", "", 6),
    ] {
        let problem = refused(&text);
        assert!(problem.message.contains(why), "{text}\n{}", problem.message);
        assert!(problem.help.as_deref().unwrap_or_default().contains(help), "{text}\n{problem:?}");
        assert_eq!(problem.at.map(|at| at.line), Some(line), "{text}\n{problem:?}");
    }
    let problem =
        refused(&format!("{HEAD}[[needs]]\ninterface = \"{OBJECTS}\"\nverbs = [\"read\"]\nresources = [\"**\"]\n"));
    assert!(problem.message.contains("has no reason") && problem.help.unwrap().contains("admin"));
    let problem = refused(&HEAD.replace("licence = \"MIT\"\n", ""));
    assert!(problem.message.contains("'licence' is missing"), "{problem}");
    assert_eq!(refused(&format!("{HEAD}    oh = 1\n")).at, Some(Position { line: 6, column: 5 }));
}

#[test]
fn an_embedded_manifest_is_trusted_no_more_than_a_text() {
    let json = manifest(&need(OBJECTS, "\"read\"", "\"**\"")).to_json();
    for (from, to) in [
        ("\"schema\":1", "\"schema\":9"),
        ("Outliers", "Out\\u001bliers"),
        ("Reads what a person points at", "x"),
        ("\"verbs\":[\"read\"]", "\"verbs\":[]"),
        ("\"**\"", "\"a//b\""),
        ("\"title\"", "\"titel\""),
        ("kamld:storage", "KAMLD storage"),
    ] {
        let bad = json.replace(from, to);
        assert_ne!(bad, json, "{from}");
        assert!(Manifest::from_json(bad.as_bytes()).is_err(), "{bad}");
    }
    for end in 0..json.len() {
        assert!(Manifest::from_json(&json.as_bytes()[..end]).is_err());
    }
}

#[test]
fn a_grant_is_written_with_the_reasons_and_read_back() {
    let manifest = manifest(&format!("{}[limits]\nmemory-mib = 64\n", need(OBJECTS, "\"read\"", "\"birds/**\"")));
    let grant = Grant::from_needs(&manifest);
    let text = grant.to_toml(Some(&manifest));
    assert_eq!(
        text,
        "[[grant]]\nplugin = \"acme/outliers\"\nmode = \"enforce\"\n\n# Reads what a person points at\n[[grant.allow]]\n\
         interface = \"kamld:storage/objects\"\nverbs = [\"read\"]\nresources = [\"birds/**\"]\n\n[grant.limits]\nmemory-mib = 64\n"
    );
    assert_eq!(grant::parse("grants.toml", &text).unwrap(), [grant]);
}

#[test]
fn a_wrong_grant_says_where() {
    let text = "[[grant]]\nplugin = \"a/b\"\nmode = \"observ\"\n";
    let problem = grant::parse("grants.toml", text).unwrap_err();
    assert!(problem.message.contains("'observ' is not a mode") && problem.help.unwrap().contains("observe"));
    assert_eq!(problem.at.unwrap().line, 3);
    let twice = "[[grant]]\nplugin = \"a/b\"\n[[grant]]\nplugin = \"a/b\"\n";
    let problem = grant::parse("grants.toml", twice).unwrap_err();
    assert!(problem.message.contains("second [[grant]] for a/b"), "{problem}");
    assert_eq!(problem.at.unwrap().line, 3);
    assert!(grant::parse("grants.toml", "[[grant.allow]]\n").is_err());
}

fn deny(gate: &Gate, interface: &str, verb: Verb, resource: &str) -> String {
    match gate.check(interface, verb, resource) {
        Decision::Deny(reason) => reason,
        Decision::Allow => panic!("{verb} {resource} was allowed"),
    }
}

#[test]
fn a_denial_says_which_side_said_no() {
    let manifest = manifest(&need(OBJECTS, "\"read\", \"list\"", "\"birds/**\""));
    let mut grant = Grant::from_needs(&manifest);
    grant.allow[0].verbs = vec![Verb::Read];
    grant.allow.push(kamld_policy::Allow {
        interface: "kamld:metadata/kv".into(),
        verbs: vec![Verb::Read],
        resources: vec![kamld_policy::Pattern::everything()],
        projects: None,
    });
    let gate = Gate::compile(&manifest, Some(&grant), 3);
    assert_eq!(gate.generation(), 3);
    assert_eq!(gate.check(OBJECTS, Verb::Read, "birds/strikes/a.csv"), Decision::Allow);
    for (interface, verb, resource, reason) in [
        (
            OBJECTS,
            Verb::List,
            "birds/strikes",
            "its grant does not allow to list birds/strikes through kamld:storage/objects",
        ),
        (OBJECTS, Verb::Read, "bees/x/y", "its manifest does not ask to read bees/x/y through kamld:storage/objects"),
        (
            OBJECTS,
            Verb::Delete,
            "birds/x/y",
            "its manifest does not ask to delete birds/x/y through kamld:storage/objects",
        ),
        ("kamld:metadata/kv", Verb::Read, "", "its manifest does not ask to read through kamld:metadata/kv"),
        (OBJECTS, Verb::Read, "birds/../bees/x", "'birds/../bees/x' is not the name of a resource"),
    ] {
        assert_eq!(deny(&gate, interface, verb, resource), reason);
    }
    let tally = gate.tally();
    assert_eq!((tally.allowed, tally.denied, tally.would_deny), (1, 5, 0));
    let none = Gate::compile(&manifest, None, 1);
    assert!(deny(&none, OBJECTS, Verb::Read, "birds/x").contains("its grant does not allow"));
    assert!(deny(&Gate::default(), OBJECTS, Verb::Read, "birds/x").contains("its manifest does not ask"));
}

#[test]
fn a_grant_for_one_project_reaches_no_other() {
    let manifest = manifest(&need(OBJECTS, "\"read\"", "\"**\""));
    let mut grant = Grant::from_needs(&manifest);
    grant.allow[0].projects = Some(vec!["birds".parse().unwrap()]);
    let gate = Gate::compile(&manifest, Some(&grant), 1);
    assert_eq!(gate.check(OBJECTS, Verb::Read, "birds/a"), Decision::Allow);
    for elsewhere in ["bees/a", "birds2/a", ""] {
        deny(&gate, OBJECTS, Verb::Read, elsewhere);
    }
}

#[test]
fn an_open_gate_still_refuses_what_is_no_resource() {
    assert_eq!(Gate::open().check("x:y/z", Verb::Delete, "a/b/c"), Decision::Allow);
    assert_eq!(Gate::open().check_any("x:y/z", Verb::List), Decision::Allow);
    deny(&Gate::open(), OBJECTS, Verb::Read, "a/../b");
}

#[test]
fn observing_learns_the_smallest_grant_and_never_goes_beyond_the_manifest() {
    let manifest =
        manifest(&(need(OBJECTS, "\"read\", \"list\"", "\"**\"") + &need("kamld:metadata/kv", "\"read\"", "\"\"")));
    let mut grant = Grant::nothing(manifest.id.clone());
    grant.mode = Mode::Observe;
    let gate = Gate::compile(&manifest, Some(&grant), 1);
    for resource in ["birds/strikes/a*.csv", "birds/strikes/a*.csv", "birds/strikes/b/"] {
        assert_eq!(gate.check(OBJECTS, Verb::Read, resource), Decision::Allow);
    }
    assert_eq!(gate.check_any(OBJECTS, Verb::List), Decision::Allow);
    assert!(gate.allows(OBJECTS, Verb::List, "birds/strikes"));
    assert_eq!(gate.check("kamld:metadata/kv", Verb::Read, ""), Decision::Allow);
    deny(&gate, OBJECTS, Verb::Delete, "birds/strikes/a");
    assert_eq!(gate.tally().would_deny, 4);
    let line =
        |interface: &str, verb, resource: &str| Use { interface: interface.into(), verb, resource: resource.into() };
    assert_eq!(
        gate.uses(),
        [
            line("kamld:metadata/kv", Verb::Read, ""),
            line(OBJECTS, Verb::Read, "birds/strikes/a\\*.csv"),
            line(OBJECTS, Verb::Read, "birds/strikes/b/**"),
            line(OBJECTS, Verb::List, "birds/strikes"),
        ]
    );
    let proposed = gate.propose(&manifest.id).unwrap();
    let enforced = Gate::compile(&manifest, Some(&proposed), 2);
    assert_eq!(enforced.check(OBJECTS, Verb::Read, "birds/strikes/a*.csv"), Decision::Allow);
    assert_eq!(enforced.check(OBJECTS, Verb::Read, "birds/strikes/b/"), Decision::Allow);
    assert_eq!(enforced.check("kamld:metadata/kv", Verb::Read, ""), Decision::Allow);
    deny(&enforced, OBJECTS, Verb::Read, "birds/strikes/axx.csv");
    deny(&enforced, OBJECTS, Verb::List, "birds/other");
}

#[test]
fn a_plugin_that_uses_everything_gets_a_short_proposal() {
    let manifest = manifest(&need(OBJECTS, "\"read\"", "\"**\""));
    let mut grant = Grant::nothing(manifest.id.clone());
    grant.mode = Mode::Observe;
    for (what, patterns) in [("one asset", "birds/strikes/**"), ("many assets", "birds/**"), ("many projects", "**")] {
        let gate = Gate::compile(&manifest, Some(&grant), 1);
        let mut used = Vec::new();
        for i in 0..1_000 {
            let resource = match what {
                "one asset" => format!("birds/strikes/{i}.csv"),
                "many assets" => format!("birds/a{i}/x.csv"),
                _ => format!("p{i}/a/x.csv"),
            };
            gate.check(OBJECTS, Verb::Read, &resource);
            used.push(resource);
        }
        let proposed = gate.propose(&manifest.id).unwrap();
        assert_eq!(proposed.allow.len(), 1);
        assert_eq!(proposed.allow[0].resources.iter().map(|p| p.as_str()).collect::<Vec<_>>(), [patterns], "{what}");
        let enforced = Gate::compile(&manifest, Some(&proposed), 2);
        assert!(used.iter().all(|resource| enforced.check(OBJECTS, Verb::Read, resource) == Decision::Allow), "{what}");
    }
}

#[test]
fn an_upgrade_shows_only_what_is_new() {
    let old = manifest(&format!("{}[limits]\nmemory-mib = 64\n", need(OBJECTS, "\"read\", \"list\"", "\"birds/**\"")));
    let new = manifest(&format!(
        "{}{}[limits]\nmemory-mib = 128\n",
        need(OBJECTS, "\"read\", \"list\", \"delete\"", "\"birds/strikes/**\", \"bees/*\""),
        need("kamld:metadata/kv", "\"read\"", "\"**\"")
    ));
    let news = Difference::between(&old, &new);
    let lines: Vec<String> =
        news.needs.iter().map(|need| format!("{} {:?} {:?}", need.interface, need.verbs, need.resources)).collect();
    assert_eq!(
        lines,
        [
            "kamld:storage/objects [Read, List] [\"bees/*\"]",
            "kamld:storage/objects [Delete] [\"birds/strikes/**\", \"bees/*\"]",
            "kamld:metadata/kv [Read] [\"**\"]",
        ]
    );
    assert_eq!(news.limits, Limits { memory_mib: Some(128), ..Limits::default() });
    assert!(Difference::between(&new, &new).is_empty());
    assert!(Difference::between(&new, &old).needs.iter().all(|need| need.interface == OBJECTS));
    assert!(Difference::ungranted(&new, Some(&Grant::from_needs(&new))).is_empty());
    assert_eq!(Difference::ungranted(&new, Some(&Grant::from_needs(&old))).needs, news.needs);
    assert_eq!(Difference::ungranted(&old, None).needs, old.needs);
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Denials for Heard {
    fn denied(&self, call: &Call, interface: &str, verb: Verb, resource: &str, reason: &str) {
        self.0.lock().unwrap().push(format!("{} {interface} {verb} {resource}: {reason}", call.plugin));
    }
}

#[test]
fn a_changed_grant_ends_a_running_call_and_the_denial_is_heard() {
    let manifest = manifest(&need(OBJECTS, "\"read\"", "\"**\""));
    let heard = Arc::new(Heard::default());
    let call = Call {
        plugin: PluginId::new("acme/outliers").unwrap(),
        person: Person::local(),
        rights: Rights::Everything,
        project: None,
        trace: "0".repeat(32),
        deadline: Instant::now(),
        gate: Arc::new(Gate::compile(&manifest, Some(&Grant::from_needs(&manifest)), 4)),
        generation: 4,
        current_generation: Arc::new(AtomicU64::new(4)),
        denials: Some(heard.clone()),
        allowance: kamld_policy::Allowance::unlimited(),
    };
    call.admit(OBJECTS, Verb::Read, "birds/strikes/a.csv").unwrap();
    call.current_generation.store(5, Ordering::Release);
    let problem = call.admit(OBJECTS, Verb::Read, "birds/strikes/a.csv").unwrap_err();
    assert_eq!(problem.kind, Kind::Denied);
    assert!(problem.message.contains("its grant was changed") && problem.help.unwrap().contains("kamld plugin show"));
    assert!(call.admit_listing(OBJECTS, Verb::Read).is_err());
    assert_eq!(heard.0.lock().unwrap().len(), 2);
}
