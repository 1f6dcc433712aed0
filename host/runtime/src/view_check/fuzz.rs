//! Views that are nearly right, and views made of the catalogue itself.
//!
//! Invariants held here: no view makes the check panic; what passes keeps to its budgets, can be drawn to its last node, and
//! reads back as the same; a preview that would do something is not passed.

use super::*;
use kamld_fuzz::{any_text, cases, check_verdict, corpus, mutated_text};
use proptest::{collection::vec, prelude::*};
use serde_json::json;
use std::collections::BTreeSet;

fn seeds() -> Vec<(String, Vec<u8>)> {
    corpus(env!("CARGO_MANIFEST_DIR"), "views")
}

/// Floats are read to the last bit but one.
fn without_floats(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => json!("a float"),
        Value::Array(values) => values.into_iter().map(without_floats).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, without_floats(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// Draws a view as a client does that trusts the check; answers which nodes it saw.
fn draw<'n>(nodes: &'n [Node], id: &'n str, depth: usize, seen: &mut BTreeSet<&'n str>) {
    assert!(depth <= DEPTH, "deeper than {DEPTH}");
    assert!(!id.is_empty(), "a client passes over a node without an id");
    assert!(seen.insert(id), "'{id}' is drawn twice");
    let node = nodes.iter().find(|node| node.id == id).unwrap();
    for child in &node.children {
        draw(nodes, child, depth + 1, seen);
    }
}

fn check_refusal(problem: &Problem) {
    assert!(problem.message.len() < 2000, "{} bytes: {:.300}", problem.message.len(), problem.message);
    assert!(!problem.message.contains(char::is_control), "{problem:?}");
}

/// Answers whether the view passes, as it would from a plug-in.
fn check_view(given: Vec<kamld_bindings::Node>) -> bool {
    let wire = bytes(&given);
    let read = fits("its view", wire, BYTES).and_then(|()| {
        let nodes: Vec<Node> = given.into_iter().map(kamld_bindings::Node::into_view).collect::<Result<_>>()?;
        view(&nodes)?;
        Ok(nodes)
    });
    let nodes = match read {
        Ok(nodes) => nodes,
        Err(problem) => {
            check_refusal(&problem);
            return false;
        }
    };
    assert!(nodes.len() <= NODES && wire <= BYTES);
    draw(&nodes, "root", 1, &mut BTreeSet::new());
    assert!(nodes.iter().all(|node| !node.id.is_empty() && !node.kind.is_empty()), "the page leaves such a node out");
    let sent = serde_json::to_string(&nodes).unwrap();
    let again: Vec<Node> = serde_json::from_str(&sent).unwrap();
    view(&again).unwrap();
    assert_eq!(without_floats(json!(again)), without_floats(json!(nodes)));
    if let Err(problem) = shows_only(&nodes) {
        check_refusal(&problem);
    }
    true
}

/// A view as JSON, as the bindings hand it over.
fn check_json(text: &str) -> bool {
    let Ok(values) = serde_json::from_str::<Vec<Map<String, Value>>>(text) else { return false };
    let words = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let node = |value: &Map<String, Value>| kamld_bindings::Node {
        id: words(value.get("id")),
        kind: words(value.get("kind")),
        props: value.get("props").map(Value::to_string).unwrap_or_default(),
        children: value
            .get("children")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|child| words(Some(child)))
            .collect(),
    };
    check_view(values.iter().map(node).collect())
}

#[test]
fn the_corpus_of_views_passes_as_its_names_say() {
    for (name, text) in seeds() {
        check_verdict(&name, check_json(&String::from_utf8_lossy(&text)));
    }
}

#[test]
fn a_refusal_is_short_however_long_the_names_are() {
    let long = "i\n".repeat(50_000);
    for props in ["", "[]", "{\"text\": 3}"] {
        for id in ["root", long.as_str()] {
            let children = vec![long.clone()];
            check_view(vec![kamld_bindings::Node { id: id.into(), kind: long.clone(), props: props.into(), children }]);
        }
    }
}

/// What decides, one number after the other; nothing but the least when they are used up.
struct Rolls {
    numbers: std::vec::IntoIter<u32>,
    /// Whether something was made that does more than show.
    acts: bool,
}

impl Rolls {
    fn roll(&mut self, below: usize) -> usize {
        self.numbers.next().map_or(0, |number| number as usize % below.max(1))
    }
}

const TEXTS: [&str; 6] = ["a", "", "/q", "birds/strikes", "\u{7}鳥", "run"];

/// A value that a schema of the catalogue allows.
fn make(schema: &Value, rolls: &mut Rolls) -> Value {
    if let Some(pointer) = schema["$ref"].as_str() {
        let made = make(CATALOGUE.pointer(pointer.strip_prefix('#').unwrap()).unwrap(), rolls);
        if pointer == "#/$defs/action" {
            rolls.acts |= ["run", "act", "upload", "set", "undo"].iter().any(|does| made.get(does).is_some());
        }
        return made;
    }
    if let Some(words) = schema["enum"].as_array() {
        return words[rolls.roll(words.len())].clone();
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(word) => vec![word],
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => vec!["string", "null", "number"],
    };
    match types[rolls.roll(types.len())] {
        "string" => TEXTS[rolls.roll(TEXTS.len())].into(),
        "boolean" => (rolls.roll(2) == 1).into(),
        "integer" => {
            let least = schema["minimum"].as_i64().unwrap_or(0);
            (least + rolls.roll(schema["maximum"].as_i64().map_or(5, |most| (most - least + 1) as usize)) as i64).into()
        }
        "number" => {
            let least = schema["minimum"].as_f64().unwrap_or(0.0);
            (least + rolls.roll(2) as f64 * (schema["maximum"].as_f64().unwrap_or(least + 1.5) - least)).into()
        }
        "array" => (0..rolls.roll(3)).map(|_| make(&schema["items"], rolls)).collect(),
        "object" => object(schema, rolls).into(),
        _ => Value::Null,
    }
}

