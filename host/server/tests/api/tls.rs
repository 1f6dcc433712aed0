//! TLS of the server's own, with clients of the same protocol that trust one certificate each.

use crate::running::{PATIENCE, Running, TOKEN, logged};
use kamld_server::{Identity, Settings, Tls};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

const FIRST: (&str, &str) = (include_str!("certificates/first.pem"), include_str!("certificates/first.key"));
const SECOND: (&str, &str) = (include_str!("certificates/second.pem"), include_str!("certificates/second.key"));

/// The certificate and the key of a server, as files.
struct Files(tempfile::TempDir);

impl Files {
    fn first() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.hold(FIRST);
        files
    }

    fn hold(&self, (certificate, key): (&str, &str)) {
        std::fs::write(self.0.path().join("tls.pem"), certificate).unwrap();
        std::fs::write(self.0.path().join("tls.key"), key).unwrap();
    }

    fn open(&self) -> Arc<Tls> {
        Arc::new(Tls::open(&self.0.path().join("tls.pem"), &self.0.path().join("tls.key")).unwrap())
    }
}

async fn running(settings: Settings) -> (Running, Files, Arc<Tls>) {
    let files = Files::first();
    let tls = files.open();
    (Running::over(Identity::local(), settings, Some(tls.clone())).await, files, tls)
}

/// A client that trusts this certificate and no other.
async fn connect(port: u16, certificate: &str, name: &'static str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await
}

async fn answer(port: u16, certificate: &str, name: &'static str, head: &str) -> String {
    let asked = async {
        let mut stream = connect(port, certificate, name).await.unwrap();
        stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        // Without the farewell of TLS this is an error.
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("the server answers")
}

/// Whether a server shows this certificate.
async fn shows(port: u16, certificate: &str) -> bool {
    tokio::time::timeout(PATIENCE, connect(port, certificate, "localhost")).await.expect("a handshake ends").is_ok()
}

async fn until_it_shows(port: u16, certificate: &str) {
    let shown = async {
        while !shows(port, certificate).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, shown).await.expect("the renewed certificate is shown");
}

fn names() -> Settings {
    Settings { hosts: vec!["data.example.org".into()], ..Settings::default() }
}

#[tokio::test]
async fn a_browser_over_tls_gets_a_secure_session_for_its_own_page() {
    let (running, _files, _) = running(names()).await;
    let ask = |head: String| async move { answer(running.port, FIRST.0, "data.example.org", &head).await };
    let link = ask(format!("GET /?token={TOKEN} HTTP/1.1\r\nHost: data.example.org")).await;
    assert!(link.starts_with("HTTP/1.1 303 "), "{link}");
    let cookie = link.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.starts_with("kamld-session-443=") && cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    for (origin, status) in [
        ("https://data.example.org", "200"),
        ("https://data.example.org:443", "200"),
        // A page without TLS, under the same name: somebody on the way can put one there.
        ("http://data.example.org", "403"),
        ("http://data.example.org:443", "403"),
        ("https://data.example.org:8443", "403"),
        ("https://evil.example", "403"),
    ] {
        let head = format!(
            "POST /api/v1/commands/tag/list HTTP/1.1\r\nHost: data.example.org\r\nCookie: {cookie}\r\nOrigin: {origin}\r\n\
             Content-Length: 0"
        );
        let said = ask(head).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{origin}: {said}");
    }
    let other =
        ask(format!("GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer {TOKEN}")).await;
    assert!(other.starts_with("HTTP/1.1 421 "), "{other}");
    let locked = ask("GET / HTTP/1.1\r\nHost: data.example.org".into()).await;
    assert!(locked.contains("https://HOST/?token="), "{locked}");
}

#[tokio::test]
async fn without_tls_nothing_is_told_where_tls_is_spoken() {
    let (running, _files, _) = running(names()).await;
    let said = running.raw_answer("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!said.contains("HTTP/1.1 2") && !said.contains("live"), "{said}");
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let (running, files, tls) = running(names()).await;
    let asked = Arc::new(Notify::new());
    let following = tokio::spawn(tls.follow(Duration::from_millis(5), asked.clone()));
    assert!(shows(running.port, FIRST.0).await && !shows(running.port, SECOND.0).await);
    let before = connect(running.port, FIRST.0, "localhost").await.unwrap();
    files.hold(SECOND);
    until_it_shows(running.port, SECOND.0).await;
    assert!(!shows(running.port, FIRST.0).await);
    // Who is connected stays so.
    let mut before = before;
    before.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut said = [0; 12];
    before.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 200");
    following.abort();
}

#[tokio::test]
async fn a_bad_certificate_is_told_and_the_one_from_before_goes_on() {
    let (running, files, tls) = running(names()).await;
    let asked = Arc::new(Notify::new());
    // Only somebody who asks has it looked at.
    let following = tokio::spawn(tls.follow(Duration::from_secs(3600), asked.clone()));
    files.hold((SECOND.0, FIRST.1));
    asked.notify_one();
    let file = files.0.path().join("tls.key").display().to_string();
    let told = async {
        while !logged().lines().any(|line| line.contains("WARN") && line.contains(&file)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("it is told which file is wrong");
    assert!(shows(running.port, FIRST.0).await);
    files.hold(SECOND);
    asked.notify_one();
    until_it_shows(running.port, SECOND.0).await;
    following.abort();
}

/// Clients that connect and say nothing.
async fn silent(port: u16, count: usize) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..count {
        silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    silent
}

async fn is_closed(mut stream: TcpStream) {
    let closed = tokio::time::timeout(PATIENCE, stream.read(&mut [0])).await.expect("the server closes");
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
}

#[tokio::test]
async fn silent_handshakes_are_few_and_hold_nobody_up() {
    let mut settings = names();
    (settings.limits.handshakes, settings.limits.connections) = (4, 8);
    settings.limits.handshake_wait = Duration::from_secs(3600);
    let (running, _files, _) = running(settings).await;
    let mut clients = silent(running.port, 40).await;
    assert!(shows(running.port, FIRST.0).await, "one that speaks gets through");
    let last = clients.split_off(37);
    for one in clients.drain(..30) {
        is_closed(one).await;
    }
    let head = "GET /healthz HTTP/1.1\r\nHost: localhost";
    assert!(answer(running.port, FIRST.0, "localhost", head).await.starts_with("HTTP/1.1 200 "));
    drop(last);
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_ends() {
    let mut settings = names();
    settings.limits.handshake_wait = Duration::from_millis(50);
    let (running, _files, _) = running(settings).await;
    let [silent, mut slow] = <[TcpStream; 2]>::try_from(silent(running.port, 2).await).unwrap();
    // The beginning of a greeting, and never the rest.
    slow.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    is_closed(silent).await;
    is_closed(slow).await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_handshake() {
    let mut settings = names();
    settings.limits.handshake_wait = Duration::from_secs(3600);
    settings.limits.shutdown = Duration::from_secs(3600);
    let (mut running, _files, _) = running(settings).await;
    let silent = silent(running.port, 1).await.remove(0);
    assert!(shows(running.port, FIRST.0).await, "both were accepted");
    running.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(PATIENCE, running.ended).await.expect("the server ends").unwrap().unwrap();
    is_closed(silent).await;
}
