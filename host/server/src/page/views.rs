//! An open view as the page has it, and what leads from there to how it is now.
//!
//! Lives here: the diff of nodes and data. Must not live here: when it is sent.
//! Invariant: what is patched with the answer of `between` equals what it was made from.

use kamld_types::{Node, PluginId, surface::Place, surface::Screen};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A view that some page shows.
pub struct Open {
    pub plugin: PluginId,
    pub place: Place,
    /// The data model as the page has it, but for what was typed since it last sent it.
    pub data: Map<String, Value>,
    /// What the page has; none before the first drawing.
    pub shown: Option<Screen>,
    pub topics: Vec<String>,
    /// Whether it may look different from what is shown.
    pub stale: bool,
    /// Counts the drawings that were asked for: an older one never overtakes a newer one.
    pub turn: u64,
}

impl Open {
    /// Takes a first drawing, whose data is all that the page has from now on.
    pub fn begin(&mut self, screen: Screen) {
        self.data = screen.data.clone();
        self.take(screen);
    }

    /// Takes a later drawing; answers what the page has to patch. `all` when it may have missed something.
    pub fn draw(&mut self, id: u64, screen: Screen, all: bool) -> Option<Value> {
        let before = self.shown.take().unwrap_or_default();
        let patch = if all { Some(whole(id, &before, &screen)) } else { between(id, &before, &screen) };
        if let Some(Value::Object(values)) = patch.as_ref().map(|patch| &patch["data"]) {
            self.put(values);
        }
        self.take(screen);
        patch
    }

    /// The page sent its data with an action, whose answer changes some of it.
    pub fn answer(&mut self, sent: Map<String, Value>, changed: &Map<String, Value>) {
        self.data = sent;
        self.put(changed);
    }

    fn take(&mut self, screen: Screen) {
        self.topics.clone_from(&screen.topics);
        self.shown = Some(screen);
    }

    /// As the page does: a pointer into something that is not there changes nothing but the top.
    fn put(&mut self, values: &Map<String, Value>) {
        for (pointer, value) in values {
            let Some(path) = pointer.strip_prefix('/') else { continue };
            match path.split_once('/') {
                None => {
                    self.data.insert(path.replace("~1", "/").replace("~0", "~"), value.clone());
                }
                Some((top, rest)) => {
                    let top = self.data.get_mut(&top.replace("~1", "/").replace("~0", "~"));
                    if let Some(place) = top.and_then(|top| top.pointer_mut(&format!("/{rest}"))) {
                        *place = value.clone();
                    }
                }
            }
        }
    }
}

