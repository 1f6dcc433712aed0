//! The gallery against the catalogue: each kind, each property, each word of a property is shown somewhere, and what is
//! shown keeps to it. A kind that is new fails here until the gallery shows it.

use crate::{
    acting::act,
    found::{Found, Query},
    icons,
    model::{Known, Model},
    screen::{self, Family},
};
use kamld_sdk::{
    HasCommands, Place,
    metadata::search::{Answer, Facet, Fragment, Hit, HitKind},
    storage::types::{Asset, AssetKind, Change, ChangeKind, ChangePage, Commit, Object},
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

fn catalogue() -> Value {
    serde_json::from_str(include_str!("../../../../wit/ui/catalogue.json")).unwrap()
}

fn asset(name: &str, kind: AssetKind) -> Asset {
    let default_branch = "main".into();
    let (project, name) = ("sample".into(), name.into());
    Asset { project, name, kind, created: 1, modified: 1_790_000_000_000, objects: 3, size: 8192, default_branch }
}

fn object(path: &str, media_type: &str) -> Object {
    Object { path: path.into(), size: 3969, hash: "ab".repeat(32), media_type: media_type.into(), modified: 1 }
}

/// A server on which there is everything.
fn full() -> Found {
    let objects = [
        ("icons/7zip.png", "image/png"),
        ("icons/gimp.png", "image/png"),
        ("tone.wav", "audio/wav"),
        ("field.webm", "video/webm"),
        ("strikes.csv", "text/csv"),
    ];
    let objects =
        objects.map(|(path, media_type)| (format!("sample/images/{path}").parse().unwrap(), object(path, media_type)));
    let commit = Commit {
        id: "cd".repeat(32),
        parents: Vec::new(),
        author: "anna".into(),
        message: "first icons".into(),
        created: 1_790_000_000_000,
        objects: 3,
        size: 8192,
        properties: Vec::new(),
    };
    let change = |path: &str, kind, before: bool, after: bool| {
        let of = |there: bool| there.then(|| object(path, "text/csv"));
        Change { path: path.into(), kind, before: of(before), after: of(after) }
    };
    let changes = vec![
        change("a.csv", ChangeKind::Added, false, true),
        change("b.csv", ChangeKind::Modified, true, true),
        change("c.csv", ChangeKind::Removed, true, false),
    ];
    let hit = |kind, path: &str, column: &str| Hit {
        kind,
        project: "sample".into(),
        asset: "weather".into(),
        path: path.into(),
        column: column.into(),
        summary: "daily weather in Seattle".into(),
        tags: vec!["climate".into()],
        size: 9,
        modified: 1,
        score: 1.5,
        highlights: vec![("text".into(), vec![Fragment { text: "wind".into(), matched: true }])],
    };
    let hits = vec![
        hit(HitKind::Asset, "", ""),
        hit(HitKind::Object, "seattle-weather.csv", ""),
        hit(HitKind::Column, "seattle-weather.csv", "wind"),
    ];
    let facets = vec![Facet { field: "tag".into(), values: vec![("climate".into(), 3), ("raw".into(), 2)] }];
    let column = |name: &str| Known { name: name.into(), r#type: "DOUBLE".into() };
    Found {
        assets: vec![asset("images", AssetKind::Dataset), asset("seasons", AssetKind::Model)],
        dataset: Some("sample/images".into()),
        objects: objects.to_vec(),
        pixels: Some((100, 100)),
        names: vec![("main".into(), commit.id.clone()), ("v1".into(), commit.id.clone())],
        commits: vec![commit],
        changes: Some(ChangePage { changes, next: Some("d.csv".into()) }),
        answer: Some(("wind tag:raw".into(), Answer { hits, total: 3, facets, suggestion: None })),
        query: Some(Query { result: "r1".into(), columns: ["month_number", "oslo", "lisbon"].map(column).to_vec() }),
        pinned: vec!["wind".into()],
        troubles: vec!["Something cannot be shown: it was not granted.".into()],
    }
}

/// A node as the page gets it.
struct Node {
    id: String,
    kind: String,
    props: Value,
    children: Vec<String>,
}

fn drawn(family: Family, found: &Found) -> Vec<Node> {
    let place = Place::at("").on("gallery").with("mission", "Apollo 11").with("after", "a.csv");
    let nodes = screen::screen(family, &place, Model::default(), found).nodes();
    let nodes = nodes.into_iter().map(|node| Node {
        id: node.id,
        kind: node.kind,
        props: serde_json::from_str(&node.props).unwrap(),
        children: node.children,
    });
    nodes.collect()
}

/// Walks values along the catalogue: notes what they use of it, and what they have that it does not know.
struct Walk {
    catalogue: Value,
    used: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Walk {
    fn of(found: &[Found]) -> Self {
        let mut walk = Self { catalogue: catalogue(), used: BTreeSet::new(), wrong: Vec::new() };
        for found in found {
            for node in Family::ALL.into_iter().flat_map(|family| drawn(family, found)) {
                let schema = walk.catalogue["kinds"][&node.kind].clone();
                if schema.is_null() {
                    walk.wrong.push(format!("{} is no kind", node.kind));
                }
                walk.used.insert(node.kind.clone());
                walk.check(&node.props, &schema, &node.kind);
            }
        }
        walk
    }

    /// `name` is a kind or a shape, whose properties are called by it.
    fn check(&mut self, value: &Value, schema: &Value, name: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            let shape = reference.rsplit('/').next().unwrap().to_owned();
            let schema = self.catalogue["$defs"][&shape].clone();
            return self.check(value, &schema, &shape);
        }
        if let Some(words) = schema["enum"].as_array() {
            if words.contains(value) {
                self.used.insert(format!("{name} {}", value.as_str().unwrap_or_default()));
            } else {
                self.wrong.push(format!("{name} is {value}"));
            }
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        let is = |kind: &&str| match *kind {
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => other == "null" && value.is_null(),
        };
        if !types.is_empty() && !types.iter().any(is) {
            self.wrong.push(format!("{name}: {value} is not of type {types:?}"));
        }
        for item in value.as_array().into_iter().flatten() {
            self.check(item, &schema["items"], name);
        }
        let (Some(members), Some(known)) = (value.as_object(), schema["properties"].as_object()) else { return };
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(required) {
                self.wrong.push(format!("{name} has no {required}"));
            }
        }
        for (member, value) in members {
            self.used.insert(format!("{name}.{member}"));
            match known.get(member) {
                Some(schema) => self.check(value, schema, &format!("{name}.{member}")),
                None => self.wrong.push(format!("{name} has no property {member}")),
            }
        }
    }
}

/// Everything that the catalogue knows: kinds, properties of kinds and of shapes, words of shapes.
fn known() -> BTreeSet<String> {
    let catalogue = catalogue();
    let mut known = BTreeSet::new();
    let shapes = catalogue["$defs"].as_object().unwrap().iter().filter(|(name, _)| *name != "node");
    for (name, schema) in catalogue["kinds"].as_object().unwrap().iter().chain(shapes) {
        let properties = schema["properties"].as_object().into_iter().flat_map(Map::keys);
        known.extend(properties.map(|property| format!("{name}.{property}")));
        let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        known.extend(words.map(|word| format!("{name} {word}")));
    }
    known.extend(catalogue["kinds"].as_object().unwrap().keys().cloned());
    known
}

#[test]
fn every_kind_every_property_and_every_word_of_the_catalogue_is_shown() {
    // Some of it is what a person meets where there is nothing yet.
    let walk = Walk::of(&[full(), Found::default()]);
    let missing: Vec<_> = known().into_iter().filter(|name| !walk.used.contains(name)).collect();
    assert_eq!(missing, Vec::<String>::new(), "the gallery does not show these");
}

#[test]
fn what_is_shown_keeps_to_the_catalogue() {
    assert_eq!(Walk::of(&[full(), Found::default()]).wrong, [""; 0]);
}

#[test]
fn each_kind_has_a_section_that_names_it_and_says_when_it_is_the_right_one() {
    let nodes: Vec<Node> = Family::ALL.into_iter().flat_map(|family| drawn(family, &full())).collect();
    let sections: Vec<_> = nodes.iter().filter(|node| node.kind == "section").collect();
    let titles: BTreeSet<&str> =
        sections.iter().flat_map(|section| section.props["title"].as_str().unwrap().split(", ")).collect();
    for kind in catalogue()["kinds"].as_object().unwrap().keys() {
        assert!(titles.contains(kind.as_str()), "no section is called {kind}");
    }
    for section in sections {
        assert!(section.props["note"].as_str().is_some_and(|note| note.ends_with('.')), "{}", section.props);
    }
}

#[test]
fn where_there_is_nothing_each_family_says_what_to_do() {
    for family in Family::ALL {
        let nodes = drawn(family, &Found::default());
        let needs = matches!(family, Family::Tables | Family::Content | Family::Inputs | Family::Notes);
        assert_eq!(nodes.iter().any(|node| node.kind == "empty"), needs, "{family:?}");
        for kind in ["image", "compare-images", "audio", "video", "hex", "rows", "commits", "changes", "drop"] {
            assert!(nodes.iter().all(|node| node.kind != kind), "{kind} of something that is not there");
        }
    }
}

#[test]
fn every_view_is_within_the_budgets_and_its_ids_are_words_of_a_tree() {
    let limits = &catalogue()["limits"];
    for family in Family::ALL {
        let nodes = drawn(family, &full());
        let bytes: usize = nodes.iter().map(|node| node.props.to_string().len() + node.id.len()).sum();
        assert!(bytes as u64 * 2 < limits["bytes"].as_u64().unwrap(), "{family:?} has {bytes} bytes");
        let ids: BTreeSet<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids.len(), nodes.len(), "{family:?} has an id twice");
        assert!(ids.iter().all(|id| !id.contains(' ')), "an id of the page may hold no space");
        for node in &nodes {
            let children: Vec<&str> = node.children.iter().map(String::as_str).collect();
            if let Some(view) = node.props.get("empty-view").and_then(Value::as_str) {
                assert!(children.contains(&view), "{view} is none of {children:?}");
            }
        }
    }
}

/// Every action in a value, with those of `complete`, which names one as well.
fn actions(value: &Value, found: &mut Vec<Map<String, Value>>) {
    match value {
        Value::Object(members) => {
            if ["run", "act", "open", "set", "upload", "download", "copy"].iter().any(|one| members.contains_key(*one))
            {
                found.push(members.clone());
            }
            members.values().for_each(|value| actions(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| actions(value, found)),
        _ => {}
    }
}

#[test]
fn what_an_action_names_is_there() {
    let commands = crate::Plugin::commands();
    let own: BTreeSet<String> = commands.declared().map(|command| command.words().join(" ")).collect();
    // Of plug-ins that come with the product.
    let others = ["rm", "sample add"];
    let mut found = Vec::new();
    for have in [full(), Found::default()] {
        for node in Family::ALL.into_iter().flat_map(|family| drawn(family, &have)) {
            actions(&node.props, &mut found);
            if let Some(name) = node.props.get("complete") {
                found.push(Map::from_iter([("act".to_owned(), name.clone())]));
            }
        }
    }
    for action in found {
        if let Some(name) = action.get("act").and_then(Value::as_str) {
            let arguments = action.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
            act(&Place::at(""), name, &arguments).unwrap();
        }
        if let Some(words) = action.get("run").and_then(Value::as_array) {
            let words = words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
            assert!(own.contains(&words) || others.contains(&words.as_str()), "nobody has the command {words}");
        }
    }
}

#[test]
fn all_icons_of_the_page_are_listed() {
    let listed: Vec<String> = icons::ALL.into_iter().map(icons::name).collect();
    assert_eq!(Value::from(listed), catalogue()["$defs"]["icon"]["enum"]);
}

#[test]
fn a_link_opens_the_family_that_it_names() {
    for family in Family::ALL {
        assert_eq!(Family::of(Some(family.word())), family);
    }
    assert_eq!((Family::of(None), Family::of(Some("nowhere"))), (Family::Layout, Family::Layout));
}

#[test]
fn what_was_typed_stays_and_what_is_something_else_is_as_at_first() {
    let place =
        Place::at("").holding("name", "gulls").holding("share", 0.5).holding("words", "none").holding("count", -1);
    let model = Model::of(&place);
    assert_eq!((model.name.as_str(), model.share), ("gulls", 0.5));
    assert_eq!((model.words, model.count), (Model::default().words, 0));
    assert_eq!(Model::of(&Place::at("").holding("kilograms", Value::Null)).kilograms, None, "a field that was emptied");
}

#[test]
fn the_editor_marks_what_is_wrong_until_it_is_mended() {
    let problem = crate::inputs::problem(&Model::default().text).unwrap();
    assert_eq!((problem.line, problem.message.as_str()), (4, "trailing comma"));
    assert!(crate::inputs::problem("{}").is_none() && crate::inputs::problem("").is_some());
}
