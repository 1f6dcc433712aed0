//! Commands that plug-ins offer: help, arguments, views, JSON, rows, errors.

use super::{
    imitation::{Held, Server, TOKEN},
    person::Person,
};
use serde_json::{Value, json};

fn argument(name: &str, more: Value) -> Value {
    let mut whole = json!({"name": name, "help": format!("the {name}"), "type": "text", "place": "positional", "required": false, "repeated": false});
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    whole
}

fn commands() -> Vec<Value> {
    let command = |name: Value, arguments: Value, output: Value| json!({"plugin": "anna/leaves", "name": name, "summary": "does it", "arguments": arguments, "effect": "read", "output": output});
    let address = argument("address", json!({"type": "address", "required": true}));
    vec![
        command(
            json!(["ls"]),
            json!([address, argument("long", json!({"type": "boolean", "place": "option", "short": "l"}))]),
            json!({}),
        ),
        command(
            json!(["asset", "create"]),
            json!([argument("asset", json!({"type": "asset", "required": true}))]),
            json!({}),
        ),
        command(
            json!(["sql"]),
            json!([argument("query", json!({"required": true}))]),
            json!({"properties": {"result": {"type": "string"}}}),
        ),
    ]
}

fn held() -> Held {
    let mut held = Held { commands: commands(), ..Held::default() };
    let table = json!({"columns": [{"key": "name", "label": "Name"}, {"key": "size", "label": "Size", "type": "bytes", "align": "end"}],
        "rows": [{"name": "2019\u{1b}[2J.csv", "size": 1_234_567}]});
    let view = json!([{"id": "root", "kind": "stack", "children": ["t", "h"]}, {"id": "t", "kind": "table", "props": table},
        {"id": "h", "kind": "hint", "props": {"text": "look", "command": "kamld show"}}]);
    held.answers.insert("ls".into(), (200, json!({"data": {"objects": 1}, "view": view})));
    let rows = json!([{"id": "root", "kind": "stack", "children": ["r"]},
        {"id": "r", "kind": "rows", "props": {"result": "r1", "columns": [{"name": "species", "type": "Utf8"}, {"name": "n", "type": "Int64"}]}}]);
    held.answers
        .insert("sql".into(), (200, json!({"data": {"result": "r1", "columns": ["species", "n"]}, "view": rows})));
    let lines: String = (1..=60).map(|n| format!("{{\"species\":\"gull\",\"n\":{n}}}\n")).collect();
    held.results.insert("r1.jsonl".into(), lines);
    held.results.insert("r1.csv".into(), "species,n\ngull,1\n".into());
    held.results.insert("r1.json".into(), "[{\"n\":1}]\n".into());
    held.results.insert("r1.parquet".into(), "PAR1".into());
    held
}

#[test]
fn a_plug_ins_command_runs_and_its_view_is_drawn_without_what_would_act_on_a_terminal() {
    let person = Person::new();
    let server = Server::with(&person, held());
    assert_eq!(
        person.says(&["ls", "birds/strikes", "-l", "--project", "birds"]),
        "Name                 Size\n2019\\u{1b}[2J.csv  1.2 MB\n"
    );
    let held = server.held.lock();
    assert_eq!(held.bodies, [("ls".to_owned(), json!({"address": "birds/strikes", "long": true}))]);
    assert_eq!(held.projects.last().unwrap().as_deref(), Some("birds"));
}

#[test]
fn json_prints_the_data_alone() {
    let person = Person::new();
    let _server = Server::with(&person, held());
    assert_eq!(person.says(&["--json", "ls", "birds/strikes"]), "{\"objects\":1}\n");
}

#[test]
fn rows_go_as_a_table_as_json_or_into_a_file() {
    let person = Person::new();
    let _server = Server::with(&person, held());
    let table = person.says(&["sql", "select"]);
    assert!(table.starts_with("species   n\ngull      1\n") && table.ends_with("gull     60\n60 rows\n"), "{table}");
    let table = person.says(&["sql", "select", "--limit", "2"]);
    assert_eq!(
        table,
        "species  n\ngull     1\ngull     2\nthe first 2 rows; --limit 0 shows all, -o FILE.csv saves them\n"
    );
    assert_eq!(person.json(&["sql", "select", "--json"]), json!({"columns": ["species", "n"], "rows": [{"n": 1}]}));
    assert_eq!(person.says(&["sql", "select", "--format", "csv"]), "species,n\ngull,1\n");
    let run = person.run(&["sql", "select", "-o", "out.parquet"]);
    assert_eq!((run.code, run.err.as_str()), (0, "wrote 4 B to out.parquet\n"));
    assert_eq!(person.files(), ["out.parquet"]);
}

