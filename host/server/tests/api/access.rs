//! Who gets in, under which name, from which page.

use crate::running::{Running, TOKEN, header, json, problem};
use reqwest::Method;
use serde_json::json;

/// One address of every kind that needs a token.
const LOCKED: &[(&str, &str)] = &[
    ("GET", "/metrics"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/commands"),
    ("POST", "/api/v1/commands/echo"),
    ("GET", "/api/v1/objects/birds/strikes/a.csv"),
    ("HEAD", "/api/v1/objects/birds/strikes/a.csv"),
    ("PUT", "/api/v1/objects/birds/strikes/a.csv"),
    ("GET", "/api/v1/listing/birds/strikes"),
    ("POST", "/api/v1/batches/birds/strikes"),
    ("OPTIONS", "/api/v1/uploads"),
    ("POST", "/api/v1/uploads"),
    ("PATCH", "/api/v1/uploads/u0"),
    ("GET", "/api/v1/results/rows"),
    ("GET", "/api/v1/results/rows/rows"),
    ("GET", "/api/v1/tables/birds/strikes/a.csv"),
    ("GET", "/api/v1/plugins"),
    ("DELETE", "/api/v1/plugins/acme/tools"),
    ("PUT", "/api/v1/plugins/acme/tools/grant"),
    ("GET", "/api/v1/audit"),
    ("POST", "/api/v1/storage/check"),
    ("POST", "/api/v1/index/rebuild"),
    ("GET", "/api/no/such/address"),
    ("GET", "/api/v1/page"),
    ("GET", "/api/v1/palette"),
    ("POST", "/api/v1/markdown"),
];

#[tokio::test]
async fn without_a_token_only_the_health_of_the_process_is_told() {
    let running = Running::start().await;
    for (method, path) in LOCKED {
        let method: Method = method.parse().unwrap();
        let response = running.bare(method.clone(), path).send().await.unwrap();
        assert_eq!(response.status(), 401, "{method} {path}");
        assert_eq!(header(&response, "www-authenticate"), "Bearer realm=\"kamld\"");
        if method != Method::HEAD {
            let body = problem(response, 401).await;
            assert!(body["help"].as_str().unwrap().contains("kamld up"));
        }
    }
    assert!(running.host.asked().is_empty(), "{:?}", running.host.asked());
    for path in ["/healthz", "/readyz"] {
        assert_eq!(running.bare(Method::GET, path).send().await.unwrap().status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_not_rescued_by_a_session() {
    let running = Running::start().await;
    let cookie = running.session().await;
    for authorization in ["Bearer wrong", "Bearer ", "Basic bWU6bWU=", TOKEN] {
        let request = running.bare(Method::GET, "/api/v1/status").header("authorization", authorization);
        problem(request.header("cookie", &cookie).send().await.unwrap(), 401).await;
    }
    assert_eq!(running.get("/api/v1/status").await.status(), 200);
}

#[tokio::test]
async fn a_link_with_the_token_opens_a_session_and_leaves_no_token_behind() {
    let running = Running::start().await;
    let response = running.bare(Method::GET, &format!("/?token={TOKEN}")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "location").as_str()), (303, "/"));
    let cookie = header(&response, "set-cookie");
    assert!(cookie.starts_with(&format!("kamld-session-{}=", running.port)), "{cookie}");
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains(TOKEN));

    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = running.bare(Method::GET, "/").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = header(&page, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"), "{policy}");
    let text = page.text().await.unwrap();
    assert!(text.contains("no web page") && text.contains("kamld put") && !text.contains("<script"));
    let status = running.bare(Method::GET, "/api/v1/status").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(json(status).await["person"]["id"], "me");
}

#[tokio::test]
async fn a_wrong_link_gets_a_page_that_says_what_to_do_and_no_session() {
    let running = Running::start().await;
    for path in ["/", "/?token=", "/?token=wrong", "/?other=1"] {
        let response = running.bare(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
        assert_eq!(header(&response, "set-cookie"), "");
        assert!(header(&response, "content-type").starts_with("text/html"));
        assert!(response.text().await.unwrap().contains("kamld up"));
    }
}

#[tokio::test]
async fn a_session_changes_nothing_unless_the_page_is_ours() {
    let running = Running::start().await;
    let cookie = running.session().await;
    let ours = running.url("");
    let post = |name: &'static str, value: String| {
        let request = running.bare(Method::POST, "/api/v1/commands/tag/list").header("cookie", &cookie);
        async move { if name.is_empty() { request } else { request.header(name, value) }.send().await.unwrap() }
    };
    problem(post("", String::new()).await, 403).await;
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "file://", &format!("{ours}.evil.example")] {
        let body = problem(post("origin", origin.to_owned()).await, 403).await;
        assert!(body["detail"].as_str().unwrap().contains("another page"), "{origin}");
    }
    problem(post("sec-fetch-site", "cross-site".into()).await, 403).await;
    problem(post("sec-fetch-site", "same-site".into()).await, 403).await;
    assert!(running.host.asked().is_empty());
    assert_eq!(post("origin", ours).await.status(), 200);
    assert_eq!(post("sec-fetch-site", "same-origin".into()).await.status(), 200);
}

#[tokio::test]
async fn a_page_on_another_port_reads_nothing_with_a_session() {
    let running = Running::start().await;
    let cookie = running.session().await;
    for (site, status) in [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)] {
        let request = running.bare(Method::GET, "/api/v1/status").header("cookie", &cookie);
        assert_eq!(request.header("sec-fetch-site", site).send().await.unwrap().status(), status, "{site}");
    }
}

