//! Objects: read whole or by range, written one by one, listed.
//!
//! Lives here: addresses, conditions and headers. Must not live here: storage.
//! Invariants: the person's right in the project comes before everything; an object is a download in every browser,
//! since a data file may be a page that somebody else wrote.

use super::{
    query,
    range::{Wanted, unchanged, wanted},
};
use crate::{
    Identity, Server, body,
    parts::{ListingQuery, NewObject, ObjectInfo, OpenObject},
    refusal::{Answer, Refusal},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use kamld_types::{Address, BranchName, ObjectPath, Problem, RefName, Right, problem::Result};
use serde::Deserialize;

const MODIFIED: HeaderName = HeaderName::from_static("kamld-modified");

/// The branch that an address writes to.
pub fn branch(at: Option<RefName>) -> Result<Option<BranchName>> {
    at.map(|at| BranchName::new(at.as_str())).transpose()
}

pub fn etag(info: &ObjectInfo) -> String {
    format!("\"{}\"", info.hash)
}

pub async fn get(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(address): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Answer {
    let address: Address = address.parse()?;
    identity.require(&address.asset.project, Right::Viewer)?;
    address.object()?;
    if method == Method::HEAD {
        let info = server.parts.objects.stat(&address).await?;
        return head(&info, &headers);
    }
    let object = server.parts.objects.open(&address).await?;
    read(object.as_ref(), &headers).await
}

/// As a GET would answer, without opening anything. A range applies to GET only.
fn head(info: &ObjectInfo, headers: &HeaderMap) -> Answer {
    let mut response = described(info)?;
    match unchanged(headers, &etag(info)) {
        true => *response.status_mut() = StatusCode::NOT_MODIFIED,
        false => {
            response.headers_mut().insert(header::CONTENT_LENGTH, info.size.into());
        }
    }
    Ok(response)
}

async fn read(object: &dyn OpenObject, headers: &HeaderMap) -> Answer {
    let info = object.info();
    let etag = etag(info);
    let mut response = described(info)?;
    if unchanged(headers, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let range = match wanted(headers, info.size, &etag) {
        Wanted::Whole => 0..info.size,
        Wanted::Part(range) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let text = format!("bytes {}-{}/{}", range.start, range.end - 1, info.size);
            response.headers_mut().insert(header::CONTENT_RANGE, value(&text)?);
            range
        }
        Wanted::Unsatisfiable => {
            let problem =
                Problem::invalid(format!("the range lies behind the end: the object has {} bytes", info.size));
            let refusal = Refusal::with(StatusCode::RANGE_NOT_SATISFIABLE, problem);
            return Err(refusal.header(header::CONTENT_RANGE, value(&format!("bytes */{}", info.size))?));
        }
    };
    response.headers_mut().insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    if !range.is_empty() {
        let mut stream = object.stream(range).await?;
        // What is broken at its first byte is still a problem in words.
        let first = stream.next().await.transpose()?;
        let stream = futures::stream::iter(first.map(Ok)).chain(stream.inspect(|chunk| {
            if let Err(problem) = chunk {
                tracing::error!(kind = problem.kind.as_str(), "an object was cut while it was sent: {problem}");
            }
        }));
        *response.body_mut() = Body::from_stream(stream);
    }
    Ok(response)
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| Problem::internal("a header could not be written"))
}

fn described(info: &ObjectInfo) -> Result<Response> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let media = info.media_type.as_deref().and_then(|media| HeaderValue::from_str(media).ok());
    headers.insert(header::CONTENT_TYPE, media.unwrap_or_else(|| HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::ETAG, value(&etag(info))?);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // A branch moves: the tag decides, at every use.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition(info.path.file_name()))?);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    if let Some(modified) = info.modified {
        headers.insert(MODIFIED, value(&modified.to_string())?);
        if let Some(time) = DateTime::from_timestamp_millis(modified) {
            headers.insert(header::LAST_MODIFIED, value(&time.format("%a, %d %b %Y %H:%M:%S GMT").to_string())?);
        }
    }
    Ok(response)
}

