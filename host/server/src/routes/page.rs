//! The root page: there is no web page of the product yet, and it says so.
//!
//! Lives here: static text and the way from a link with the token to a session. Must not live here: a script.
//! Invariant: the token leaves the address bar at once, by a redirect.

use crate::{
    Server,
    auth::{self, recognise},
    refusal::Written,
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
code,pre{font:14px/1.5 ui-monospace,monospace;background:#f2f2f2;border-radius:4px}code{padding:.1em .3em}pre{padding:.8rem;overflow:auto}";

const RUNNING: &str = "<h1>KAML-D is running</h1>\n\
<p>This server works. Its web page is not built yet; use the command line, which can do everything that the server can.</p>\n\
<pre>kamld status\nkamld project create birds\nkamld asset create birds/strikes\nkamld put data/*.csv birds/strikes\n\
kamld ls birds/strikes\nkamld commit birds/strikes -m \"first data\"\nkamld search \"wind turbine\"\nkamld --help</pre>\n\
<p>Programs use the HTTP API: <code>GET /api/v1/openapi.json</code> describes it.</p>\n";

const LOCKED: &str = "<h1>KAML-D is running</h1>\n\
<p>This server needs a token. Open the link that <code>kamld up</code> printed when it started; it looks like \
<code>http://127.0.0.1:PORT/?token=...</code></p>\n\
<p><code>kamld status</code> on the same machine tells whether the server is well.</p>\n";

#[derive(Deserialize)]
pub struct Link {
    token: Option<String>,
}

pub async fn root(State(server): State<Server>, link: Query<Link>, headers: HeaderMap) -> Response {
    if let Some(token) = &link.token {
        let session = server.authenticator.open_session(token).await;
        let cookie = session.and_then(|session| auth::session_cookie(&server, &headers, &session));
        return match cookie {
            Some(cookie) => {
                let headers = [
                    (header::LOCATION, HeaderValue::from_static("/")),
                    (header::SET_COOKIE, cookie),
                    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                ];
                (StatusCode::SEE_OTHER, headers).into_response()
            }
            None => page(StatusCode::UNAUTHORIZED, LOCKED),
        };
    }
    match recognise(&server, &headers).await {
        Some(_) => page(StatusCode::OK, RUNNING),
        None => page(StatusCode::UNAUTHORIZED, LOCKED),
    }
}

fn page(status: StatusCode, text: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>KAML-D</title><style>{STYLE}</style></head>\n<body>\n<main>\n{text}</main>\n\
         </body>\n</html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, policy()),
    ];
    let mut response = (status, headers, html).into_response();
    response.extensions_mut().insert(Written);
    response
}

/// Nothing loads and nothing runs; the one style is named by its hash.
fn policy() -> HeaderValue {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}
