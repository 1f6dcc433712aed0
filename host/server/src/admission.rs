//! How many requests run at one time.
//!
//! Lives here: the layer that counts. Must not live here: limits of single bodies (`body`).
//! Invariants: a request counts until its answer is sent or its client is gone; the health of the process is told
//! however busy the server is.

use crate::{Server, body::Lingering, refusal::Answer};
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    middleware::Next,
};
use hyper::body::{Frame, SizeHint};
use kamld_types::Problem;
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::OwnedSemaphorePermit;

/// A request on the books.
struct Running {
    server: Server,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Running {
    fn new(server: &Server, permit: Option<OwnedSemaphorePermit>) -> Self {
        server.metrics.began();
        Self { server: server.clone(), _permit: permit }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.metrics.ended();
    }
}

pub(crate) async fn admit(State(server): State<Server>, request: Request, next: Next) -> Answer {
    let permit = match request.uri().path() {
        "/healthz" | "/readyz" | "/metrics" => None,
        _ => match server.requests.clone().try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => {
                server.metrics.overloaded();
                return Err(Problem::unavailable("the server is running as many requests as it may")
                    .help("nothing was changed; try again in a second")
                    .into());
            }
        },
    };
    let running = Running::new(&server, permit);
    let request = request.map(|body| Body::new(Lingering::new(body)));
    let response = next.run(request).await;
    Ok(response.map(|body| Body::new(Counted { body, _running: running })))
}

/// The body of an answer that keeps its request on the books.
struct Counted {
    body: Body,
    _running: Running,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
