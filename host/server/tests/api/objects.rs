//! Objects: whole, by range, conditionally, written, listed.

use crate::running::{Running, TOKEN, breaks_off, header, json, problem, until};
use reqwest::{Method, StatusCode};
use tokio::io::AsyncWriteExt;

const A: &str = "/api/v1/objects/birds/strikes/a.csv";

#[tokio::test]
async fn an_object_is_a_download_with_its_hash_as_tag() {
    let running = Running::start().await;
    let info = running.host.keep("birds/strikes", "2019/přehled \"1\".csv", Some("text/html"), b"0123456789");
    let path = "/api/v1/objects/birds/strikes@main/2019/p%C5%99ehled%20%221%22.csv";
    let response = running.get(path).await;
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("content-type", "text/html"),
        ("content-length", "10"),
        ("accept-ranges", "bytes"),
        ("etag", &format!("\"{}\"", info.hash)),
        ("kamld-modified", "1700000000123"),
        ("last-modified", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(header(&response, name), value, "{name}");
    }
    let disposition = header(&response, "content-disposition");
    assert_eq!(disposition, "attachment; filename=\"p_ehled _1_.csv\"; filename*=UTF-8''p%C5%99ehled%20%221%22.csv");
    assert_eq!(response.text().await.unwrap(), "0123456789");
    assert_eq!(running.host.asked(), ["open birds/strikes@main/2019/přehled \"1\".csv"]);
}

#[tokio::test]
async fn head_tells_the_same_and_opens_nothing() {
    let running = Running::start().await;
    running.host.keep("birds/strikes", "a.csv", None, b"0123456789");
    let response = running.request(Method::HEAD, A).header("range", "bytes=0-1").send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-length").as_str()), (200, "10"));
    assert_eq!(header(&response, "content-type"), "application/octet-stream");
    assert_eq!(running.host.asked(), ["stat birds/strikes/a.csv"]);
}

#[tokio::test]
async fn one_range_is_answered_with_exactly_its_bytes() {
    let running = Running::start().await;
    running.host.keep("birds/strikes", "a.csv", None, b"0123456789");
    for (range, status, content_range, body) in [
        ("bytes=0-0", 206, "bytes 0-0/10", "0"),
        ("bytes=2-6", 206, "bytes 2-6/10", "23456"),
        ("bytes=7-", 206, "bytes 7-9/10", "789"),
        ("bytes=-4", 206, "bytes 6-9/10", "6789"),
        ("bytes=8-99", 206, "bytes 8-9/10", "89"),
        ("bytes=0-1,4-5", 200, "", "0123456789"),
        ("lines=0-1", 200, "", "0123456789"),
    ] {
        let response = running.request(Method::GET, A).header("range", range).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "content-range").as_str()), (status, content_range));
        assert_eq!(header(&response, "content-length"), body.len().to_string());
        assert_eq!(response.text().await.unwrap(), body, "{range}");
    }
    let response = running.request(Method::GET, A).header("range", "bytes=10-").send().await.unwrap();
    assert_eq!(header(&response, "content-range"), "bytes */10");
    problem(response, 416).await;
}

#[tokio::test]
async fn a_range_of_another_state_is_answered_in_full() {
    let running = Running::start().await;
    let info = running.host.keep("birds/strikes", "a.csv", None, b"0123456789");
    let tag = format!("\"{}\"", info.hash);
    for (if_range, status) in
        [(tag.as_str(), 206), ("\"other\"", 200), ("Tue, 14 Nov 2023 22:13:20 GMT", 200), (&format!("W/{tag}"), 200)]
    {
        let request = running.request(Method::GET, A).header("range", "bytes=0-1").header("if-range", if_range);
        assert_eq!(request.send().await.unwrap().status(), status, "{if_range}");
    }
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let running = Running::start().await;
    let info = running.host.keep("birds/strikes", "a.csv", None, b"0123456789");
    let tag = format!("\"{}\"", info.hash);
    for (value, status) in
        [(tag.clone(), 304), (format!("\"x\", W/{tag}"), 304), ("*".into(), 304), ("\"x\"".into(), 200)]
    {
        for method in [Method::GET, Method::HEAD] {
            let response = running.request(method, A).header("if-none-match", &value).send().await.unwrap();
            assert_eq!((response.status().as_u16(), header(&response, "etag")), (status, tag.clone()), "{value}");
        }
    }
}

#[tokio::test]
async fn an_empty_object_is_whole_and_has_no_ranges() {
    let running = Running::start().await;
    running.host.keep("birds/strikes", "a.csv", None, b"");
    let response = running.get(A).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-length").as_str()), (200, "0"));
    let response = running.request(Method::GET, A).header("range", "bytes=0-").send().await.unwrap();
    problem(response, 416).await;
}

