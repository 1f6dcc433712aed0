//! Each limit of a call bites, says which one it is, and leaves the rest of the host as it was.

use crate::stage::{Stage, assert_problem, caller, id, limits};
use kamld_policy::Gate;
use kamld_runtime::Limits;
use kamld_types::Kind;
use serde_json::Map;
use std::time::{Duration, Instant};

pub const PROGRAMS: &[&str] = &[
    "limits_spins",
    "limits_allocates",
    "limits_recurses",
    "limits_floods_the_log",
    "limits_leaks_handles",
    "limits_hands_over_too_much",
    "limits_asks_for_4_gb",
    "limits_waits_forever",
    "limits_reaches_outside",
];

#[tokio::test]
async fn a_guest_that_spins_uses_up_its_processor_time() {
    let stage = Stage::playing(Limits { command_cpu_ms: 100, ..limits() }, "limits_spins").await;
    assert_problem(stage.run("limits_spins", "spin").await, Kind::Limit, "more than 100 ms of processor time");
    let account = stage.status("limits_spins").account;
    assert!((100_000_000..1_000_000_000).contains(&account.cpu_ns), "{account:?}");
    // That it was asked for its commands at load is not on its account.
    assert_eq!((account.calls, account.traps), (1, 1));
}

#[tokio::test]
async fn the_host_answers_while_every_guest_thread_spins() {
    let stage = Stage::playing(Limits { command_cpu_ms: 600_000, ..limits() }, "limits_spins").await;
    stage.load("calls_answers", Gate::open()).await;
    let spinning: Vec<_> = (0..6).map(|_| stage.start("limits_spins", "spin")).collect();
    stage.until("six guests spin", |stage| stage.status("limits_spins").running == 6).await;
    assert_eq!(stage.data("calls_answers", "count").await, 1);
    assert!(spinning.iter().all(|call| !call.is_finished()));
    assert_eq!(stage.runtime.late_ticks(), 0);
    // Nobody waits for them any more, so they end.
    spinning.iter().for_each(tokio::task::JoinHandle::abort);
    stage.until("no guest spins", |stage| stage.status("limits_spins").running == 0).await;
    assert_eq!(stage.status("limits_spins").account.cancelled, 6);
}

#[tokio::test]
async fn a_guest_that_takes_memory_without_end_is_stopped_at_its_cap() {
    let stage = Stage::playing(Limits { memory_mib: 64, ..limits() }, "limits_allocates").await;
    assert_problem(stage.run("limits_allocates", "allocate").await, Kind::Limit, "more than 64 MiB of memory");
    let peak = stage.status("limits_allocates").account.peak_memory;
    assert!((32 << 20..=64 << 20).contains(&peak), "{peak}");
}

#[tokio::test]
async fn a_guest_that_recurses_without_end_is_stopped_by_its_stack() {
    let stage = Stage::playing(limits(), "limits_recurses").await;
    let result = stage.run("limits_recurses", "recurse").await;
    // Whichever ends first: the stack that the engine gives, or the one inside the guest's own memory.
    let problem = result.unwrap_err();
    assert!(matches!(problem.kind, Kind::Limit | Kind::Internal), "{problem:?}");
    assert!(problem.message.contains("stack") || problem.message.contains("outside its memory"), "{problem:?}");
}

#[tokio::test]
async fn a_log_that_is_flooded_drops_lines_and_counts_them() {
    let stage = Stage::playing(limits(), "limits_floods_the_log").await;
    assert_eq!(stage.data("limits_floods_the_log", "flood").await, 100_000);
    let account = stage.status("limits_floods_the_log").account;
    let kept = 100_000 - account.log_dropped;
    let most = 200 + 200 * (account.wall_ns / 1_000_000_000 + 1);
    assert!((200..=most).contains(&kept), "{kept} of 100,000 lines kept, {most} allowed");
}

#[tokio::test]
async fn a_guest_that_leaks_handles_is_stopped_at_their_number() {
    let stage = Stage::playing(limits(), "limits_leaks_handles").await;
    assert_problem(stage.run("limits_leaks_handles", "leak").await, Kind::Limit, "more than 4096 open handles");
    // What it left behind is cleaned up: no task is running any more.
    stage.until("no task runs", |stage| stage.runtime.tasks().list().iter().all(|task| task.ended.is_some())).await;
}

