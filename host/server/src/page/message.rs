//! The messages of the socket, as `wit/ui/page.md` has them.
//!
//! Lives here: shapes. Must not live here: what is done about them.

use super::asking::Origin;
use kamld_types::{PluginId, Problem, ProjectName, surface::Place, surface::Window};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

/// From the page. Exactly one member beside `id` is there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incoming {
    #[serde(default)]
    pub id: u64,
    pub hello: Option<Hello>,
    pub open: Option<Open>,
    pub reopen: Option<Reopen>,
    pub close: Option<View>,
    pub act: Option<Act>,
    pub rows: Option<Rows>,
    pub cells: Option<Cells>,
    pub run: Option<Run>,
    pub confirm: Option<Confirm>,
    pub cancel: Option<Cancel>,
    pub stop: Option<Stop>,
    pub hidden: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Hello {
    #[serde(default)]
    pub resume: Option<String>,
}

/// A JSON object; null counts as an empty one.
fn object<'de, D: Deserializer<'de>>(from: D) -> Result<Map<String, Value>, D::Error> {
    Ok(Option::<Map<String, Value>>::deserialize(from)?.unwrap_or_default())
}

#[derive(Debug, Deserialize)]
pub struct Open {
    pub plugin: PluginId,
    #[serde(flatten)]
    pub place: Place,
    #[serde(default, deserialize_with = "object")]
    pub data: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub struct Reopen {
    pub view: u64,
    #[serde(default)]
    pub params: Option<Map<String, Value>>,
    #[serde(default)]
    pub data: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
pub struct View {
    pub view: u64,
}

#[derive(Debug, Deserialize)]
pub struct Act {
    pub view: u64,
    pub name: String,
    #[serde(default, deserialize_with = "object")]
    pub arguments: Map<String, Value>,
    #[serde(default, deserialize_with = "object")]
    pub data: Map<String, Value>,
    #[serde(default)]
    pub key: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Rows {
    pub view: u64,
    pub name: String,
    #[serde(flatten)]
    pub window: Window,
    #[serde(default, deserialize_with = "object")]
    pub data: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub struct Cells {
    pub plugin: PluginId,
    #[serde(flatten)]
    pub place: Place,
    pub addresses: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Run {
    pub from: Origin,
    /// What `confirm` answered, when this needs a confirmation.
    #[serde(default)]
    pub confirmed: Option<String>,
    pub command: Vec<String>,
    #[serde(default, deserialize_with = "object")]
    pub arguments: Map<String, Value>,
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub project: Option<ProjectName>,
}

/// The person confirms a command before it runs.
#[derive(Debug, Deserialize)]
pub struct Confirm {
    pub from: Origin,
    pub command: Vec<String>,
    #[serde(default, deserialize_with = "object")]
    pub arguments: Map<String, Value>,
    #[serde(default)]
    pub project: Option<ProjectName>,
}

#[derive(Debug, Deserialize)]
pub struct Cancel {
    pub request: u64,
}

#[derive(Debug, Deserialize)]
pub struct Stop {
    pub task: u64,
}

/// An answer, or what is pushed, with the id of what it belongs to.
pub fn outgoing(id: Option<u64>, member: &str, content: Value) -> String {
    let mut message = Map::new();
    if let Some(id) = id {
        message.insert("id".into(), id.into());
    }
    message.insert(member.into(), content);
    Value::Object(message).to_string()
}

/// A problem as HTTP answers it, without what only HTTP has.
pub fn problem(problem: &Problem, trace: &str) -> Value {
    let mut body =
        json!({ "kind": problem.kind, "title": problem.kind.as_str(), "detail": problem.message, "trace": trace });
    if let (Some(help), Some(body)) = (&problem.help, body.as_object_mut()) {
        body.insert("help".into(), help.as_str().into());
    }
    if let (Some(at), Some(body)) = (problem.at, body.as_object_mut()) {
        body.insert("at".into(), json!(at));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_the_protocol_has_it() {
        let open = r#"{"id": 1, "open": {"plugin": "kamld/x", "surface": "data", "address": "birds", "params": {"a": 1}, "data": null}}"#;
        let open = serde_json::from_str::<Incoming>(open).unwrap().open.unwrap();
        assert_eq!((open.place.surface.as_str(), open.place.address.as_str()), ("data", "birds"));
        assert_eq!(open.place.words(), [("a".to_owned(), "1".to_owned())]);
        let rows =
            r#"{"id": 2, "rows": {"view": 1, "name": "files", "start": 200, "count": 50, "sort": [["size", true]]}}"#;
        let rows = serde_json::from_str::<Incoming>(rows).unwrap().rows.unwrap();
        assert_eq!((rows.window.start, rows.window.sort), (200, vec![("size".to_owned(), true)]));
        assert!(serde_json::from_str::<Incoming>(r#"{"id": 3, "shout": {}}"#).is_err());
        let run = |from: &str| {
            serde_json::from_str::<Incoming>(&format!(r#"{{"id": 4, "run": {{"command": ["rm"]{from}}}}}"#))
        };
        for (from, origin) in [
            (r#", "from": "shell""#, Origin::Shell),
            (r#", "from": {"view": 7}"#, Origin::View(7)),
            (r#", "from": {"plugin": "acme/x"}"#, Origin::Plugin("acme/x".parse().unwrap())),
        ] {
            assert_eq!(run(from).unwrap().run.unwrap().from, origin);
        }
        assert!(run("").is_err(), "what does not say who asks is refused, not taken for the person");
    }
}