fn object(schema: &Value, rolls: &mut Rolls) -> Map<String, Value> {
    let named = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let required = named(&schema["required"]);
    let choices: Vec<String> =
        schema["oneOf"].as_array().into_iter().flatten().flat_map(|choice| named(&choice["required"])).collect();
    let chosen = choices.get(rolls.roll(choices.len())).cloned();
    let mut made = Map::new();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let wanted = required.contains(name) || chosen.as_ref() == Some(name);
        if wanted || (!choices.contains(name) && rolls.roll(4) == 1) {
            made.insert(name.clone(), make(schema, rolls));
        }
    }
    made
}

/// A view out of the catalogue, and whether it does more than show.
fn made(kinds: &[usize], rolls: Vec<u32>) -> (Vec<Node>, bool) {
    let known: Vec<(&String, &Value)> = CATALOGUE["kinds"].as_object().unwrap().iter().collect();
    let mut rolls = Rolls { numbers: rolls.into_iter(), acts: false };
    let mut nodes: Vec<Node> = Vec::new();
    for (place, kind) in kinds.iter().enumerate() {
        let (kind, schema) = known[kind % known.len()];
        let props = object(schema, &mut rolls);
        let source = props.get("source").is_some_and(|source| source["rows"].is_string());
        rolls.acts |= matches!(kind.as_str(), "command" | "drop") || props.contains_key("bind") || source;
        let id = if place == 0 { "root".to_owned() } else { format!("n{place}") };
        if place > 0 {
            let parent = rolls.roll(place.min(DEPTH - 1));
            nodes[parent].children.push(id.clone());
        }
        nodes.push(Node { id, kind: kind.clone(), props, children: Vec::new() });
    }
    (nodes, rolls.acts)
}

const PIECES: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\",
    "\\u0000",
    "null",
    "true",
    "-1",
    "1e999",
    "1e400",
    "0.1",
    "\"root\"",
    "\"children\":[",
    "\"props\":{",
    "\"action\":{\"run\":[\"rm\"]},",
    "\"bind\":\"/x\",",
    "\"kind\":\"stack\"",
    "\"id\":\"\"",
    "\"id\":\"root\",",
    "{\"id\":\"b\",\"kind\":\"x\",\"props\":{},\"children\":[\"root\"]},",
    "é",
    "\u{202e}",
];

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn any_view_passes_in_full_or_is_refused(
        nodes in vec((prop_oneof![Just(String::from("root")), "[ab]{0,2}"], "(stack|text|x|)", any_text(), vec("[ab]{0,2}|root", 0..3)), 0..6),
    ) {
        check_view(nodes.into_iter().map(|(id, kind, props, children)| {
            let props = if kind == "stack" { String::new() } else { props };
            kamld_bindings::Node { id, kind, props, children }
        }).collect());
    }

    #[test]
    fn a_view_that_is_nearly_right_passes_in_full_or_is_refused(text in mutated_text(seeds(), PIECES)) {
        check_json(&text);
    }

    #[test]
    fn what_the_catalogue_allows_passes_and_is_a_preview_when_it_only_shows(
        kinds in vec(0..1000usize, 1..8),
        rolls in vec(any::<u32>(), 0..120),
    ) {
        let (nodes, acts) = made(&kinds, rolls);
        prop_assert!(check_json(&json!(nodes).to_string()), "{:?}", view(&nodes));
        prop_assert_eq!(shows_only(&nodes).is_err(), acts, "{}", json!(nodes));
    }

    #[test]
    fn what_the_catalogue_does_not_allow_is_refused(
        kinds in vec(0..1000usize, 1..6),
        rolls in vec(any::<u32>(), 0..80),
        breaks in 0..6usize,
        which in 0..6usize,
    ) {
        let (mut nodes, _) = made(&kinds, rolls);
        let at = which % nodes.len();
        let id = nodes[at].id.clone();
        let required = CATALOGUE["kinds"][&nodes[at].kind]["required"][0].as_str().map(str::to_owned);
        match (breaks, required) {
            (0, Some(required)) => drop(nodes[at].props.remove(&required)),
            (0 | 1, _) => drop(nodes[at].props.insert("on-click".into(), json!("x"))),
            (2, _) => nodes.last_mut().unwrap().children.push(id),
            (3, _) => nodes[at].children.push("nobody".into()),
            (4, _) => nodes.push(Node { id, kind: "stack".into(), props: Map::new(), children: Vec::new() }),
            (_, Some(required)) => drop(nodes[at].props.insert(required, json!({"a": [[]]}))),
            _ => nodes[0].id = "other".into(),
        }
        prop_assert!(!check_json(&json!(nodes).to_string()), "{}", json!(nodes));
    }
}
