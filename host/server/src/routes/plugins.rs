//! What an admin does with plug-ins.
//!
//! Lives here: requests of admins about plug-ins. Must not live here: packages, grants, the check of either.
//! Invariant: `admins_only` stands before every handler here.

use super::query;
use crate::{Identity, Server, body, page::changes::Change, parts::Install, refusal::Answer};
use axum::{
    Extension, Json,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use kamld_types::{Hash, PluginId, Problem, problem::Result};
use serde::Deserialize;
use serde_json::json;

fn id((space, name): (String, String)) -> Result<PluginId> {
    PluginId::new(format!("{space}/{name}"))
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

pub async fn list(State(server): State<Server>) -> Answer {
    Ok(Json(json!({ "plugins": server.parts.plugins.list().await? })).into_response())
}

pub async fn ledger(State(server): State<Server>) -> Answer {
    Ok(Json(json!({ "plugins": server.parts.plugins.ledger().await? })).into_response())
}

pub async fn show(State(server): State<Server>, Path(path): Path<(String, String)>) -> Answer {
    Ok(Json(server.parts.plugins.show(&id(path)?).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    grant: Option<String>,
    /// The digest of the installed package that may be replaced.
    replaces: Option<Hash>,
    /// Only answers what would change.
    dry_run: Option<bool>,
}

pub async fn install(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Answer {
    let (parts, content) = request.into_parts();
    let wish: Wish = query(&parts)?;
    let grant_needs = match wish.grant.as_deref() {
        None => false,
        Some("needs") => true,
        Some(_) => return Err(Problem::invalid("grant can only be 'needs'").help("nothing was installed").into()),
    };
    let limit = server.settings.limits.component;
    let held = body::hold(&server, Request::from_parts(parts, content), limit, "the component").await?;
    if held.bytes.is_empty() {
        return Err(Problem::invalid("the body is empty").help("send the bytes of a component").into());
    }
    if wish.dry_run == Some(true) {
        return Ok(Json(server.parts.plugins.plan(held.bytes.clone()).await?).into_response());
    }
    let install = Install { grant_needs, replaces: wish.replaces };
    let shown = server.parts.plugins.install(held.bytes.clone(), install, &identity.person).await?;
    server.parts.changes.tell(Change::Plugins);
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

pub async fn remove(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(path): Path<(String, String)>,
) -> Answer {
    server.parts.plugins.remove(&id(path)?, &identity.person).await?;
    server.parts.changes.tell(Change::Plugins);
    Ok(done())
}

pub async fn enable(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(path): Path<(String, String)>,
) -> Answer {
    server.parts.plugins.enable(&id(path)?, &identity.person).await?;
    server.parts.changes.tell(Change::Plugins);
    Ok(done())
}

pub async fn disable(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(path): Path<(String, String)>,
) -> Answer {
    server.parts.plugins.disable(&id(path)?, &identity.person).await?;
    server.parts.changes.tell(Change::Plugins);
    Ok(done())
}

pub async fn rollback(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(path): Path<(String, String)>,
) -> Answer {
    let shown = server.parts.plugins.rollback(&id(path)?, &identity.person).await?;
    server.parts.changes.tell(Change::Plugins);
    Ok(Json(shown).into_response())
}

pub async fn grant(State(server): State<Server>, Path(path): Path<(String, String)>) -> Answer {
    let grant = server.parts.plugins.grant(&id(path)?).await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/toml"))], grant).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetGrant {
    from: Option<String>,
}

pub async fn set_grant(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Answer {
    let plugin = id(path)?;
    let (parts, content) = request.into_parts();
    let wish: SetGrant = query(&parts)?;
    match wish.from.as_deref() {
        None => {}
        Some("needs") => {
            server.parts.plugins.grant_needs(&plugin, &identity.person).await?;
            server.parts.changes.tell(Change::Plugins);
            return Ok(done());
        }
        Some(_) => return Err(Problem::invalid("from can only be 'needs'").help("the grant in force was kept").into()),
    }
    let request = Request::from_parts(parts, content);
    let held = body::hold(&server, request, server.settings.limits.json, "the grant").await?;
    let grant = std::str::from_utf8(&held.bytes)
        .map_err(|_| Problem::invalid("the grant is not UTF-8").help("the grant in force was kept"))?;
    server.parts.plugins.set_grant(&plugin, grant, &identity.person).await?;
    server.parts.changes.tell(Change::Plugins);
    Ok(done())
}
