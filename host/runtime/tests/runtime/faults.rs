//! Plug-ins that fail, and hosts that do: what a person is told, and what becomes of the plug-in.

use crate::stage::{Drawing, Stage, assert_problem, caller, digest, id, limits, nothing, program, version};
use kamld_policy::Gate;
use kamld_runtime::{Health, Limits};
use kamld_types::Kind;
use std::sync::Arc;

pub const PROGRAMS: &[&str] = &["faults_traps", "faults_exits", "faults_describes", "faults_breaks_the_contract"];

#[tokio::test]
async fn a_panic_of_a_guest_is_told_and_its_last_words_are_kept_for_its_author() {
    let stage = Stage::playing(limits(), "faults_traps").await;
    let result = stage.run("faults_traps", "trap").await;
    assert_problem(result.clone(), Kind::Internal, "plug-in test/faults-traps failed: it gave up");
    assert!(!format!("{result:?}").contains("seventh seal"), "{result:?}");
    let trouble = stage.status("faults_traps").troubles.remove(0);
    assert!(trouble.words.contains("the seventh seal is broken"), "{trouble:?}");
    assert_eq!((trouble.doing.as_str(), trouble.trace.len()), ("command 'program trap'", 32));
    // The next call has an instance of its own and is none the worse.
    assert_eq!(stage.data("faults_traps", "fine").await, true);
}

#[tokio::test]
async fn a_guest_that_exits_ends_its_call_and_nothing_else() {
    let stage = Stage::playing(limits(), "faults_exits").await;
    assert_problem(stage.run("faults_exits", "exit").await, Kind::Internal, "ended itself with code");
}

#[tokio::test]
async fn arguments_that_the_contract_does_not_have_are_a_fault_of_the_plugin() {
    let name = "faults_breaks_the_contract";
    let stage = Stage::playing(limits(), name).await;
    for (word, what) in [
        ("text", "it handed over text that is not valid Unicode"),
        ("start", "it handed over a place that is not in its memory"),
        ("length", "it handed over a place that is not in its memory"),
    ] {
        let problem = stage.run(name, word).await.unwrap_err();
        let named = format!("plug-in test/faults-breaks-the-contract failed: {what}");
        assert!(problem.message.contains(&named), "{word}: {problem:?}");
        assert!(problem.help.unwrap().contains("a fault of the plug-in"), "{word}");
    }
    let status = stage.status(name);
    assert_eq!((status.recent_faults, status.troubles.len()), (3, 3), "{:?}", status.troubles);
}

#[tokio::test]
async fn a_plugin_that_fails_too_often_is_put_into_quarantine_until_someone_says_otherwise() {
    let strict = Limits { faults: 5, backoff_ms: 0, backoff_max_ms: 0, ..limits() };
    let stage = Stage::playing(strict, "faults_traps").await;
    for _ in 0..5 {
        assert_eq!(stage.status("faults_traps").health, Health::Active);
        assert_problem(stage.run("faults_traps", "trap").await, Kind::Internal, "gave up");
    }
    assert!(matches!(stage.status("faults_traps").health, Health::Quarantined { .. }));
    assert_problem(stage.run("faults_traps", "fine").await, Kind::Unavailable, "kamld plugin enable test/faults-traps");
    stage.runtime.release(&id("faults_traps")).unwrap();
    assert_eq!(stage.data("faults_traps", "fine").await, true);
}

#[tokio::test]
async fn a_plugin_that_fails_again_at_once_is_paused() {
    let patient = Limits { backoff_ms: 60_000, backoff_max_ms: 60_000, ..limits() };
    let stage = Stage::playing(patient, "faults_traps").await;
    for _ in 0..2 {
        assert_problem(stage.run("faults_traps", "trap").await, Kind::Internal, "gave up");
    }
    assert_problem(stage.run("faults_traps", "fine").await, Kind::Unavailable, "paused for another");
    assert_eq!(stage.status("faults_traps").account.refused, 1);
}

#[tokio::test]
async fn a_panic_of_host_code_costs_one_call() {
    let stage = Stage::with(limits(), Drawing { panics: true, ..Drawing::default() });
    stage.load("calls_answers", Gate::open()).await;
    assert_problem(stage.run("calls_answers", "preview").await, Kind::Internal, "failed in the host");
    assert_eq!(stage.data("calls_answers", "count").await, 1);
}

#[tokio::test]
async fn a_call_that_runs_when_its_grant_changes_is_stopped_within_a_tick() {
    let stage = Stage::playing(Limits { command_cpu_ms: 600_000, ..limits() }, "limits_spins").await;
    let spinning = stage.start("limits_spins", "spin");
    stage.until("it spins", |stage| stage.status("limits_spins").running == 1).await;
    stage.runtime.set_gate(&id("limits_spins"), Arc::new(Gate::default())).unwrap();
    assert_problem(spinning.await.unwrap(), Kind::Denied, "the grant of plug-in test/limits-spins was changed");
    assert_eq!(stage.status("limits_spins").recent_faults, 0);
}

#[tokio::test]
async fn a_host_call_after_the_grant_was_changed_is_refused() {
    let stage =
        Stage::playing(Limits { command_cpu_ms: 600_000, slice_ms: 600_000, ..limits() }, "calls_answers").await;
    let insisting = stage.start("calls_answers", "insist");
    stage.until("it runs", |stage| stage.status("calls_answers").running == 1).await;
    stage.runtime.set_gate(&id("calls_answers"), Arc::new(Gate::open())).unwrap();
    // The caller hears at once. No tick comes in these ten minutes, so that it is the host call that ends the guest.
    assert_problem(insisting.await.unwrap(), Kind::Denied, "the grant of plug-in test/calls-answers was changed");
    stage.until("its instance is gone", |stage| stage.status("calls_answers").running == 0).await;
}

#[tokio::test]
async fn a_refusal_reaches_the_guest_as_a_value_before_anything_happens() {
    let stage = Stage::new(limits());
    stage.load("calls_answers", nothing("calls_answers")).await;
    let said = stage.data("calls_answers", "preview").await;
    assert!(said.as_str().unwrap().contains("was refused"), "{said}");
    assert_eq!(stage.drawing.asked.load(std::sync::atomic::Ordering::Relaxed), 0);
    let account = stage.status("calls_answers").account;
    assert_eq!((account.denials, account.traps), (1, 0));
}

#[tokio::test]
async fn a_describer_or_a_previewer_that_fails_does_not_keep_the_next_one_from_being_asked() {
    let stage = Stage::new(limits());
    // Before all others by its id, and it fits as well.
    let failing = program("faults_describes");
    stage.runtime.load(id("aaa"), version(&failing, Gate::open())).await.unwrap();
    let address = "birds/strikes/2019.csv".parse().unwrap();
    let alone = stage.runtime.describe_object(caller(), &address, "text/csv", 1).await.unwrap();
    assert_eq!((alone.by, alone.answer.unwrap_err().kind), (vec![(id("aaa"), digest(&failing))], Kind::Internal));
    stage.load("calls_previews", Gate::open()).await;
    let told = stage.runtime.describe_object(caller(), &address, "text/csv", 1).await.unwrap();
    // What is wrong with the bytes is said rather than what went wrong with a plug-in, and both were asked.
    assert_eq!(told.answer.unwrap_err().kind, Kind::Invalid);
    assert_eq!(told.by.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [id("aaa"), id("calls_previews")]);
    let drawn = stage.runtime.preview(caller(), &address, "text/csv", 1, 0, 10).await.unwrap();
    assert_eq!(drawn.unwrap()[0].kind, "text");
}
