//! The socket of a tab, as `wit/ui/page.md` describes it.

use crate::running::{PATIENCE, Running, TOKEN, until};
use futures::{SinkExt, StreamExt};
use kamld_server::page::changes::Change;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

pub struct Tab(WebSocketStream<TcpStream>);

async fn connect(running: &Running, headers: &[(&'static str, String)]) -> Result<Tab, Error> {
    let mut request = format!("ws://127.0.0.1:{}/api/v1/page", running.port).into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(("127.0.0.1", running.port)).await.unwrap();
    client_async(request, stream).await.map(|(socket, _)| Tab(socket))
}

impl Tab {
    pub async fn open(running: &Running) -> (Self, Value) {
        Self::resume(running, None).await
    }

    pub async fn resume(running: &Running, token: Option<&str>) -> (Self, Value) {
        let mut tab = connect(running, &[("authorization", format!("Bearer {TOKEN}"))]).await.unwrap();
        tab.say(json!({ "id": 1, "hello": { "resume": token } })).await;
        let welcome = tab.hear("welcome").await;
        (tab, welcome)
    }

    pub async fn say(&mut self, message: Value) {
        self.0.send(Message::Text(message.to_string().into())).await.unwrap();
    }

    pub async fn next(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a message in time").unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message with this member; the ones before may be news of something else.
    pub async fn hear(&mut self, member: &str) -> Value {
        loop {
            let mut message = self.next().await;
            if message.get(member).is_some() {
                let mut content = message[member].take();
                if let (Some(id), Some(content)) = (message["id"].as_u64(), content.as_object_mut()) {
                    content.insert("id".into(), id.into());
                }
                return content;
            }
        }
    }

    async fn open_notes(&mut self, id: u64) -> Value {
        self.say(json!({ "id": id, "open": { "plugin": "acme/tools", "surface": "notes", "address": "birds" } })).await;
        self.hear("view").await
    }
}

fn cells(id: u64, column: &str) -> Value {
    let addresses = ["birds/strikes", "birds/songs"];
    let of = json!({ "plugin": "acme/tools", "surface": column, "address": "birds", "addresses": addresses });
    json!({ "id": id, "cells": of })
}

fn texts(nodes: &Value) -> Vec<String> {
    let text = |node: &Value| format!("{}={}", node["id"].as_str().unwrap(), node["props"]["text"].as_str().unwrap());
    nodes.as_array().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn a_tab_is_told_who_it_is_for_and_what_there_is() {
    let running = Running::start().await;
    let (_, welcome) = Tab::open(&running).await;
    assert_eq!(
        (&welcome["person"]["id"], &welcome["resumed"], &welcome["commands"]),
        (&json!("me"), &json!(false), &json!(7))
    );
    assert_eq!(welcome["surfaces"][0]["title"], "Notes");
    assert_eq!(welcome["tasks"][0]["title"], "counting");
}

#[tokio::test]
async fn a_view_of_an_asset_says_of_which_kind_it_is() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    let kinds = [
        ("birds", json!(null)),
        ("birds/strikes@v1/raw/", json!("dataset")),
        ("birds/classifier", json!("model")),
        ("birds/classifier/weights.pt", json!(null)),
    ];
    for (id, (address, kind)) in (2..).zip(kinds) {
        tab.say(json!({ "id": id, "open": { "plugin": "acme/tools", "surface": "notes", "address": address } })).await;
        assert_eq!(tab.hear("view").await["kind"], kind, "{address}");
    }
}

#[tokio::test]
async fn a_change_reaches_the_view_that_it_concerns_as_a_patch() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    let view = tab.open_notes(2).await;
    assert_eq!(texts(&view["nodes"]), ["root=", "said=", "q="]);
    for (word, change) in [("one", "birds/strikes"), ("two", "fish/eels/a.csv")] {
        *running.host.said.lock() = word.into();
        running.host.changes.tell(Change::At(change.into()));
        let patch = tab.hear("patch").await;
        assert_eq!((&patch["view"], texts(&patch["nodes"])), (&json!(2), vec![format!("said={word}")]));
    }
    tab.say(json!({ "id": 3, "reopen": { "view": 2, "params": { "q": "wind" } } })).await;
    assert_eq!(texts(&tab.hear("patch").await["nodes"]), ["q=wind"]);
}

#[tokio::test]
async fn a_command_runs_as_over_http_and_is_told_to_the_views() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    tab.open_notes(2).await;
    *running.host.said.lock() = "tagged".into();
    tab.say(json!({ "id": 3, "run": { "from": "shell", "command": ["tag", "add"], "arguments": { "asset": "birds/strikes" } } })).await;
    let (mut outcome, mut patch) = (None, None);
    while outcome.is_none() || patch.is_none() {
        let mut message = tab.next().await;
        for (member, heard) in [("outcome", &mut outcome), ("patch", &mut patch)] {
            if message.get(member).is_some() {
                *heard = Some(message[member].take());
            }
        }
    }
    assert_eq!(outcome.unwrap()["data"], json!({ "asset": "birds/strikes" }));
    assert_eq!(texts(&patch.unwrap()["nodes"]), ["said=tagged"]);
    tab.say(json!({ "id": 4, "run": { "from": "shell", "command": ["echo"], "arguments": { "colour": "red" } } }))
        .await;
    assert_eq!(tab.hear("problem").await["kind"], "invalid");
}

#[tokio::test]
async fn what_was_done_once_is_done_once() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    tab.open_notes(2).await;
    for id in [3, 4] {
        let act = json!({ "view": 2, "name": "say", "arguments": { "say": "hi" }, "key": "once" });
        tab.say(json!({ "id": id, "act": act })).await;
        let reaction = tab.hear("reaction").await;
        assert_eq!((&reaction["note"], &reaction["id"]), (&json!("said"), &json!(id)));
    }
    assert_eq!(running.host.asked().iter().filter(|asked| *asked == "act say").count(), 1);
}

