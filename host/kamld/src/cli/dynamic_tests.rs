//! Declarations of plug-ins through clap and back to JSON.

use super::{super::tree::Cli, *};
use clap::CommandFactory;

fn offers(commands: Value) -> Offers {
    let commands = commands.as_array().unwrap().iter().map(|command| {
        let mut whole = json!({"plugin": "a/b", "summary": "does it", "arguments": [], "effect": "read", "output": {}});
        whole.as_object_mut().unwrap().extend(command.as_object().unwrap().clone());
        for argument in whole["arguments"].as_array_mut().unwrap() {
            let mut full =
                json!({"help": "", "type": "text", "place": "positional", "required": false, "repeated": false});
            full.as_object_mut().unwrap().extend(argument.as_object().unwrap().clone());
            *argument = full;
        }
        serde_json::from_value(whole).unwrap()
    });
    Offers { generation: 1, commands: commands.collect() }
}

fn parse(offers: &Offers, line: &[&str]) -> Result<Map<String, Value>, clap::Error> {
    let (clap, left_out) = extend(Cli::command(), offers);
    assert_eq!(left_out, Vec::<String>::new());
    let words = std::iter::once("kamld").chain(line.iter().copied());
    let matches = clap.try_get_matches_from(words)?;
    let project = matches.get_one::<String>("project").cloned();
    let (offer, inner) = matched(offers, &matches).expect("an offer");
    Ok(body(&offer.command, &inner, project.as_deref()))
}

fn sample() -> Offers {
    offers(json!([
        {"name": ["asset", "create"], "effect": "write",
         "arguments": [
            {"name": "asset", "type": "asset", "required": true},
            {"name": "kind", "place": "option", "short": "k", "choices": ["dataset", "model"], "default": "dataset"},
            {"name": "tag", "place": "option", "repeated": true},
            {"name": "depth", "type": "integer", "place": "option"},
            {"name": "share", "type": "number", "place": "option"},
            {"name": "all", "type": "boolean", "place": "option", "short": "a"},
            {"name": "project", "type": "project", "place": "option"},
         ],
         "examples": [{"line": "asset create birds/strikes", "says": "makes an asset"}]},
        {"name": ["asset", "remove"], "effect": "destroy", "arguments": [{"name": "asset", "type": "asset", "required": true}]},
        {"name": ["cp"], "arguments": [
            {"name": "source", "type": "address", "required": true, "repeated": true},
            {"name": "target", "type": "address", "required": true}]},
        {"name": ["sql"], "arguments": [{"name": "query", "required": true}], "output": {"properties": {"result": {}}}},
    ]))
}

#[test]
fn arguments_reach_the_server_with_their_types() {
    let line = [
        "asset",
        "create",
        "b/s",
        "-k",
        "model",
        "--tag",
        "raw",
        "--tag",
        "new",
        "--depth",
        "-3",
        "--share",
        "0.5",
        "-a",
        "--project",
        "birds",
    ];
    assert_eq!(
        Value::Object(parse(&sample(), &line).unwrap()),
        json!({"asset": "b/s", "kind": "model", "tag": ["raw", "new"], "depth": -3, "share": 0.5, "all": true, "project": "birds"})
    );
    assert_eq!(parse(&sample(), &["asset", "create", "b/s", "--all=false"]).unwrap()["all"], json!(false));
}

#[test]
fn what_was_not_given_is_not_sent() {
    assert_eq!(Value::Object(parse(&sample(), &["asset", "create", "b/s"]).unwrap()), json!({"asset": "b/s"}));
}

#[test]
fn many_sources_may_stand_before_one_target() {
    let body = parse(&sample(), &["cp", "a/b/1", "a/b/2", "a/c"]).unwrap();
    assert_eq!(Value::Object(body), json!({"source": ["a/b/1", "a/b/2"], "target": "a/c"}));
}

#[test]
fn wrong_arguments_are_refused_before_any_call() {
    for line in [
        &["asset", "create"][..],
        &["asset", "create", "b/s", "--kind", "folder"],
        &["asset", "create", "b/s", "--depth", "deep"],
        &["asset", "make", "b/s"],
        &["asset"],
    ] {
        assert!(parse(&sample(), line).is_err(), "{line:?}");
    }
}

#[test]
fn help_shows_summary_examples_and_the_members_of_a_group() {
    let (mut clap, _) = extend(Cli::command(), &sample());
    let root = clap.render_help().to_string();
    assert!(root.contains("asset") && root.contains("create, remove"), "{root}");
    let asset = clap.find_subcommand_mut("asset").unwrap();
    let create = asset.find_subcommand_mut("create").unwrap().render_help().to_string();
    for part in [
        "does it",
        "kamld asset create birds/strikes",
        "makes an asset",
        "[default: dataset]",
        "[possible values: dataset, model]",
    ] {
        assert!(create.contains(part), "{part}: {create}");
    }
    assert!(!create.contains("--plugin-project"), "{create}");
    let sql = clap.find_subcommand_mut("sql").unwrap().render_help().to_string();
    assert!(sql.contains("--format") && sql.contains("--output"), "{sql}");
}

#[test]
fn no_declaration_makes_clap_panic() {
    let odd = offers(json!([
        {"name": []},
        {"name": ["up"]},
        {"name": ["help"]},
        {"name": ["Bad Word"]},
        {"name": ["twice"]},
        {"name": ["twice"]},
        {"name": ["a"], "arguments": [{"name": "x"}, {"name": "x"}]},
        {"name": ["b"], "arguments": [{"name": "x"}, {"name": "y", "required": true}]},
        {"name": ["c"], "arguments": [{"name": "x", "repeated": true}, {"name": "y"}]},
        {"name": ["d"], "arguments": [{"name": "x", "repeated": true, "required": true}, {"name": "y", "repeated": true, "required": true}]},
        {"name": ["good"], "effect": "destroy", "output": {"properties": {"result": {}}}, "arguments": [
            {"name": "json", "place": "option", "short": "h"}, {"name": "url", "place": "option", "short": "o"},
            {"name": "format", "place": "option"}, {"name": "limit", "place": "option", "type": "integer"},
            {"name": "yes", "place": "option", "short": "y", "type": "boolean"}, {"name": "output", "place": "option", "short": "y"},
            {"name": "project", "type": "project", "required": true}]},
        {"name": ["good", "inner"], "summary": "a\u{1b}[2J"},
    ]));
    let (clap, left_out) = extend(Cli::command(), &odd);
    assert_eq!(left_out.len(), 9, "{left_out:#?}");
    clap.clone().debug_assert();
    let matches = clap.try_get_matches_from(["kamld", "good", "birds", "--plugin-json", "x", "--format", "y"]).unwrap();
    let (offer, inner) = matched(&odd, &matches).unwrap();
    assert_eq!(
        Value::Object(body(&offer.command, &inner, None)),
        json!({"json": "x", "format": "y", "project": "birds"})
    );
}

#[test]
fn an_error_points_into_the_first_free_text() {
    let offers = sample();
    let body = json!({"query": "select"}).as_object().unwrap().clone();
    assert_eq!(pointed(&offers.commands[3].command, &body), Some("select"));
    assert_eq!(pointed(&offers.commands[0].command, &body), None);
}