/// A download under its own name, whatever letters that has (RFC 6266 and 8187).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if (' '..='~').contains(&c) && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    let mut full = String::new();
    for byte in name.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => full.push(byte.into()),
            _ => full.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}")
}

pub async fn put(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(address): Path<String>,
    request: Request,
) -> Answer {
    let address: Address = address.parse()?;
    identity.require(&address.asset.project, Right::Editor)?;
    let path = address.object()?;
    let branch = branch(address.at)?;
    let headers = request.headers();
    body::refuse_encoding(headers)?;
    for condition in [header::CONTENT_RANGE, header::IF_MATCH, header::IF_NONE_MATCH, header::IF_UNMODIFIED_SINCE] {
        // Ignoring one of these would write what the client asked not to be written.
        if headers.contains_key(&condition) {
            let problem = Problem::invalid(format!("an object is not written with the header {condition}"))
                .help("nothing was written; send the whole object without it");
            return Err(problem.into());
        }
    }
    let object = NewObject { path, media_type: media_of(headers)?, modified: modified_of(headers)? };
    let size = body::content_length(headers);
    let stream = body::stream(&server, request.into_body());
    let info = server.parts.objects.put(&address.asset, branch.as_ref(), object, size, stream).await?;
    let tag = value(&etag(&info))?;
    Ok(([(header::ETAG, tag)], Json(info)).into_response())
}

/// The type as the client names it; the word for "some bytes" is none, so that the type is found out.
fn media_of(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Problem::invalid("the header Content-Type cannot be read"))?.trim();
    check_media(text)
}

pub fn check_media(text: &str) -> Result<Option<String>> {
    // What programs send when nobody told them better says nothing; the content does.
    if matches!(text, "" | "application/octet-stream" | "application/x-www-form-urlencoded") {
        return Ok(None);
    }
    let readable = text.len() <= 255 && text.bytes().all(|b| (b' '..=b'~').contains(&b)) && text.contains('/');
    match readable {
        true => Ok(Some(text.to_owned())),
        false => Err(Problem::invalid("the media type of an object cannot be read").help("such as text/csv")),
    }
}

fn modified_of(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(MODIFIED) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number
        .map(Some)
        .ok_or_else(|| Problem::invalid("the header Kamld-Modified is not a number of milliseconds since 1970"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    prefix: String,
    after: Option<String>,
    limit: Option<usize>,
}

const PAGE: usize = 1000;
const LARGEST_PAGE: usize = 10_000;

/// The size of a page, or why it cannot be that.
pub fn page_limit(given: Option<usize>) -> Result<usize> {
    match given {
        None => Ok(PAGE),
        Some(limit) if (1..=LARGEST_PAGE).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::invalid(format!("limit must be 1 to {LARGEST_PAGE}"))),
    }
}

pub async fn list(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(address): Path<String>,
    request: Request,
) -> Answer {
    let address: Address = address.parse()?;
    identity.require(&address.asset.project, Right::Viewer)?;
    if address.path.is_some() {
        return Err(Problem::invalid("a listing is of an asset").help("name a folder with ?prefix=FOLDER/").into());
    }
    let page: Page = query(&request.into_parts().0)?;
    let query = ListingQuery { prefix: check_prefix(&page.prefix)?, after: page.after, limit: page_limit(page.limit)? };
    let listing = server.parts.objects.list(&address.asset, address.at.as_ref(), query).await?;
    Ok(Json(listing).into_response())
}

/// The beginning of a path, perhaps in the middle of a part, in the spelling of paths: with a letter added it must be
/// a path.
fn check_prefix(prefix: &str) -> Result<String> {
    if prefix.is_empty() {
        return Ok(String::new());
    }
    let mut path = String::from(ObjectPath::new(format!("{prefix}x"))?);
    path.pop();
    Ok(path)
}
