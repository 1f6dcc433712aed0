//! HTTP to the server: addresses of routes, the token, and every way it can fail in words.
//!
//! Lives here: requests, the reading of problem bodies, waiting for a server that comes back.
//! Must not live here: what a command does with an answer.

use super::{
    failure::{Failure, Result, Stop},
    place::{Endpoint, Place},
};
use kamld_types::{Kind, Position, Problem, ProjectName};
use parking_lot::RwLock;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use std::time::{Duration, Instant};
use url::Url;

/// A server on the same machine answers at once; one far away may take this long to be reached.
const CONNECT: Duration = Duration::from_secs(5);
/// A query may think for long before its first row; after this much silence nothing is coming any more.
const SILENCE: Duration = Duration::from_secs(600);

pub struct Client {
    http: reqwest::Client,
    place: Place,
    endpoint: RwLock<Endpoint>,
    project: Option<ProjectName>,
}

/// `application/problem+json`.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    title: String,
    detail: Option<String>,
    kind: Option<Kind>,
    help: Option<String>,
    at: Option<Position>,
    trace: Option<String>,
}

impl Client {
    pub fn new(place: Place, project: Option<ProjectName>) -> Result<Self> {
        let endpoint = RwLock::new(place.endpoint()?);
        let http = reqwest::Client::builder()
            .user_agent(concat!("kamld/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| Problem::internal(format!("the network cannot be used: {}", words(&e))))?;
        Ok(Self { http, place, endpoint, project })
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The address of a route: `segments` below `/api/v1`, each encoded as one segment.
    pub fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.endpoint.read().url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1"]).extend(segments);
        }
        url
    }

    /// The address of a route with a query behind it.
    pub fn url_with(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.url(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// What a `Location` header points to, as it would be asked for at the server of now.
    pub fn located(&self, location: &str) -> Result<Url> {
        let url = self.endpoint.read().url.join(location);
        url.map_err(|_| Problem::internal(format!("the server answered with the address '{location}'")).into())
    }

    /// A request with the token and the project.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.endpoint.read().token {
            request = request.bearer_auth(token);
        }
        if let Some(project) = &self.project {
            request = request.header("Kamld-Project", project.as_str());
        }
        request
    }

    pub fn get(&self, segments: &[&str]) -> RequestBuilder {
        self.request(Method::GET, self.url(segments))
    }

    pub fn get_with(&self, segments: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::GET, self.url_with(segments, query))
    }

    pub fn post_with(&self, segments: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, self.url_with(segments, query))
    }

    pub fn post(&self, segments: &[&str]) -> RequestBuilder {
        self.request(Method::POST, self.url(segments))
    }

    /// Sends; an answer that is no success becomes the problem that its body tells.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let response = self.raw(request).await?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response).await) }
    }

    /// Sends and answers with whatever came, for those who read the status themselves.
    pub async fn raw(&self, request: RequestBuilder) -> Result<Response> {
        request.send().await.map_err(|e| self.lost(&e))
    }

    pub async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = self.send(request).await?;
        let body = response.bytes().await.map_err(|e| self.lost(&e))?;
        serde_json::from_slice(&body).map_err(|e| {
            Problem::internal(format!("the server's answer cannot be read: {e}"))
                .help("the server may be of another version than this command; `kamld status` shows both")
                .into()
        })
    }

    /// The problem in an answer that is no success.
    pub async fn refused(&self, response: Response) -> Stop {
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            return Problem::denied("the server does not accept the token")
                .help("the link that `kamld up` printed holds the right one: set KAMLD_TOKEN to it, or use --data")
                .into();
        }
        let text = response.bytes().await.unwrap_or_default();
        let body: Option<Body> = serde_json::from_slice(&text).ok();
        let Some(body) = body else {
            let kind = Kind::ALL.into_iter().find(|kind| kind.status() == status.as_u16()).unwrap_or(Kind::Internal);
            let says = format!("the server answered {status}");
            return Problem::new(kind, says).into();
        };
        body.into()
    }

    /// The words for a connection that was not made, broke, or fell silent.
    pub fn lost(&self, error: &reqwest::Error) -> Stop {
        let at = self.endpoint.read().url.clone();
        if error.is_timeout() && error.is_connect() {
            return Problem::unavailable(format!("{at} cannot be reached within {} s", CONNECT.as_secs()))
                .help("check the address and the network between here and there")
                .into();
        }
        if error.is_timeout() {
            return Problem::unavailable(format!("the server at {at} took too long to answer"))
                .help("it may be busy: `kamld status` shows what it does")
                .into();
        }
        if error.is_connect() {
            return self.place.nobody().into();
        }
        Problem::unavailable(format!("the connection to {at} broke: {}", words(error)))
            .help("what the server has answered before is kept; run the command again")
            .into()
    }

    /// Waits until a server answers again, at most until `deadline`; in a data folder it may come back elsewhere.
    /// The pauses grow from 100 ms to 2 s: short ones for a restart, long ones to leave a struggling server alone.
    pub async fn wait_until_back(&self, deadline: Instant) -> Result<()> {
        let mut pause = Duration::from_millis(100);
        loop {
            if let Ok(endpoint) = self.place.endpoint() {
                *self.endpoint.write() = endpoint;
                let ready = self.located("readyz")?;
                let asked = self.http.get(ready).timeout(CONNECT).send().await;
                if asked.is_ok_and(|response| response.status() != StatusCode::SERVICE_UNAVAILABLE) {
                    return Ok(());
                }
            }
            if Instant::now() + pause > deadline {
                return Err(self.place.nobody().into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}

impl From<Body> for Stop {
    fn from(body: Body) -> Self {
        let kind = body.kind.unwrap_or(Kind::Internal);
        let message = body.detail.unwrap_or(body.title);
        let problem = Problem { kind, message, help: body.help, at: body.at };
        Self::Failure(Box::new(Failure { problem, trace: body.trace, text: None, usage: false }))
    }
}

/// The problem in a stream that had begun well.
pub fn told(problem: &serde_json::Value) -> Stop {
    match Body::deserialize(problem) {
        Ok(body) => body.into(),
        Err(_) => Problem::internal("the work failed, and its problem cannot be read").into(),
    }
}

/// The innermost cause says what a person can use; those around it say which library noticed.
fn words(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string().to_lowercase()
}

/// Whether trying again may help: the connection or the server was away, nothing was refused.
pub fn passing(stop: &Stop) -> bool {
    stop.kind() == Some(Kind::Unavailable)
}

/// The body of a PUT, POST or PATCH whose answer comes once the bytes are on disk.
pub fn octets(request: RequestBuilder, media_type: &'static str, body: bytes::Bytes) -> RequestBuilder {
    request.header(header::CONTENT_TYPE, media_type).body(body)
}
