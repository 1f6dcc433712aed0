//! OpenAPI, metrics, status, and what logs must not hold.

use crate::running::{Running, TOKEN, json, logged};
use kamld_server::openapi;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.push(reference.clone());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn operations(description: &Value) -> Vec<(String, String, Value)> {
    let paths = description["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().unwrap();
            item.iter().map(|(method, operation)| (path.clone(), method.clone(), operation.clone())).collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test]
async fn the_description_is_well_formed() {
    let running = Running::start().await;
    let description = json(running.get("/api/v1/openapi.json").await).await;
    assert_eq!(description["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&description, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let tags: BTreeSet<&str> =
        description["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&description) {
        let at = format!("{method} {path}");
        assert!(["get", "head", "put", "post", "patch", "delete", "options"].contains(&method.as_str()), "{at}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at}: id used twice");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{at}");
        assert!(operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(tag.as_str().unwrap())), "{at}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("default") && responses.keys().any(|key| key.starts_with('2')), "{at}");
        let declared: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| {
                assert_eq!(parameter["required"], true, "{at}");
                parameter["name"].as_str().unwrap()
            })
            .collect();
        let written: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(declared, written, "{at}");
    }
}

#[tokio::test]
async fn every_described_operation_has_a_handler_behind_it() {
    let running = Running::start().await;
    for (path, method, _) in operations(&openapi(&[])) {
        let address = path
            .replace("{address}", "birds/strikes/a")
            .replace("{space}", "acme")
            .replace("{name}", "tools")
            .replace("{id}", "u9");
        let method: Method = method.to_uppercase().parse().unwrap();
        let response = running.request(method.clone(), &address).send().await.unwrap();
        assert_ne!(response.status(), 405, "{method} {path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("there is nothing at this address"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_declared_command_is_an_operation_with_its_arguments() {
    let running = Running::start().await;
    let description = json(running.get("/api/v1/openapi.json").await).await;
    let echo = &description["paths"]["/api/v1/commands/echo"]["post"];
    assert_eq!(echo["operationId"], "command.echo");
    let schema = &echo["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], serde_json::json!(["text"]));
    assert_eq!(schema["properties"]["text"]["type"], "string");
    assert_eq!(schema["properties"]["tag"]["anyOf"][1]["type"], "array");
    assert_eq!(description["paths"]["/api/v1/commands/tag/add"]["post"]["x-kamld-effect"], "write");
}

#[tokio::test]
async fn metrics_count_by_route_and_never_by_name() {
    let running = Running::start().await;
    running.host.keep("birds/strikes", "private-name.csv", None, b"x");
    assert_eq!(running.get("/api/v1/objects/birds/strikes/private-name.csv").await.status(), 200);
    assert_eq!(running.get("/api/v1/objects/birds/strikes/none").await.status(), 404);
    assert_eq!(running.get("/api/private-name").await.status(), 404);
    let text = running.get("/metrics").await.text().await.unwrap();
    for line in [
        "kamld_http_requests_total{method=\"GET\",route=\"/api/v1/objects/{*address}\",status=\"200\"} 1",
        "kamld_http_requests_total{method=\"GET\",route=\"/api/v1/objects/{*address}\",status=\"404\"} 1",
        "kamld_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
        "kamld_http_request_seconds_bucket{method=\"GET\",route=\"/api/v1/objects/{*address}\",le=\"+Inf\"} 2",
        "kamld_http_request_seconds_count{method=\"GET\",route=\"/api/v1/objects/{*address}\"} 2",
        "kamld_plugins 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("kamld_http_requests_in_flight 1\n"), "{text}");
    assert!(!text.contains("private-name"));
}

#[tokio::test]
async fn the_status_tells_how_the_host_is() {
    let settings = kamld_server::Settings { version: "9.9.9".into(), ..Default::default() };
    let running = Running::with(kamld_server::Identity::local(), settings).await;
    let status = json(running.get("/api/v1/status").await).await;
    assert_eq!(
        (&status["version"], &status["ready"], &status["generation"]),
        (&"9.9.9".into(), &true.into(), &7.into())
    );
    assert_eq!((&status["data"], &status["parts"][0]["note"]), (&"somewhere".into(), &"a private note".into()));
}

#[tokio::test]
async fn logs_hold_no_token_no_query_and_no_bytes() {
    let running = Running::start().await;
    running.bare(Method::GET, &format!("/?token={TOKEN}")).send().await.unwrap();
    let body = "confidential-bytes";
    running.request(Method::PUT, "/api/v1/objects/birds/strikes/unlogged.csv").body(body).send().await.unwrap();
    running.get("/api/v1/listing/birds/strikes?prefix=secret-prefix").await;
    running.post("/api/v1/commands/echo", serde_json::json!({"text": "confidential-argument"})).await;
    running.post("/api/v1/commands/panic", serde_json::json!({})).await;
    // Every test of this program writes here, so this sees more than its own requests.
    let text = logged();
    let ours: String = text.lines().filter(|line| line.contains("kamld_server")).collect();
    assert!(ours.contains("route=\"/api/v1/listing/{*address}\""), "{text}");
    assert!(ours.contains("status=500") && ours.contains("plugin=\"acme/tools\""), "{text}");
    for secret in [TOKEN, "confidential", "secret-prefix", "unlogged.csv"] {
        assert!(!ours.contains(secret), "{secret} is in\n{ours}");
    }
}
