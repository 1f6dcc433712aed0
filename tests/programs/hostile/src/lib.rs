//! A plug-in that means harm to the page: it breaks each budget of a view, names nodes that are not there, pretends to
//! be the shell, puts markup into each string that it may say, and answers late.
//!
//! Lives here: one surface for each of these, told apart by name. Installed into a running `kamld up` by
//! `tests/e2e/page/hostile.test.mjs`, which says what has to become of it.
//! Invariant: it uses the bare contract, never the SDK: the SDK would not let it.

// The macro names these files by the absolute path of the checkout that was built last: see `tests/programs/src/lib.rs`.
const _: [&str; 2] = [include_str!("../../../../wit/plugin/plugin.wit"), include_str!("../../../../wit/ui/ui.wit")];

wit_bindgen::generate!({
    path: ["../../../wit/plugin", "../../../wit/ui"],
    inline: "
        package kamld:programs-hostile;
        world program {
            export kamld:plugin/commands@0.1.0;
            export kamld:ui/surface@0.1.0;
            export kamld:ui/preview@0.1.0;
        }
    ",
    world: "kamld:programs-hostile/program",
    generate_all,
});

use exports::kamld::{
    plugin::commands,
    ui::{preview, surface},
};
use kamld::plugin::types::{Detail, Error, Node};
use serde_json::{Value, json};

struct Program;

/// Where it goes, what it is called there, and what a person reads on it.
const SURFACES: [(&str, &str, &str); 14] = [
    ("area", "loud", "Loud"),
    ("area", "crowd", "Crowd"),
    ("area", "deep", "Deep"),
    ("area", "lost", "Lost"),
    ("area", "round", "Round"),
    ("area", "broken", "Broken"),
    ("area", "traps", "Traps"),
    ("area", "late", "Late"),
    ("area", "markup", "<b>Data</b>"),
    // Buttons that use the hands of whoever presses them.
    ("area", "hands", "Hands"),
    // The shell's own page of this name must win, and its own areas keep their names.
    ("settings", "appearance", "Appearance"),
    ("area", "settings", "Settings"),
    ("side", "sign-in", "Sign in again"),
    ("asset-column", "column", "<b>Owner</b>"),
];

/// Runs where a page takes text for markup.
fn evil(place: &str) -> String {
    format!("<img src=x onerror=\"globalThis.pwned='{place}'\"><script>globalThis.pwned='{place}'</script>")
}

fn node(id: &str, kind: &str, props: Value, children: &[&str]) -> Node {
    let children = children.iter().map(|child| (*child).to_owned()).collect();
    Node { id: id.into(), kind: kind.into(), props: props.to_string(), children }
}

fn text(words: &str) -> Vec<Node> {
    vec![node("root", "text", json!({ "text": words }), &[])]
}

fn crowd(count: usize) -> Vec<Node> {
    let ids: Vec<String> = (0..count).map(|n| format!("n{n}")).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut nodes = vec![node("root", "stack", json!({}), &names)];
    nodes.extend(names.iter().map(|id| node(id, "text", json!({ "text": "x" }), &[])));
    nodes
}

fn deep(levels: usize) -> Vec<Node> {
    let name = |level: usize| if level == 0 { "root".to_owned() } else { format!("n{level}") };
    let one = |level: usize| node(&name(level), "stack", json!({}), &[&name(level + 1)]);
    let mut nodes: Vec<Node> = (0..levels).map(one).collect();
    nodes.push(node(&name(levels), "text", json!({ "text": "the bottom" }), &[]));
    nodes
}

/// Looks like the shell asking who one is.
fn sign_in() -> Vec<Node> {
    vec![
        node("root", "stack", json!({}), &["title", "says", "form"]),
        node("title", "heading", json!({ "text": "Your session has ended", "level": 1 }), &[]),
        node("says", "text", json!({ "text": "KAML-D needs your password to go on." }), &[]),
        node("form", "form", json!({ "submit": "Sign in", "action": { "act": "steal" } }), &["password"]),
        node("password", "input", json!({ "label": "Password", "bind": "/__proto__/password" }), &[]),
    ]
}

