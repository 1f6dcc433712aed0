//! Under which names the server answers, which codings it takes, and what every answer tells a browser.
//!
//! Lives here: the check of `Host`, also of the one that a trusted proxy tells, and of `Transfer-Encoding`, and the security headers. Must not live here: who asks.
//! Invariant: a page whose name was bent to this address (DNS rebinding) gets nothing.

use crate::{
    Server,
    reached::Reached,
    refusal::{Answer, Refusal},
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority};
use kamld_types::Problem;
use std::net::IpAddr;

/// What `Host` says, when it is one readable authority.
pub(crate) fn authority(headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?.parse::<Authority>().ok()?;
    // Two of them, or a name in front of an '@', is how guards are led astray.
    (hosts.next().is_none() && !host.as_str().contains('@')).then_some(host)
}

fn allowed(host: &str, configured: &[String]) -> bool {
    is_loopback(host) || configured.iter().any(|name| bare(name).eq_ignore_ascii_case(bare(host)))
}

pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || bare(host).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An address of IPv6 has brackets around it.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The layer. Probes of the process's health come by address, and learn no secret.
pub(crate) async fn check_host(State(server): State<Server>, request: Request, next: Next) -> Answer {
    refuse_coding(request.headers())?;
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return Ok(next.run(request).await);
    }
    let Some(host) = authority(request.headers()) else {
        return Err(Problem::invalid("the request has no readable Host header").into());
    };
    // The name that a trusted proxy tells comes beside the one that it asked for, not in its place: a page whose name was
    // bent to a proxy's own address could tell any.
    let told = request.extensions().get::<Reached>().and_then(|reached| reached.authority.clone());
    let Some(told) = told else {
        return Err(Problem::invalid("the request has no readable X-Forwarded-Host header").into());
    };
    let hosts = &server.settings.hosts;
    // A proxy's form of the request line names a host of its own; it must not say something else.
    let line = request.uri().authority().is_none_or(|authority| allowed(authority.host(), hosts));
    if !line || !allowed(host.host(), hosts) || !allowed(told.host(), hosts) {
        let problem = Problem::denied("this server does not answer under that name")
            .help("use the address that kamld up printed, or add the name to http.hosts in the configuration");
        return Err(Refusal::with(StatusCode::MISDIRECTED_REQUEST, problem));
    }
    Ok(next.run(request).await)
}

/// Chunks are the one transfer coding that is undone here: a body in another one, such as `gzip, chunked`, would be stored
/// as it is packed.
fn refuse_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter().peekable();
    if codings.peek().is_none() {
        return Ok(());
    }
    let codings: Vec<&[u8]> = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).collect();
    if let [one] = codings[..]
        && one.trim_ascii().eq_ignore_ascii_case(b"chunked")
    {
        return Ok(());
    }
    let problem = Problem::invalid("bodies with a Transfer-Encoding other than chunked are not taken")
        .help("nothing was changed; send the plain bytes, with Content-Length or in chunks");
    // Where the body ends is not certain to both sides.
    Err(Refusal::with(StatusCode::NOT_IMPLEMENTED, problem)
        .header(header::CONNECTION, HeaderValue::from_static("close")))
}

const EVERYWHERE: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds what a browser must know; an answer that has said it more strictly keeps its own words.
pub(crate) fn secure(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in EVERYWHERE {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_configured_names_are_ours() {
        let configured = ["data.example.org".to_owned(), "10.0.0.7".to_owned()];
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "[::1]", "Data.Example.org", "10.0.0.7"] {
            assert!(allowed(host, &configured), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.8", "0.0.0.0", ""] {
            assert!(!allowed(host, &configured), "{host}");
        }
    }
}
