//! How a request is answered when it is not granted: problem details (RFC 9457).
//!
//! Lives here: `Refusal` and the one place that writes `application/problem+json`.
//! Invariant: every answer with a status of 400 or more has such a body, with the trace id in it.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kamld_types::{Kind, Problem};
use serde_json::{Map, Value, json};

/// A problem on its way to a client. The body is written at the edge, where the trace id is known.
#[derive(Debug)]
pub struct Refusal(Box<Refused>);

#[derive(Debug)]
struct Refused {
    problem: Problem,
    status: StatusCode,
    headers: HeaderMap,
}

/// What handlers answer.
pub type Answer<T = Response> = Result<T, Refusal>;

impl Refusal {
    /// For the few cases where HTTP has a closer word than the kind of the problem.
    pub fn with(status: StatusCode, problem: Problem) -> Self {
        Self(Box::new(Refused { problem, status, headers: HeaderMap::new() }))
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = Self::with(status, problem);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return refusal.header(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        *response.headers_mut() = self.0.headers;
        response.extensions_mut().insert(self.0.problem);
        response
    }
}

/// Writes the body of a refused request; other answers pass through.
pub fn write_problem(mut response: Response, trace: &str) -> Response {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        // Answers that axum made itself, such as one to a path that is no UTF-8.
        None if status.as_u16() >= 400 && response.extensions().get::<Written>().is_none() => unexplained(status),
        None => return response,
    };
    let body = details(&problem, status, trace).to_string();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.body_mut() = Body::from(body);
    response
}

/// Marks an answer of 400 or more that has a body of its own, such as a page.
#[derive(Clone, Copy)]
pub struct Written;

fn unexplained(status: StatusCode) -> Problem {
    let kind = match status.as_u16() {
        404 => Kind::NotFound,
        413 => Kind::Limit,
        400..=499 => Kind::Invalid,
        503 => Kind::Unavailable,
        _ => Kind::Internal,
    };
    Problem::new(kind, status.canonical_reason().unwrap_or("the request was refused").to_lowercase())
}

/// The JSON of a problem, as it stands in a body or as the last line of a stream.
pub fn details(problem: &Problem, status: StatusCode, trace: &str) -> Value {
    let title = status.canonical_reason().unwrap_or(match problem.kind {
        Kind::Cancelled => "Cancelled",
        _ => "Refused",
    });
    let mut details = Map::new();
    details.insert("title".into(), title.into());
    details.insert("status".into(), status.as_u16().into());
    details.insert("detail".into(), problem.message.as_str().into());
    details.insert("kind".into(), problem.kind.as_str().into());
    if let Some(help) = &problem.help {
        details.insert("help".into(), help.as_str().into());
    }
    if let Some(at) = problem.at {
        details.insert("at".into(), json!(at));
    }
    details.insert("trace".into(), trace.into());
    Value::Object(details)
}
