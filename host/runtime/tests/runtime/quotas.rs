//! Limits of manifest and grant bite, all guests share one memory, and what sleeps ends with its grant.

use crate::stage::{Stage, assert_problem, caller, id, limits, program, version};
use kamld_policy::{Gate, Manifest, grant};
use kamld_runtime::{Caller, Limits, Runtime};
use kamld_types::Kind;
use serde_json::Map;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub const PROGRAMS: &[&str] = &["limits_holds_memory"];

/// A gate of a plug-in that needs nothing, under a grant with these limits.
fn granted(limits: &str) -> Gate {
    gate("", limits)
}

fn gate(requested: &str, given: &str) -> Gate {
    let manifest = format!(
        "schema = 1\nid = \"test/guest\"\nversion = \"0.1.0\"\ntitle = \"Guest\"\nsummary = \"Tests limits\"\n\
         licence = \"Apache-2.0\"\nsource = \"https://example.org\"\n[limits]\n{requested}\n"
    );
    let grant = format!("[[grant]]\nplugin = \"test/guest\"\nmode = \"enforce\"\n[grant.limits]\n{given}\n");
    let grant = grant::parse("grants.toml", &grant).unwrap().remove(0);
    Gate::compile(&Manifest::parse(&manifest).unwrap(), Some(&grant), 1)
}

async fn playing(limits: Limits, name: &str, gate: Gate) -> Stage {
    let stage = Stage::new(limits);
    stage.load(name, gate).await;
    stage
}

#[tokio::test]
async fn the_memory_of_a_grant_is_all_that_a_guest_gets() {
    let stage = playing(limits(), "limits_allocates", granted("memory-mib = 32")).await;
    assert_problem(stage.run("limits_allocates", "allocate").await, Kind::Limit, "more than 32 MiB of memory");
    let peak = stage.status("limits_allocates").account.peak_memory;
    assert!((16 << 20..=32 << 20).contains(&peak), "{peak}");
    assert_problem(stage.run("limits_allocates", "allocate").await, Kind::Limit, "raise memory-mib in its grant");
    // A grant of more than the manifest wants gives what the manifest wants.
    stage.runtime.set_gate(&id("limits_allocates"), Arc::new(gate("memory-mib = 16", "memory-mib = 64"))).unwrap();
    assert_problem(stage.run("limits_allocates", "allocate").await, Kind::Limit, "more than 16 MiB of memory");
    // And none gives more than the host can spare.
    stage.runtime.set_gate(&id("limits_allocates"), Arc::new(granted("memory-mib = 100000"))).unwrap();
    assert_problem(stage.run("limits_allocates", "allocate").await, Kind::Limit, "raise limits.memory_mib");
}

#[tokio::test]
async fn the_times_of_a_grant_are_all_that_a_guest_gets() {
    let stage = playing(limits(), "limits_spins", granted("cpu-ms = 100")).await;
    let spun = stage.run("limits_spins", "spin").await;
    assert_problem(spun.clone(), Kind::Limit, "more than 100 ms of processor time");
    assert_problem(spun, Kind::Limit, "raise cpu-ms in its grant");
    let stage = playing(limits(), "limits_waits_forever", granted("wall-ms = 150")).await;
    let waited = stage.run("limits_waits_forever", "wait").await;
    assert_problem(waited.clone(), Kind::Limit, "took longer than 150 ms");
    assert_problem(waited, Kind::Limit, "raise wall-ms in its grant");
}

#[tokio::test]
async fn the_concurrency_of_a_grant_is_all_that_a_plugin_gets() {
    let name = "limits_waits_forever";
    let stage = playing(Limits { queued_calls: 1, ..limits() }, name, granted("concurrency = 2\nwall-ms = 3000")).await;
    let mut calls: Vec<_> = (0..2).map(|_| stage.start(name, "wait")).collect();
    stage.until("two run", |stage| stage.status(name).running == 2).await;
    calls.push(stage.start(name, "wait"));
    stage.until("one waits", |stage| stage.status(name).queued == 1).await;
    assert_problem(stage.run(name, "wait").await, Kind::Limit, "has 2 calls running and 1 waiting");
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().kind, Kind::Limit);
    }
}

#[tokio::test]
async fn calls_beyond_those_of_a_second_wait_for_their_turn() {
    let stage = playing(limits(), "calls_answers", granted("calls-per-second = 4")).await;
    let began = Instant::now();
    for _ in 0..8 {
        assert_eq!(stage.data("calls_answers", "count").await, 1);
    }
    assert!(began.elapsed() >= Duration::from_millis(900), "eight calls took {:?}", began.elapsed());
    let soon = Caller { deadline: Some(Instant::now() + Duration::from_millis(10)), ..caller() };
    let words = ["program".to_owned(), "count".to_owned()];
    let refused = stage.runtime.run_command(&id("calls_answers"), soon, &words, Map::new()).await;
    assert_problem(refused, Kind::Limit, "is called more than 4 times a second");
}

/// The limits of the test of memory: two sleepers of 100 MiB fit, a third does not.
fn small() -> Limits {
    Limits { guests_memory_mib: 290, memory_wait_ms: 200, ..limits() }
}

fn in_use(runtime: &Runtime) -> u64 {
    runtime.guests_memory().0
}

const HOLDER: &str = "limits_holds_memory";