#[test]
fn a_wrong_query_is_shown_with_its_place_and_as_json_for_programs() {
    let person = Person::new();
    let mut held = held();
    let wrong = json!({"status": 400, "title": "invalid", "detail": "there is no column 'speices'", "kind": "invalid",
        "help": "did you mean 'species'?", "at": {"line": 1, "column": 8}, "trace": "t"});
    held.answers.insert("sql".into(), (400, wrong));
    let _server = Server::with(&person, held);
    let run = person.run(&["sql", "select speices from x"]);
    assert_eq!(run.code, 3);
    assert_eq!(
        run.err,
        "error: there is no column 'speices'\n  |\n1 | select speices from x\n  |        ^\nhelp: did you mean 'species'?\n"
    );
    let run = person.run(&["sql", "select speices from x", "--json"]);
    let error: Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!((run.code, run.out.as_str(), error["kind"].as_str()), (3, "", Some("invalid")));
    assert_eq!(error["at"], json!({"line": 1, "column": 8}));
}

#[test]
fn an_unknown_command_says_that_no_plug_in_offers_it_and_what_is_near() {
    let person = Person::new();
    let _server = Server::with(&person, held());
    let run = person.run(&["search", "gull"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.starts_with("error: no plug-in offers 'search' here\nhelp: ") && run.err.contains("kamld plugin list"),
        "{}",
        run.err
    );
    assert!(person.run(&["aset", "create"]).err.contains("did you mean 'asset'?"));
    assert!(person.run(&["asset", "crate", "b/s"]).err.contains("create"));
}

#[test]
fn help_and_completion_work_while_the_server_is_down() {
    let person = Person::new();
    let server = Server::with(&person, held());
    person.says(&["ls", "birds/strikes"]);
    drop(server);
    for line in [&["--help"][..], &["help"], &["completion", "bash"], &["asset", "--help"]] {
        let run = person.run(line);
        assert_eq!(run.code, 0, "{line:?}: {}", run.err);
        assert!(run.out.contains("create"), "{line:?}: {}", run.out);
    }
    let run = person.run(&["ls", "birds/strikes"]);
    assert_eq!(run.code, 9);
    assert!(run.err.starts_with("error: no server is running for ") && run.err.contains("kamld up"), "{}", run.err);
}

#[test]
fn without_a_server_and_without_a_list_the_server_is_what_is_missing() {
    let person = Person::new();
    let run = person.run(&["ls", "birds/strikes"]);
    assert_eq!(run.code, 9);
    assert!(run.err.contains("no server is running for"), "{}", run.err);
}

#[test]
fn a_token_that_is_not_accepted_has_words_of_its_own() {
    let person = Person::new();
    let server = Server::with(&person, held());
    let running: Value = serde_json::from_slice(&std::fs::read(person.data().join("server.json")).unwrap()).unwrap();
    let url = running["url"].as_str().unwrap();
    let wrong =
        person.command(&["ls", "birds/strikes"]).env("KAMLD_URL", url).env("KAMLD_TOKEN", "wrong").output().unwrap();
    assert_eq!(wrong.status.code(), Some(7));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("does not accept the token"));
    let right =
        person.command(&["ls", "birds/strikes"]).env("KAMLD_URL", url).env("KAMLD_TOKEN", TOKEN).output().unwrap();
    assert!(right.status.success());
    drop(server);
    let gone =
        person.command(&["ls", "birds/strikes"]).env("KAMLD_URL", url).env("KAMLD_TOKEN", TOKEN).output().unwrap();
    assert_eq!(gone.status.code(), Some(9));
    assert!(String::from_utf8(gone.stderr).unwrap().contains("nothing answers at"));
}

#[test]
fn nobody_reading_the_output_is_no_error() {
    let person = Person::new();
    let _server = Server::with(&person, held());
    let mut child = person.start(&["sql", "select"]);
    drop(child.stdout.take());
    let run = child.wait_with_output().unwrap();
    assert_eq!((run.status.code(), run.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn exit_codes_are_documented() {
    let page = Person::new().says(&["help", "exit-codes"]);
    assert!(page.contains("9  unavailable:"), "{page}");
}