/// Markup in each string of each kind that shows strings.
fn markup() -> Vec<Node> {
    let menu =
        json!([{ "label": evil("menu"), "icon": "add", "action": { "copy": evil("copy"), "done": evil("done") } }]);
    let parts: Vec<(&str, Value)> = vec![
        ("heading", json!({ "text": evil("heading"), "level": 1 })),
        ("text", json!({ "text": evil("text") })),
        (
            "markdown",
            json!({ "text": format!("{} [go](javascript:globalThis.pwned='link') <svg onload=\"globalThis.pwned='svg'\">", evil("markdown")) }),
        ),
        ("code", json!({ "text": evil("code"), "language": evil("language") })),
        ("json", json!({ "text": json!({ evil("key"): evil("value") }).to_string() })),
        ("callout", json!({ "text": evil("callout"), "title": evil("callout-title"), "actions": menu })),
        ("empty", json!({ "title": evil("empty"), "text": evil("empty-text"), "actions": menu })),
        (
            "list",
            json!({ "items": [{ "title": evil("item"), "note": evil("note"), "end": evil("end"), "open": { "address": "javascript:globalThis.pwned='href'" } }] }),
        ),
        ("facts", json!({ "items": [{ "label": evil("label"), "value": evil("fact") }] })),
        ("tags", json!({ "items": [evil("tag")] })),
        (
            "table",
            json!({ "label": evil("table"), "columns": [{ "key": "a", "label": evil("column") }], "rows": [{ "a": evil("cell") }] }),
        ),
        (
            "input",
            json!({ "label": evil("input"), "help": evil("help"), "bind": "/a", "placeholder": evil("placeholder") }),
        ),
        ("image", json!({ "source": "\"><script>globalThis.pwned='source'</script>", "alt": evil("alt") })),
        (
            "diff",
            json!({ "before": evil("before"), "after": evil("after"), "before-title": evil("left"), "after-title": evil("right") }),
        ),
        ("<script>globalThis.pwned='kind'</script>", json!({ "text": evil("kind") })),
        ("script", json!({ "text": "globalThis.pwned='element'" })),
    ];
    let ids: Vec<String> = (0..parts.len()).map(|n| format!("<i>{n}</i>")).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut nodes = vec![node("root", "stack", json!({}), &names)];
    nodes.extend(parts.iter().zip(&names).map(|((kind, props), id)| node(id, kind, props.clone(), &[])));
    nodes
}

/// Asks for what is not its to do, in each way that a view has: every button says something harmless.
fn hands() -> Vec<Node> {
    let remove = |asset: &str| json!({ "run": ["asset", "remove"], "arguments": { "asset": asset } });
    let with = |mut action: Value, more: Value| {
        if let (Some(action), Some(more)) = (action.as_object_mut(), more.as_object()) {
            action.extend(more.clone());
        }
        action
    };
    let lie = json!({ "undo": { "run": ["asset", "create"], "arguments": { "asset": "sample/birds" } } });
    let buttons: Vec<(&str, &str, Value)> = vec![
        ("plain", "Refresh", remove("sample/birds")),
        ("undo", "Tidy up", with(remove("sample/birds"), lie)),
        ("then", "Next page", json!({ "act": "then" })),
        ("upload", "Previous page", json!({ "act": "upload" })),
        (
            "write",
            "Like",
            json!({ "run": ["tag", "add"], "arguments": { "address": "sample/birds", "tag": ["hostile"] } }),
        ),
        ("ask", "Rename", json!({ "run": ["tag", "add"], "arguments": { "address": "sample/birds" }, "ask": ["tag"] })),
        ("read", "Look", json!({ "run": ["show"], "arguments": { "address": "sample/birds" } })),
        (
            "later",
            "Greet",
            json!({ "run": ["greet"], "done": "Greeted", "undo": { "run": ["asset", "remove"], "arguments": { "asset": "sample/birds" } } }),
        ),
        ("shown", "Report", json!({ "run": ["report"] })),
    ];
    let mut names: Vec<&str> = buttons.iter().map(|(id, ..)| *id).collect();
    names.extend(["switch", "editor", "name"]);
    let mut nodes = vec![node("root", "stack", json!({}), &names)];
    nodes.extend(
        buttons.iter().map(|(id, text, action)| node(id, "button", json!({ "text": text, "action": action }), &[])),
    );
    nodes.push(node(
        "switch",
        "switch",
        json!({ "label": "Dark", "bind": "/dark", "change": remove("sample/birds") }),
        &[],
    ));
    nodes.push(node("editor", "editor", json!({ "label": "Notes", "bind": "/notes", "complete": "then" }), &[]));
    nodes.push(node("name", "text", json!({ "text": "gnp.\u{202e}exe and ka\u{200b}mld" }), &[]));
    nodes
}

/// More nodes, deeper, larger and rounder than a view may be, as the outcome of a command.
fn report(what: &str) -> Result<Vec<Node>, Error> {
    Ok(match what {
        "crowd" => crowd(50_000),
        "deep" => deep(2_000),
        "loud" => text(&"x".repeat(7 << 20)),
        "round" => vec![node("root", "stack", json!({}), &["root"])],
        "error" => {
            let message = "x".repeat(3 << 20);
            return Err(Error::Invalid(Detail { help: Some(message.clone()), message, at: None }));
        }
        // What is left on the page by a command has no more rights than the view that asked for it.
        _ => vec![node(
            "root",
            "button",
            json!({ "text": "Close the report", "action": { "run": ["asset", "remove"], "arguments": { "asset": "sample/birds" } } }),
            &[],
        )],
    })
}

fn data() -> Value {
    // Own members of these names are what a careless merge turns into everybody's.
    serde_json::from_str(
        r#"{"a": "x", "__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}"#,
    )
    .unwrap_or_default()
}

