//! tus 1.0.0, and connections that die in the middle of it.

use crate::running::{PATIENCE, Running, TOKEN, header, problem, until};
use base64::{Engine, engine::general_purpose::STANDARD};
use kamld_server::{Identity, Settings};
use reqwest::{Method, RequestBuilder, Response};
use sha2::{Digest, Sha256};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

impl Running {
    fn tus(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("tus-resumable", "1.0.0")
    }

    async fn create(&self, address: &str, size: u64) -> Response {
        let metadata = format!(
            "address {},filetype {},modified {},filename {}",
            STANDARD.encode(address),
            STANDARD.encode("text/csv"),
            STANDARD.encode("1700000000123"),
            STANDARD.encode("ignored"),
        );
        let request = self.tus(Method::POST, "/api/v1/uploads").header("upload-length", size);
        request.header("upload-metadata", metadata).send().await.unwrap()
    }

    /// Creates an upload and answers its address.
    async fn begin(&self, size: u64) -> String {
        let response = self.create("birds/strikes/big.csv", size).await;
        assert_eq!(response.status(), 201);
        header(&response, "location")
    }

    fn piece(&self, upload: &str, offset: u64, bytes: &[u8]) -> RequestBuilder {
        self.tus(Method::PATCH, upload)
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", offset)
            .body(bytes.to_vec())
    }

    async fn head(&self, upload: &str) -> Response {
        self.tus(Method::HEAD, upload).send().await.unwrap()
    }

    fn stored(&self, path: &str) -> Option<Vec<u8>> {
        let objects = self.host.objects.lock();
        objects.get(&("birds/strikes".to_owned(), path.to_owned())).map(|found| found.1.to_vec())
    }
}

fn offset(response: &Response) -> u64 {
    header(response, "upload-offset").parse().unwrap()
}

#[tokio::test]
async fn options_tell_what_is_offered() {
    let running = Running::start().await;
    let response = running.request(Method::OPTIONS, "/api/v1/uploads").send().await.unwrap();
    assert_eq!(response.status(), 204);
    for (name, value) in [
        ("tus-resumable", "1.0.0"),
        ("tus-version", "1.0.0"),
        ("tus-extension", "creation,termination,checksum,expiration"),
        ("tus-checksum-algorithm", "sha256"),
        ("tus-max-size", "1099511627776"),
    ] {
        assert_eq!(header(&response, name), value, "{name}");
    }
}

#[tokio::test]
async fn an_upload_in_pieces_becomes_an_object_with_the_last() {
    let running = Running::start().await;
    let upload = running.begin(10).await;
    assert!(upload.starts_with("/api/v1/uploads/"));
    let response = running.piece(&upload, 0, b"0123").send().await.unwrap();
    assert_eq!((response.status().as_u16(), offset(&response)), (204, 4));
    assert_eq!(header(&response, "tus-resumable"), "1.0.0");
    assert_eq!(header(&response, "upload-expires"), "Wed, 18 May 2033 03:33:20 GMT");
    assert_eq!(running.stored("big.csv"), None);

    let response = running.head(&upload).await;
    assert_eq!((response.status().as_u16(), offset(&response)), (200, 4));
    assert_eq!(header(&response, "upload-length"), "10");
    assert_eq!(header(&response, "cache-control"), "no-store");
    let metadata = header(&response, "upload-metadata");
    assert!(metadata.starts_with(&format!("address {}", STANDARD.encode("birds/strikes/big.csv"))), "{metadata}");

    let response = running.piece(&upload, 4, b"456789").send().await.unwrap();
    assert_eq!((response.status().as_u16(), offset(&response)), (204, 10));
    assert!(header(&response, "etag").len() == 66);
    assert_eq!(running.stored("big.csv").unwrap(), b"0123456789");
    let objects = running.host.objects.lock();
    let info = &objects.values().next().unwrap().0;
    assert_eq!((info.media_type.as_deref(), info.modified), (Some("text/csv"), Some(1_700_000_000_123)));
}

#[tokio::test]
async fn a_client_that_lost_the_last_answer_learns_that_all_is_done() {
    let running = Running::start().await;
    let upload = running.begin(4).await;
    running.piece(&upload, 0, b"0123").send().await.unwrap();
    let response = running.head(&upload).await;
    assert_eq!((response.status().as_u16(), offset(&response)), (200, 4));
    assert_eq!(running.piece(&upload, 4, b"").send().await.unwrap().status(), 204);
    problem(running.piece(&upload, 0, b"0123").send().await.unwrap(), 409).await;
    problem(running.tus(Method::DELETE, &upload).send().await.unwrap(), 409).await;
}

#[tokio::test]
async fn an_empty_file_is_complete_at_its_creation() {
    let running = Running::start().await;
    let response = running.create("birds/strikes/empty", 0).await;
    assert_eq!((response.status().as_u16(), offset(&response)), (201, 0));
    assert_eq!(running.stored("empty").unwrap(), b"");
}