/// A pointer of JSON to a member of an object.
fn pointer(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Values of the data that differ, by pointer; one that is gone is null.
fn changed(before: &Screen, after: &Screen) -> Map<String, Value> {
    let differs = after.data.iter().filter(|(key, value)| before.data.get(*key) != Some(value));
    let gone = before.data.keys().filter(|key| !after.data.contains_key(*key));
    differs
        .map(|(key, value)| (pointer(key), value.clone()))
        .chain(gone.map(|key| (pointer(key), Value::Null)))
        .collect()
}

/// What has to be patched; none when nothing has. Data is compared with what the plug-in answered before, so that
/// what a person typed meanwhile stays.
fn between(view: u64, before: &Screen, after: &Screen) -> Option<Value> {
    let old: HashMap<&str, &Node> = before.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let nodes: Vec<&Node> = after.nodes.iter().filter(|node| old.get(node.id.as_str()) != Some(node)).collect();
    let now: HashMap<&str, ()> = after.nodes.iter().map(|node| (node.id.as_str(), ())).collect();
    let gone: Vec<&str> = before.nodes.iter().map(|node| node.id.as_str()).filter(|id| !now.contains_key(id)).collect();
    let data = changed(before, after);
    if nodes.is_empty() && gone.is_empty() && data.is_empty() {
        return None;
    }
    Some(json!({ "view": view, "nodes": nodes, "gone": gone, "data": data }))
}

/// Everything anew, for a page that may have missed something.
fn whole(view: u64, before: &Screen, after: &Screen) -> Value {
    let now: HashMap<&str, ()> = after.nodes.iter().map(|node| (node.id.as_str(), ())).collect();
    let gone: Vec<&str> = before.nodes.iter().map(|node| node.id.as_str()).filter(|id| !now.contains_key(id)).collect();
    json!({ "view": view, "nodes": after.nodes, "gone": gone, "data": changed(before, after) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{
        collection::{btree_map, vec},
        prelude::*,
    };
    use std::collections::BTreeMap;

    fn screen(nodes: &[(&str, &str, &[&str])], data: Value) -> Screen {
        let node = |(id, text, children): &(&str, &str, &[&str])| Node {
            id: (*id).into(),
            kind: "text".into(),
            props: json!({ "text": text }).as_object().cloned().unwrap_or_default(),
            children: children.iter().map(|child| (*child).to_owned()).collect(),
        };
        let data = data.as_object().cloned().unwrap_or_default();
        Screen { nodes: nodes.iter().map(node).collect(), data, topics: Vec::new() }
    }

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_the_plug_in_answered_is_part_of_the_next_drawing() {
        let mut view = Open {
            plugin: "acme/x".parse().unwrap(),
            place: Place::default(),
            data: map(json!({"q": "a"})),
            shown: None,
            topics: Vec::new(),
            stale: false,
            turn: 1,
        };
        view.begin(screen(&[("root", "", &[])], json!({"q": "a", "result": "r1", "list": [1, 2]})));
        assert_eq!(Value::Object(view.data.clone()), json!({"q": "a", "result": "r1", "list": [1, 2]}));
        view.answer(map(json!({"q": "typed", "list": [1, 2]})), &map(json!({"/ran": "", "/list/1": 5, "/no/way": 1})));
        assert_eq!(Value::Object(view.data.clone()), json!({"q": "typed", "ran": "", "list": [1, 5]}));
        let patch = view.draw(7, screen(&[("root", "", &[])], json!({"q": "a", "result": "r2", "n/m": 1})), false);
        assert_eq!(patch.unwrap()["data"], json!({"/result": "r2", "/n~1m": 1, "/list": null}));
        let expected = json!({"q": "typed", "ran": "", "list": null, "result": "r2", "n/m": 1});
        assert_eq!(Value::Object(view.data), expected, "what was typed stays");
    }

    #[test]
    fn only_what_differs_is_sent() {
        let before =
            screen(&[("root", "", &["a", "b"]), ("a", "1", &[]), ("b", "2", &[])], json!({"q": "x", "n/m": 1}));
        let after = screen(&[("root", "", &["a", "c"]), ("a", "1", &[]), ("c", "3", &[])], json!({"q": "x", "n/m": 2}));
        let patch = between(7, &before, &after).unwrap();
        let ids: Vec<_> = patch["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
        assert_eq!((ids, &patch["gone"]), (vec![json!("root"), json!("c")], &json!(["b"])));
        assert_eq!(patch["data"], json!({"/n~1m": 2}));
        assert_eq!(between(7, &before, &before), None);
    }

    /// What the page does with a patch.
    #[derive(Default)]
    struct Page {
        nodes: BTreeMap<String, Value>,
        data: Map<String, Value>,
    }

    impl Page {
        fn patch(&mut self, patch: &Value) {
            for id in patch["gone"].as_array().unwrap() {
                self.nodes.remove(id.as_str().unwrap());
            }
            for node in patch["nodes"].as_array().unwrap() {
                self.nodes.insert(node["id"].as_str().unwrap().to_owned(), node.clone());
            }
            for (pointer, value) in patch["data"].as_object().unwrap() {
                let key = pointer.strip_prefix('/').unwrap();
                assert!(!key.contains('/'), "{pointer}");
                self.data.insert(key.replace("~1", "/").replace("~0", "~"), value.clone());
            }
        }

        /// Nothing and null are the same to who reads data.
        fn check(&self, screen: &Screen) {
            let nodes: BTreeMap<String, Value> =
                screen.nodes.iter().map(|node| (node.id.clone(), json!(node))).collect();
            assert_eq!(self.nodes, nodes);
            let there = |data: &Map<String, Value>| -> BTreeMap<String, Value> {
                data.iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect()
            };
            assert_eq!(there(&self.data), there(&screen.data));
        }
    }

    fn any_screen() -> impl Strategy<Value = Screen> {
        let value = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            "[a~/]{0,2}".prop_map(Value::from),
            Just(json!({"a": [1]})),
        ];
        let data = btree_map("[ab~/01]{0,2}", value, 0..5);
        let nodes = btree_map("[a-e~/]", ("[ab]{0,1}", vec("[a-e]", 0..2)), 0..6);
        (nodes, data).prop_map(|(nodes, data)| {
            let node = |(id, (text, children)): (String, (String, Vec<String>))| Node {
                id,
                kind: "text".into(),
                props: json!({ "text": text }).as_object().cloned().unwrap_or_default(),
                children,
            };
            Screen {
                nodes: nodes.into_iter().map(node).collect(),
                data: data.into_iter().collect(),
                topics: Vec::new(),
            }
        })
    }

    proptest! {
        #![proptest_config(kamld_fuzz::cases(500))]

        #[test]
        fn a_page_that_took_every_patch_shows_what_was_drawn_last(
            first in any_screen(),
            later in vec((any_screen(), any::<bool>()), 0..5),
        ) {
            let mut view = Open {
                plugin: "acme/x".parse().unwrap(),
                place: Place::default(),
                data: Map::new(),
                shown: None,
                topics: Vec::new(),
                stale: false,
                turn: 1,
            };
            let mut page = Page::default();
            page.patch(&json!({"gone": [], "nodes": first.nodes, "data": {}}));
            page.data = first.data.clone();
            view.begin(first);
            for (screen, all) in later {
                if let Some(patch) = view.draw(7, screen.clone(), all) {
                    page.patch(&patch);
                }
                page.check(&screen);
                prop_assert_eq!(&view.data, &page.data, "what the server takes for the data of the page");
            }
        }
    }
}
