//! Commands: checked, run, traced, cancelled.

use crate::running::{PATIENCE, Running, TOKEN, header, json, problem, until};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn commands_are_listed_with_their_plugin_and_generation() {
    let running = Running::start().await;
    let list = json(running.get("/api/v1/commands").await).await;
    assert_eq!(list["generation"], 7);
    assert_eq!(
        (&list["commands"][1]["plugin"], &list["commands"][1]["name"]),
        (&json!("acme/tools"), &json!(["tag", "add"]))
    );
}

#[tokio::test]
async fn arguments_are_checked_against_the_declaration_before_the_plugin_runs() {
    let running = Running::start().await;
    for (body, why) in [
        (json!({}), "'text' is missing"),
        (json!({"text": 3}), "'text' must be a text"),
        (json!({"text": "a", "colour": "red"}), "no argument 'colour'"),
        (json!([1]), "not an object"),
    ] {
        let refused = problem(running.post("/api/v1/commands/echo", body).await, 400).await;
        assert!(refused["detail"].as_str().unwrap().contains(why), "{refused}");
    }
    let cut = running.request(Method::POST, "/api/v1/commands/echo").body("{\"text\":\n oops").send().await.unwrap();
    assert_eq!(problem(cut, 400).await["at"], json!({"line": 2, "column": 2}));
    assert!(running.host.asked().is_empty());

    let answer = json(running.post("/api/v1/commands/echo", json!({"text": "a", "tag": "raw"})).await).await;
    assert_eq!(answer, json!({"data": {"text": "a", "tag": ["raw"]}, "view": []}));
}

#[tokio::test]
async fn a_command_of_several_words_needs_no_body_when_it_needs_no_arguments() {
    let running = Running::start().await;
    let response = running.request(Method::POST, "/api/v1/commands/tag/list").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(running.host.asked(), ["run tag list"]);
}

#[tokio::test]
async fn an_unknown_command_names_its_neighbours() {
    let running = Running::start().await;
    let body = problem(running.post("/api/v1/commands/tag/ad", json!({})).await, 404).await;
    assert_eq!(body["help"], "there are: tag add, tag remove, tag list");
    let body = problem(running.post("/api/v1/commands/nothing", json!({})).await, 404).await;
    assert!(body["help"].as_str().unwrap().contains("/api/v1/commands"));
}

#[tokio::test]
async fn a_command_that_is_withheld_says_why_and_one_that_is_there_is_told() {
    let running = Running::start().await;
    for answer in [
        running.post("/api/v1/commands/withheld/now", json!({})).await,
        running.get("/api/v1/commands/withheld/now").await,
    ] {
        assert_eq!(problem(answer, 403).await["detail"], "plug-in acme/new waits for a grant");
    }
    assert_eq!(json(running.get("/api/v1/commands/tag/add").await).await["plugin"], "acme/tools");
    problem(running.get("/api/v1/commands/tag/none").await, 404).await;
    assert_eq!(running.host.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_problem_of_a_plugin_keeps_its_place_and_help() {
    let running = Running::start().await;
    let body = problem(running.post("/api/v1/commands/fail", json!({})).await, 400).await;
    assert_eq!(body["at"], json!({"line": 3, "column": 14}));
    assert_eq!(body["help"], "did you mean 'strikes'");
    assert_eq!(body["kind"], "invalid");
}

#[tokio::test]
async fn a_trace_goes_in_and_comes_out() {
    let running = Running::start().await;
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let response = running
        .request(Method::POST, "/api/v1/commands/tag/list")
        .header("traceparent", format!("00-{id}-00f067aa0ba902b7-01"))
        .header("accept-language", "cs-CZ,cs;q=0.9")
        .header("kamld-deadline", "5000")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&response, "kamld-trace"), id);
    let caller = running.host.callers.lock()[0].clone();
    assert_eq!((caller.trace.id.as_str(), caller.trace.parent.as_deref()), (id, Some("00f067aa0ba902b7")));
    assert_eq!((caller.person.id.as_str(), caller.locale.as_deref()), ("me", Some("cs-CZ")));
    assert!(caller.deadline.is_some() && !caller.cancelled.is_cancelled());
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_command() {
    let running = Running::start().await;
    let head = format!(
        "POST /api/v1/commands/wait HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\r\n"
    );
    let stream = running.raw(&head).await;
    until(&running.host.waiting, |counts| *counts == (1, 0)).await;
    let cancelled = running.host.callers.lock()[0].cancelled.clone();
    drop(stream);
    until(&running.host.waiting, |counts| *counts == (1, 1)).await;
    tokio::time::timeout(PATIENCE, cancelled.cancelled()).await.expect("the call is told");
}

#[tokio::test]
async fn a_deadline_ends_the_wait() {
    let running = Running::start().await;
    let request = running.request(Method::POST, "/api/v1/commands/wait").header("kamld-deadline", "20");
    let body = problem(request.send().await.unwrap(), 504).await;
    assert_eq!(body["kind"], "cancelled");
    until(&running.host.waiting, |counts| *counts == (1, 1)).await;
    for wrong in ["0", "soon", "-1", "86400001"] {
        let request = running.request(Method::POST, "/api/v1/commands/wait").header("kamld-deadline", wrong);
        problem(request.send().await.unwrap(), 400).await;
    }
}

#[tokio::test]
async fn a_handler_that_panics_costs_one_request() {
    let running = Running::start().await;
    let body = problem(running.post("/api/v1/commands/panic", json!({})).await, 500).await;
    assert_eq!(body["kind"], "internal");
    assert!(!body.to_string().contains("on purpose"));
    assert_eq!(running.get("/api/v1/status").await.status(), 200);
}
