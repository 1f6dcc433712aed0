//! Long work on the host's own stores, told line by line.
//!
//! Lives here: streams of JSON lines. Must not live here: the work.
//! Invariant: a stream that fails on its way ends with a line `{"problem": ...}`, since its status is sent already.

use super::query;
use crate::refusal::Answer;
use crate::{
    Server, Trace,
    parts::{Backup, Collect, LineStream},
    refusal,
};
use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use futures::StreamExt;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    #[serde(default)]
    repair: bool,
}

pub async fn storage_check(
    State(server): State<Server>,
    Extension(trace): Extension<Trace>,
    request: Request,
) -> Answer {
    let (head, _) = request.into_parts();
    let Check { repair } = query(&head)?;
    Ok(lines(server.parts.maintenance.storage_check(repair).await?, trace))
}

pub async fn storage_gc(
    State(server): State<Server>,
    Extension(trace): Extension<Trace>,
    order: Option<Json<Collect>>,
) -> Answer {
    let order = order.map(|Json(order)| order).unwrap_or_default();
    Ok(lines(server.parts.maintenance.storage_gc(order).await?, trace))
}

pub async fn backup(
    State(server): State<Server>,
    Extension(trace): Extension<Trace>,
    Json(order): Json<Backup>,
) -> Answer {
    Ok(lines(server.parts.maintenance.backup(order).await?, trace))
}

pub async fn index_rebuild(State(server): State<Server>, Extension(trace): Extension<Trace>) -> Answer {
    Ok(lines(server.parts.maintenance.index_rebuild().await?, trace))
}

fn lines(stream: LineStream, trace: Trace) -> Response {
    let body = stream.map(move |line| {
        let line = line.unwrap_or_else(|problem| {
            let status = StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            json!({ "problem": refusal::details(&problem, status, &trace.id) })
        });
        Ok::<_, Infallible>(Bytes::from(format!("{line}\n")))
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
