//! What the palette of the page finds by name, while somebody types.
//!
//! Lives here: the request. Must not live here: how things are found.

use super::query;
use crate::{Identity, Server, refusal::Answer};
use axum::{
    Extension, Json,
    extract::{Request, State},
    response::IntoResponse,
};
use kamld_types::Problem;
use serde::Deserialize;
use serde_json::json;

/// Longer words are no names.
const LONGEST: usize = 200;
const ITEMS: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    q: String,
}

pub async fn find(State(server): State<Server>, Extension(identity): Extension<Identity>, request: Request) -> Answer {
    let Asked { q } = query(&request.into_parts().0)?;
    if q.len() > LONGEST {
        return Err(Problem::limit(format!("more than {LONGEST} bytes are no name")).into());
    }
    let found = server.parts.finder.by_name(&identity.rights, q.trim(), ITEMS).await?;
    let items = found
        .into_iter()
        .map(|found| json!({ "title": found.title, "note": found.note, "open": { "address": found.address } }));
    Ok(Json(json!({ "items": items.collect::<Vec<_>>() })).into_response())
}
