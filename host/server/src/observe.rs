//! The outermost layer: one span, one line of metrics and one problem body per request.
//!
//! Lives here: what is recorded about requests. Must not live here: decisions.
//! Invariant: a path is recorded as its route, so that no name, query string or token can reach a log.

use crate::{
    Server, Trace, guard,
    reached::{Connection, Reached},
    refusal::{Refusal, write_problem},
};
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderValue, Method, StatusCode};
use kamld_types::Problem;
use parking_lot::Mutex;
use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};
use tracing::Instrument;

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        // A client can invent methods; a label must not grow with them.
        _ => "OTHER",
    }
}

/// Time between two lines about requests that were turned away.
const PAUSE: Duration = Duration::from_secs(1);

/// What is logged about refused requests. Only a failure of the server is an error; that it is busy, anybody can bring
/// about as often as they like, so those lines are few and say how many there would have been.
#[derive(Default)]
pub struct Refused(Mutex<(Option<Instant>, u64)>);

impl Refused {
    fn log(&self, status: StatusCode, problem: &Problem) {
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                let Some(others) = self.due(Instant::now()) else { return };
                tracing::warn!(kind = problem.kind.as_str(), others, "{problem}");
            }
            // What was asked for does not exist here: a fault of the client.
            StatusCode::NOT_IMPLEMENTED => {}
            status if status.is_server_error() => tracing::error!(kind = problem.kind.as_str(), "{problem}"),
            _ => {}
        }
    }

    /// How many lines were left out before this one; none when this one is left out too.
    fn due(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock();
        let (last, left_out) = &mut *state;
        if last.is_some_and(|last| now.saturating_duration_since(last) < PAUSE) {
            *left_out += 1;
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(left_out))
    }
}

pub(crate) async fn observe(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace = Trace::of(request.headers());
    let connection = request.extensions().get::<Connection>().copied();
    let reached = Reached::of(connection, request.headers(), &server.settings);
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        method,
        route = route.as_str(),
        trace = trace.id.as_str(),
        client = reached.client.map(tracing::field::display),
        plugin = tracing::field::Empty,
        status = tracing::field::Empty,
        ms = tracing::field::Empty,
    );
    if let Some(join) = server.settings.join_trace {
        join(&span, &trace);
    }
    request.extensions_mut().insert(trace.clone());
    request.extensions_mut().insert(reached);

    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let response = answer.unwrap_or_else(|_| {
        span.in_scope(|| tracing::error!("a handler panicked"));
        Refusal::from(
            Problem::internal("the server failed while it answered this request")
                .help("what was acknowledged before is kept; the server's log says more under this trace"),
        )
        .into_response()
    });
    if let Some(problem) = response.extensions().get::<Problem>() {
        span.in_scope(|| server.refused.log(response.status(), problem));
    }

    let mut response = write_problem(response, &trace.id);
    guard::secure(&mut response);
    if let Ok(value) = HeaderValue::from_str(&trace.id) {
        response.headers_mut().insert("kamld-trace", value);
    }
    let took = started.elapsed();
    let status = response.status().as_u16();
    span.record("status", status);
    span.record("ms", took.as_secs_f64() * 1000.0);
    span.in_scope(|| tracing::debug!("answered"));
    server.metrics.answered(method, &route, status, took);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn being_busy_is_told_once_a_second_with_the_number_of_those_left_out() {
        let (refused, start) = (Refused::default(), Instant::now());
        let told = |ms| refused.due(start + Duration::from_millis(ms));
        assert_eq!([0, 1, 500, 999, 1000, 1001, 2500].map(told), [Some(0), None, None, None, Some(3), None, Some(1)]);
    }
}