#[tokio::test]
async fn a_lost_connection_is_resumed_with_its_views() {
    let running = Running::start().await;
    let (mut tab, welcome) = Tab::open(&running).await;
    tab.open_notes(2).await;
    // In the middle of a command whose answer gets lost.
    tab.say(json!({ "id": 3, "run": { "from": "shell", "command": ["wait"], "key": "k" } })).await;
    until(&running.host.waiting, |counts| counts.0 == 1).await;
    drop(tab);
    *running.host.said.lock() = "meanwhile".into();
    let (mut tab, again) = Tab::resume(&running, welcome["resume"].as_str()).await;
    assert_eq!((&again["resumed"], &again["resume"]), (&json!(true), &welcome["resume"]));
    assert!(texts(&tab.hear("patch").await["nodes"]).contains(&"said=meanwhile".to_owned()));
    running.host.release.send_replace(true);
    tab.say(json!({ "id": 9, "run": { "from": "shell", "command": ["wait"], "key": "k" } })).await;
    loop {
        let message = tab.next().await;
        if message["id"] == 9 {
            assert_eq!(message["outcome"]["data"], "released");
            break;
        }
    }
    assert_eq!(running.host.waiting.borrow().0, 1);
}

#[tokio::test]
async fn a_cancelled_request_stops_on_the_server() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    tab.say(json!({ "id": 2, "run": { "from": "shell", "command": ["wait"] } })).await;
    until(&running.host.waiting, |counts| counts.0 == 1).await;
    tab.say(json!({ "id": 3, "cancel": { "request": 2 } })).await;
    let problem = tab.hear("problem").await;
    assert_eq!((&problem["kind"], &problem["id"]), (&json!("cancelled"), &json!(2)));
    until(&running.host.waiting, |counts| counts.1 == 1).await;
}

#[tokio::test]
async fn a_hidden_tab_is_left_alone_until_it_is_seen() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    tab.open_notes(2).await;
    tab.say(json!({ "id": 3, "hidden": true })).await;
    // Behind it in order, so that it has been heard.
    tab.say(json!({ "id": 4, "rows": { "view": 2, "name": "files", "start": 7, "count": 10 } })).await;
    assert_eq!(tab.hear("page").await["rows"], json!([{ "name": "files", "at": 7 }]));
    *running.host.said.lock() = "unseen".into();
    running.host.changes.tell(Change::At("birds".into()));
    running.host.changes.tell(Change::Plugins);
    tab.hear("surfaces").await;
    assert_eq!(running.host.asked().iter().filter(|asked| asked.starts_with("open")).count(), 1);
    tab.say(json!({ "id": 5, "hidden": false })).await;
    assert_eq!(texts(&tab.hear("patch").await["nodes"]), ["said=unseen"]);
}

#[tokio::test]
async fn cells_of_a_column_are_asked_for_by_its_name_without_a_view() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    tab.say(cells(2, "docs")).await;
    assert_eq!(tab.hear("cells").await, json!([13, 11]));
    assert_eq!(running.host.callers.lock().last().unwrap().project.as_ref().unwrap().as_str(), "birds");
    tab.say(cells(3, "other")).await;
    assert_eq!(tab.hear("problem").await["kind"], "not-found");
    tab.say(json!({ "id": 4, "cells": { "plugin": "acme/tools", "surface": "docs", "addresses": "birds" } })).await;
    assert_eq!(tab.hear("problem").await["kind"], "invalid");
}

