//! The socket of a tab: messages in, answers and patches out.
//!
//! Lives here: reading messages and doing what they say. Must not live here: state that outlives a connection.
//! Invariants: a browser's socket comes from our own page; a message that cannot be read ends nothing but itself; what
//! a person did runs to its end once it has begun, unless the person stops it.

use super::{
    asking,
    keys::{self, Turn},
    message::{self, Act, Cells, Confirm, Incoming, Open, Rows, Run},
    session::{Session, VIEWS, project_of},
    views,
};
use crate::{
    Caller, Identity, Server, Trace, auth, caller,
    reached::Reached,
    refusal::{Answer, Refusal},
};
use axum::{
    Extension,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
};
use futures::{SinkExt, StreamExt};
use http::HeaderMap;
use kamld_types::{Address, Kind, Problem, Right, problem::Result};
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Bytes of one message of the page.
const MESSAGE: usize = 256 << 10;
/// Messages that wait for a slow page before its connection is ended.
const WAITING: usize = 1024;
/// A page that says nothing for so long after a ping is gone.
const ALIVE: Duration = Duration::from_secs(30);

pub async fn open(
    State(server): State<Server>,
    Extension(by): Extension<auth::Credential>,
    Extension(reached): Extension<Reached>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Answer {
    // A socket is opened by any page that likes to; only ours may use the session.
    auth::check_origin(&server, &reached, &headers)?;
    let upgrade = upgrade.map_err(|rejection| {
        let problem = Problem::invalid("this address is a WebSocket").help("wit/ui/page.md describes its messages");
        Refusal::with(rejection.status(), problem)
    })?;
    let locale = caller::locale(&headers);
    let upgrade = upgrade.max_message_size(MESSAGE).max_frame_size(MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| serve(server, by, locale, socket)))
}

async fn serve(server: Server, by: auth::Credential, locale: Option<String>, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let (out, mut waiting) = mpsc::channel::<String>(WAITING);
    let stop = server.stopping.clone();
    let mut session: Option<(Arc<Session>, u64)> = None;
    let mut ended = server.sign_ins.ended();
    let mut ping = tokio::time::interval(ALIVE);
    ping.reset();
    let mut quiet = false;
    let end = loop {
        tokio::select! {
            text = waiting.recv() => {
                let Some(text) = text else { break "it did not read" };
                if sink.send(Message::Text(text.into())).await.is_err() {
                    break "it is gone";
                }
            }
            _ = ping.tick() => {
                if quiet || sink.send(Message::Ping(Default::default())).await.is_err() {
                    break "it is gone";
                }
                quiet = true;
            }
            () = stop.cancelled() => break "the server stops",
            id = ended.recv() => {
                // Who missed some of them asks whether it is still there.
                let mine = match id {
                    Ok(id) => by.session() == Some(id.as_str()),
                    Err(_) => by.identity(&server).await.is_none(),
                };
                if mine {
                    break "signed out";
                }
            }
            received = stream.next() => {
                quiet = false;
                let text = match received {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => break "it left",
                };
                // What the person may do is asked at each action: it may have changed since the page was opened.
                let Some(identity) = by.identity(&server).await else { break "signed out" };
                if let Some((session, _)) = &session {
                    session.is_now(&identity);
                }
                match serde_json::from_str::<Incoming>(&text) {
                    Ok(incoming) => match &session {
                        Some((session, _)) => handle(&server, session, incoming),
                        None => match hello(&server, &identity, &locale, incoming, &out) {
                            Ok(begun) => session = Some(begun),
                            Err(problem) => {
                                let told = message::outgoing(None, "problem", message::problem(&problem, ""));
                                let _ = sink.send(Message::Text(told.into())).await;
                                break "it did not say hello";
                            }
                        },
                    },
                    Err(error) => {
                        let id = serde_json::from_str::<Value>(&text).ok().and_then(|value| value["id"].as_u64());
                        let problem = Problem::invalid(format!("the message cannot be read: {error}"));
                        let told = message::outgoing(id, "problem", message::problem(&problem, ""));
                        let _ = out.try_send(told);
                    }
                }
            }
        }
    };
    if let Some((session, number)) = session {
        session.disconnect(number);
    }
    let _ = sink.send(Message::Close(Some(CloseFrame { code: 1001, reason: end.into() }))).await;
}

