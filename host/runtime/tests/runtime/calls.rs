//! Calls that go well: many at once, through swaps, each in an instance of its own.

use crate::stage::{Stage, assert_problem, caller, digest, id, limits, program, version};
use kamld_policy::Gate;
use kamld_runtime::{Limits, TaskState};
use kamld_types::{Address, Kind};
use serde_json::{Map, json};
use std::sync::Arc;

pub const PROGRAMS: &[&str] = &["calls_answers", "calls_previews"];

#[tokio::test]
async fn nothing_of_one_call_is_left_in_the_next() {
    let stage = Stage::playing(limits(), "calls_answers").await;
    for _ in 0..20 {
        assert_eq!(stage.data("calls_answers", "count").await, 1);
    }
}

#[tokio::test]
async fn a_guest_learns_who_calls_and_cannot_choose_it() {
    let stage = Stage::playing(limits(), "calls_answers").await;
    let who = stage.data("calls_answers", "who").await;
    assert_eq!(who, json!(["anna", "test/calls-answers", "0123456789abcdef0123456789abcdef", "de"]));
}

#[tokio::test]
async fn a_guest_can_ask_what_the_host_offers() {
    let stage = Stage::playing(limits(), "calls_answers").await;
    assert_eq!(stage.data("calls_answers", "features").await, json!([true, false, false]));
}

#[tokio::test]
async fn a_hundred_calls_at_once_are_all_answered() {
    let stage = Stage::playing(Limits { concurrent_calls: 8, ..limits() }, "calls_answers").await;
    let calls: Vec<_> = (0..100).map(|_| stage.start("calls_answers", "who")).collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().data[0], "anna");
    }
    let account = stage.status("calls_answers").account;
    assert_eq!((account.calls, account.refused, account.traps), (100, 0, 0));
    assert!(account.host_calls > 0 && account.bytes_in > 0 && account.bytes_out > 0, "{account:?}");
}

#[tokio::test]
async fn a_swap_during_calls_drops_none_of_them() {
    let stage = Stage::playing(limits(), "calls_answers").await;
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.wasm");
    let mut bytes = std::fs::read(program("calls_answers")).unwrap();
    // An empty custom section makes it another component that does the same.
    bytes.extend([0, 5, 4, b'n', b'o', b't', b'e']);
    std::fs::write(&other, bytes).unwrap();

    let mut calls = Vec::new();
    let mut digests = std::collections::BTreeSet::new();
    for turn in 0..20 {
        calls.extend((0..5).map(|_| stage.start("calls_answers", "count")));
        let path = if turn % 2 == 0 { other.clone() } else { program("calls_answers") };
        stage.runtime.load(id("calls_answers"), version(&path, Gate::open())).await.unwrap();
        digests.insert(stage.status("calls_answers").digest);
    }
    assert_eq!((calls.len(), digests.len()), (100, 2));
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().data, 1);
    }
}

#[tokio::test]
async fn a_task_is_watched_and_stopped_by_a_person() {
    let stage = Stage::playing(Limits { command_cpu_ms: 600_000, ..limits() }, "calls_answers").await;
    let working = stage.start("calls_answers", "work");
    stage
        .until("there is progress", |stage| stage.runtime.tasks().list().first().is_some_and(|task| task.done > 100))
        .await;
    let task = stage.runtime.tasks().list().remove(0);
    assert_eq!(
        (task.title.as_str(), task.person.as_str(), task.state),
        ("counting to infinity", "anna", TaskState::Running)
    );
    stage.runtime.tasks().cancel(task.id).unwrap();
    assert_problem(working.await.unwrap(), Kind::Cancelled, "'counting to infinity' was stopped after");
    assert_eq!(stage.runtime.tasks().list()[0].state, TaskState::Cancelled);
    assert_eq!(stage.runtime.tasks().cancel(task.id).unwrap_err().kind, Kind::NotFound);
}