#[tokio::test]
async fn bytes_that_rotted_cut_the_answer_instead_of_ending_it() {
    let running = Running::start().await;
    running.host.keep("birds/strikes", "rotten.bin", None, b"0123456789");
    assert!(breaks_off(running.request(Method::GET, "/api/v1/objects/birds/strikes/rotten.bin")).await);
    running.host.keep("birds/strikes", "dust.bin", None, b"0123456789");
    let body = problem(running.get("/api/v1/objects/birds/strikes/dust.bin").await, 500).await;
    assert_eq!(body["kind"], "corrupt");
}

#[tokio::test]
async fn what_is_missing_or_no_address_is_a_problem_in_words() {
    let running = Running::start().await;
    let body = problem(running.get(A).await, 404).await;
    assert_eq!(
        (body["kind"].as_str(), body["help"].as_str()),
        (Some("not-found"), Some("kamld ls shows what there is"))
    );
    for path in ["birds", "birds/strikes", "birds/strikes/folder/", "Birds/x/y", "b/s/..%2Fx", "b/s@/x", "b/s/a%00b"] {
        problem(running.get(&format!("/api/v1/objects/{path}")).await, 400).await;
    }
    problem(running.get("/api/v1/objects/birds/strikes/%FF").await, 400).await;
    let long = "x".repeat(4096);
    problem(running.get(&format!("/api/v1/objects/birds/strikes/{long}")).await, 400).await;
}

#[tokio::test]
async fn an_object_is_written_from_a_stream() {
    let running = Running::start().await;
    let response = running
        .request(Method::PUT, "/api/v1/objects/birds/strikes@try/a.csv")
        .header("content-type", "text/csv; header=present")
        .header("kamld-modified", "1700000000123")
        .body("x,y\n")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let tag = header(&response, "etag");
    let body = json(response).await;
    assert_eq!(format!("\"{}\"", body["hash"].as_str().unwrap()), tag);
    assert_eq!(
        (&body["path"], &body["size"], &body["media_type"], &body["modified"]),
        (&"a.csv".into(), &4.into(), &"text/csv; header=present".into(), &1_700_000_000_123_i64.into())
    );
    assert!(running.host.asked()[0].contains("birds/strikes") && running.host.asked()[0].contains("Some(4)"));
}

#[tokio::test]
async fn a_cut_upload_of_an_object_keeps_nothing() {
    let running = Running::start().await;
    let head = format!(
        "PUT {A} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n0123456789"
    );
    let mut stream = running.raw(&head).await;
    until(&running.host.arrived, |bytes| *bytes == 10).await;
    stream.shutdown().await.unwrap();
    drop(stream);
    // The next request proves that the server has not stopped, and sees no object.
    problem(running.get(A).await, 404).await;
    assert!(running.host.objects.lock().is_empty());
}

#[tokio::test]
async fn conditions_that_could_not_be_kept_refuse_the_write() {
    let running = Running::start().await;
    for (name, value) in [
        ("if-match", "\"x\""),
        ("if-none-match", "*"),
        ("content-range", "bytes 0-1/2"),
        ("kamld-modified", "yesterday"),
    ] {
        let response = running.request(Method::PUT, A).header(name, value).body("x").send().await.unwrap();
        problem(response, 400).await;
    }
    let packed = running.request(Method::PUT, A).header("content-encoding", "gzip").body("x").send().await.unwrap();
    problem(packed, 415).await;
    let commit = running.request(Method::PUT, "/api/v1/objects/b/s@deadbeef/x").body("x").send().await.unwrap();
    problem(commit, 400).await;
    assert!(running.host.asked().is_empty());
}

#[tokio::test]
async fn a_listing_is_paged_by_path() {
    let running = Running::start().await;
    for path in ["2019/a.csv", "2019/b.csv", "2019/c.csv", "2020/a.csv"] {
        running.host.keep("birds/strikes", path, None, b"x");
    }
    let page = json(running.get("/api/v1/listing/birds/strikes?prefix=2019/&limit=2").await).await;
    assert_eq!(page["objects"].as_array().unwrap().len(), 2);
    assert_eq!(page["next"], "2019/b.csv");
    let page = json(running.get("/api/v1/listing/birds/strikes?prefix=2019/&limit=2&after=2019/b.csv").await).await;
    assert_eq!((page["objects"][0]["path"].as_str(), &page["next"]), (Some("2019/c.csv"), &serde_json::Value::Null));
    for query in ["limit=0", "limit=10001", "limit=x", "prefix=../", "prefix=/", "unknown=1"] {
        problem(running.get(&format!("/api/v1/listing/birds/strikes?{query}")).await, 400).await;
    }
    problem(running.get("/api/v1/listing/birds/strikes/folder").await, 400).await;
    problem(running.get("/api/v1/listing/birds/missing").await, 404).await;
}

#[tokio::test]
async fn a_method_that_does_not_work_names_those_that_do() {
    let running = Running::start().await;
    let response = running.request(Method::POST, A).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(header(&response, "allow").contains("PUT"), "{:?}", response.headers());
    problem(response, 405).await;
}