#[tokio::test]
async fn a_page_is_told_what_changed_once_and_when_it_is_looked_at() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    for _ in 0..3 {
        running.host.changes.tell(Change::At("birds/strikes".into()));
    }
    assert_eq!(tab.hear("changed").await, json!(["birds/strikes"]));
    tab.say(json!({ "id": 2, "hidden": true })).await;
    // Behind it in order, so that it has been heard.
    tab.say(cells(3, "docs")).await;
    tab.hear("cells").await;
    for number in 0..200 {
        running.host.changes.tell(Change::At(format!("birds/strikes/{number}.csv")));
    }
    running.host.changes.tell(Change::Plugins);
    // These are behind the changes, and go to hidden pages too.
    tab.hear("surfaces").await;
    tab.say(json!({ "id": 4, "hidden": false })).await;
    assert_eq!(tab.hear("changed").await, json!([""]));
}

#[tokio::test]
async fn nobody_is_told_of_changes_in_projects_that_they_may_not_see() {
    let running = Running::as_guest().await;
    let (mut tab, _) = Tab::open(&running).await;
    for address in ["cars/parts", "birds/strikes", "cars", "fish"] {
        running.host.changes.tell(Change::At(address.into()));
    }
    let mut told = Vec::new();
    while !told.contains(&json!("fish")) {
        told.extend(tab.hear("changed").await.as_array().unwrap().clone());
    }
    assert_eq!(told, ["birds/strikes", "fish"]);
    let foreign = json!({ "plugin": "acme/tools", "surface": "docs", "address": "cars", "addresses": ["cars/parts"] });
    tab.say(json!({ "id": 2, "cells": foreign })).await;
    assert_eq!(tab.hear("problem").await["kind"], "denied");
}

#[tokio::test]
async fn a_view_whose_plugin_went_is_lost_and_says_so() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    tab.open_notes(2).await;
    running.host.gone.store(true, Ordering::Release);
    running.host.changes.tell(Change::Plugins);
    assert_eq!(tab.hear("surfaces").await, json!([]));
    let lost = tab.hear("lost").await;
    assert_eq!((&lost["view"], &lost["problem"]["kind"]), (&json!(2), &json!("not-found")));
}

#[tokio::test]
async fn only_our_own_page_opens_a_socket() {
    let running = Running::start().await;
    let cookie = running.session().await;
    let with = |origin: String| [("cookie", cookie.clone()), ("origin", origin)];
    for origin in ["http://evil.example".to_owned(), "http://127.0.0.1:1".into(), "null".into()] {
        match connect(&running, &with(origin)).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 403),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("a foreign page got in"),
        }
    }
    assert!(connect(&running, &with(format!("http://127.0.0.1:{}", running.port))).await.is_ok());
    assert!(matches!(connect(&running, &[]).await, Err(Error::Http(response)) if response.status() == 401));
}

#[tokio::test]
async fn what_cannot_be_read_ends_nothing_else() {
    let running = Running::start().await;
    let (mut tab, _) = Tab::open(&running).await;
    tab.say(json!({ "id": 2, "shout": {} })).await;
    assert_eq!(tab.hear("problem").await["id"], 2);
    tab.say(json!({ "id": 3, "open": { "plugin": "acme/tools", "surface": "notes", "address": "birds" } })).await;
    tab.hear("view").await;
    tab.say(json!({ "id": 4, "stop": { "task": 1 } })).await;
    tab.say(json!({ "id": 5, "rows": { "view": 99, "name": "x", "start": 0, "count": 1 } })).await;
    assert_eq!(tab.hear("problem").await["kind"], "not-found");
    assert!(running.host.asked().contains(&"stop 1".to_owned()));
}

#[tokio::test]
async fn an_open_page_ends_with_its_session() {
    let running = Running::start().await;
    let (cookie, kept) = (running.session().await, running.session().await);
    let with = |cookie: &String| [("cookie", cookie.clone()), ("origin", format!("http://127.0.0.1:{}", running.port))];
    let mut tab = connect(&running, &with(&cookie)).await.unwrap();
    let mut other = connect(&running, &with(&kept)).await.unwrap();
    let out = running.bare(Method::DELETE, "/api/v1/session").header("cookie", &cookie);
    assert_eq!(out.header("sec-fetch-site", "same-origin").send().await.unwrap().status(), 204);
    match timeout(PATIENCE, tab.0.next()).await.unwrap() {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(frame.reason, "signed out"),
        heard => panic!("{heard:?}"),
    }
    // The other one goes on.
    other.say(json!({ "id": 1, "hello": {} })).await;
    other.hear("welcome").await;
}
