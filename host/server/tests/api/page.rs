//! The files of the page and what stands around them.

use crate::running::{Running, TOKEN, header, json, problem};
use reqwest::Method;
use serde_json::json;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn every_address_of_the_page_is_the_page_under_a_strict_policy() {
    let running = Running::start().await;
    running.host.with_page.store(true, Ordering::Release);
    let cookie = running.session().await;
    for path in ["/", "/data/birds", "/data/birds/strikes/2019.csv?tab=preview", "/find?q=wind"] {
        let page = running.bare(Method::GET, path).header("cookie", &cookie).send().await.unwrap();
        assert_eq!((page.status().as_u16(), header(&page, "content-type").as_str()), (200, "text/html; charset=utf-8"));
        let policy = header(&page, "content-security-policy");
        for words in
            ["default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(words), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(
            (header(&page, "cache-control").as_str(), page.text().await.unwrap().as_str()),
            ("no-cache", "plain")
        );
    }
}

#[tokio::test]
async fn a_script_is_packed_for_who_can_unpack_it_and_kept_for_good() {
    let running = Running::start().await;
    running.host.with_page.store(true, Ordering::Release);
    let ask =
        |packs: &'static str| running.request(Method::GET, "/main-ABC.js").header("accept-encoding", packs).send();
    let script = ask("br, gzip").await.unwrap();
    assert!(header(&script, "cache-control").contains("immutable"));
    assert_eq!(header(&script, "content-encoding"), "gzip");
    let script = ask("identity").await.unwrap();
    assert_eq!((header(&script, "content-encoding").as_str(), script.text().await.unwrap().as_str()), ("", "plain"));
}

#[tokio::test]
async fn without_a_session_there_is_neither_page_nor_script() {
    let running = Running::start().await;
    running.host.with_page.store(true, Ordering::Release);
    for path in ["/", "/data/birds", "/main-ABC.js"] {
        let page = running.bare(Method::GET, path).send().await.unwrap();
        assert_eq!(page.status(), 401, "{path}");
        assert!(page.text().await.unwrap().contains("kamld up"));
    }
}

#[tokio::test]
async fn a_link_with_the_token_leads_to_its_place_and_never_to_another_server() {
    let running = Running::start().await;
    for (path, place) in [("/data/birds", "/data/birds"), ("//evil.example/x", "/evil.example/x")] {
        let response = running.bare(Method::GET, &format!("{path}?token={TOKEN}")).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "location").as_str()), (303, place));
    }
}

#[tokio::test]
async fn markdown_is_drawn_for_who_may_see_its_project() {
    let running = Running::as_guest().await;
    let asked = json!({ "text": "*wind* <b>", "base": "birds/strikes/about.md" });
    let answer = json(running.post("/api/v1/markdown", asked).await).await;
    assert_eq!(answer["html"], "<p><em>wind</em> &lt;b&gt;</p>\n");
    let foreign = json!({ "text": "x", "base": "cars/parts/about.md" });
    problem(running.post("/api/v1/markdown", foreign).await, 403).await;
    problem(running.post("/api/v1/markdown", json!({ "html": "<b>" })).await, 400).await;
}

#[tokio::test]
async fn the_palette_finds_by_name() {
    let running = Running::start().await;
    let found = json(running.get("/api/v1/palette?q=bir").await).await;
    assert_eq!(found["items"], json!([{ "title": "bir", "note": "project", "open": { "address": "birds" } }]));
    problem(running.get(&format!("/api/v1/palette?q={}", "x".repeat(300))).await, 413).await;
}
