//! Slow, large and many requests; the end of the server.

use crate::running::{PATIENCE, Running, TOKEN, header, json, logged, problem, until};
use kamld_server::{Identity, Limits, Settings};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncReadExt;

async fn limited(change: impl FnOnce(&mut Limits)) -> Running {
    let mut settings = Settings::default();
    change(&mut settings.limits);
    Running::with(Identity::local(), settings).await
}

const WAIT: &str = "/api/v1/commands/wait";

#[tokio::test]
async fn too_many_requests_are_told_to_come_back_and_health_still_answers() {
    let running = limited(|limits| limits.requests = 2).await;
    let calls: Vec<_> = (0..2).map(|_| tokio::spawn(running.request(Method::POST, WAIT).send())).collect();
    until(&running.host.waiting, |counts| counts.0 == 2).await;
    let response = running.get("/api/v1/status").await;
    assert_eq!(header(&response, "retry-after"), "1");
    assert_eq!(problem(response, 503).await["kind"], "unavailable");
    assert_eq!(running.get("/healthz").await.status(), 200);
    assert_eq!(running.get("/readyz").await.status(), 200);
    assert!(running.get("/metrics").await.text().await.unwrap().contains("kamld_http_overloaded_total 1"));
    running.host.release.send_replace(true);
    for call in calls {
        assert_eq!(json(call.await.unwrap().unwrap()).await["data"], "released");
    }
    assert_eq!(running.get("/api/v1/status").await.status(), 200);
}

#[tokio::test]
async fn a_body_of_json_has_a_limit_announced_or_not() {
    let running = limited(|limits| limits.json = 1000).await;
    let large = json!({"text": "x".repeat(2000)});
    let body = problem(running.post("/api/v1/commands/echo", large.clone()).await, 413).await;
    assert!(body["detail"].as_str().unwrap().contains("1000 bytes"));
    let head = format!(
        "POST /api/v1/commands/echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n7d0\r\n{}\r\n0\r\n\r\n",
        "x".repeat(2000)
    );
    assert!(running.raw_answer(&head).await.starts_with("HTTP/1.1 413 "));
    let grant = running.request(Method::PUT, "/api/v1/plugins/acme/tools/grant").body("x".repeat(1001));
    problem(grant.send().await.unwrap(), 413).await;
    assert!(running.host.asked().is_empty());
}

