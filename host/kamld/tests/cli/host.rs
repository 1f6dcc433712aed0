//! What concerns the host itself: plug-ins, grants, the audit log, storage.

use super::{
    imitation::{Held, Server},
    person::Person,
};
use serde_json::json;

fn answering(answers: &[(&str, serde_json::Value)]) -> Held {
    let answers = answers.iter().map(|(key, value)| ((*key).to_owned(), (200, value.clone())));
    Held { answers: answers.collect(), ..Held::default() }
}

#[test]
fn installing_shows_the_needs_and_grants_nothing_unasked() {
    let person = Person::new();
    let server = Server::with(&person, Held::default());
    person.file("leaves.wasm", b"\0asm");
    let said = person.says(&["plugin", "install", "leaves.wasm"]);
    for part in [
        "anna/leaves needs:",
        "kamld:storage/objects: read of *",
        "to draw leaves",
        "kamld plugin grant anna/leaves --from-needs",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(server.held.lock().plugin_installed.as_deref(), Some(&b"\0asm"[..]));
    assert_eq!(person.says(&["plugin", "install", "leaves.wasm", "--yes"]), "installed anna/leaves 0.1.0, active\n");
    assert_eq!(server.held.lock().requests.last().unwrap(), "POST /api/v1/plugins?grant=needs");
    assert_eq!(person.run(&["plugin", "install", "none.wasm"]).code, 4);
}

#[test]
fn what_an_installation_replaces_is_shown_and_takes_a_yes() {
    let person = Person::new();
    let need = json!({"interface": "kamld:metadata/kv", "verbs": ["read"], "resources": ["**"], "reason": "to\u{1b} remember"});
    let replaces = json!({"version": "0.1.0", "digest": "aa11", "origin": "shipped", "installed": "2026-11-30T10:00:00Z",
        "new_needs": [need], "resets_grant": true});
    let plan =
        json!({"id": "anna/leaves", "version": "0.1.0", "digest": "bb22", "origin": "file", "replaces": replaces});
    let server = Server::with(&person, answering(&[("plan", plan)]));
    person.file("leaves.wasm", b"\0asm");
    let shown = [
        "installed: 0.1.0, aa11, came with kamld, 2026-11-30T10:00:00Z",
        "new:       0.1.0, bb22, from a file",
        "kamld:metadata/kv: read of **\n      to\\u{1b} remember",
        "the grant of that one is taken away",
    ];
    for words in [&["plugin", "install", "leaves.wasm"][..], &["plugin", "install", "leaves.wasm", "--json"]] {
        let run = person.run(words);
        assert_eq!(run.code, 6, "nobody is there to be asked: {}", run.err);
        assert!(shown.iter().all(|part| run.err.contains(part)) && run.err.contains("-y"), "{}", run.err);
    }
    assert_eq!(server.held.lock().plugin_installed, None);
    let run = person.run(&["plugin", "install", "leaves.wasm", "-y"]);
    assert!(run.code == 0 && shown.iter().all(|part| run.err.contains(part)), "{}", run.err);
    assert_eq!(server.held.lock().requests.last().unwrap(), "POST /api/v1/plugins?replaces=aa11&grant=needs");
}

#[test]
fn a_command_of_a_plugin_that_waits_is_not_said_to_be_unknown() {
    let person = Person::new();
    let problem = json!({"kind": "denied", "title": "denied", "detail": "plug-in anna/leaves waits for a grant", "help": "grant it"});
    let answers = [("GET /api/v1/commands/leaves/count/x".to_owned(), (403, problem))];
    let _server = Server::with(&person, Held { answers: answers.into(), ..Held::default() });
    let run = person.run(&["leaves", "count", "x", "y"]);
    assert_eq!((run.code, run.err.as_str()), (7, "error: plug-in anna/leaves waits for a grant\nhelp: grant it\n"));
    assert_eq!(person.run(&["other"]).code, 2);
}

#[test]
fn the_audit_log_of_a_folder_without_a_server_is_checked_here() {
    let person = Person::new();
    let run = person.run(&["audit", "verify"]);
    assert!(run.code == 0 && run.out.contains("intact: 0 records"), "{} {}", run.out, run.err);
    assert_eq!(person.run(&["audit", "list"]).code, 9, "the rest needs the server");
}

#[test]
fn a_grant_is_shown_narrowed_replaced_and_revoked() {
    let person = Person::new();
    let grant = "[[grant]]\nplugin = \"anna/leaves\"\n\n[[grant.allow]]\ninterface = \"a:b/c\"\n\n[[grant.allow]]\ninterface = \"a:b/d\"\n";
    let server = Server::with(&person, Held { grant: grant.into(), ..Held::default() });
    assert_eq!(person.says(&["plugin", "grant", "anna/leaves"]), grant);
    person.says(&["plugin", "grant", "anna/leaves", "--remove", "a:b/d"]);
    assert_eq!(
        server.held.lock().grant,
        "[[grant]]\nplugin = \"anna/leaves\"\n\n[[grant.allow]]\ninterface = \"a:b/c\"\n"
    );
    assert_eq!(person.run(&["plugin", "grant", "anna/leaves", "--remove", "a:b/d"]).code, 4);
    person.file("grant.toml", grant.as_bytes());
    person.says(&["plugin", "grant", "anna/leaves", "--file", "grant.toml"]);
    assert_eq!(server.held.lock().grant, grant);
    assert_eq!(person.says(&["plugin", "revoke", "anna/leaves"]), "anna/leaves may do nothing any more\n");
    assert_eq!(server.held.lock().grant, "");
    assert_eq!(person.run(&["plugin", "show", "leaves"]).code, 3);
}

#[test]
fn lists_of_the_host_read_as_tables() {
    let person = Person::new();
    let _server = Server::with(
        &person,
        answering(&[
            ("GET /api/v1/plugins", json!({"plugins": [{"id": "anna/leaves", "version": "0.1.0", "state": "active"}]})),
            (
                "GET /api/v1/audit",
                json!({"entries": [{"seq": 1, "what": "install", "plugin": "anna/leaves", "hash": "ff"}]}),
            ),
            (
                "GET /api/v1/audit/verify",
                json!({"count": 6, "broken_at": 7, "problem": {"kind": "corrupt", "message": "record 7 was changed"}}),
            ),
            ("GET /api/v1/status", json!({"version": "0.1.0", "resident_bytes": 200_000_000})),
        ]),
    );
    assert_eq!(person.says(&["plugin", "list"]), "id           version  state\nanna/leaves  0.1.0    active\n");
    assert_eq!(person.says(&["audit"]), "seq  what     plugin\n1    install  anna/leaves\n");
    assert_eq!(
        person.says(&["audit", "export"]),
        "{\"seq\":1,\"what\":\"install\",\"plugin\":\"anna/leaves\",\"hash\":\"ff\"}\n"
    );
    assert_eq!(person.run(&["audit", "verify"]).code, 10);
    assert_eq!(person.says(&["status"]), "version         0.1.0\nresident bytes  200 MB\n");
}

#[test]
fn damage_in_storage_is_an_error_with_a_report() {
    let person = Person::new();
    let damage = json!({"asset": "birds/strikes", "path": "a.csv", "what": "its hash"});
    let server = Server::with(
        &person,
        answering(&[("POST /api/v1/storage/check", json!({"objects": 12, "damaged": [damage], "repaired": [damage]}))]),
    );
    let run = person.run(&["storage", "check"]);
    assert_eq!(run.code, 10);
    assert!(
        run.out.contains("birds/strikes  a.csv") && run.err.contains("1 object is damaged"),
        "{}{}",
        run.out,
        run.err
    );
    assert_eq!(server.held.lock().requests.last().unwrap(), "POST /api/v1/storage/check");
    let run = person.run(&["storage", "check", "--repair"]);
    assert_eq!(run.code, 10);
    assert!(run.err.contains("Repaired 1 part") && run.err.contains("no good copy"), "{}", run.err);
    assert_eq!(server.held.lock().requests.last().unwrap(), "POST /api/v1/storage/check?repair=true");
}
