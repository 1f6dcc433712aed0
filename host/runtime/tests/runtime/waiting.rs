//! Plug-ins that nobody has granted anything, and what is remembered of plug-ins so that no code of them runs to find out.

use crate::stage::{
    Drawing, Stage, assert_problem, caller, config, digest, id, limits, linkages, nothing, program, version,
};
use kamld_policy::Gate;
use kamld_runtime::{Limits, Runtime};
use kamld_types::{Kind, Problem, surface::Place};
use serde_json::Map;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Under these no guest can be called at all.
fn no_calls() -> Limits {
    Limits { nesting: 0, ..limits() }
}

fn runtime(limits: Limits, cache: &Path) -> Runtime {
    Runtime::new(config(limits, cache), linkages(), Arc::new(Drawing::default())).unwrap()
}

async fn load(runtime: &Runtime, name: &str, gate: Gate) -> Result<(), Problem> {
    runtime.load(id(name), version(&program(name), gate)).await
}

fn files(cache: &Path, ending: &str) -> Vec<PathBuf> {
    let found = std::fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    found.filter(|path| path.extension().is_some_and(|there| there == ending)).collect()
}

#[tokio::test]
async fn without_a_grant_nothing_is_offered_and_nothing_runs() {
    let stage = Stage::new(limits());
    for name in ["calls_answers", "calls_previews", "surfaces_add"] {
        stage.load(name, Gate::default()).await;
    }
    let before = stage.runtime.commands();
    assert!(before.list.is_empty() && stage.runtime.surfaces().is_empty());
    assert!(stage.runtime.find_command(&["program".into(), "count".into()]).is_none());
    for words in ["count", "no-such-command"] {
        assert_problem(stage.run("calls_answers", words).await, Kind::Denied, "kamld plugin grant test/calls-answers");
    }
    let at = Place { surface: "letters".into(), address: "birds".into(), ..Place::default() };
    let (surfaces, none) = (id("surfaces_add"), Map::new());
    for refused in [
        stage.runtime.surface_cells(&surfaces, caller(), &at, &["birds/a".into()]).await.map(drop),
        stage.runtime.open_surface(&surfaces, caller(), &at, &none).await.map(drop),
        stage.runtime.act(&surfaces, caller(), &at, "x", &none, &none).await.map(drop),
    ] {
        let problem = refused.unwrap_err();
        assert!(problem.kind == Kind::Denied && problem.message.contains("waits for a grant"), "{problem:?}");
    }
    let address = "birds/strikes/2019.csv".parse().unwrap();
    assert!(stage.runtime.preview(caller(), &address, "text/csv", 1, 0, 10).await.is_none());
    assert!(stage.runtime.describe_object(caller(), &address, "text/csv", 1).await.is_none());
    for name in ["calls_answers", "calls_previews", "surfaces_add"] {
        assert_eq!(stage.status(name).account.calls, 0, "{name}");
    }

    stage.runtime.set_gate(&id("calls_answers"), Arc::new(nothing("calls_answers"))).unwrap();
    assert!(stage.runtime.commands().generation > before.generation, "who keeps the list hears of it");
    assert_eq!(stage.data("calls_answers", "count").await, 1);
    stage.runtime.set_gate(&id("calls_answers"), Arc::new(Gate::default())).unwrap();
    assert!(stage.runtime.commands().list.is_empty());
    assert_problem(stage.run("calls_answers", "count").await, Kind::Denied, "waits for a grant");
}

#[tokio::test]
async fn what_waits_for_a_grant_takes_no_command_from_anybody() {
    let stage = Stage::new(limits());
    let answers = program("calls_answers");
    stage.runtime.load(id("squatter"), version(&answers, Gate::default())).await.unwrap();
    stage.load("calls_answers", Gate::open()).await;
    let problem = stage.runtime.set_gate(&id("squatter"), Arc::new(nothing("squatter"))).unwrap_err();
    assert_eq!(problem.kind, Kind::AlreadyExists, "{problem:?}");
    assert_eq!(stage.data("calls_answers", "count").await, 1);
    let inspected = stage.runtime.inspect(&id("other"), digest(&answers), &answers, true).await.unwrap_err();
    assert_eq!(inspected.kind, Kind::AlreadyExists);
}

