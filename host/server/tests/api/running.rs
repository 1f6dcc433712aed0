//! A server on a port of its own, and clients that know how to misbehave.

use crate::fakes::Host;
use kamld_policy::Rights;
use kamld_server::{Authenticator, Identity, Lifetime, Server, Settings, SignIns, Tls, TokenAuthenticator, serve};
use kamld_types::{Person, Right, Role};
use parking_lot::Mutex;
use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Once},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt};

pub const TOKEN: &str = "a-token-that-nobody-guesses";
/// Nothing here takes long; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What all tests of this program logged, since a subscriber of one thread would miss what another began.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static LOGGING: Once = Once::new();

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub fn logged() -> String {
    String::from_utf8(LOG.lock().clone()).unwrap()
}

pub struct Running {
    pub host: Arc<Host>,
    pub port: u16,
    pub client: Client,
    pub stop: Option<oneshot::Sender<()>>,
    pub ended: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// A laptop: one person, everything theirs.
    pub async fn start() -> Self {
        Self::with(Identity::local(), Settings::default()).await
    }

    /// A viewer in `birds` and an editor in `fish`, no admin.
    pub async fn as_guest() -> Self {
        let rights =
            BTreeMap::from([("birds".parse().unwrap(), Right::Viewer), ("fish".parse().unwrap(), Right::Editor)]);
        let person = Person { id: "anna".into(), roles: vec![Role::DataScientist] };
        Self::with(Identity { person, rights: Rights::Projects(rights) }, Settings::default()).await
    }

    pub async fn with(identity: Identity, settings: Settings) -> Self {
        Self::over(identity, settings, None).await
    }

    /// With TLS or without it.
    pub async fn over(identity: Identity, settings: Settings, tls: Option<Arc<Tls>>) -> Self {
        LOGGING.call_once(|| {
            let layer = tracing_subscriber::fmt::layer().with_writer(|| Log).with_ansi(false);
            let subscriber = tracing_subscriber::registry().with(LevelFilter::DEBUG).with(layer);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        let host = Arc::new(Host::default());
        let authenticator: Arc<dyn Authenticator> = Arc::new(TokenAuthenticator::new(TOKEN, identity));
        let records = Arc::new(kamld_server::signin::InMemory::default());
        let sign_ins = SignIns::open(records, Lifetime::default()).await.unwrap();
        let server = Server::new(host.parts(), authenticator, sign_ins, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(serve(listener, tls, server, async {
            let _ = stopped.await;
        }));
        let client = Client::builder().redirect(Policy::none()).timeout(PATIENCE).build().unwrap();
        Self { host, port, client, stop: Some(stop), ended }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A request without any credential.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(TOKEN)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap()
    }

    /// Opens a session as a browser does, and answers its cookie.
    pub async fn session(&self) -> String {
        let response = self.bare(Method::GET, &format!("/?token={TOKEN}")).send().await.unwrap();
        let cookie = header(&response, "set-cookie");
        cookie.split(';').next().unwrap().to_owned()
    }

    /// A connection over which a test writes what no client library would.
    pub async fn raw(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// Everything that the server answers to these bytes until it closes the connection.
    pub async fn raw_answer(&self, text: &str) -> String {
        let mut stream = self.raw(text).await;
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes").unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

pub fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

pub async fn json(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// Checks that an answer is a whole problem body, and gives it.
pub async fn problem(response: Response, status: u16) -> Value {
    assert_eq!(response.status().as_u16(), status, "{:?}", response.headers());
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let trace = header(&response, "kamld-trace");
    let body = json(response).await;
    assert_eq!(body["status"], status);
    assert_eq!(body["trace"], trace.as_str());
    assert_eq!(trace.len(), 32);
    let detail = body["detail"].as_str().unwrap();
    assert!(!detail.is_empty() && !detail.ends_with('.'), "{detail}");
    assert!(body["title"].is_string() && body["kind"].is_string());
    body
}

/// Whether an answer broke off, be it before its head was sent or later.
pub async fn breaks_off(request: RequestBuilder) -> bool {
    match request.send().await {
        Ok(response) => {
            assert_eq!(response.status(), 200);
            response.bytes().await.is_err()
        }
        Err(_) => true,
    }
}

/// Waits for a condition on a watched value.
pub async fn until<T: Clone>(watched: &tokio::sync::watch::Sender<T>, condition: impl FnMut(&T) -> bool) -> T {
    let mut receiver = watched.subscribe();
    tokio::time::timeout(PATIENCE, receiver.wait_for(condition))
        .await
        .expect("the condition holds in time")
        .unwrap()
        .clone()
}
