//! Who sends a request: a bearer token, or the session cookie that a link with the token sets.
//!
//! Lives here: `Authenticator`, the laptop's one, the layer that asks it, the guard against forged requests.
//! Must not live here: users and passwords; on a server they stay with LDAP or OIDC.
//! Invariants: without an identity nothing but the health of the process is told; a cookie alone never changes
//! anything unless the page that sends the request is ours.

use crate::{
    Identity, Server,
    reached::Reached,
    refusal::{Answer, Refusal},
};
use async_trait::async_trait;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use kamld_types::Problem;
use sha2::{Digest, Sha256};

/// Recognises people. The laptop has one person with one token; a directory or an identity provider implements the same.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Who holds this bearer token.
    async fn token(&self, token: &str) -> Option<Identity>;

    /// Who a person is now, by their id: what they may do may have changed since they signed in. None when there is
    /// nobody of that id any more.
    async fn person(&self, id: &str) -> Option<Identity>;
}

/// One token, one person, everything theirs.
pub struct TokenAuthenticator {
    token: [u8; 32],
    identity: Identity,
}

impl TokenAuthenticator {
    /// For a laptop.
    pub fn local(token: &str) -> Self {
        Self::new(token, Identity::local())
    }

    pub fn new(token: &str, identity: Identity) -> Self {
        Self { token: digest(token), identity }
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Takes equally long whatever differs; the digests also hide the length of what is compared.
fn equal(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b))) == 0
}

#[async_trait]
impl Authenticator for TokenAuthenticator {
    async fn token(&self, token: &str) -> Option<Identity> {
        equal(&digest(token), &self.token).then(|| self.identity.clone())
    }

    async fn person(&self, id: &str) -> Option<Identity> {
        (id == self.identity.person.id).then(|| self.identity.clone())
    }
}

/// Cookies are shared by all ports of a host, so the name tells servers on one machine apart.
pub(crate) fn cookie_name(reached: &Reached) -> String {
    format!("kamld-session-{}", reached.port())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

/// Who sends a request, and by what they were recognised: asked again later, it tells whether that still holds.
#[derive(Clone)]
pub(crate) struct Recognised {
    pub identity: Identity,
    pub by: Credential,
}

#[derive(Clone)]
pub(crate) enum Credential {
    Token(String),
    /// The secret of the session, and the id under which it is listed.
    Session {
        secret: String,
        id: String,
    },
}

impl Credential {
    /// Who it stands for now.
    pub(crate) async fn identity(&self, server: &Server) -> Option<Identity> {
        match self {
            Credential::Token(token) => server.authenticator.token(token).await,
            Credential::Session { secret, .. } => {
                let session = server.sign_ins.find(secret).await?;
                server.authenticator.person(&session.person).await
            }
        }
    }

    /// The id of the session; none for a program with a token.
    pub(crate) fn session(&self) -> Option<&str> {
        match self {
            Credential::Token(_) => None,
            Credential::Session { id, .. } => Some(id),
        }
    }
}

/// Opens a session for the holder of a token; answers its secret, which becomes a cookie.
pub(crate) async fn sign_in(server: &Server, token: &str, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(identity) = server.authenticator.token(token).await else { return Ok(None) };
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    server.sign_ins.begin(&identity.person.id, agent).await.map(Some)
}

pub(crate) async fn recognise(server: &Server, reached: &Reached, headers: &HeaderMap) -> Option<Recognised> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // A wrong token is not rescued by a cookie: whoever sends one means it.
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let by = Credential::Token(token.trim().to_owned());
        return Some(Recognised { identity: by.identity(server).await?, by });
    }
    let secret = cookie(headers, &cookie_name(reached))?;
    let session = server.sign_ins.find(secret).await?;
    let identity = server.authenticator.person(&session.person).await?;
    Some(Recognised { identity, by: Credential::Session { secret: secret.to_owned(), id: session.id } })
}

/// The layer: the API needs an identity. Probes of the process's health do not, and the page asks itself, because it is
/// where a link with the token leads.
pub(crate) async fn authenticate(State(server): State<Server>, mut request: Request, next: Next) -> Answer {
    let path = request.uri().path();
    if !path.starts_with("/api/") && path != "/metrics" {
        return Ok(next.run(request).await);
    }
    let reached = request.extensions().get::<Reached>().ok_or_else(unknown)?;
    let recognised = recognise(&server, reached, request.headers()).await;
    let Some(Recognised { identity, by }) = recognised else { return Err(unknown()) };
    if by.session().is_some() {
        check_same_origin(&server, reached, request.method(), request.headers())?;
    }
    request.extensions_mut().insert(identity);
    request.extensions_mut().insert(by);
    Ok(next.run(request).await)
}

fn unknown() -> Refusal {
    let problem = Problem::denied("this request carries no valid token")
        .help("open the link that kamld up printed, or send the token as 'Authorization: Bearer TOKEN'");
    Refusal::with(StatusCode::UNAUTHORIZED, problem)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"kamld\""))
}

/// A browser sends the cookie whoever made the page, so the page must be ours.
fn check_same_origin(server: &Server, reached: &Reached, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if method.is_safe() {
        // A page on another port of this machine counts as the same site for cookies, but it is another page.
        return if matches!(site, None | Some("same-origin" | "none")) { Ok(()) } else { Err(foreign()) };
    }
    match headers.get(header::ORIGIN) {
        Some(_) => check_origin(server, reached, headers),
        None if site == Some("same-origin") => Ok(()),
        None => Err(foreign()),
    }
}

/// What a browser says of the page that asks; programs say nothing.
pub(crate) fn check_origin(server: &Server, reached: &Reached, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let ours = || {
        let (scheme, origin) = origin.to_str().ok()?.split_once("://")?;
        let usual = match scheme {
            "https" => ":443",
            // Where people come over TLS, a page without it is one that somebody put on the way.
            "http" if !over_tls(server, reached) => ":80",
            _ => return None,
        };
        let bare = |host: &str| host.strip_suffix(usual).unwrap_or(host).to_ascii_lowercase();
        Some(bare(origin) == bare(reached.authority.as_ref()?.as_str()))
    };
    if ours() == Some(true) { Ok(()) } else { Err(foreign()) }
}

/// Whether the browser speaks TLS: as the server sees or is told, or as somebody configured it, for others than those on
/// this machine.
fn over_tls(server: &Server, reached: &Reached) -> bool {
    reached.https || (server.settings.secure_cookies && !reached.is_loopback())
}

fn foreign() -> Refusal {
    Problem::denied("this request comes from another page")
        .help("requests with a session must come from the server's own page; programs send the token instead")
        .into()
}

/// The header that gives a browser its session.
pub(crate) fn session_cookie(server: &Server, reached: &Reached, session: &str) -> Option<HeaderValue> {
    let secure = if reached.https || server.settings.secure_cookies { "; Secure" } else { "" };
    let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Lax{secure}", cookie_name(reached));
    HeaderValue::from_str(&cookie).ok()
}

/// The header that takes it away.
pub(crate) fn no_session_cookie(server: &Server, reached: &Reached) -> Option<HeaderValue> {
    let cookie = session_cookie(server, reached, "")?;
    HeaderValue::from_str(&format!("{}; Max-Age=0", cookie.to_str().ok()?)).ok()
}

/// Answers that only admins get.
pub(crate) async fn admins_only(request: Request, next: Next) -> Answer<Response> {
    let identity = request.extensions().get::<Identity>().ok_or_else(unknown)?;
    identity.require_admin()?;
    Ok(next.run(request).await)
}