#[tokio::test]
async fn creation_fails_before_a_byte_is_sent() {
    let running = Running::start().await;
    problem(running.create("birds/missing/a", 4).await, 404).await;
    problem(running.create("birds/strikes", 4).await, 400).await;
    problem(running.create("birds/strikes/../x", 4).await, 400).await;
    problem(running.create("birds/strikes/a", (1 << 40) + 1).await, 413).await;
    let bare = |headers: &[(&'static str, &str)]| {
        let mut request = running.tus(Method::POST, "/api/v1/uploads");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send()
    };
    let address = format!("address {}", STANDARD.encode("birds/strikes/a"));
    for headers in [
        &[("upload-metadata", address.as_str())][..],
        &[("upload-length", "4")],
        &[("upload-length", "-4"), ("upload-metadata", &address)],
        &[("upload-length", "four"), ("upload-metadata", &address)],
        &[("upload-length", "99999999999999999999999"), ("upload-metadata", &address)],
        &[("upload-defer-length", "1"), ("upload-metadata", &address)],
        &[("upload-length", "4"), ("upload-metadata", "address not-base64!")],
        &[("upload-length", "4"), ("upload-metadata", "address")],
        &[("upload-length", "4"), ("upload-metadata", &format!("{address},{address}"))],
        &[("upload-length", "4"), ("upload-metadata", &format!("{address},modified {}", STANDARD.encode("now")))],
    ] {
        let response = bare(headers).await.unwrap();
        assert_eq!(header(&response, "tus-resumable"), "1.0.0");
        problem(response, 400).await;
    }
    assert!(running.host.uploads.lock().is_empty());
}

#[tokio::test]
async fn another_version_of_the_protocol_is_refused_at_every_method() {
    let running = Running::start().await;
    let upload = running.begin(4).await;
    for (method, path) in [("POST", "/api/v1/uploads"), ("HEAD", &upload), ("PATCH", &upload), ("DELETE", &upload)] {
        for version in [None, Some("0.2.2")] {
            let request = running.request(method.parse().unwrap(), path);
            let request =
                version.into_iter().fold(request, |request, version| request.header("tus-resumable", version));
            let response = request.send().await.unwrap();
            assert_eq!(
                (response.status().as_u16(), header(&response, "tus-version").as_str()),
                (412, "1.0.0"),
                "{method}"
            );
        }
    }
}

#[tokio::test]
async fn a_piece_must_fit_where_the_upload_stands() {
    let running = Running::start().await;
    let upload = running.begin(10).await;
    running.piece(&upload, 0, b"0123").send().await.unwrap();
    for wrong in [0, 3, 5, 10, 11] {
        let response = running.piece(&upload, wrong, b"x").send().await.unwrap();
        assert_eq!(offset(&response), 4);
        assert_eq!(problem(response, 409).await["kind"], "conflict");
    }
    problem(running.piece(&upload, 4, b"0123456").send().await.unwrap(), 413).await;
    let typed =
        running.tus(Method::PATCH, &upload).header("upload-offset", 4).header("content-type", "text/csv").body("x");
    problem(typed.send().await.unwrap(), 415).await;
    let nowhere =
        running.tus(Method::PATCH, &upload).header("content-type", "application/offset+octet-stream").body("x");
    problem(nowhere.send().await.unwrap(), 400).await;
    problem(running.piece("/api/v1/uploads/none", 0, b"x").send().await.unwrap(), 404).await;
    assert_eq!(running.head("/api/v1/uploads/none").await.status(), 404);
    assert_eq!(offset(&running.head(&upload).await), 4);
}

#[tokio::test]
async fn a_piece_with_a_checksum_is_kept_only_when_it_is_right() {
    let running = Running::start().await;
    let upload = running.begin(8).await;
    let sum = STANDARD.encode(Sha256::digest(b"0123"));
    let response =
        running.piece(&upload, 0, b"012X").header("upload-checksum", format!("sha256 {sum}")).send().await.unwrap();
    assert_eq!(offset(&response), 0);
    problem(response, 460).await;
    assert_eq!(offset(&running.head(&upload).await), 0);
    for wrong in ["md5 AAAA", "sha256", "sha256 AAAA", &sum] {
        problem(running.piece(&upload, 0, b"0123").header("upload-checksum", wrong).send().await.unwrap(), 400).await;
    }
    let response =
        running.piece(&upload, 0, b"0123").header("upload-checksum", format!("sha256 {sum}")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), offset(&response)), (204, 4));
}

#[tokio::test]
async fn an_upload_can_be_given_up() {
    let running = Running::start().await;
    let upload = running.begin(8).await;
    assert_eq!(running.tus(Method::DELETE, &upload).send().await.unwrap().status(), 204);
    problem(running.tus(Method::DELETE, &upload).send().await.unwrap(), 404).await;
    assert!(running.host.uploads.lock().is_empty());
}

