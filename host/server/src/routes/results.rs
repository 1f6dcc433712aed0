//! Rows of queries on their way to a person.
//!
//! Lives here: formats and the stream. Must not live here: rows.
//! Invariant: a query that fails before its first row is a problem body, never an empty file.

use super::query;
use crate::{Identity, Server, parts::ResultFormat, refusal::Answer};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    format: ResultFormat,
}

pub async fn open(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    let wish: Wish = query(&request.into_parts().0)?;
    let opened = server.parts.results.open(&id, wish.format, &identity.person).await?;
    let mut body = opened.body;
    let first = body.next().await.transpose()?;
    let rest = body.inspect(|chunk| {
        if let Err(problem) = chunk {
            tracing::warn!(kind = problem.kind.as_str(), "a result was cut while it was sent: {problem}");
        }
    });
    let mut response = Response::new(Body::from_stream(futures::stream::iter(first.map(Ok)).chain(rest)));
    let media = HeaderValue::from_str(&opened.media_type);
    let headers = response.headers_mut();
    headers
        .insert(header::CONTENT_TYPE, media.unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    Ok(response)
}

pub async fn cancel(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
) -> Answer {
    server.parts.results.cancel(&id, &identity.person).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