/// The first message: resumes a session, or begins one.
fn hello(
    server: &Server,
    identity: &Identity,
    locale: &Option<String>,
    incoming: Incoming,
    out: &mpsc::Sender<String>,
) -> Result<(Arc<Session>, u64)> {
    let hello = incoming.hello.ok_or_else(|| Problem::invalid("the first message is not 'hello'"))?;
    let found = hello.resume.and_then(|token| server.pages.find(&token, identity));
    let resumed = found.is_some();
    let session = match found {
        Some(session) => session,
        None => server.pages.begin(server, identity.clone(), locale.clone())?,
    };
    let person = &identity.person;
    let welcome = json!({
        "resume": session.token,
        "resumed": resumed,
        "person": { "id": person.id, "roles": person.roles },
        "version": server.settings.version,
        "surfaces": *server.parts.surfaces.list(),
        "commands": server.parts.commands.list().generation,
        "plugins": asking::titles(server),
        "tasks": session.tasks(server),
    });
    let number = session.connect(out.clone());
    session.hidden.store(false, Ordering::Release);
    session.send(message::outgoing(Some(incoming.id), "welcome", welcome));
    if resumed {
        let (server, session) = (server.clone(), session.clone());
        tokio::spawn(async move {
            for id in session.views_that(|_| true) {
                session.redraw(&server, id, true).await;
            }
        });
    }
    Ok((session, number))
}

fn handle(server: &Server, session: &Arc<Session>, incoming: Incoming) {
    let (server, session, id) = (server.clone(), session.clone(), incoming.id);
    match incoming {
        Incoming { open: Some(open), .. } => request(server, session, id, async move |server, session, cancel| {
            opened(&server, &session, id, open, cancel).await.map(|screen| Some(("view", screen)))
        }),
        Incoming { reopen: Some(reopen), .. } => {
            tokio::spawn(async move {
                if let Some(view) = session.views.lock().get_mut(&reopen.view) {
                    if let Some(params) = reopen.params {
                        view.place.params = params;
                    }
                    if let Some(data) = reopen.data {
                        view.data = data;
                    }
                }
                session.redraw(&server, reopen.view, false).await;
                session.send(message::outgoing(Some(id), "reopened", json!({})));
            });
        }
        Incoming { close: Some(close), .. } => {
            session.views.lock().remove(&close.view);
            if let Some(cancel) = session.running.lock().get(&close.view) {
                cancel.cancel();
            }
        }
        Incoming { act: Some(act), .. } => {
            let key = act.key.clone();
            once(server, session, id, key, async move |server, session, cancel| {
                Ok(("reaction", acted(&server, &session, act, cancel).await?))
            });
        }
        Incoming { rows: Some(rows), .. } => request(server, session, id, async move |server, session, cancel| {
            fetched(&server, &session, rows, cancel).await.map(|page| Some(("page", page)))
        }),
        Incoming { cells: Some(cells), .. } => request(server, session, id, async move |server, session, cancel| {
            filled(&server, &session, cells, cancel).await.map(|cells| Some(("cells", cells)))
        }),
        Incoming { run: Some(run), .. } => {
            let key = run.key.clone();
            once(server, session, id, key, async move |server, session, cancel| {
                Ok(("outcome", ran(&server, &session, run, cancel).await?))
            });
        }
        Incoming { confirm: Some(confirm), .. } => request(server, session, id, async move |server, session, _| {
            confirmed(&server, &session, confirm).await.map(|answer| Some(("confirmation", answer)))
        }),
        Incoming { cancel: Some(cancel), .. } => {
            if let Some(token) = session.running.lock().get(&cancel.request) {
                token.cancel();
            }
        }
        Incoming { stop: Some(stop), .. } => {
            if let Err(problem) = server.parts.surfaces.stop(stop.task, &session.identity().person) {
                session.refuse(id, &problem, "");
            }
        }
        Incoming { hidden: Some(hidden), .. } => {
            session.hidden.store(hidden, Ordering::Release);
            if !hidden {
                tokio::spawn(async move {
                    session.send(message::outgoing(None, "tasks", session.tasks(&server)));
                    session.tell_changed();
                    session.refresh(&server).await;
                });
            }
        }
        _ => session.refuse(id, &Problem::invalid("the message asks for nothing"), ""),
    }
}

