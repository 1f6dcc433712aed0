//! The table of routes: every address that the server answers, in one place.
//!
//! Lives here: which handler answers what. Must not live here: handlers, layers.
//! Invariant: what is fixed here is described in `openapi/fixed.rs`; a test compares the two.

pub mod audit;
pub mod batches;
pub mod commands;
pub mod health;
pub mod maintenance;
pub mod markdown;
pub mod objects;
pub mod page;
pub mod palette;
pub mod plugins;
pub mod range;
pub mod results;
pub mod sessions;
pub mod tables;
pub mod tar_entries;
pub mod turns;
pub mod tus;
pub mod uploads;

use crate::{
    Server, auth,
    refusal::{Answer, Refusal},
};
use axum::{
    Router,
    extract::Request,
    middleware,
    routing::{delete, get, post},
};
use http::{Method, StatusCode};
use kamld_types::Problem;

pub fn table() -> Router<Server> {
    Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/api/v1/status", get(health::status))
        .route("/api/v1/openapi.json", get(commands::openapi))
        .route("/api/v1/commands", get(commands::list))
        .route("/api/v1/commands/{*name}", post(commands::run).get(commands::one))
        .route("/api/v1/objects/{*address}", get(objects::get).put(objects::put))
        .route("/api/v1/listing/{*address}", get(objects::list))
        .route("/api/v1/batches/{*address}", post(batches::put))
        .route("/api/v1/uploads", post(uploads::create).options(uploads::options))
        .route(
            "/api/v1/uploads/{id}",
            get(uploads::not_readable)
                .head(uploads::head)
                .patch(uploads::patch)
                .delete(uploads::abort)
                .post(uploads::overridden)
                .options(uploads::options),
        )
        .route("/api/v1/session", delete(sessions::sign_out))
        .route("/api/v1/sessions", get(sessions::list).delete(sessions::end_others))
        .route("/api/v1/sessions/{id}", delete(sessions::end))
        .route("/api/v1/markdown", post(markdown::draw))
        .route("/api/v1/palette", get(palette::find))
        .route("/api/v1/page", get(crate::page::socket::open))
        .route("/api/v1/results/{id}", get(results::open).delete(results::cancel))
        .route("/api/v1/results/{id}/rows", get(tables::result))
        .route("/api/v1/tables/{*address}", get(tables::table))
        .merge(admin())
        .fallback(page::anything_else)
        .method_not_allowed_fallback(not_that_way)
}

fn admin() -> Router<Server> {
    Router::new()
        .route("/api/v1/plugins", get(plugins::list).post(plugins::install))
        .route("/api/v1/plugins/ledger", get(plugins::ledger))
        .route("/api/v1/plugins/{space}/{name}", delete(plugins::remove).get(plugins::show))
        .route("/api/v1/plugins/{space}/{name}/enable", post(plugins::enable))
        .route("/api/v1/plugins/{space}/{name}/disable", post(plugins::disable))
        .route("/api/v1/plugins/{space}/{name}/rollback", post(plugins::rollback))
        .route("/api/v1/plugins/{space}/{name}/grant", get(plugins::grant).put(plugins::set_grant))
        .route("/api/v1/audit", get(audit::page))
        .route("/api/v1/audit/verify", get(audit::verify))
        .route("/api/v1/storage/check", post(maintenance::storage_check))
        .route("/api/v1/storage/gc", post(maintenance::storage_gc))
        .route("/api/v1/backup", post(maintenance::backup))
        .route("/api/v1/index/rebuild", post(maintenance::index_rebuild))
        .route_layer(middleware::from_fn(auth::admins_only))
}

fn nothing_here() -> Refusal {
    Problem::not_found("there is nothing at this address").help("GET /api/v1/openapi.json lists every address").into()
}

async fn not_that_way(method: Method, _request: Request) -> Refusal {
    // A method that a client invented is not repeated to it.
    let method = if method.as_str().len() <= 16 { method.as_str() } else { "this method" };
    let problem = Problem::invalid(format!("{method} does not work at this address"))
        .help("the header Allow names the methods that do");
    Refusal::with(StatusCode::METHOD_NOT_ALLOWED, problem)
}

/// Reads a query string into its type; what is unknown in it is an error, not ignored.
pub fn query<T: serde::de::DeserializeOwned>(request: &http::request::Parts) -> Answer<T> {
    axum::extract::Query::<T>::try_from_uri(&request.uri).map(|query| query.0).map_err(|rejection| {
        use std::error::Error;
        let why = rejection.source().map_or_else(|| rejection.to_string(), ToString::to_string);
        Problem::invalid(format!("the query of the address cannot be read: {why}"))
            .help("GET /api/v1/openapi.json tells which parameters there are")
            .into()
    })
}
