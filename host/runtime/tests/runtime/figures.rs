//! What a call costs, printed; the bounds are loose, because tests share the machine.

use crate::stage::{Stage, limits};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_instance_and_a_host_call_cost_little() {
    let stage = Stage::playing(limits(), "calls_answers").await;
    let mut calls = Vec::new();
    for _ in 0..500 {
        let began = Instant::now();
        stage.run("calls_answers", "count").await.unwrap();
        calls.push(began.elapsed());
    }
    let mut thousands = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        stage.run("calls_answers", "ask").await.unwrap();
        thousands.push(began.elapsed());
    }
    calls.sort();
    thousands.sort();
    let (call, thousand) = (calls[calls.len() / 2], thousands[thousands.len() / 2]);
    let host_call = thousand.saturating_sub(call) / 1000;
    println!("fresh instance + call: p50 {call:?}, p99 {:?}; host call: {host_call:?}", calls[calls.len() * 99 / 100]);
    assert!(call < Duration::from_millis(5) && host_call < Duration::from_micros(50), "{call:?} {host_call:?}");
}
