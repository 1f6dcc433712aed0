//! Resumable uploads over tus 1.0.0: creation, termination, checksum, expiration.
//!
//! Lives here: the requests and who may append when. Must not live here: headers (`tus`), bytes at rest.
//! Invariants: what arrived is kept whoever hangs up, so an append runs to its end in a task of its own; one upload has
//! one append at a time, and a newer request takes over from one whose client may be gone; an upload whose every byte is
//! durable is finished before anyone is told so.

use super::{turns::Turn, tus};
use crate::{
    Identity, Server, body,
    parts::{ArrivingBytes, ObjectInfo, UploadState},
    refusal::{Answer, Refusal},
    routes::objects::etag,
};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use kamld_types::{Kind, Problem, Right, problem::Result};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// An upload as it stands: open, or an object already.
enum Known {
    Open(UploadState),
    Finished(UploadState, ObjectInfo),
}

async fn known(server: &Server, identity: &Identity, id: &str) -> Result<Known> {
    let state = match server.parts.uploads.state(id).await {
        Err(problem) if problem.kind == Kind::NotFound && problem.help.is_none() => {
            return Err(problem.help("it was aborted or expired; begin again with a POST"));
        }
        state => state?,
    };
    identity.require(&state.spec.asset.project, Right::Editor)?;
    Ok(match state.finished.clone() {
        Some(info) => Known::Finished(state, info),
        None => Known::Open(state),
    })
}

fn protocol(answer: Answer) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(tus::RESUMABLE, tus::VERSION_1);
    response
}

pub async fn options(State(server): State<Server>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(tus::RESUMABLE, tus::VERSION_1);
    headers.insert(tus::VERSION, tus::VERSION_1);
    headers.insert(tus::EXTENSION, tus::EXTENSIONS);
    headers.insert(tus::CHECKSUMS, HeaderValue::from_static("sha256"));
    if let Some(size) = server.parts.uploads.max_size() {
        headers.insert(tus::MAX_SIZE, size.into());
    }
    response
}

pub async fn not_readable() -> Response {
    let problem = Problem::invalid("an upload cannot be read").help("HEAD tells how far it is");
    protocol(Err(Refusal::with(StatusCode::METHOD_NOT_ALLOWED, problem)
        .header(header::ALLOW, HeaderValue::from_static("HEAD,PATCH,DELETE,OPTIONS"))))
}

pub async fn create(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
) -> Response {
    protocol(begin(&server, &identity, &headers).await)
}

async fn begin(server: &Server, identity: &Identity, headers: &HeaderMap) -> Answer {
    tus::check_version(headers)?;
    if body::content_length(headers).is_some_and(|length| length > 0) {
        return Err(Problem::invalid("an upload begins without bytes").help("send them with PATCH").into());
    }
    let spec = tus::spec(headers)?;
    identity.require(&spec.asset.project, Right::Editor)?;
    if let Some(most) = server.parts.uploads.max_size().filter(|most| spec.size > *most) {
        return Err(Problem::limit(format!("the upload is larger than the {most} bytes that are accepted")).into());
    }
    let (id, state) = server.parts.uploads.create(spec).await?;
    let mut tag = None;
    if state.offset == state.spec.size {
        tag = Some(server.parts.uploads.finish(&id).await?);
    }
    let mut response = StatusCode::CREATED.into_response();
    tus::tell(&mut response, &state);
    put(&mut response, header::LOCATION, format!("/api/v1/uploads/{id}"));
    if let Some(info) = tag {
        put(&mut response, header::ETAG, etag(&info));
    }
    Ok(response)
}

fn put(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(name, value);
    }
}

