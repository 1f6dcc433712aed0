//! Commands of plug-ins as operations of the API: listed, described, run.
//!
//! Lives here: from a request to a `Caller` and checked arguments. Must not live here: what any command does.
//! Invariants: arguments reach a plug-in only after they were checked against its own declaration; when the client
//! goes away the call is told.

use crate::{
    Caller, Identity, Server, Trace, body, caller,
    parts::{CommandList, PluginCommand},
    refusal::{Answer, Refusal},
};
use axum::{
    Extension, Json,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use kamld_types::{
    Problem, ProjectName, Right,
    command::{Effect, Outcome},
    problem::Result,
};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

pub async fn list(State(server): State<Server>) -> Response {
    server.parts.commands.settled().await;
    Json(server.parts.commands.list().as_ref()).into_response()
}

/// One command as it is declared, or why it is not offered.
pub async fn one(State(server): State<Server>, Path(name): Path<String>) -> Answer {
    let words: Vec<String> = name.split('/').map(str::to_owned).collect();
    let list = server.parts.commands.list();
    Ok(Json(find(&server, &list, &words).await?).into_response())
}

pub async fn openapi(State(server): State<Server>) -> Response {
    Json(crate::openapi(&server.parts.commands.list().commands)).into_response()
}

pub async fn run(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Extension(trace): Extension<Trace>,
    Path(name): Path<String>,
    request: Request,
) -> Answer {
    let words: Vec<String> = name.split('/').map(str::to_owned).collect();
    find(&server, &server.parts.commands.list(), &words).await?;
    let caller = caller(request.headers(), identity, trace)?;
    let media = body::media_type(request.headers());
    if media.as_deref().is_some_and(|media| media != "application/json") {
        let problem = Problem::invalid("the arguments of a command are a JSON object")
            .help("send them with 'Content-Type: application/json'");
        return Err(Refusal::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem));
    }
    let held = body::hold(&server, request, server.settings.limits.json, "the body of a command").await?;
    let arguments = arguments(&held.bytes)?;

    // Dropped with this future when the client goes away.
    let cancel = caller.cancelled.clone().drop_guard();
    let deadline = caller.deadline;
    let running = run_checked(&server, caller, &words, arguments);
    let outcome = match deadline {
        None => running.await?,
        Some(deadline) => tokio::time::timeout_at(deadline.into(), running).await.map_err(|_| late())??,
    };
    cancel.disarm();
    Ok(Json(outcome).into_response())
}

async fn find<'a>(server: &Server, list: &'a CommandList, words: &[String]) -> Result<&'a PluginCommand> {
    match list.commands.iter().find(|command| command.command.name == words) {
        Some(found) => Ok(found),
        None => {
            let withheld = server.parts.commands.withheld(words).await;
            Err(withheld.unwrap_or_else(|| unknown(words, &list.commands)))
        }
    }
}

/// A command and its arguments as its declaration has them.
pub(crate) async fn checked(
    server: &Server,
    words: &[String],
    arguments: Map<String, Value>,
) -> Result<(PluginCommand, Map<String, Value>)> {
    let list = server.parts.commands.list();
    let found = find(server, &list, words).await?;
    let arguments = found.command.check(arguments)?;
    Ok((found.clone(), arguments))
}

/// Runs a command, its arguments checked against its declaration, and tells the pages what it touched.
pub(crate) async fn run_checked(
    server: &Server,
    caller: Caller,
    words: &[String],
    arguments: Map<String, Value>,
) -> Result<Outcome> {
    let list = server.parts.commands.list();
    let found = find(server, &list, words).await?;
    let arguments = found.command.check(arguments)?;
    tracing::Span::current().record("plugin", found.plugin.as_str());
    let outcome = server.parts.commands.run(caller, words, arguments.clone()).await;
    // One that failed may have got half way.
    if found.command.effect != Effect::Read {
        server.parts.changes.tell_command(&found.command, &arguments);
    }
    outcome
}

fn late() -> Refusal {
    let problem = Problem::cancelled("the command took longer than the time that Kamld-Deadline gave it")
        .help("what it had acknowledged is kept; give it more time or ask for less");
    Refusal::with(StatusCode::GATEWAY_TIMEOUT, problem)
}

fn caller(headers: &HeaderMap, identity: Identity, trace: Trace) -> Result<Caller> {
    let project = match headers.get("kamld-project") {
        None => None,
        Some(value) => {
            let text = value.to_str().map_err(|_| Problem::invalid("the header Kamld-Project cannot be read"))?;
            let project = ProjectName::new(text)?;
            identity.require(&project, Right::Viewer)?;
            Some(project)
        }
    };
    Ok(Caller {
        person: identity.person,
        rights: identity.rights,
        project,
        trace,
        deadline: caller::deadline(headers)?,
        locale: caller::locale(headers),
        cancelled: CancellationToken::new(),
    })
}

fn arguments(body: &[u8]) -> Result<Map<String, Value>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(Problem::invalid("the body is JSON but not an object").help("send {\"argument\": value, ...}")),
        Err(error) => {
            let (line, column) = (error.line() as u32, error.column() as u32);
            Err(Problem::invalid(format!("the body is not JSON: {error}")).at(line, column))
        }
    }
}

fn unknown(words: &[String], commands: &[PluginCommand]) -> Problem {
    let shown: String = words.join(" ").chars().take(80).collect();
    let group: Vec<String> = commands
        .iter()
        .filter(|command| command.command.name.first() == words.first())
        .map(|command| command.command.name.join(" "))
        .collect();
    let help = match group.is_empty() {
        true => "GET /api/v1/commands lists what the enabled plug-ins offer".to_owned(),
        false => format!("there are: {}", group.join(", ")),
    };
    Problem::not_found(format!("no enabled plug-in offers the command '{shown}'")).help(help)
}
