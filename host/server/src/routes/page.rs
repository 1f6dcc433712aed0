//! The files of the web page, and the way from a link with the token to a session.
//!
//! Lives here: static answers and their headers. Must not live here: what the page shows.
//! Invariants: the token leaves the address bar at once, by a redirect; without a session there is no page; the page
//! runs no script but its own and sends nothing elsewhere.

use super::nothing_here;
use crate::{
    Server,
    auth::{self, recognise},
    parts::PageFile,
    reached::Reached,
    refusal::{Answer, Written},
};
use axum::{
    Extension,
    body::Body,
    extract::{Query, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;

/// The page draws what plug-ins describe as data: nothing that they send can run, load or be sent anywhere.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
    require-trusted-types-for 'script'; trusted-types lit-html kamld; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
code,pre{font:14px/1.5 ui-monospace,monospace;background:#f2f2f2;border-radius:4px}code{padding:.1em .3em}pre{padding:.8rem;overflow:auto}";

const RUNNING: &str = "<h1>KAML-D is running</h1>\n\
<p>This server works, but it has no web page: building it needs Node 20 with npm, and <code>kamld up</code> said what was \
missing when it started. The command line can do everything that the page can.</p>\n\
<pre>kamld status\nkamld project create birds\nkamld asset create birds/strikes\nkamld put data/*.csv birds/strikes\n\
kamld ls birds/strikes\nkamld commit birds/strikes -m \"first data\"\nkamld search \"wind turbine\"\nkamld --help</pre>\n\
<p>Programs use the HTTP API: <code>GET /api/v1/openapi.json</code> describes it.</p>\n";

fn locked(reached: &Reached) -> String {
    // The name that was asked for is not repeated: it is the browser's own, and a page holds nothing that a client wrote.
    let link = if reached.https { "https://HOST/?token=..." } else { "http://127.0.0.1:PORT/?token=..." };
    format!(
        "<h1>KAML-D is running</h1>\n\
         <p>This server needs a token. Open the link that <code>kamld up</code> printed when it started; it looks like \
         <code>{link}</code></p>\n\
         <p><code>kamld status</code> on the same machine tells whether the server is well.</p>\n"
    )
}

#[derive(Deserialize)]
struct Link {
    token: Option<String>,
}

/// Every address that no route has: a file of the page, or the page itself, which knows its own addresses.
pub async fn anything_else(
    State(server): State<Server>,
    Extension(reached): Extension<Reached>,
    request: Request,
) -> Answer {
    let (path, headers) = (request.uri().path(), request.headers());
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    if path.starts_with("/api/") || !looks {
        return Err(nothing_here());
    }
    let link = Query::<Link>::try_from_uri(request.uri()).ok();
    if let Some(token) = link.and_then(|link| link.0.token) {
        let session = auth::sign_in(&server, &token, headers).await?;
        let cookie = session.and_then(|session| auth::session_cookie(&server, &reached, &session));
        // A path that begins with two slashes would name another server.
        let place = HeaderValue::from_str(&format!("/{}", path.trim_start_matches(['/', '\\'])));
        return Ok(match (cookie, place) {
            (Some(cookie), Ok(place)) => {
                let no_store = HeaderValue::from_static("no-store");
                let headers =
                    [(header::LOCATION, place), (header::SET_COOKIE, cookie), (header::CACHE_CONTROL, no_store)];
                (StatusCode::SEE_OTHER, headers).into_response()
            }
            _ => page(StatusCode::UNAUTHORIZED, &locked(&reached)),
        });
    }
    if recognise(&server, &reached, headers).await.is_none() {
        return Ok(page(StatusCode::UNAUTHORIZED, &locked(&reached)));
    }
    if let Some(found) = path.strip_prefix('/').and_then(|name| server.parts.pages.file(name)) {
        return Ok(file(found, headers));
    }
    // What ends like a file and is none is not an address of the page.
    if path.starts_with("/assets/") {
        return Err(nothing_here());
    }
    Ok(match server.parts.pages.file("index.html") {
        Some(index) => file(index, headers),
        None => page(StatusCode::OK, RUNNING),
    })
}

fn file(file: PageFile, headers: &HeaderMap) -> Response {
    let packs = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let packed = file.packed.filter(|_| packs.is_some_and(|packs| packs.contains("gzip")));
    let caching = if file.lasting { "private, max-age=31536000, immutable" } else { "no-cache" };
    let policy = if file.media_type.starts_with("text/html") { PAGE_POLICY } else { "default-src 'none'" };
    let mut response = Response::new(Body::empty());
    let into = response.headers_mut();
    into.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    into.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    into.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, Cookie"));
    into.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    if packed.is_some() {
        into.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    *response.body_mut() = Body::from(packed.unwrap_or(file.bytes));
    response
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
