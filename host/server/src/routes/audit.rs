//! The audit log, read and verified by admins.
//!
//! Lives here: requests. Must not live here: the log. Invariant: nothing here can write to it.

use super::{objects::page_limit, query};
use crate::{Server, refusal::Answer};
use axum::{
    Json,
    extract::{Request, State},
    response::IntoResponse,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

pub async fn page(State(server): State<Server>, request: Request) -> Answer {
    let page: Page = query(&request.into_parts().0)?;
    let page = server.parts.audit.page(page.after, page_limit(page.limit)?).await?;
    Ok(Json(page).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extent {
    #[serde(default)]
    all: bool,
}

pub async fn verify(State(server): State<Server>, request: Request) -> Answer {
    let extent: Extent = query(&request.into_parts().0)?;
    Ok(Json(server.parts.audit.verify(extent.all).await?).into_response())
}
