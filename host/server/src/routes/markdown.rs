//! Markdown drawn for a person.
//!
//! Lives here: the request and its answer. Must not live here: what is drawn of a text (`markdown`).

use crate::{
    Identity, Server, body,
    markdown::{self, Links, MAX_TEXT},
    refusal::Answer,
};
use axum::{
    Extension,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use kamld_types::{Address, Problem, Right};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    text: String,
    /// `PROJECT/ASSET[@REF]/PATH` of the text: what relative links start from.
    #[serde(default)]
    base: Option<String>,
    /// The path of the page that addresses are put behind, such as `/data`.
    #[serde(default)]
    area: Option<String>,
}

pub async fn draw(State(server): State<Server>, Extension(identity): Extension<Identity>, request: Request) -> Answer {
    let held = body::hold(&server, request, server.settings.limits.json, "the Markdown").await?;
    let asked: Asked = serde_json::from_slice(&held.bytes)
        .map_err(|error| Problem::invalid(format!("the body is not {{\"text\", \"base\"}}: {error}")))?;
    if asked.text.len() > MAX_TEXT {
        let message = format!("the text has {} bytes, and {MAX_TEXT} are the most that is drawn", asked.text.len());
        return Err(Problem::limit(message).help("show it as plain text, or draw a part of it").into());
    }
    let base = asked.base.as_deref().filter(|base| !base.is_empty()).map(str::parse::<Address>).transpose()?;
    if let Some(base) = &base {
        identity.require(&base.asset.project, Right::Viewer)?;
    }
    let links = Links::new(base, asked.area.as_deref())?;
    let text = asked.text;
    let drawn = server.drawing.run("the Markdown", move |stop| {
        // The JSON of it costs as much again, so it is made there too.
        let body = json!({ "html": markdown::html_of(&text, &links, stop) }).to_string();
        // The share of memory that bodies may hold is given back when the text is.
        drop(held);
        body
    });
    let json = HeaderValue::from_static("application/json");
    let response: Response = ([(header::CONTENT_TYPE, json)], drawn.await?).into_response();
    Ok(response)
}
