//! Whether the server lives, is ready, and what it counts.
//!
//! Lives here: `/healthz`, `/readyz`, `/metrics`, `/api/v1/status`. Must not live here: how a part knows that it is well.
//! Invariant: without a session, an answer says yes or no and nothing else: parts are named after what is stored and
//! installed here, and a note may hold paths.

use crate::{Identity, Server, auth, reached::Reached, refusal::Answer};
use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use std::time::UNIX_EPOCH;

fn answer(ok: bool, body: Value) -> Response {
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let mut response = (status, no_store, Json(body)).into_response();
    // A probe reads the status, a person this body: it is no problem of the request.
    response.extensions_mut().insert(crate::refusal::Written);
    response
}

pub async fn live(State(server): State<Server>) -> Response {
    let live = server.parts.health.live().await;
    answer(live, json!({ "live": live }))
}

pub async fn ready(
    State(server): State<Server>,
    Extension(reached): Extension<Reached>,
    headers: HeaderMap,
) -> Response {
    let parts = server.parts.health.ready().await;
    let ready = parts.iter().all(|part| part.ok);
    match auth::recognise(&server, &reached, &headers).await {
        Some(_) => answer(ready, json!({ "ready": ready, "parts": parts })),
        None => answer(ready, json!({ "ready": ready })),
    }
}

pub async fn metrics(State(server): State<Server>) -> Response {
    let mut text = server.metrics.text();
    text.push_str(&server.parts.health.metrics());
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))], text)
        .into_response()
}

pub async fn status(State(server): State<Server>, Extension(identity): Extension<Identity>) -> Answer {
    let parts = server.parts.health.ready().await;
    let started = server.started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let mut status = server.parts.health.status().await;
    status.insert("version".into(), server.settings.version.as_str().into());
    status.insert("started".into(), started.into());
    status.insert("ready".into(), parts.iter().all(|part| part.ok).into());
    status.insert("parts".into(), json!(parts));
    status.insert("person".into(), json!(identity.person));
    status.insert("generation".into(), server.parts.commands.list().generation.into());
    Ok(Json(status).into_response())
}