pub async fn head(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut response = protocol(position(&server, &identity, &id, &headers).await);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn position(server: &Server, identity: &Identity, id: &str, headers: &HeaderMap) -> Answer {
    tus::check_version(headers)?;
    let (state, info) = match known(server, identity, id).await? {
        // The host stopped between the last byte and the object: a client would take this offset for the end.
        Known::Open(state) if state.offset == state.spec.size => finish_alone(server, identity, id).await?,
        Known::Open(state) => (state, None),
        Known::Finished(state, info) => (state, Some(info)),
    };
    let mut response = StatusCode::OK.into_response();
    tus::tell_all(&mut response, &state);
    if let Some(info) = info {
        put(&mut response, header::ETAG, etag(&info));
    }
    Ok(response)
}

/// Finishes a complete upload unless somebody else just did.
async fn finish_alone(server: &Server, identity: &Identity, id: &str) -> Answer<(UploadState, Option<ObjectInfo>)> {
    let turn = Turn::take(server, id).await;
    match known(server, identity, id).await? {
        Known::Finished(state, info) => Ok((state, Some(info))),
        Known::Open(state) => {
            let (server, id) = (server.clone(), id.to_owned());
            uncut(&server.clone(), async move {
                let _turn = turn;
                let info = server.parts.uploads.finish(&id).await?;
                Ok((state, Some(info)))
            })
            .await
        }
    }
}

/// Runs work to its end even when the client hangs up.
async fn uncut<T: Send + 'static>(
    server: &Server,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Answer<T> {
    let ended = server.tasks.spawn(tracing::Instrument::in_current_span(work)).await;
    Ok(ended.map_err(|_| {
        Problem::internal("the upload failed").help("what was durable before is kept; HEAD tells how much")
    })??)
}

/// Clients that can only POST name the method they mean, as tus has it.
pub async fn overridden(
    server: State<Server>,
    identity: Extension<Identity>,
    id: Path<String>,
    request: Request,
) -> Response {
    let meant =
        request.headers().get("x-http-method-override").and_then(|value| Method::from_bytes(value.as_bytes()).ok());
    match meant {
        Some(Method::PATCH) => patch(server, identity, id, request).await,
        Some(Method::DELETE) => abort(server, identity, id, request.headers().clone()).await,
        Some(Method::HEAD) => head(server, identity, id, request.headers().clone()).await,
        _ => {
            let problem =
                Problem::invalid("POST does not work at the address of an upload").help("send its bytes with PATCH");
            protocol(Err(Refusal::with(StatusCode::METHOD_NOT_ALLOWED, problem)
                .header(header::ALLOW, HeaderValue::from_static("HEAD,PATCH,DELETE,OPTIONS"))))
        }
    }
}

pub async fn patch(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    protocol(append(&server, &identity, &id, request).await)
}

async fn append(server: &Server, identity: &Identity, id: &str, request: Request) -> Answer {
    let headers = request.headers();
    tus::check_version(headers)?;
    if body::media_type(headers).as_deref() != Some("application/offset+octet-stream") {
        let problem = Problem::invalid("the bytes of an upload have a type of their own")
            .help("send 'Content-Type: application/offset+octet-stream'");
        return Err(Refusal::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem));
    }
    body::refuse_encoding(headers)?;
    let offset = tus::count(headers, &tus::OFFSET)?;
    let checksum = tus::checksum(headers)?;
    let length = body::content_length(headers);
    // The right is asked before anybody's work is stopped.
    known(server, identity, id).await?;
    let turn = Turn::take(server, id).await;
    let mut state = match known(server, identity, id).await? {
        Known::Open(state) => state,
        Known::Finished(state, info) => {
            check_room(&state, offset, length)?;
            let mut response = StatusCode::NO_CONTENT.into_response();
            tus::tell(&mut response, &state);
            put(&mut response, header::ETAG, etag(&info));
            return Ok(response);
        }
    };
    check_room(&state, offset, length)?;

    let end = Arc::new(Mutex::new(End::Whole));
    let bytes: ArrivingBytes = match checksum {
        None => arriving(server, request.into_body(), state.spec.size - offset, turn.stop(), end.clone()),
        Some(expected) => {
            let held = body::hold(server, request, server.settings.limits.checked_chunk, "a checksummed piece").await?;
            check_room(&state, offset, Some(held.bytes.len() as u64))?;
            if Sha256::digest(&held.bytes).as_slice() != expected {
                let problem = Problem::invalid("the bytes do not have the checksum that was sent with them")
                    .help("they were thrown away, what came before them is kept; send them again");
                return Err(Refusal::with(tus::checksum_mismatch(), problem).header(tus::OFFSET, offset.into()));
            }
            // Its share of memory is held until the bytes are durable.
            futures::stream::iter([held]).map(|held| held.bytes.clone()).boxed()
        }
    };
    let (state, info) = {
        let (server, id) = (server.clone(), id.to_owned());
        uncut(&server.clone(), async move {
            let _turn = turn;
            state.offset = server.parts.uploads.append(&id, offset, bytes).await?;
            let info = match state.offset == state.spec.size {
                true => Some(server.parts.uploads.finish(&id).await?),
                false => None,
            };
            Ok((state, info))
        })
        .await?
    };
    let end = *end.lock();
    if let (None, Some(refusal)) = (&info, end.refusal(&state)) {
        return Err(refusal);
    }
    if end == End::TooLong {
        // The object is complete, yet the client sent something else than it announced.
        tracing::warn!("an upload was sent more bytes than it has room for");
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    tus::tell(&mut response, &state);
    if let Some(info) = info {
        put(&mut response, header::ETAG, etag(&info));
    }
    Ok(response)
}

/// The piece must begin where the upload stands and fit into what is left of it.
fn check_room(state: &UploadState, offset: u64, length: Option<u64>) -> Answer<()> {
    if offset != state.offset {
        let problem = Problem::conflict(format!("the upload stands at byte {}, not at {offset}", state.offset))
            .help("HEAD tells where to go on");
        return Err(Refusal::from(problem).header(tus::OFFSET, state.offset.into()));
    }
    let left = state.spec.size - state.offset;
    match length {
        Some(length) if length > left => {
            Err(Problem::limit(format!("the upload has room for {left} more bytes, not for {length}"))
                .help("nothing of this piece was kept")
                .into())
        }
        _ => Ok(()),
    }
}

/// How a piece ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Cut,
    Stalled,
    TakenOver,
    TooLong,
}

