//! Whether a view keeps to the catalogue: its shape, its budgets, the properties of each node.
//!
//! Lives here: checks of what a plug-in hands over to be drawn. Must not live here: drawing, and what a node means.
//! Invariant: what passes can be drawn by a client that knows the catalogue, without looking again.

use kamld_types::{Node, Problem, problem::Result};
use serde_json::{Map, Value};
use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// As it stands in this source tree.
pub const CATALOGUE_TEXT: &str = include_str!("../../../wit/ui/catalogue.json");

static CATALOGUE: LazyLock<Value> = LazyLock::new(|| {
    // It is part of this source tree, and the tests of the SDK read it too.
    serde_json::from_str(CATALOGUE_TEXT).unwrap_or_default()
});

/// Bytes of a message, as the contract says.
pub const BYTES: usize = 256 << 10;
/// Bytes of the view of an outcome: a terminal shows a listing of a thousand rows as one, which a page never does.
pub const OUTCOME_BYTES: usize = 1 << 20;
/// Characters of the sentence that an action answers.
pub const NOTE: usize = 2000;
const NODES: usize = 5000;
const DEPTH: usize = 24;
/// Rows in one window.
pub const ROWS: u32 = 200;

/// Whether the page has a place of that name.
pub fn is_slot(name: &str) -> bool {
    CATALOGUE["slots"].get(name).is_some()
}

/// Whether values of that type can be drawn.
pub fn is_value_type(name: &str) -> bool {
    CATALOGUE["$defs"]["value-type"]["enum"].as_array().is_some_and(|types| types.iter().any(|known| known == name))
}

/// What nodes take as they cross the boundary, before anything is read out of them.
pub fn bytes(nodes: &[kamld_bindings::Node]) -> usize {
    let one = |node: &kamld_bindings::Node| {
        let children: usize = node.children.iter().map(|child| child.len() + 1).sum();
        node.id.len() + node.kind.len() + node.props.len() + children
    };
    nodes.iter().map(one).sum()
}

/// A message that is larger than it may be.
pub fn fits(what: &str, bytes: usize, most: usize) -> Result<()> {
    if bytes <= most {
        return Ok(());
    }
    Err(Problem::limit(format!("{what} has {} KiB; {} are allowed", bytes >> 10, most >> 10))
        .help("show fewer at once: a table with a source fetches only what is seen"))
}

/// An action that the answer of another one goes on with.
pub fn action(action: &Map<String, Value>) -> Result<()> {
    let schema = &CATALOGUE["$defs"]["action"];
    check(&Value::Object(action.clone()), schema)
        .map_err(|why| Problem::invalid(format!("the action that it goes on with{why}")))
}

/// What a preview draws stands in the views of other plug-ins: it may show, lead to a place, download and copy. What runs
/// a command, calls the plug-in around it or changes its data would be done in the name of that plug-in.
pub fn shows_only(nodes: &[Node]) -> Result<()> {
    for node in nodes {
        if let Some(what) = does_more(node) {
            return Err(Problem::invalid(format!(
                "node '{}' ({}) of its preview {what}",
                short(&node.id),
                short(&node.kind)
            ))
            .help(
                "a preview stands in the screens of other plug-ins: it shows, leads to a place, downloads and copies",
            ));
        }
    }
    Ok(())
}

fn does_more(node: &Node) -> Option<&'static str> {
    match node.kind.as_str() {
        "command" => return Some("runs a command"),
        "drop" => return Some("uploads files"),
        _ if node.props.contains_key("bind") => return Some("uses the data around it"),
        _ if node.props.get("source").is_some_and(|source| source["rows"].is_string()) => {
            return Some("asks the plug-in around it for rows");
        }
        _ => {}
    }
    let known = &CATALOGUE["kinds"][&node.kind]["properties"];
    node.props.iter().find_map(|(name, value)| acts(value, known.get(name)?))
}