#[tokio::test]
async fn a_client_that_can_only_post_names_the_method_it_means() {
    let running = Running::start().await;
    let upload = running.begin(4).await;
    let post = || running.tus(Method::POST, &upload).header("content-type", "application/offset+octet-stream");
    let patched =
        post().header("x-http-method-override", "PATCH").header("upload-offset", 0).body("01").send().await.unwrap();
    assert_eq!((patched.status().as_u16(), offset(&patched)), (204, 2));
    problem(post().body("23").send().await.unwrap(), 405).await;
    problem(running.get(&upload).await, 405).await;
    let ended = post().header("x-http-method-override", "DELETE").send().await.unwrap();
    assert_eq!(ended.status(), 204);
}

fn patch_head(upload: &str, offset: u64, length: u64) -> String {
    format!(
        "PATCH {upload} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_cut_connection_keeps_what_arrived() {
    let running = Running::start().await;
    let upload = running.begin(1000).await;
    let mut stream = running.raw(&patch_head(&upload, 0, 1000)).await;
    stream.write_all(&[7; 400]).await.unwrap();
    until(&running.host.arrived, |bytes| *bytes == 400).await;
    drop(stream);
    // The next piece waits until the cut one is durable, and goes on behind it.
    let response = running.piece(&upload, 400, &[8; 600]).send().await.unwrap();
    assert_eq!((response.status().as_u16(), offset(&response)), (204, 1000));
    let stored = running.stored("big.csv").unwrap();
    assert_eq!((stored[..400].to_vec(), stored[400..].to_vec()), (vec![7; 400], vec![8; 600]));
    let asked = running.host.asked();
    assert_eq!(asked.iter().filter(|what| what.starts_with("appended")).count(), 2, "{asked:?}");
}

#[tokio::test]
async fn a_newer_piece_takes_over_from_a_client_that_may_be_gone() {
    let running = Running::start().await;
    let upload = running.begin(10).await;
    // This connection stays open and silent, as one does whose machine lost its network.
    let mut silent = running.raw(&patch_head(&upload, 0, 10)).await;
    silent.write_all(b"0123").await.unwrap();
    until(&running.host.arrived, |bytes| *bytes == 4).await;
    let response = running.piece(&upload, 4, b"456789").send().await.unwrap();
    assert_eq!((response.status().as_u16(), offset(&response)), (204, 10));
    let mut answer = vec![0; 12];
    tokio::time::timeout(PATIENCE, silent.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"HTTP/1.1 409");
    assert_eq!(running.stored("big.csv").unwrap(), b"0123456789");
}

#[tokio::test]
async fn a_piece_that_stops_arriving_is_ended_and_kept() {
    let mut settings = Settings::default();
    settings.limits.body_idle = Duration::from_millis(50);
    let running = Running::with(Identity::local(), settings).await;
    let upload = running.begin(10).await;
    let mut silent = running.raw(&patch_head(&upload, 0, 10)).await;
    silent.write_all(b"0123").await.unwrap();
    let mut answer = vec![0; 12];
    tokio::time::timeout(PATIENCE, silent.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
    assert_eq!(offset(&running.head(&upload).await), 4);
}

#[tokio::test]
async fn an_upload_that_could_not_be_finished_is_finished_by_the_next_question() {
    let running = Running::start().await;
    let upload = running.begin(4).await;
    running.host.fail_finish.store(true, Ordering::Relaxed);
    problem(running.piece(&upload, 0, b"0123").send().await.unwrap(), 409).await;
    // A client would take offset = length for success, so the answer is the reason instead.
    assert_eq!(running.head(&upload).await.status(), 409);
    running.host.fail_finish.store(false, Ordering::Relaxed);
    let response = running.head(&upload).await;
    assert_eq!((response.status().as_u16(), offset(&response)), (200, 4));
    assert_eq!(running.stored("big.csv").unwrap(), b"0123");
}

#[tokio::test]
async fn more_bytes_than_announced_never_reach_storage() {
    let running = Running::start().await;
    let upload = running.begin(4).await;
    let head = patch_head(&upload, 0, 0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let mut stream = running.raw(&head).await;
    stream.write_all(b"a\r\n0123456789\r\n0\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 12];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"HTTP/1.1 204");
    assert_eq!(running.stored("big.csv").unwrap(), b"0123");
}

#[tokio::test]
async fn an_upload_needs_the_right_to_write_at_every_request() {
    let running = Running::as_guest().await;
    problem(running.create("birds/strikes/a", 4).await, 403).await;
    let spec = kamld_server::parts::UploadSpec {
        asset: "birds/strikes".parse().unwrap(),
        branch: None,
        object: kamld_server::parts::NewObject { path: "a".parse().unwrap(), media_type: None, modified: None },
        size: 4,
    };
    let (id, _) = kamld_server::parts::Uploads::create(running.host.as_ref(), spec).await.unwrap();
    let upload = format!("/api/v1/uploads/{id}");
    assert_eq!(running.head(&upload).await.status(), 403);
    problem(running.piece(&upload, 0, b"0123").send().await.unwrap(), 403).await;
    problem(running.tus(Method::DELETE, &upload).send().await.unwrap(), 403).await;
    assert!(running.host.asked().is_empty());
    assert_eq!(running.create("fish/catch/a", 4).await.status(), 201);
}