#[tokio::test]
async fn a_guest_that_hands_over_too_much_at_once_is_stopped() {
    let stage = Stage::playing(limits(), "limits_hands_over_too_much").await;
    assert_problem(stage.run("limits_hands_over_too_much", "hand-over").await, Kind::Limit, "limits.host_call_mib");
}

#[tokio::test]
async fn a_guest_that_asks_for_4_gb_at_once_gets_nothing() {
    let stage = Stage::playing(limits(), "limits_asks_for_4_gb").await;
    assert_problem(stage.run("limits_asks_for_4_gb", "ask").await, Kind::Limit, "limits.random_kib");
}

#[tokio::test]
async fn no_door_out_of_the_sandbox_opens() {
    let stage = Stage::playing(limits(), "limits_reaches_outside").await;
    assert_eq!(stage.data("limits_reaches_outside", "reach").await, serde_json::json!([]));
}

#[tokio::test]
async fn a_guest_that_waits_forever_is_ended_by_the_clock() {
    let stage = Stage::playing(Limits { command_wall_ms: 150, ..limits() }, "limits_waits_forever").await;
    assert_problem(stage.run("limits_waits_forever", "wait").await, Kind::Limit, "took longer than 150 ms");
    stage.until("its instance is gone", |stage| stage.status("limits_waits_forever").running == 0).await;
    assert_eq!(stage.status("limits_waits_forever").account.timeouts, 1);
}

#[tokio::test]
async fn the_deadline_of_the_caller_counts_when_it_is_earlier() {
    let stage = Stage::playing(limits(), "limits_waits_forever").await;
    let soon = Instant::now() + Duration::from_millis(50);
    let caller = kamld_runtime::Caller { deadline: Some(soon), ..caller() };
    let words = ["program".to_owned(), "wait".to_owned()];
    let ended = stage.runtime.run_command(&id("limits_waits_forever"), caller, &words, Map::new()).await;
    assert_problem(ended, Kind::Limit, "and was stopped");
}

#[tokio::test]
async fn calls_above_the_number_of_turns_wait_and_above_the_queue_are_refused() {
    let few = Limits { concurrent_calls: 2, queued_calls: 1, command_wall_ms: 2000, ..limits() };
    let stage = Stage::playing(few, "limits_waits_forever").await;
    let waiting: Vec<_> = (0..2).map(|_| stage.start("limits_waits_forever", "wait")).collect();
    stage.until("two run", |stage| stage.status("limits_waits_forever").running == 2).await;
    let queued = stage.start("limits_waits_forever", "wait");
    stage.until("one waits", |stage| stage.status("limits_waits_forever").queued == 1).await;
    assert_problem(stage.run("limits_waits_forever", "wait").await, Kind::Limit, "2 calls running and 1 waiting");
    for call in waiting {
        assert_problem(call.await.unwrap(), Kind::Limit, "took longer");
    }
    assert_problem(queued.await.unwrap(), Kind::Limit, "limits");
}

#[tokio::test]
async fn the_self_test_finds_that_every_limit_bites() {
    let stage = Stage::new(limits());
    let began = Instant::now();
    let reports = stage.runtime.self_test().await.unwrap();
    assert!(reports.len() >= 6 && reports.iter().all(|report| report.ok), "{reports:#?}");
    let warm = Instant::now();
    stage.runtime.self_test().await.unwrap();
    println!("self-test: {:?} with compilation, {:?} without", warm.duration_since(began), warm.elapsed());
}

#[tokio::test]
async fn without_a_pool_the_limits_are_the_same() {
    // More slots than any address space has room for.
    let stage = Stage::new(Limits { instances: 2_000_000, ..limits() });
    assert_eq!(stage.runtime.pool(), None);
    let reports = stage.runtime.self_test().await.unwrap();
    assert!(reports.iter().all(|report| report.ok), "{reports:#?}");
}