/// What an action in a value does beyond showing; found where the catalogue has actions, since cells of a table may have
/// any name.
fn acts(value: &Value, schema: &Value) -> Option<&'static str> {
    if let Some(pointer) = schema["$ref"].as_str() {
        if pointer == "#/$defs/action" {
            return match () {
                () if value.get("run").is_some() || value.get("undo").is_some() => Some("runs a command"),
                () if value.get("act").is_some() => Some("calls the plug-in around it"),
                () if value.get("upload").is_some() => Some("uploads files"),
                () if value.get("set").is_some() => Some("changes the data around it"),
                () => None,
            };
        }
        return acts(value, CATALOGUE.pointer(pointer.strip_prefix('#')?)?);
    }
    match value {
        Value::Array(values) => values.iter().find_map(|value| acts(value, schema.get("items")?)),
        Value::Object(members) => members.iter().find_map(|(name, value)| acts(value, schema["properties"].get(name)?)),
        _ => None,
    }
}

/// The nodes of a view; `invalid` names the node and the property that break the catalogue.
pub fn view(nodes: &[Node]) -> Result<()> {
    let Some(root) = nodes.first() else {
        return Err(Problem::invalid("its view has no nodes"));
    };
    if root.id != "root" {
        return Err(Problem::invalid(format!("the first node of its view is '{}', not 'root'", short(&root.id))));
    }
    if nodes.len() > NODES {
        return Err(Problem::limit(format!("its view has {} nodes; {NODES} are allowed", nodes.len()))
            .help("show fewer at once: a table with a source fetches only what is seen"));
    }
    let mut by_id = HashMap::with_capacity(nodes.len());
    for node in nodes {
        if node.id.is_empty() || node.kind.is_empty() {
            return Err(Problem::invalid("a node of its view has no id or no kind"));
        }
        if by_id.insert(node.id.as_str(), node).is_some() {
            return Err(Problem::invalid(format!("two nodes of its view have the id '{}'", short(&node.id))));
        }
    }
    shape(&by_id)?;
    for node in nodes {
        // A newer kind is the client's to draw, or to leave out.
        let Some(schema) = CATALOGUE["kinds"].get(&node.kind) else { continue };
        fields(&node.props, schema).map_err(|why| {
            Problem::invalid(format!("node '{}' ({}): {why}", short(&node.id), short(&node.kind)))
                .help("wit/ui/catalogue.json has the properties of each kind")
        })?;
    }
    Ok(())
}

/// Every child is there, belongs to one parent, and no way down is longer than allowed.
fn shape(by_id: &HashMap<&str, &Node>) -> Result<()> {
    let mut seen = HashSet::with_capacity(by_id.len());
    let mut below = vec![("root", 1)];
    while let Some((id, depth)) = below.pop() {
        if depth > DEPTH {
            return Err(Problem::limit(format!("its view is more than {DEPTH} nodes deep, at '{}'", short(id))));
        }
        let Some(node) = by_id.get(id) else {
            return Err(Problem::invalid(format!("its view names a child '{}' that is not there", short(id))));
        };
        if !seen.insert(id) {
            return Err(Problem::invalid(format!("node '{}' of its view has two parents or holds itself", short(id))));
        }
        below.extend(node.children.iter().map(|child| (child.as_str(), depth + 1)));
    }
    Ok(())
}

type Checked = std::result::Result<(), String>;

fn fields(props: &Map<String, Value>, schema: &Value) -> Checked {
    let known = &schema["properties"];
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !props.contains_key(name) {
            return Err(format!("'{name}' is missing"));
        }
    }
    for (name, value) in props {
        match known.get(name) {
            Some(schema) => check(value, schema).map_err(|why| format!("'{name}'{why}"))?,
            None if schema["additionalProperties"] == false => {
                return Err(format!("there is no property '{}'", short(name)));
            }
            None => {}
        }
    }
    Ok(())
}

/// The words JSON Schema that the catalogue uses. The answer goes behind the name of what was checked.
fn check(value: &Value, schema: &Value) -> Checked {
    if let Some(pointer) = schema["$ref"].as_str() {
        let found = pointer.strip_prefix('#').and_then(|pointer| CATALOGUE.pointer(pointer));
        return check(value, found.ok_or_else(|| format!(": the catalogue has no {pointer}"))?);
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!(" is {}, which is none of its words", short(&value.to_string())));
    }
    let fits = |word: &str| match word {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    };
    match &schema["type"] {
        Value::String(word) if !fits(word) => return Err(format!(" is not of type {word}")),
        Value::Array(words) if !words.iter().filter_map(Value::as_str).any(fits) => {
            return Err(" is of no type that it may have".into());
        }
        _ => {}
    }
    if let (Some(number), Some(least)) = (value.as_f64(), schema["minimum"].as_f64())
        && number < least
    {
        return Err(format!(" is {number}, below {least}"));
    }
    if let (Some(number), Some(most)) = (value.as_f64(), schema["maximum"].as_f64())
        && number > most
    {
        return Err(format!(" is {number}, above {most}"));
    }
    if let (Some(values), Some(items)) = (value.as_array(), schema.get("items")) {
        for (place, value) in values.iter().enumerate() {
            check(value, items).map_err(|why| format!("[{place}]{why}"))?;
        }
    }
    if let (Some(object), Some(choices)) = (value.as_object(), schema["oneOf"].as_array()) {
        one_of(object, choices)?;
    }
    if let (Some(object), true) = (value.as_object(), schema["properties"].is_object()) {
        fields(object, schema).map_err(|why| format!(": {why}"))?;
    }
    Ok(())
}