#[tokio::test]
async fn commands_are_listed_found_and_checked_before_the_plugin_is_called() {
    let stage = Stage::playing(limits(), "calls_answers").await;
    let before = stage.runtime.commands();
    assert_eq!(before.list.len(), 7);
    let (plugin, command) = stage.runtime.find_command(&["program".into(), "who".into()]).unwrap();
    assert_eq!((plugin, command.name.join(" ")), (id("calls_answers"), "program who".to_owned()));
    let unknown: Map<_, _> = [("colour".to_owned(), json!("red"))].into_iter().collect();
    let ended = stage.runtime.run_command(&id("calls_answers"), caller(), &command.name, unknown).await;
    assert_problem(ended, Kind::Invalid, "there is no argument 'colour'");
    assert_eq!(stage.status("calls_answers").account.calls, 0);
    assert_problem(stage.run("calls_answers", "dance").await, Kind::NotFound, "has no command 'program dance'");

    stage.runtime.unload(&id("calls_answers")).unwrap();
    let after = stage.runtime.commands();
    assert!(after.generation > before.generation && after.list.is_empty());
    assert_problem(stage.run("calls_answers", "who").await, Kind::NotFound, "there is no plug-in test/calls-answers");
}

#[tokio::test]
async fn two_plugins_cannot_have_the_same_command() {
    let stage = Stage::playing(limits(), "calls_answers").await;
    let again = stage.runtime.load(id("other"), version(&program("calls_answers"), Gate::open())).await.unwrap_err();
    assert_eq!(again.kind, Kind::AlreadyExists);
    assert!(again.message.contains("one of plug-in test/calls-answers already"), "{again}");
    assert_eq!(stage.runtime.plugins().len(), 1);
}

#[tokio::test]
async fn an_object_is_drawn_and_described_by_the_plugin_that_fits_its_media_type() {
    let stage = Stage::playing(limits(), "calls_previews").await;
    let address: Address = "birds/strikes@main/2019.csv".parse().unwrap();
    let draw = async |media_type: &str| stage.runtime.preview(caller(), &address, media_type, 1, 0, 10).await;
    let drawn = draw("text/csv; charset=utf-8").await.unwrap().unwrap();
    assert_eq!((drawn[0].kind.as_str(), &drawn[0].props["text"]), ("text", &json!("10 of text/csv; charset=utf-8")));
    assert!(draw("text/plain").await.unwrap().is_ok());
    assert!(draw("image/png").await.is_none());
    assert_eq!(draw("text/x-broken").await.unwrap().unwrap_err().kind, Kind::Invalid);

    let described = stage.runtime.describe_object(caller(), &address, "text/csv", 0).await.unwrap();
    assert_eq!(described.by, [(id("calls_previews"), digest(&program("calls_previews")))]);
    let described = described.answer.unwrap_err();
    assert_eq!((described.kind, described.message.as_str()), (Kind::Invalid, "birds/strikes@main/2019.csv is empty"));
    assert!(stage.runtime.describe_object(caller(), &address, "text/plain", 0).await.is_none());
}

#[tokio::test]
async fn one_plugin_shows_what_another_one_draws() {
    let stage = Stage::playing(limits(), "calls_answers").await;
    stage.load("calls_previews", Gate::open()).await;
    assert_eq!(stage.data("calls_answers", "preview").await, 1);
}

#[tokio::test]
async fn a_view_that_shows_itself_ends_at_the_depth_of_nesting() {
    let stage = Stage::playing(limits(), "calls_previews").await;
    let mirror: Address = "birds/strikes/mirror".parse().unwrap();
    let drawn = stage.runtime.preview(caller(), &mirror, "text/x-mirror", 1, 0, 10).await.unwrap();
    let problem = drawn.unwrap_err();
    assert_eq!(problem.kind, Kind::Limit);
    assert!(problem.message.contains("call 5 within a call"), "{problem}");
    assert_eq!(Arc::strong_count(&stage.runtime), 1);
}
