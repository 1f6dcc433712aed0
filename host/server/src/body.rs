//! Bodies of requests: held in memory up to a limit, or streamed.
//!
//! Lives here: reading with limits and idle times. Must not live here: what the bytes mean.
//! Invariants: no limit is checked after the memory was taken; all held bodies together stay below one bound.

use crate::{
    Server,
    parts::ByteStream,
    refusal::{Answer, Refusal},
};
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
};
use futures::StreamExt;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use kamld_types::Problem;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::OwnedSemaphorePermit;

/// A body that is held in memory, with its share of what may be held.
pub struct Held {
    pub bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Nothing here unpacks bodies: one that says it is packed would be stored wrongly.
pub fn refuse_encoding(headers: &HeaderMap) -> Answer<()> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let problem = Problem::invalid("bodies with a Content-Encoding are not taken").help("send the plain bytes");
            Err(Refusal::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem))
        }
        _ => Ok(()),
    }
}

/// The media type without its parameters, in lower case.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next()?.trim().to_ascii_lowercase())
}

/// Reads a whole body of at most `limit` bytes; `what` names it in the refusal.
pub async fn hold(server: &Server, request: Request, limit: usize, what: &str) -> Answer<Held> {
    refuse_encoding(request.headers())?;
    let too_large = || {
        Refusal::from(
            Problem::limit(format!("{what} is larger than {limit} bytes"))
                .help("nothing of it was kept; send less at once"),
        )
    };
    let announced = content_length(request.headers());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let share = take_share(server, announced.map_or(limit, |length| length as usize))?;
    let mut stream = request.into_body().into_data_stream();
    let mut held = Vec::with_capacity(announced.unwrap_or(0) as usize);
    while let Some(chunk) = next_chunk(&mut stream, server.settings.limits.body_idle).await? {
        if held.len() + chunk.len() > limit {
            return Err(too_large());
        }
        held.extend_from_slice(&chunk);
    }
    Ok(Held { bytes: held.into(), _share: share })
}

fn take_share(server: &Server, bytes: usize) -> Answer<Option<OwnedSemaphorePermit>> {
    // Small bodies are bounded by the number of requests.
    if bytes <= server.settings.limits.json {
        return Ok(None);
    }
    let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
    server.held.clone().try_acquire_many_owned(kib).map(Some).map_err(|_| {
        Problem::unavailable("the server holds as many bytes of requests as it may")
            .help("nothing was changed; try again in a second")
            .into()
    })
}

async fn next_chunk(stream: &mut axum::body::BodyDataStream, idle: Duration) -> Answer<Option<Bytes>> {
    match tokio::time::timeout(idle, stream.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(_))) => Err(cut().into()),
        Err(_) => Err(Refusal::with(StatusCode::REQUEST_TIMEOUT, stalled())),
    }
}

fn cut() -> Problem {
    Problem::cancelled("the connection was cut in the middle of the body").help("nothing of it was kept; send it again")
}

fn stalled() -> Problem {
    Problem::cancelled("the body stopped arriving").help("nothing of it was kept; send it again")
}

/// Streams a body; a cut or a long pause is an error at the end of what arrived.
pub fn stream(server: &Server, body: Body) -> ByteStream {
    let idle = server.settings.limits.body_idle;
    let chunks = futures::stream::unfold(Some(body.into_data_stream()), move |stream| async move {
        let mut stream = stream?;
        match tokio::time::timeout(idle, stream.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(stream))),
            Ok(Some(Err(_))) => Some((Err(cut()), None)),
            Err(_) => Some((Err(stalled()), None)),
        }
    });
    chunks.boxed()
}

/// How much of an unread body is thrown away so that the client reads its refusal instead of a broken pipe.
const LINGER_BYTES: usize = 16 << 20;
const LINGER_TIME: Duration = Duration::from_secs(5);

/// The body of a request that is read on for a moment when its handler has no use for it.
pub struct Lingering(Option<Body>);

impl Lingering {
    pub fn new(body: Body) -> Self {
        Self(Some(body))
    }
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(mut body) = self.0.take().filter(|body| !body.is_end_stream()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(tokio::time::timeout(LINGER_TIME, async move {
            let mut left = LINGER_BYTES;
            while let Some(Ok(frame)) = body.frame().await {
                left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
                if left == 0 {
                    break;
                }
            }
        }));
    }
}