/// Of choices that each name one property, exactly one is made.
fn one_of(object: &Map<String, Value>, choices: &[Value]) -> Checked {
    let names: Vec<&str> = choices.iter().filter_map(|choice| choice["required"][0].as_str()).collect();
    match names.iter().filter(|name| object.contains_key(**name)).count() {
        1 => Ok(()),
        made => Err(format!(" has {made} of {}, not one", names.join(", "))),
    }
}

/// What a plug-in wrote, no longer than a line.
fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect()
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(id: &str, kind: &str, props: Value, children: &[&str]) -> Node {
        Node {
            id: id.into(),
            kind: kind.into(),
            props: props.as_object().cloned().unwrap_or_default(),
            children: children.iter().map(|child| (*child).to_owned()).collect(),
        }
    }

    fn refused(nodes: &[Node]) -> String {
        view(nodes).unwrap_err().message
    }

    #[test]
    fn a_view_of_the_catalogue_passes_and_newer_kinds_do_too() {
        let nodes = [
            node("root", "stack", json!({"gap": "small"}), &["a", "b", "c"]),
            node("a", "text", json!({"text": "hello", "tone": "muted"}), &[]),
            node("b", "hologram", json!({"depth": 3}), &[]),
            node("c", "button", json!({"text": "Go", "action": {"run": ["project", "create"], "ask": ["name"]}}), &[]),
        ];
        view(&nodes).unwrap();
    }

    #[test]
    fn what_breaks_the_catalogue_is_named() {
        let root = |props: Value| [node("root", "text", props, &[])];
        for (nodes, why) in [
            (root(json!({})), "node 'root' (text): 'text' is missing"),
            (root(json!({"text": 3})), "'text' is not of type string"),
            (root(json!({"text": "a", "tone": "loud"})), "which is none of its words"),
            (root(json!({"text": "a", "html": "<b>"})), "there is no property 'html'"),
        ] {
            assert!(refused(&nodes).contains(why), "{} / {why}", refused(&nodes));
        }
        let deep = json!({"columns": [{"key": "a"}]});
        assert!(refused(&[node("root", "table", deep, &[])]).contains("'columns'[0]: 'label' is missing"));
        for (action, why) in
            [(json!({"done": "x"}), "has 0 of run, open"), (json!({"run": ["a"], "act": "b"}), "has 2")]
        {
            let button = node("root", "button", json!({"text": "Go", "action": action}), &[]);
            assert!(refused(&[button]).contains(why), "{why}");
        }
    }

    #[test]
    fn a_shape_that_is_no_tree_is_refused() {
        assert!(refused(&[]).contains("no nodes"));
        assert!(refused(&[node("a", "stack", json!({}), &[])]).contains("not 'root'"));
        assert!(refused(&[node("root", "stack", json!({}), &["a"])]).contains("not there"));
        assert!(refused(&[node("root", "stack", json!({}), &["root"])]).contains("holds itself"));
        let twice = [node("root", "stack", json!({}), &[]), node("root", "stack", json!({}), &[])];
        assert!(refused(&twice).contains("two nodes"));
    }

    #[test]
    fn an_action_that_is_gone_on_with_is_one_of_the_catalogue() {
        let checked = |value: Value| action(value.as_object().unwrap()).map_err(|problem| problem.message);
        checked(json!({"open": {"address": "birds"}})).unwrap();
        checked(json!({"set": {}, "reopen": true})).unwrap();
        assert!(checked(json!({"run": ["a"], "open": {}})).unwrap_err().contains("has 2 of"));
        assert!(checked(json!({"run": "asset remove"})).unwrap_err().contains("'run' is not of type array"));
        assert!(checked(json!({"eval": "x", "copy": "y"})).unwrap_err().contains("no property 'eval'"));
    }

    #[test]
    fn a_preview_does_nothing_in_the_name_of_the_plug_in_around_it() {
        let one = |kind: &str, props: Value| shows_only(&[node("root", kind, props, &[])]).map_err(|p| p.message);
        let button = |action: Value| one("button", json!({"text": "Go", "action": action}));
        for shows in [
            one("text", json!({"text": "run"})),
            one(
                "table",
                json!({"columns": [{"key": "run", "label": "run"}], "rows": [{"run": ["a"], "bind": "b", "action": {"run": ["a"]}}]}),
            ),
            one("table", json!({"source": {"object": "birds/strikes/a.csv"}})),
            one("list", json!({"items": [{"title": "a", "open": {"address": "birds"}}]})),
            button(json!({"open": {"address": "birds"}})),
            button(json!({"download": "birds/strikes/a.csv"})),
            button(json!({"copy": "text"})),
            one("hologram", json!({"action": {"run": ["a"]}})),
        ] {
            shows.unwrap();
        }
        let menu = json!([{"label": "Go", "action": {"run": ["asset", "remove"]}}]);
        for (does, why) in [
            (button(json!({"run": ["asset", "remove"]})), "runs a command"),
            (button(json!({"act": "collect"})), "calls the plug-in around it"),
            (button(json!({"upload": "birds/strikes"})), "uploads files"),
            (button(json!({"set": {"/selected": []}})), "changes the data"),
            (one("menu", json!({"text": "More", "items": menu})), "runs a command"),
            (one("callout", json!({"text": "a", "actions": menu})), "runs a command"),
            (one("table", json!({"columns": [], "row-actions": menu})), "runs a command"),
            (one("list", json!({"items": [{"title": "a", "actions": menu}]})), "runs a command"),
            (one("card", json!({"action": {"run": ["rm"]}})), "runs a command"),
            (one("tags", json!({"items": [], "add": {"run": ["tag", "add"]}})), "runs a command"),
            (one("form", json!({"submit": "Go", "action": {"run": ["rm"]}})), "runs a command"),
            (one("steps", json!({"items": [{"title": "a", "action": {"run": ["rm"]}}]})), "runs a command"),
            (one("command", json!({"run": ["rm"]})), "runs a command"),
            (one("drop", json!({"to": "birds/strikes", "text": "here"})), "uploads files"),
            (one("input", json!({"label": "a", "bind": "/message"})), "uses the data"),
            (one("editor", json!({"label": "a", "bind": "/q", "complete": "complete"})), "uses the data"),
            (one("table", json!({"source": {"rows": "files"}})), "asks the plug-in around it"),
        ] {
            assert!(does.unwrap_err().contains(why), "{why}");
        }
    }

    #[test]
    fn what_crosses_is_counted_whole() {
        let node = kamld_bindings::Node {
            id: "i".repeat(10),
            kind: "k".repeat(10),
            props: "p".repeat(10),
            children: vec!["c".repeat(10); 10],
        };
        assert!(bytes(&[node]) >= 130);
        fits("it", BYTES, BYTES).unwrap();
        let problem = fits("its view", BYTES + 1024, BYTES).unwrap_err();
        assert_eq!(
            (problem.kind, problem.message.as_str()),
            (kamld_types::Kind::Limit, "its view has 257 KiB; 256 are allowed")
        );
    }

    #[test]
    fn budgets_of_number_and_depth_hold() {
        let chain = |length: usize| -> Vec<Node> {
            let id = |n: usize| if n == 0 { "root".to_owned() } else { n.to_string() };
            (0..length)
                .map(|n| {
                    let next = id(n + 1);
                    let children: &[&str] = if n + 1 < length { &[&next] } else { &[] };
                    node(&id(n), "stack", json!({}), children)
                })
                .collect()
        };
        view(&chain(DEPTH)).unwrap();
        assert!(refused(&chain(DEPTH + 1)).contains("24 nodes deep"));
        assert!(refused(&chain(NODES + 1)).contains("5000 are allowed"));
    }
}
