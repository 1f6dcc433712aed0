//! Commands that a view asks for: a view of another plug-in gets nothing done that the person did not confirm.

use crate::{running::Running, socket::Tab};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// A tab with two views: 2 is of the plug-in that has all commands, 3 is a stranger's.
async fn two_views(running: &Running) -> Tab {
    let (mut tab, _) = Tab::open(running).await;
    for (id, plugin) in [(2, "acme/tools"), (3, "evil/twin")] {
        tab.say(json!({ "id": id, "open": { "plugin": plugin, "surface": "notes", "address": "birds" } })).await;
        tab.hear("view").await;
    }
    tab
}

fn tagging(asset: &str) -> Value {
    json!({ "command": ["tag", "remove"], "arguments": { "asset": asset } })
}

fn with(base: Value, more: Value) -> Value {
    let mut base = base;
    base.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    base
}

fn ran(running: &Running) -> usize {
    running.host.asked().iter().filter(|asked| asked.starts_with("run tag")).count()
}

/// Runs it and says what kind of answer came.
async fn answer(tab: &mut Tab, id: u64, run: Value) -> String {
    tab.say(json!({ "id": id, "run": run })).await;
    loop {
        let message = tab.next().await;
        if message["id"] == json!(id) {
            return message["problem"]["kind"].as_str().unwrap_or("outcome").to_owned();
        }
    }
}

async fn nonce(tab: &mut Tab, id: u64, confirm: Value) -> Value {
    tab.say(json!({ "id": id, "confirm": confirm })).await;
    tab.hear("confirmation").await["nonce"].take()
}

#[tokio::test]
async fn the_page_is_told_what_both_sides_of_a_question_are_called() {
    let running = Running::start().await;
    let (_, welcome) = Tab::open(&running).await;
    assert_eq!(welcome["plugins"], json!({ "acme/tools": "Title of acme/tools" }));
}

#[tokio::test]
async fn a_view_of_another_plug_in_changes_nothing_unconfirmed() {
    let running = Running::start().await;
    let mut tab = two_views(&running).await;
    for (id, from) in [(10, json!({ "view": 3 })), (11, json!({ "plugin": "evil/twin" }))] {
        assert_eq!(answer(&mut tab, id, with(tagging("birds/strikes"), json!({ "from": from }))).await, "confirm");
    }
    let write = json!({ "command": ["tag", "add"], "arguments": { "asset": "birds/strikes" }, "from": { "view": 3 } });
    assert_eq!(answer(&mut tab, 12, write).await, "confirm");
    assert_eq!(ran(&running), 0);
    let refused: Vec<_> = running.host.asked().into_iter().filter(|asked| asked.starts_with("refused")).collect();
    assert_eq!(refused.len(), 3);
    assert_eq!(refused[0], "refused: evil/twin wanted tag remove of acme/tools: the person did not confirm it");
}

#[tokio::test]
async fn reading_and_own_commands_and_the_persons_own_word_need_no_confirmation() {
    let running = Running::start().await;
    let mut tab = two_views(&running).await;
    let read = json!({ "command": ["tag", "list"], "from": { "view": 3 } });
    assert_eq!(answer(&mut tab, 10, read).await, "outcome");
    for (id, from) in [(11, json!("shell")), (12, json!({ "view": 2 })), (13, json!({ "plugin": "acme/tools" }))] {
        let confirm = with(tagging("birds/strikes"), json!({ "from": from }));
        assert_eq!(nonce(&mut tab, id + 10, confirm.clone()).await, Value::Null);
        assert_eq!(answer(&mut tab, id, confirm).await, "outcome");
    }
    assert_eq!(ran(&running), 4);
}

#[tokio::test]
async fn a_confirmation_runs_one_command_once() {
    let running = Running::start().await;
    let mut tab = two_views(&running).await;
    let asked = with(tagging("birds/strikes"), json!({ "from": { "view": 3 } }));
    let given = nonce(&mut tab, 10, asked.clone()).await;
    assert!(given.as_str().is_some_and(|nonce| nonce.len() >= 32), "{given}");
    assert_eq!(ran(&running), 0);
    let run = with(asked, json!({ "confirmed": given }));
    assert_eq!(answer(&mut tab, 11, run.clone()).await, "outcome");
    assert_eq!(answer(&mut tab, 12, run).await, "confirm", "it was used");
    let written: Vec<_> = running.host.asked().into_iter().filter(|asked| asked.contains("evil/twin")).collect();
    assert_eq!(
        written[0],
        "confirmed by me: evil/twin ran tag remove of acme/tools with {\"asset\":\"birds/strikes\"}"
    );
    assert!(written[1].starts_with("refused"), "{written:?}");
    assert_eq!(ran(&running), 1);
}

