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