#[tokio::test]
async fn a_name_that_was_bent_to_this_address_gets_nothing() {
    let running = Running::start().await;
    for host in ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1@evil.example", "0.0.0.0"] {
        for path in ["/", "/api/v1/status", "/?token=x", "/none"] {
            let text = format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
            );
            let answer = running.raw_answer(&text).await;
            assert!(
                answer.starts_with("HTTP/1.1 421 ") || answer.starts_with("HTTP/1.1 400 "),
                "{host} {path}: {answer}"
            );
        }
    }
    for host in [format!("localhost:{}", running.port), "[::1]".into(), "127.0.0.1".into()] {
        let text = format!(
            "GET /api/v1/status HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        );
        assert!(running.raw_answer(&text).await.starts_with("HTTP/1.1 200 "), "{host}");
    }
}

#[tokio::test]
async fn two_hosts_or_a_foreign_request_line_are_refused() {
    let running = Running::start().await;
    for head in [
        "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example",
        "GET /api/v1/status HTTP/1.0\r\nAccept: */*",
        "GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: localhost",
    ] {
        let answer =
            running.raw_answer(&format!("{head}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4"), "{answer}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_a_browser() {
    let running = Running::start().await;
    running.host.keep("birds/strikes", "a.csv", None, b"x");
    for path in
        ["/", "/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/objects/birds/strikes/a.csv", "/none"]
    {
        let response = running.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(&response, name), value, "{path}");
        }
        assert!(header(&response, "content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(header(&response, "access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn rights_in_the_project_are_asked_before_anything_else() {
    let running = Running::as_guest().await;
    running.host.keep("birds/strikes", "a.csv", None, b"x");
    running.host.keep("fish/catch", "a.csv", None, b"x");
    running.host.keep("secret/plans", "a.csv", None, b"x");
    let send = async |method: &str, path: &str| {
        let request = running.request(method.parse().unwrap(), path).header("tus-resumable", "1.0.0");
        request.header("content-type", "application/x-tar").body(Vec::new()).send().await.unwrap()
    };
    for (method, path) in [
        ("PUT", "/api/v1/objects/birds/strikes/a.csv"),
        ("POST", "/api/v1/batches/birds/strikes"),
        ("GET", "/api/v1/objects/secret/plans/a.csv"),
        ("GET", "/api/v1/listing/secret/plans"),
        ("GET", "/api/v1/tables/secret/plans/a.csv"),
        ("PUT", "/api/v1/objects/secret/plans/a.csv"),
    ] {
        let body = problem(send(method, path).await, 403).await;
        assert_eq!(body["kind"], "denied");
        assert!(body["help"].as_str().unwrap().contains("owner"), "{method} {path}: {body}");
    }
    assert!(running.host.asked().is_empty(), "{:?}", running.host.asked());
    assert_eq!(send("GET", "/api/v1/objects/birds/strikes/a.csv").await.status(), 200);
    assert_eq!(send("PUT", "/api/v1/objects/fish/catch/b.csv").await.status(), 200);
}

#[tokio::test]
async fn a_project_that_is_not_theirs_cannot_be_named_for_a_command() {
    let running = Running::as_guest().await;
    let call = async |project: &str| {
        let request = running.request(Method::POST, "/api/v1/commands/tag/list").header("kamld-project", project);
        request.send().await.unwrap()
    };
    problem(call("secret").await, 403).await;
    problem(call("no such name").await, 400).await;
    assert!(running.host.asked().is_empty());
    assert_eq!(call("birds").await.status(), 200);
    assert_eq!(running.host.callers.lock()[0].project.as_ref().unwrap().as_str(), "birds");
}

#[tokio::test]
async fn what_concerns_the_host_is_for_admins() {
    let running = Running::as_guest().await;
    for (method, path) in [
        ("GET", "/api/v1/plugins"),
        ("POST", "/api/v1/plugins"),
        ("GET", "/api/v1/plugins/ledger"),
        ("GET", "/api/v1/plugins/acme/tools"),
        ("DELETE", "/api/v1/plugins/acme/tools"),
        ("POST", "/api/v1/plugins/acme/tools/enable"),
        ("POST", "/api/v1/plugins/acme/tools/disable"),
        ("POST", "/api/v1/plugins/acme/tools/rollback"),
        ("GET", "/api/v1/plugins/acme/tools/grant"),
        ("PUT", "/api/v1/plugins/acme/tools/grant"),
        ("GET", "/api/v1/audit"),
        ("GET", "/api/v1/audit/verify"),
        ("POST", "/api/v1/storage/check"),
        ("POST", "/api/v1/index/rebuild"),
    ] {
        let response = running.request(method.parse().unwrap(), path).send().await.unwrap();
        let body = problem(response, 403).await;
        assert!(body["detail"].as_str().unwrap().contains("not an admin"), "{method} {path}");
    }
    assert!(running.host.asked().is_empty(), "{:?}", running.host.asked());
}

#[tokio::test]
async fn strangers_learn_whether_the_server_is_ready_and_nothing_else() {
    let running = Running::start().await;
    running.host.unwell.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(running.bare(Method::GET, "/healthz").send().await.unwrap().status(), 503);
    let response = running.bare(Method::GET, "/readyz").send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(json(response).await, json!({"ready": false}));
    let wrong = running.bare(Method::GET, "/readyz").bearer_auth("wrong").send().await.unwrap();
    assert_eq!(json(wrong).await, json!({"ready": false}));
    let session = running.session().await;
    let by_session = running.bare(Method::GET, "/readyz").header("cookie", session).send().await.unwrap();
    assert_eq!(json(by_session).await["parts"][0]["part"], "storage");
    let told = json(running.get("/readyz").await).await;
    assert_eq!(told["parts"][0]["note"], "a private note");
}