#[tokio::test]
async fn what_a_plugin_declares_is_asked_once_and_again_when_it_was_lost_or_touched() {
    let cache = tempfile::tempdir().unwrap();
    let answers = program("calls_answers");
    let first = runtime(limits(), cache.path());
    assert_eq!(first.declared(&digest(&answers)), None);
    let said = first.inspect(&id("calls_answers"), digest(&answers), &answers, true).await.unwrap();
    assert!(!said.commands.is_empty() && first.plugins().is_empty(), "it is in place nowhere");

    let second = runtime(no_calls(), cache.path());
    assert_eq!(second.declared(&digest(&answers)), Some(said.clone()));
    load(&second, "calls_answers", Gate::open()).await.unwrap();
    assert_eq!(second.commands().list.len(), said.commands.len());

    let file = files(cache.path(), "declared").remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 10;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(second.declared(&digest(&answers)), None, "it is not what this host wrote");
    let third = runtime(no_calls(), cache.path());
    assert_eq!(load(&third, "calls_answers", Gate::open()).await.unwrap_err().kind, Kind::Limit, "it had to be asked");
    let fourth = runtime(limits(), cache.path());
    load(&fourth, "calls_answers", Gate::open()).await.unwrap();
    assert_eq!(fourth.declared(&digest(&answers)), Some(said));
}

#[tokio::test]
async fn what_waits_is_asked_again_when_what_it_declared_was_lost_and_only_then() {
    let cache = tempfile::tempdir().unwrap();
    let answers = program("calls_answers");
    let (plugin, digest) = (id("calls_answers"), digest(&answers));
    let first = runtime(limits(), cache.path());
    let said = first.inspect(&plugin, digest, &answers, false).await.unwrap();
    assert!(first.remembers(&digest));
    for lost in files(cache.path(), "declared") {
        std::fs::remove_file(lost).unwrap();
    }
    assert!(!first.remembers(&digest));
    // It is asked under the bounds of an installation, which let it do nothing here; then that is remembered.
    let bounded = runtime(no_calls(), cache.path());
    assert_eq!(bounded.recall(&plugin, digest, &answers).await.unwrap_err().kind, Kind::Limit);
    assert!(bounded.remembers(&digest) && bounded.declared(&digest).is_none());
    let next = runtime(limits(), cache.path());
    assert!(!next.remembers(&digest), "other limits are another trial");
    next.recall(&plugin, digest, &answers).await.unwrap();
    assert_eq!(next.declared(&digest), Some(said));
    assert!(next.plugins().is_empty() && next.commands().list.is_empty(), "it is in place nowhere");
}

#[tokio::test]
async fn what_was_refused_is_not_tried_again_until_somebody_wants_it() {
    let cache = tempfile::tempdir().unwrap();
    let amiss = program("surfaces_amiss");
    load(&runtime(limits(), cache.path()), "surfaces_amiss", Gate::open()).await.unwrap_err();
    // Without its bytes it cannot be tried.
    for compiled in files(cache.path(), "cwasm") {
        std::fs::remove_file(compiled).unwrap();
    }
    let gone = || {
        let mut version = version(&amiss, Gate::open());
        version.component = "/nowhere.wasm".into();
        version
    };
    let next = runtime(limits(), cache.path());
    let problem = next.load(id("surfaces_amiss"), gone()).await.unwrap_err();
    assert!(problem.kind == Kind::Invalid && problem.message.contains("docs-check"), "{problem:?}");
    assert!(problem.help.unwrap().contains("kamld plugin enable test/surfaces-amiss"));
    // Other limits are another trial, and so is a person's word.
    let other = runtime(Limits { memory_mib: 200, ..limits() }, cache.path());
    let problem = other.load(id("surfaces_amiss"), gone()).await.unwrap_err();
    assert!(!problem.message.contains("docs-check"), "{problem:?}");
    next.forget_verdict(&digest(&amiss));
    let problem = next.load(id("surfaces_amiss"), gone()).await.unwrap_err();
    assert!(!problem.message.contains("docs-check"), "{problem:?}");
}

#[tokio::test]
async fn of_a_plugin_that_was_removed_nothing_compiled_is_left() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = runtime(limits(), cache.path());
    load(&runtime, "calls_answers", Gate::open()).await.unwrap();
    assert_eq!((files(cache.path(), "cwasm").len(), files(cache.path(), "declared").len()), (1, 1));
    runtime.unload(&id("calls_answers")).unwrap();
    runtime.forget(&digest(&program("calls_answers")));
    for ending in ["cwasm", "mac", "declared"] {
        assert!(files(cache.path(), ending).is_empty(), "{ending}");
    }
}
