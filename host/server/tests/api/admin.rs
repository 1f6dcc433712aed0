//! Results, plug-ins, audit and maintenance.

use crate::running::{Running, breaks_off, header, json, problem};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn rows_are_streamed_in_the_format_that_was_asked_for() {
    let running = Running::start().await;
    let response = running.get("/api/v1/results/rows?format=csv").await;
    assert_eq!(
        (header(&response, "content-type").as_str(), header(&response, "cache-control").as_str()),
        ("text/csv", "no-store")
    );
    assert_eq!(response.text().await.unwrap(), "a,b\n1,2\n");
    assert_eq!(running.get("/api/v1/results/none").await.text().await.unwrap(), "");
    assert_eq!(running.host.asked(), ["result rows Csv me", "result none Json me"]);
    problem(running.get("/api/v1/results/rows?format=xls").await, 400).await;
    problem(running.get("/api/v1/results/other").await, 404).await;
}

#[tokio::test]
async fn windows_of_rows_are_kept_by_a_browser_only_when_they_stay_as_they_are() {
    let running = Running::start().await;
    let response = running.get("/api/v1/results/rows/rows?start=0&count=2").await;
    assert_eq!(header(&response, "cache-control"), "private, max-age=900, immutable");
    let tag = header(&response, "etag");
    let body = json(response).await;
    assert_eq!((body["rows"].clone(), body["total"].clone()), (json!([[1], [2]]), json!(2)));
    let again = running.request(Method::GET, "/api/v1/results/rows/rows").header("if-none-match", tag);
    assert_eq!(again.send().await.unwrap().status(), 304);
    problem(running.get("/api/v1/results/other/rows").await, 404).await;
    problem(running.get("/api/v1/results/rows/rows?count=201").await, 400).await;
    let response = running.get("/api/v1/tables/birds/strikes@v1/a.csv?sort=-a&sort=b&filter=gull").await;
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(json(response).await["complete"], false);
    let asked = running.host.asked();
    assert_eq!(asked.last().unwrap(), "table birds/strikes@v1/a.csv [\"-a\", \"b\"] gull");
}

#[tokio::test]
async fn a_query_that_fails_before_its_first_row_is_a_problem_and_later_a_cut() {
    let running = Running::start().await;
    let body = problem(running.get("/api/v1/results/late").await, 413).await;
    assert!(body["detail"].as_str().unwrap().contains("memory"));
    assert!(breaks_off(running.request(Method::GET, "/api/v1/results/cut")).await);
}

#[tokio::test]
async fn a_result_can_be_cancelled() {
    let running = Running::start().await;
    assert_eq!(running.request(Method::DELETE, "/api/v1/results/rows").send().await.unwrap().status(), 204);
    assert_eq!(running.host.asked(), ["cancel rows"]);
}

#[tokio::test]
async fn plugins_are_listed_shown_and_accounted_for() {
    let running = Running::start().await;
    assert_eq!(json(running.get("/api/v1/plugins").await).await["plugins"][0]["id"], "acme/tools");
    assert_eq!(json(running.get("/api/v1/plugins/acme/tools").await).await["id"], "acme/tools");
    assert_eq!(json(running.get("/api/v1/plugins/ledger").await).await["plugins"][0]["cpu_ms"], 3);
    problem(running.get("/api/v1/plugins/acme/other").await, 404).await;
    problem(running.get("/api/v1/plugins/ACME/x").await, 400).await;
}

#[tokio::test]
async fn every_change_to_a_plugin_names_who_did_it() {
    let running = Running::start().await;
    let send = async |method: Method, path: &str, body: &'static str| {
        running.request(method, path).body(body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(send(Method::POST, "/api/v1/plugins?grant=needs", "component").await, 201);
    assert_eq!(send(Method::POST, "/api/v1/plugins", "component").await, 201);
    let (digest, path) = ("ab".repeat(32), "/api/v1/plugins?replaces=");
    assert_eq!(send(Method::POST, &format!("{path}{digest}"), "component").await, 201);
    assert_eq!(send(Method::POST, &format!("{path}nonsense"), "component").await, 400);
    assert_eq!(send(Method::POST, "/api/v1/plugins?grant=needs&dry_run=true", "component").await, 200);
    assert_eq!(send(Method::POST, "/api/v1/plugins?grant=all", "component").await, 400);
    assert_eq!(send(Method::POST, "/api/v1/plugins", "").await, 400);
    assert_eq!(send(Method::POST, "/api/v1/plugins/acme/tools/disable", "").await, 204);
    assert_eq!(send(Method::POST, "/api/v1/plugins/acme/tools/enable", "").await, 204);
    assert_eq!(send(Method::PUT, "/api/v1/plugins/acme/tools/grant", "a = 1").await, 204);
    assert_eq!(send(Method::PUT, "/api/v1/plugins/acme/tools/grant?from=needs", "").await, 204);
    assert_eq!(send(Method::PUT, "/api/v1/plugins/acme/tools/grant?from=all", "").await, 400);
    assert_eq!(send(Method::POST, "/api/v1/plugins/acme/tools/rollback", "").await, 200);
    assert_eq!(send(Method::DELETE, "/api/v1/plugins/acme/tools", "").await, 204);
    assert_eq!(
        running.host.asked(),
        [
            "install 9 true me",
            "install 9 false me",
            "install 9 false replacing abababababab me",
            "plan 9",
            "disable acme/tools me",
            "enable acme/tools me",
            "set-grant acme/tools \"a = 1\" me",
            "grant-needs acme/tools me",
            "rollback acme/tools me",
            "remove acme/tools me",
        ]
    );
    let grant = running.get("/api/v1/plugins/acme/tools/grant").await;
    assert_eq!(header(&grant, "content-type"), "application/toml");
    assert_eq!(grant.text().await.unwrap(), "# grant of acme/tools\n");
}

#[tokio::test]
async fn the_audit_log_is_paged_and_verified() {
    let running = Running::start().await;
    assert_eq!(json(running.get("/api/v1/audit?after=41&limit=10").await).await["entries"][0]["number"], 42);
    assert_eq!(json(running.get("/api/v1/audit/verify").await).await["entries"], 1);
    assert_eq!(json(running.get("/api/v1/audit/verify?all=true").await).await["entries"], 1);
    assert_eq!(running.host.asked(), ["audit 41 10", "verify false", "verify true"]);
    problem(running.get("/api/v1/audit?limit=0").await, 400).await;
    problem(running.get("/api/v1/audit?after=-1").await, 400).await;
}

#[tokio::test]
async fn long_work_tells_its_progress_and_its_failure_line_by_line() {
    let running = Running::start().await;
    let lines = async |path: &str| -> Vec<Value> {
        let response = running.request(Method::POST, path).send().await.unwrap();
        assert_eq!(header(&response, "content-type"), "application/jsonl");
        response.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(lines("/api/v1/storage/check").await, [json!({"checked": 1}), json!({"checked": 2, "wrong": 0})]);
    assert_eq!(lines("/api/v1/storage/check?repair=true").await, [json!({"repaired": 1})]);
    problem(running.request(Method::POST, "/api/v1/storage/check?repiar=true").send().await.unwrap(), 400).await;
    let lines = lines("/api/v1/index/rebuild").await;
    assert_eq!(lines[1]["problem"]["detail"], "the index is locked");
    assert_eq!(lines[1]["problem"]["trace"].as_str().unwrap().len(), 32);
}