impl End {
    fn refusal(self, state: &UploadState) -> Option<Refusal> {
        let kept = format!("{} of {} bytes are kept; go on from there", state.offset, state.spec.size);
        let (status, problem) = match self {
            End::Whole | End::TooLong => return None,
            End::Cut => (StatusCode::BAD_REQUEST, Problem::cancelled("the connection was cut")),
            End::Stalled => (StatusCode::REQUEST_TIMEOUT, Problem::cancelled("the bytes stopped arriving")),
            End::TakenOver => (StatusCode::CONFLICT, Problem::conflict("another request goes on with this upload")),
        };
        Some(Refusal::with(status, problem.help(kept)).header(tus::OFFSET, state.offset.into()))
    }
}

/// The bytes of a body as far as they come, never more than there is room for.
fn arriving(server: &Server, body: Body, room: u64, stop: CancellationToken, end: Arc<Mutex<End>>) -> ArrivingBytes {
    let idle = server.settings.limits.body_idle;
    let chunks = futures::stream::unfold((body.into_data_stream(), room), move |(mut stream, room)| {
        let (stop, end) = (stop.clone(), end.clone());
        async move {
            let next = tokio::select! {
                next = tokio::time::timeout(idle, stream.next()) => next.map_err(|_| End::Stalled),
                () = stop.cancelled() => Err(End::TakenOver),
            };
            let over = match next {
                Ok(None) => End::Whole,
                Ok(Some(Err(_))) => End::Cut,
                Ok(Some(Ok(chunk))) if chunk.is_empty() => return Some((Bytes::new(), (stream, room))),
                Ok(Some(Ok(_))) if room == 0 => End::TooLong,
                Ok(Some(Ok(mut chunk))) => {
                    if chunk.len() as u64 > room {
                        chunk.truncate(room as usize);
                        *end.lock() = End::TooLong;
                    }
                    let left = room - chunk.len() as u64;
                    return Some((chunk, (stream, left)));
                }
                Err(over) => over,
            };
            if *end.lock() == End::Whole {
                *end.lock() = over;
            }
            None
        }
    });
    chunks.boxed()
}

pub async fn abort(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    protocol(end(&server, &identity, &id, &headers).await)
}

async fn end(server: &Server, identity: &Identity, id: &str, headers: &HeaderMap) -> Answer {
    tus::check_version(headers)?;
    known(server, identity, id).await?;
    let _turn = Turn::take(server, id).await;
    match known(server, identity, id).await? {
        Known::Open(_) => {
            server.parts.uploads.abort(id).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Known::Finished(..) => {
            let problem = Problem::conflict("the upload is an object already").help("remove the object instead");
            Err(problem.into())
        }
    }
}