impl surface::Guest for Program {
    fn offers() -> Vec<surface::Offer> {
        let offer = |(order, (slot, name, title)): (usize, &(&str, &str, &str))| surface::Offer {
            name: (*name).into(),
            slot: (*slot).into(),
            title: (*title).into(),
            icon: "\"><script>globalThis.pwned='icon'</script>".into(),
            order: order as u32 + 90,
            fits: Vec::new(),
            cells: String::new(),
        };
        SURFACES.iter().enumerate().map(offer).collect()
    }

    fn open(place: surface::Place, _: String) -> Result<surface::View, Error> {
        let nodes = match place.surface.as_str() {
            "loud" => text(&"x".repeat(300 << 10)),
            "crowd" => crowd(6000),
            "deep" => deep(40),
            "lost" => vec![node("root", "stack", json!({}), &["nobody"])],
            "round" => vec![node("root", "stack", json!({}), &["a"]), node("a", "stack", json!({}), &["root"])],
            "broken" => vec![node("root", "table", json!({ "rows": "none", "columns": 7 }), &[])],
            "traps" => panic!("at src/secret.rs:7 {}", evil("trap")),
            "late" => {
                std::thread::sleep(std::time::Duration::from_secs(40));
                text("at last")
            }
            "markup" => markup(),
            "hands" => hands(),
            _ => sign_in(),
        };
        Ok(surface::View { nodes, data: data().to_string(), topics: vec![evil("topic")] })
    }

    fn action(_: surface::Place, name: String, _: String, _: String) -> Result<surface::Reaction, Error> {
        let reaction =
            |then: Value| surface::Reaction { data: "{}".into(), note: String::new(), then: then.to_string() };
        match name.as_str() {
            "then" => {
                return Ok(reaction(json!({ "run": ["asset", "remove"], "arguments": { "asset": "sample/birds" } })));
            }
            "upload" => return Ok(reaction(json!({ "upload": "sample/birds" }))),
            _ => {}
        }
        let then = json!({ "open": { "address": "javascript:globalThis.pwned='then'" } }).to_string();
        Ok(surface::Reaction { data: "{\"/__proto__/polluted\": true}".into(), note: evil("note"), then })
    }

    fn rows(_: surface::Place, _: String, _: surface::Window, _: String) -> Result<surface::RowPage, Error> {
        Err(Error::Invalid(Detail { message: evil("rows"), help: Some(evil("rows-help")), at: None }))
    }

    fn cells(_: surface::Place, addresses: Vec<String>) -> Result<Vec<String>, Error> {
        Ok(addresses.iter().map(|_| serde_json::json!(evil("cells")).to_string()).collect())
    }
}

/// Draws into the screens of others: its button would be theirs.
impl preview::Guest for Program {
    fn media_types() -> Vec<String> {
        vec!["application/x-hostile".into(), "text/csv".into()]
    }

    fn open(_: preview::Request) -> Result<Vec<Node>, Error> {
        let remove = json!({ "run": ["asset", "remove"], "arguments": { "asset": "sample/birds" } });
        Ok(vec![node("root", "button", json!({ "text": "Show all rows", "action": remove }), &[])])
    }
}

fn command(name: &str, effect: commands::Effect, arguments: Vec<commands::Argument>) -> commands::Command {
    commands::Command {
        name: vec![name.into()],
        summary: format!("{name} somebody"),
        about: String::new(),
        arguments,
        effect,
        examples: Vec::new(),
        output: "{}".into(),
    }
}

impl commands::Guest for Program {
    fn describe() -> Vec<commands::Command> {
        let what = commands::Argument {
            name: "what".into(),
            help: "what to show".into(),
            type_: commands::ArgumentType::Text,
            place: commands::ArgumentPlace::Positional,
            short: None,
            required: false,
            repeated: false,
            choices: Vec::new(),
            default: None,
        };
        let password = commands::Argument {
            name: "password".into(),
            help: evil("argument"),
            type_: commands::ArgumentType::Text,
            place: commands::ArgumentPlace::Positional,
            short: None,
            required: true,
            repeated: false,
            choices: Vec::new(),
            default: None,
        };
        let sign_in = commands::Command {
            name: vec!["sign".into(), "in".into()],
            summary: format!("Sign in again {}", evil("summary")),
            about: evil("about"),
            arguments: vec![password],
            effect: commands::Effect::Write,
            examples: Vec::new(),
            output: "{}".into(),
        };
        vec![
            sign_in,
            command("greet", commands::Effect::Write, Vec::new()),
            command("report", commands::Effect::Read, vec![what]),
        ]
    }

    fn run(name: Vec<String>, arguments: String) -> Result<commands::Outcome, Error> {
        let arguments: Value = serde_json::from_str(&arguments).unwrap_or_default();
        match name.first().map(String::as_str) {
            Some("greet") => return Ok(commands::Outcome { data: "{}".into(), view: Vec::new() }),
            Some("report") => {
                let view = report(arguments["what"].as_str().unwrap_or_default())?;
                return Ok(commands::Outcome { data: "{}".into(), view });
            }
            _ => {}
        }
        Err(Error::Denied(Detail { message: evil("denied"), help: Some(evil("denied-help")), at: None }))
    }
}

export!(Program);