#[tokio::test]
async fn a_confirmation_is_for_these_arguments_this_asker_and_this_tab() {
    let running = Running::start().await;
    let mut tab = two_views(&running).await;
    let asked = with(tagging("birds/strikes"), json!({ "from": { "view": 3 } }));
    let other_command = json!({ "command": ["tag", "add"], "arguments": { "asset": "birds/strikes" } });
    for (id, other) in [
        (20, with(tagging("birds/songs"), json!({ "from": { "view": 3 } }))),
        (30, with(tagging("birds/strikes"), json!({ "from": { "plugin": "evil/other" } }))),
        (40, with(other_command, json!({ "from": { "view": 3 } }))),
        (50, with(asked.clone(), json!({ "project": "birds" }))),
    ] {
        let given = nonce(&mut tab, id, asked.clone()).await;
        assert_eq!(answer(&mut tab, id + 1, with(other, json!({ "confirmed": given }))).await, "confirm", "{id}");
        assert_eq!(answer(&mut tab, id + 2, with(asked.clone(), json!({ "confirmed": given }))).await, "confirm");
    }
    let given = nonce(&mut tab, 60, asked.clone()).await;
    let mut second = two_views(&running).await;
    assert_eq!(answer(&mut second, 61, with(asked, json!({ "confirmed": given }))).await, "confirm");
    assert_eq!(ran(&running), 0);
}

#[tokio::test]
async fn a_view_that_is_not_open_asks_for_nothing_and_nobody_asks_without_saying_who() {
    let running = Running::start().await;
    let mut tab = two_views(&running).await;
    let forged = with(tagging("birds/strikes"), json!({ "from": { "view": 77 } }));
    assert_eq!(answer(&mut tab, 10, forged.clone()).await, "not-found");
    tab.say(json!({ "id": 11, "confirm": forged })).await;
    assert_eq!(tab.hear("problem").await["kind"], "not-found");
    assert_eq!(answer(&mut tab, 12, tagging("birds/strikes")).await, "invalid");
    for (id, from) in [(13, json!("person")), (14, json!(null)), (15, json!({ "view": "2" })), (16, json!({}))] {
        assert_eq!(answer(&mut tab, id, with(tagging("a/b"), json!({ "from": from }))).await, "invalid");
    }
    assert_eq!(ran(&running), 0);
}

#[tokio::test]
async fn what_cannot_be_written_down_does_not_run() {
    let running = Running::start().await;
    let mut tab = two_views(&running).await;
    let asked = with(tagging("birds/strikes"), json!({ "from": { "view": 3 } }));
    let given = nonce(&mut tab, 10, asked.clone()).await;
    running.host.unwell.store(true, Ordering::Relaxed);
    assert_eq!(answer(&mut tab, 11, with(asked, json!({ "confirmed": given }))).await, "unavailable");
    assert_eq!(ran(&running), 0);
}

#[tokio::test]
async fn an_answer_goes_on_with_nothing_that_changes_something() {
    let running = Running::start().await;
    let mut tab = two_views(&running).await;
    for (id, view, then, refused) in [
        (10, 3, json!({ "run": ["tag", "remove"], "arguments": { "asset": "birds/strikes" } }), true),
        // Its own command: nobody chose it all the same.
        (11, 2, json!({ "run": ["tag", "add"], "arguments": { "asset": "birds/strikes" } }), true),
        (12, 3, json!({ "run": ["not", "there"] }), true),
        (13, 3, json!({ "run": "tag remove" }), true),
        (14, 3, json!({ "upload": "birds/strikes" }), true),
        (15, 3, json!({ "run": ["tag", "list"] }), false),
        (16, 3, json!({ "open": { "address": "birds" } }), false),
    ] {
        tab.say(json!({ "id": id, "act": { "view": view, "name": "then", "arguments": then } })).await;
        let message = loop {
            let message = tab.next().await;
            if message["id"] == json!(id) {
                break message;
            }
        };
        assert_eq!(message["problem"]["kind"] == "invalid", refused, "{message}");
    }
    assert!(running.host.asked().iter().any(|asked| asked.starts_with("refused: evil/twin wanted tag remove")));
    assert_eq!(ran(&running), 0);
}