#[tokio::test]
async fn bodies_together_stay_below_one_bound() {
    let running = limited(|limits| {
        limits.json = 1024;
        limits.held = 4096;
    })
    .await;
    let install = |bytes: usize| running.request(Method::POST, "/api/v1/plugins").body(vec![0; bytes]).send();
    let response = install(5000).await.unwrap();
    assert_eq!(header(&response, "retry-after"), "1");
    problem(response, 503).await;
    assert_eq!(install(4000).await.unwrap().status(), 201);
    // The share is given back.
    assert_eq!(install(4000).await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let running = Running::as_guest().await;
    let body = vec![7; 8 << 20];
    let response = running.request(Method::PUT, "/api/v1/objects/birds/strikes/a").body(body).send().await.unwrap();
    problem(response, 403).await;
}

#[tokio::test]
async fn a_client_that_is_slow_with_its_head_loses_its_connection() {
    let running = limited(|limits| limits.head_wait = Duration::from_millis(50)).await;
    let mut stream = running.raw("GET /api/v1/status HTTP/1.1\r\nHost: loc").await;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes").unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let running = limited(|limits| limits.head = 8 << 10).await;
    let text = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(16 << 10));
    let answer = running.raw_answer(&text).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_stops_arriving_ends_the_request() {
    let running = limited(|limits| limits.body_idle = Duration::from_millis(50)).await;
    let head = format!(
        "POST /api/v1/commands/echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 10\r\n\r\n{{"
    );
    let mut stream = running.raw(&head).await;
    let mut answer = vec![0; 12];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_stop_lets_running_requests_end_and_takes_no_new_ones() {
    let mut running = Running::start().await;
    let call = tokio::spawn(running.request(Method::POST, WAIT).send());
    until(&running.host.waiting, |counts| counts.0 == 1).await;
    running.stop.take().unwrap().send(()).unwrap();
    // The port is given back at once, while the request goes on.
    let port = running.port;
    tokio::time::timeout(PATIENCE, async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("no new connection is taken");
    assert!(!running.ended.is_finished());
    running.host.release.send_replace(true);
    assert_eq!(json(call.await.unwrap().unwrap()).await["data"], "released");
    tokio::time::timeout(PATIENCE, running.ended).await.expect("the server ends").unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_it_may() {
    let mut running = limited(|limits| limits.shutdown = Duration::from_millis(50)).await;
    let call = tokio::spawn(running.request(Method::POST, WAIT).send());
    until(&running.host.waiting, |counts| counts.0 == 1).await;
    running.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(PATIENCE, running.ended).await.expect("the server ends").unwrap().unwrap();
    assert!(call.await.unwrap().is_err());
    until(&running.host.waiting, |counts| *counts == (1, 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drawing_a_hostile_text_keeps_nobody_waiting_nor_the_server_from_stopping() {
    let mut running = Running::start().await;
    let hostile = json!({"text": ">".repeat(200_000)});
    let draw = |body: &serde_json::Value| {
        let request = running.request(Method::POST, "/api/v1/markdown").header("content-type", "application/json");
        request.body(body.to_string()).send()
    };
    let drawings: Vec<_> = (0..8).map(|_| tokio::spawn(draw(&hostile))).collect();
    let mut slowest = Duration::ZERO;
    while !drawings.iter().all(tokio::task::JoinHandle::is_finished) {
        let began = std::time::Instant::now();
        assert_eq!(running.get("/healthz").await.status(), 200);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(10), "the health of the process took {slowest:?} to tell");
    for drawing in drawings {
        assert_eq!(drawing.await.unwrap().unwrap().status(), 200);
    }
    // Clients that leave at once: what they asked for holds nobody up either.
    let left: Vec<_> = (0..20).map(|_| tokio::spawn(draw(&hostile))).collect();
    left.iter().for_each(tokio::task::JoinHandle::abort);
    assert_eq!(json(draw(&json!({"text": "*a*"})).await.unwrap()).await["html"], "<p><em>a</em></p>\n");
    let large = draw(&json!({"text": "a".repeat(300_000)})).await.unwrap();
    assert!(problem(large, 413).await["help"].as_str().unwrap().contains("plain text"));
    let _last: Vec<_> = (0..4).map(|_| tokio::spawn(draw(&hostile))).collect();
    running.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(PATIENCE, running.ended).await.expect("the server ends").unwrap().unwrap();
}

#[tokio::test]
async fn a_transfer_coding_that_is_not_undone_is_refused() {
    let running = Running::start().await;
    let head = |coding: &str| {
        format!(
            "PUT /api/v1/objects/birds/strikes/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\
             {coding}\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )
    };
    for coding in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: GZIP,chunked",
        "Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: x-odd, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: identity, chunked",
    ] {
        let answer = running.raw_answer(&head(coding)).await;
        assert!(answer.starts_with("HTTP/1.1 501 ") || answer.starts_with("HTTP/1.1 400 "), "{coding}: {answer}");
    }
    let gzip = running.raw_answer(&head("Transfer-Encoding: gzip, chunked")).await;
    assert!(gzip.starts_with("HTTP/1.1 501 ") && gzip.contains("application/problem+json"), "{gzip}");
    assert!(running.host.asked().is_empty(), "{:?}", running.host.asked());
    let plain = running.raw_answer(&head("Transfer-Encoding: Chunked")).await;
    assert!(plain.starts_with("HTTP/1.1 20"), "{plain}");
}

#[tokio::test]
async fn requests_that_are_turned_away_fill_no_log() {
    let running = limited(|limits| limits.requests = 1).await;
    let call = tokio::spawn(running.request(Method::POST, WAIT).send());
    until(&running.host.waiting, |counts| counts.0 == 1).await;
    let began = std::time::Instant::now();
    for _ in 0..100 {
        problem(running.get("/api/v1/status").await, 503).await;
    }
    let most = 2 + began.elapsed().as_secs() as usize;
    // Another test of this program is turned away too, once.
    let lines: Vec<String> =
        logged().lines().filter(|line| line.contains("as many requests as it may")).map(str::to_owned).collect();
    assert!((1..=most + 1).contains(&lines.len()), "{} lines", lines.len());
    assert!(lines.iter().all(|line| !line.contains("ERROR")), "{lines:?}");
    running.host.release.send_replace(true);
    call.await.unwrap().unwrap();
}