/// Runs a request of the page beside the others; one that is cancelled ends where it is.
fn request<F>(
    server: Server,
    session: Arc<Session>,
    id: u64,
    work: impl FnOnce(Server, Arc<Session>, CancellationToken) -> F + Send + 'static,
) where
    F: Future<Output = Result<Option<(&'static str, Value)>>> + Send,
{
    let cancel = CancellationToken::new();
    session.running.lock().insert(id, cancel.clone());
    tokio::spawn(TRACE.scope(Trace::begin(), async move {
        let turn = session.turns.acquire().await;
        let answer = tokio::select! {
            answer = work(server, session.clone(), cancel.clone()) => answer,
            () = cancel.cancelled() => Err(stopped()),
        };
        drop(turn);
        session.running.lock().remove(&id);
        match answer {
            Ok(Some((member, content))) => session.send(message::outgoing(Some(id), member, content)),
            Ok(None) => {}
            Err(problem) => session.refuse(id, &problem, &trace_id()),
        }
    }));
}

tokio::task_local! {
    /// The trace of the request that this task answers.
    static TRACE: Trace;
}

/// The caller of this request, under its trace.
fn traced(caller: Caller) -> Caller {
    let trace = TRACE.try_with(Clone::clone).unwrap_or_else(|_| caller.trace.clone());
    Caller { trace, ..caller }
}

fn trace_id() -> String {
    TRACE.try_with(|trace| trace.id.clone()).unwrap_or_default()
}

fn stopped() -> Problem {
    Problem::cancelled("you stopped it").help("what had been acknowledged before is kept")
}

/// Runs what a person did, once for its key, whatever becomes of the connection.
fn once<F>(
    server: Server,
    session: Arc<Session>,
    id: u64,
    key: Option<String>,
    work: impl FnOnce(Server, Arc<Session>, CancellationToken) -> F + Send + 'static,
) where
    F: Future<Output = Result<(&'static str, Value)>> + Send,
{
    let turn = match &key {
        Some(key) if key.len() > 100 => {
            return session.refuse(id, &Problem::invalid("a key has at most 100 characters"), "");
        }
        Some(key) => Some(server.keys.take(&session.identity().person.id, key)),
        None => None,
    };
    let (tell, answer) = match turn {
        Some(Turn::Again(answer)) => {
            tokio::spawn(async move {
                if let Some(said) = keys::answered(answer).await {
                    session.send(with_id(id, &said));
                }
            });
            return;
        }
        Some(Turn::First(tell, answer)) => (Some(tell), Some(answer)),
        None => (None, None),
    };
    let cancel = CancellationToken::new();
    session.running.lock().insert(id, cancel.clone());
    // Tracked, so that a stop of the server waits for it.
    server.tasks.clone().spawn(TRACE.scope(Trace::begin(), async move {
        let permit = session.turns.acquire().await;
        let answered = tokio::select! {
            answered = work(server, session.clone(), cancel.clone()) => answered,
            () = cancel.cancelled() => Err(stopped()),
        };
        drop(permit);
        session.running.lock().remove(&id);
        let said = match answered {
            Ok((member, content)) => message::outgoing(None, member, content),
            Err(problem) => message::outgoing(None, "problem", message::problem(&problem, &trace_id())),
        };
        session.send(with_id(id, &said));
        if let Some(tell) = tell {
            let _ = tell.send(Some(said));
        }
        drop(answer);
    }));
}

/// An answer for the request that asks this time.
fn with_id(id: u64, said: &str) -> String {
    let mut said: Value = serde_json::from_str(said).unwrap_or_default();
    said["id"] = id.into();
    said.to_string()
}

async fn opened(server: &Server, session: &Session, id: u64, open: Open, cancel: CancellationToken) -> Result<Value> {
    let Open { plugin, place, data } = open;
    let project = project_of(&place.address);
    if let Some(project) = &project {
        session.identity().require(project, Right::Viewer)?;
    }
    {
        let mut views = session.views.lock();
        if views.len() >= VIEWS && !views.contains_key(&id) {
            return Err(Problem::limit(format!("a page has at most {VIEWS} open views")));
        }
        let (plugin, place, data) = (plugin.clone(), place.clone(), data.clone());
        let view = views::Open { plugin, place, data, shown: None, topics: Vec::new(), stale: false, turn: 1 };
        views.insert(id, view);
    }
    let kind = kind_at(server, &place.address).await;
    // Not for ever: where things change all the time, the next change patches it.
    let mut again = 2;
    loop {
        let caller = traced(session.caller(project.clone(), cancel.clone()));
        let drawn = server.parts.surfaces.open(caller, &plugin, &place, &data).await;
        let mut views = session.views.lock();
        let screen = match drawn {
            Ok(screen) => screen,
            // There is nothing to keep up to date; the page opens it again when the person says so.
            Err(problem) => {
                views.remove(&id);
                return Err(problem);
            }
        };
        if let Some(view) = views.get_mut(&id) {
            // What changed while it was drawn is seen before the page has anything that could be patched.
            if view.stale && again > 0 {
                view.stale = false;
                again -= 1;
                continue;
            }
            view.begin(screen.clone());
        }
        let mut content = json!({ "nodes": screen.nodes, "data": screen.data });
        if let Some(kind) = kind {
            content["kind"] = kind.into();
        }
        return Ok(content);
    }
}

/// The kind of the asset that a place is about, by which the page knows what fits it; none for an object or a project.
async fn kind_at(server: &Server, address: &str) -> Option<String> {
    let address: Address = address.parse().ok()?;
    match address.path {
        Some(path) if !path.ends_with('/') => None,
        // Who drew the place has said what is wrong with it.
        _ => server.parts.objects.kind(&address.asset).await.ok(),
    }
}

async fn acted(server: &Server, session: &Session, act: Act, cancel: CancellationToken) -> Result<Value> {
    let Act { view, name, arguments, data, .. } = act;
    let (plugin, place) = place_of(session, view)?;
    let caller = traced(session.caller(project_of(&place.address), cancel));
    let reaction = server.parts.surfaces.act(caller, &plugin, &place, &name, &arguments, &data).await?;
    asking::unasked(server, session, &plugin, &reaction, &trace_id())?;
    if let Some(view) = session.views.lock().get_mut(&view) {
        view.answer(data, &reaction.data);
    }
    // It may have changed something that only the plug-in knows of; a page that draws it again anyway need not be told.
    if reaction.then.as_ref().is_none_or(|then| then["reopen"] != json!(true)) {
        server.parts.changes.tell(super::changes::Change::At(place.address.clone()));
    }
    Ok(json!(reaction))
}

async fn fetched(server: &Server, session: &Session, rows: Rows, cancel: CancellationToken) -> Result<Value> {
    let Rows { view, name, window, data } = rows;
    let (plugin, place) = place_of(session, view)?;
    let caller = traced(session.caller(project_of(&place.address), cancel));
    Ok(json!(server.parts.surfaces.rows(caller, &plugin, &place, &name, &window, &data).await?))
}

/// Cells for somebody else's rows: the column is not open as a view, so it is asked for by name.
async fn filled(server: &Server, session: &Session, cells: Cells, cancel: CancellationToken) -> Result<Value> {
    let Cells { plugin, place, addresses } = cells;
    let project = project_of(&place.address);
    if let Some(project) = &project {
        session.identity().require(project, Right::Viewer)?;
    }
    let caller = traced(session.caller(project, cancel));
    Ok(json!(server.parts.surfaces.cells(caller, &plugin, &place, &addresses).await?))
}

fn place_of(session: &Session, view: u64) -> Result<(kamld_types::PluginId, kamld_types::surface::Place)> {
    let views = session.views.lock();
    let view = views.get(&view).ok_or_else(|| Problem::not_found("that view is not open any more"))?;
    Ok((view.plugin.clone(), view.place.clone()))
}

/// The person confirms a command of another plug-in than the one whose view asks for it; null where nobody needs to.
async fn confirmed(server: &Server, session: &Session, confirm: Confirm) -> Result<Value> {
    let Confirm { from, command, arguments, project } = confirm;
    let (found, arguments) = crate::routes::commands::checked(server, &command, arguments).await?;
    let request = asking::crossing(from.asks(session)?, &found, &arguments, project.as_ref());
    Ok(json!({ "nonce": request.map(|request| session.confirmations.give(request)) }))
}

/// What `POST /api/v1/commands/..` does, once it is known who asks and that they may.
async fn ran(server: &Server, session: &Session, run: Run, cancel: CancellationToken) -> Result<Value> {
    let Run { command, arguments, project, from, confirmed, .. } = run;
    if let Some(project) = &project {
        session.identity().require(project, Right::Viewer)?;
    }
    let (found, arguments) = crate::routes::commands::checked(server, &command, arguments).await?;
    if let Some(request) = asking::crossing(from.asks(session)?, &found, &arguments, project.as_ref()) {
        request.admit(server, session, found.command.effect, confirmed.as_deref(), &trace_id()).await?;
    }
    let caller = traced(session.caller(project, cancel));
    let outcome = crate::routes::commands::run_checked(server, caller, &command, arguments).await;
    if let Err(problem) = &outcome
        && problem.kind == Kind::Internal
    {
        tracing::error!("a command of the page failed: {problem}");
    }
    Ok(json!(outcome?))
}
