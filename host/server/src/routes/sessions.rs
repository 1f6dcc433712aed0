//! Where a person is signed in, and the way out.
//!
//! Lives here: the answers. Must not live here: what a session is (`signin`). Invariant: nobody sees or ends a session of
//! another person.

use crate::{
    Identity, Server,
    auth::{self, Credential},
    reached::Reached,
    refusal::Answer,
};
use axum::{
    Extension, Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use kamld_types::Problem;
use serde_json::{Value, json};

/// Seconds since 1970 as people and programs read a time.
fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    time.unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

pub async fn list(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Extension(by): Extension<Credential>,
) -> Json<Value> {
    let mut sessions = server.sign_ins.list(&identity.person.id);
    sessions.sort_by_key(|session| std::cmp::Reverse((session.seen, session.created)));
    let told = sessions.iter().map(|session| {
        json!({
            "id": session.id,
            "created": time(session.created),
            "seen": time(session.seen),
            "agent": session.agent,
            "current": by.session() == Some(session.id.as_str()),
        })
    });
    Json(json!({ "sessions": told.collect::<Vec<_>>() }))
}

pub async fn end(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
) -> Answer {
    if !server.sign_ins.end(&identity.person.id, &id).await? {
        return Err(Problem::not_found("there is no such session")
            .help("it may have ended already; GET /api/v1/sessions lists those that there are")
            .into());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// All of them, but the one that asks.
pub async fn end_others(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Extension(by): Extension<Credential>,
) -> Answer {
    let mut ended = 0;
    for session in server.sign_ins.list(&identity.person.id) {
        if by.session() != Some(session.id.as_str()) && server.sign_ins.end(&identity.person.id, &session.id).await? {
            ended += 1;
        }
    }
    Ok(Json(json!({ "ended": ended })).into_response())
}

/// Ends the session of this browser everywhere, and takes its cookie away. The link with the token opens another one.
pub async fn sign_out(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Extension(by): Extension<Credential>,
    Extension(reached): Extension<Reached>,
) -> Answer<Response> {
    if let Some(id) = by.session() {
        server.sign_ins.end(&identity.person.id, id).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = auth::no_session_cookie(&server, &reached) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
