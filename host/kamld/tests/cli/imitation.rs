//! A server that answers as the HTTP API does, from memory, and fails where a test wants it to.

use super::person::Person;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    io::{Read, Write},
    sync::Arc,
};
use tokio::sync::oneshot;

pub const TOKEN: &str = "a-token";

#[derive(Default)]
pub struct Held {
    /// By path, all in the asset `birds/strikes`.
    pub objects: BTreeMap<String, Vec<u8>>,
    pub uploads: BTreeMap<u64, Upload>,
    pub commands: Vec<Value>,
    /// Answers of commands by name, and of all other routes by "METHOD path".
    pub answers: HashMap<String, (u16, Value)>,
    pub results: HashMap<String, String>,
    pub plugin_installed: Option<Vec<u8>>,
    pub grant: String,
    /// "METHOD path", in the order they came.
    pub requests: Vec<String>,
    pub bodies: Vec<(String, Value)>,
    pub projects: Vec<Option<String>>,
    /// The connection breaks when this many PATCH requests have been stored.
    pub break_at_patch: Option<usize>,
    pub patches: usize,
    /// A download breaks after this many bytes, once.
    pub break_download_at: Option<usize>,
    /// Bytes of downloads are not what was stored.
    pub rotten: bool,
    pub ranges: Vec<String>,
}

pub struct Upload {
    pub path: String,
    pub length: usize,
    pub bytes: Vec<u8>,
}

pub type Shared = Arc<Mutex<Held>>;

pub struct Server {
    pub held: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _lock: std::fs::File,
}

impl Server {
    /// Starts on a free port, takes the lock of the data folder and writes `server.json` for the person.
    pub fn start(person: &Person, held: Shared) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let app = router(held.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = axum::serve(listener, app) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        let mut lock = std::fs::File::create(person.data().join("lock")).unwrap();
        lock.try_lock().unwrap();
        write!(lock, "{}", std::process::id()).unwrap();
        let running = json!({"url": url, "token": TOKEN, "pid": std::process::id()});
        std::fs::write(person.data().join("server.json"), running.to_string()).unwrap();
        Self { held, stop: Some(stop), thread: Some(thread), _lock: lock }
    }

    pub fn with(person: &Person, held: Held) -> Self {
        Self::start(person, Arc::new(Mutex::new(held)))
    }
}