#[tokio::test]
async fn all_guests_together_have_one_memory_and_give_it_back() {
    let stage = Stage::playing(small(), HOLDER).await;
    stage.load("limits_allocates", Gate::open()).await;
    let holding: Vec<_> = (0..2).map(|_| stage.start(HOLDER, "hold")).collect();
    stage.until("two hold their memory", |stage| in_use(&stage.runtime) > 200 << 20).await;
    // Its own share is used up, and then that of all.
    let third = stage.run(HOLDER, "hold").await;
    assert_problem(third.clone(), Kind::Limit, "found no memory");
    assert_problem(third, Kind::Limit, "limits.guests_memory_mib");
    assert_problem(stage.run("limits_allocates", "allocate").await, Kind::Limit, "all plug-ins together use");
    let (used, total) = stage.runtime.guests_memory();
    assert!(used <= total && total == 290 << 20, "{used} of {total}");
    assert_eq!(stage.status("limits_allocates").recent_faults, 0, "others may have taken the memory");
    // What sleeps gives it back with its grant.
    stage.runtime.set_gate(&id(HOLDER), Arc::new(Gate::default())).unwrap();
    for call in holding {
        assert_problem(call.await.unwrap(), Kind::Denied, "was changed");
    }
    stage.until("nothing is in use", |stage| in_use(&stage.runtime) == 0).await;
    stage.runtime.set_gate(&id(HOLDER), Arc::new(Gate::open())).unwrap();
    let _again = stage.start(HOLDER, "hold");
    stage.until("it is taken again", |stage| in_use(&stage.runtime) > 100 << 20).await;
}

#[tokio::test]
async fn a_call_waits_for_memory_that_another_one_gives_back() {
    let stage = Stage::playing(Limits { memory_wait_ms: 600_000, ..small() }, HOLDER).await;
    stage.load("limits_allocates", Gate::open()).await;
    let first = stage.start(HOLDER, "hold");
    let _second = stage.start(HOLDER, "hold");
    stage.until("two hold their memory", |stage| in_use(&stage.runtime) > 200 << 20).await;
    let third = stage.start(HOLDER, "hold");
    stage.until("three run", |stage| stage.status(HOLDER).running == 3).await;
    first.abort();
    stage
        .until("the third has the memory of the first", |stage| {
            stage.status(HOLDER).running == 2 && in_use(&stage.runtime) > 200 << 20
        })
        .await;
    assert!(!third.is_finished());
}

const SLEEPER: &str = "limits_waits_forever";

/// A guest that sleeps, and does nothing else for as long as anybody waits.
async fn sleeping(
    stage: &Stage,
) -> tokio::task::JoinHandle<Result<kamld_types::command::Outcome, kamld_types::Problem>> {
    let call = stage.start(SLEEPER, "wait");
    stage.until("it sleeps", |stage| stage.status(SLEEPER).running == 1).await;
    call
}

#[tokio::test]
async fn what_sleeps_ends_when_its_grant_is_changed() {
    let stage = Stage::playing(limits(), SLEEPER).await;
    // Narrowed, widened, revoked.
    for gate in [granted("memory-mib = 32"), Gate::open(), Gate::default()] {
        let call = sleeping(&stage).await;
        stage.runtime.set_gate(&id(SLEEPER), Arc::new(gate)).unwrap();
        assert_problem(call.await.unwrap(), Kind::Denied, "the grant of plug-in test/limits-waits-forever was changed");
        stage.until("its instance is gone", |stage| stage.status(SLEEPER).running == 0).await;
    }
}

#[tokio::test]
async fn what_sleeps_ends_when_its_plugin_is_taken_out_and_what_waits_for_a_turn_gets_none() {
    let stage = playing(limits(), SLEEPER, granted("concurrency = 1")).await;
    let running = sleeping(&stage).await;
    let queued = stage.start(SLEEPER, "wait");
    stage.until("one waits", |stage| stage.status(SLEEPER).queued == 1).await;
    stage.runtime.unload(&id(SLEEPER)).unwrap();
    assert_problem(running.await.unwrap(), Kind::Denied, "was changed");
    assert_problem(queued.await.unwrap(), Kind::NotFound, "is not loaded");
    stage.until("its memory is given back", |stage| in_use(&stage.runtime) == 0).await;
}

#[tokio::test]
async fn what_sleeps_in_a_version_that_was_replaced_ends_after_a_while() {
    let stage = Stage::playing(Limits { drain_ms: 100, ..limits() }, SLEEPER).await;
    let call = sleeping(&stage).await;
    let began = Instant::now();
    stage.runtime.load(id(SLEEPER), version(&program(SLEEPER), Gate::open())).await.unwrap();
    assert_problem(call.await.unwrap(), Kind::Cancelled, "was replaced by another version");
    assert!(began.elapsed() >= Duration::from_millis(100), "calls that would have ended soon are not cut");
    stage.until("its memory is given back", |stage| in_use(&stage.runtime) == 0).await;
}

#[tokio::test]
async fn what_sleeps_ends_when_its_caller_is_gone() {
    let stage = Stage::playing(limits(), SLEEPER).await;
    let call = sleeping(&stage).await;
    call.abort();
    // The end of the task comes a moment after it was asked for.
    stage.until("it counts as cancelled", |stage| stage.status(SLEEPER).account.cancelled == 1).await;
    stage.until("its memory is given back", |stage| in_use(&stage.runtime) == 0).await;
}