impl Drop for Server {
    /// Every connection is cut, as by a hard stop.
    fn drop(&mut self) {
        self.stop.take().unwrap().send(()).ok();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn router(held: Shared) -> Router {
    let api = Router::new()
        .route("/commands", get(commands))
        .route("/commands/{*name}", post(run).get(other))
        .route("/objects/{project}/{asset}/{*path}", get(object))
        .route("/batches/{project}/{asset}", post(batch))
        .route("/listing/{project}/{asset}", get(listing))
        .route("/uploads", post(create))
        .route("/uploads/{id}", any(upload))
        .route("/results/{id}", get(result))
        .route("/plugins", post(install).get(other))
        .route("/plugins/{space}/{name}/grant", get(grant).put(set_grant))
        .fallback(other)
        .layer(middleware::from_fn_with_state(held.clone(), admit))
        .layer(DefaultBodyLimit::disable())
        .with_state(held);
    Router::new().route("/readyz", get(|| async { "ready" })).nest("/api/v1", api)
}

async fn admit(State(held): State<Shared>, request: Request, next: Next) -> Response {
    let expected = format!("Bearer {TOKEN}");
    if request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()) != Some(&expected) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    {
        let mut held = held.lock();
        let project = request.headers().get("Kamld-Project").map(|v| v.to_str().unwrap().to_owned());
        held.requests.push(format!("{} /api/v1{}", request.method(), request.uri()));
        held.projects.push(project);
    }
    next.run(request).await
}

pub fn problem(status: u16, value: Value) -> Response {
    let body = Body::from(value.to_string());
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/problem+json");
    response.body(body).unwrap()
}

fn not_found(what: &str) -> Response {
    problem(404, json!({"status": 404, "title": "not found", "detail": what, "kind": "not-found"}))
}

fn json_answer(status: u16, value: &Value) -> Response {
    if status >= 400 {
        return problem(status, value.clone());
    }
    (StatusCode::from_u16(status).unwrap(), axum::Json(value.clone())).into_response()
}

async fn commands(State(held): State<Shared>) -> Response {
    axum::Json(json!({"generation": 1, "commands": held.lock().commands})).into_response()
}

async fn run(State(held): State<Shared>, Path(name): Path<String>, body: axum::Json<Value>) -> Response {
    let mut held = held.lock();
    held.bodies.push((name.clone(), body.0));
    match held.answers.get(&name) {
        Some((status, value)) => json_answer(*status, value),
        None => not_found("no such command"),
    }
}

async fn other(State(held): State<Shared>, request: Request) -> Response {
    let key = format!("{} /api/v1{}", request.method(), request.uri().path());
    match held.lock().answers.get(&key) {
        Some((status, value)) => json_answer(*status, value),
        None => not_found(&format!("nothing at {key}")),
    }
}

fn hash(bytes: &[u8]) -> String {
    kamld_types::Hash(Sha256::digest(bytes).into()).to_hex()
}

async fn object(
    State(held): State<Shared>,
    Path((_, _, path)): Path<(String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let mut held = held.lock();
    let Some(bytes) = held.objects.get(&path).cloned() else { return not_found("no such object") };
    let tag = format!("\"{}\"", hash(&bytes));
    let total = bytes.len();
    let range = headers.get(header::RANGE).map(|v| v.to_str().unwrap().to_owned());
    let mut start = 0;
    if let Some(range) = &range {
        held.ranges.push(range.clone());
        if headers.get(header::IF_RANGE).is_some_and(|v| v.to_str().unwrap() == tag) {
            start = range.strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap();
        }
    }
    let mut part = bytes[start..].to_vec();
    if held.rotten {
        part[0] ^= 1;
    }
    let response = Response::builder().header(header::ETAG, tag).header(header::CONTENT_LENGTH, part.len());
    let response = if start > 0 {
        response.status(206).header(header::CONTENT_RANGE, format!("bytes {start}-{}/{total}", total - 1))
    } else {
        response
    };
    if method == Method::GET
        && let Some(cut) = held.break_download_at.take()
    {
        part.truncate(cut);
        let chunks = futures::stream::iter([Ok(Bytes::from(part)), Err(std::io::Error::other("cut"))]);
        return response.body(Body::from_stream(chunks)).unwrap();
    }
    response.body(Body::from(part)).unwrap()
}

async fn batch(State(held): State<Shared>, body: Bytes) -> Response {
    let mut held = held.lock();
    let mut archive = tar::Archive::new(body.as_ref());
    let mut read = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        if path.contains("refused") {
            let detail = format!("'{path}' is a folder already");
            return problem(409, json!({"status": 409, "title": "conflict", "detail": detail, "kind": "conflict"}));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        read.push((path, bytes));
    }
    let answer = json!({"objects": read.len(), "bytes": body.len()});
    held.objects.extend(read);
    axum::Json(answer).into_response()
}

async fn listing(
    State(held): State<Shared>,
    Path((project, asset)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    if project != "birds" || !asset.starts_with("strikes") {
        return not_found(&format!("there is no asset {project}/{asset}"));
    }
    if asset.ends_with("@gone") {
        return not_found("there is no ref 'gone' in birds/strikes");
    }
    let held = held.lock();
    let limit: usize = query.get("limit").map_or(1000, |limit| limit.parse().unwrap());
    // Small pages, so that a client has to turn them.
    let limit = limit.min(3);
    let prefix = query.get("prefix").cloned().unwrap_or_default();
    let after = query.get("after").cloned().unwrap_or_default();
    let found: Vec<_> =
        held.objects.iter().filter(|(path, _)| path.starts_with(&prefix) && **path > after).take(limit + 1).collect();
    let objects: Vec<Value> = found
        .iter()
        .take(limit)
        .map(|(path, bytes)| json!({"path": path, "size": bytes.len(), "hash": hash(bytes), "media_type": "x/y", "modified": 1_000_000_000_000_i64}))
        .collect();
    let next = (found.len() > limit).then(|| objects.last().unwrap()["path"].clone());
    axum::Json(json!({"objects": objects, "next": next})).into_response()
}

async fn create(State(held): State<Shared>, headers: HeaderMap) -> Response {
    let mut held = held.lock();
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(text("Tus-Resumable"), "1.0.0");
    let metadata = text("Upload-Metadata");
    let address = metadata.split(',').find_map(|pair| pair.trim().strip_prefix("address ")).unwrap().to_owned();
    let address = String::from_utf8(STANDARD.decode(address).unwrap()).unwrap();
    let path = address.splitn(3, '/').nth(2).unwrap().to_owned();
    let id = held.uploads.keys().next_back().map_or(1, |last| last + 1);
    held.uploads.insert(id, Upload { path, length: text("Upload-Length").parse().unwrap(), bytes: Vec::new() });
    (StatusCode::CREATED, [(header::LOCATION, format!("/api/v1/uploads/{id}"))]).into_response()
}

async fn upload(
    State(held): State<Shared>,
    Path(id): Path<u64>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let offset_of = |upload: &Upload| [("Upload-Offset", HeaderValue::from(upload.bytes.len()))];
    if method == Method::HEAD {
        let held = held.lock();
        let Some(upload) = held.uploads.get(&id) else { return StatusCode::NOT_FOUND.into_response() };
        return (StatusCode::OK, offset_of(upload)).into_response();
    }
    if method == Method::DELETE {
        held.lock().uploads.remove(&id);
        return StatusCode::NO_CONTENT.into_response();
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut held = held.lock();
    held.patches += 1;
    let breaks = held.break_at_patch == Some(held.patches);
    let Some(upload) = held.uploads.get_mut(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    if text("Upload-Offset").parse::<usize>().unwrap() != upload.bytes.len() {
        return problem(
            409,
            json!({"status": 409, "title": "conflict", "detail": "another offset", "kind": "conflict"}),
        );
    }
    let checksum = text("Upload-Checksum");
    assert_eq!(checksum, format!("sha256 {}", STANDARD.encode(Sha256::digest(&body))));
    if breaks {
        // Half of the chunk arrived when the connection broke; nobody gets an answer.
        upload.bytes.extend_from_slice(&body[..body.len() / 2]);
        drop(held);
        std::panic::resume_unwind(Box::new("the connection breaks here"));
    }
    upload.bytes.extend_from_slice(&body);
    let answer = (StatusCode::NO_CONTENT, offset_of(upload)).into_response();
    if upload.bytes.len() == upload.length {
        let done = held.uploads.remove(&id).unwrap();
        held.objects.insert(done.path, done.bytes);
    }
    answer
}

async fn result(
    State(held): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let key = format!("{id}.{}", query["format"]);
    match held.lock().results.get(&key) {
        Some(text) => text.clone().into_response(),
        None => not_found("no such result"),
    }
}

async fn install(State(held): State<Shared>, Query(query): Query<HashMap<String, String>>, body: Bytes) -> Response {
    if query.contains_key("dry_run") {
        let plan = held.lock().answers.get("plan").map(|(_, plan)| plan.clone());
        return axum::Json(plan.unwrap_or_else(|| json!({"id": "anna/leaves"}))).into_response();
    }
    let granted = query.get("grant").is_some_and(|grant| grant == "needs");
    held.lock().plugin_installed = Some(body.to_vec());
    let needs = json!([{"interface": "kamld:storage/objects", "verbs": ["read"], "resources": ["*"], "reason": "to draw leaves"}]);
    let state = if granted { "active" } else { "waiting for a grant" };
    axum::Json(json!({"id": "anna/leaves", "version": "0.1.0", "state": state, "needs": needs})).into_response()
}

async fn grant(State(held): State<Shared>) -> String {
    held.lock().grant.clone()
}

async fn set_grant(State(held): State<Shared>, body: String) -> Response {
    held.lock().grant = body;
    axum::Json(json!({})).into_response()
}
