//! The headers of tus 1.0.0.
//!
//! Lives here: reading and writing them. Must not live here: uploads.
//! Invariant: every answer of the protocol carries `Tus-Resumable`, a request with another version is refused before
//! anything else of it is looked at.

use crate::{
    parts::{NewObject, UploadSpec, UploadState},
    refusal::{Answer, Refusal},
    routes::objects::{branch, check_media},
};
use axum::response::Response;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kamld_types::{Address, Problem, problem::Result};
use std::collections::BTreeMap;

pub const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub const VERSION: HeaderName = HeaderName::from_static("tus-version");
pub const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub const CHECKSUMS: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
pub const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub const DEFER: HeaderName = HeaderName::from_static("upload-defer-length");

pub const VERSION_1: HeaderValue = HeaderValue::from_static("1.0.0");
pub const EXTENSIONS: HeaderValue = HeaderValue::from_static("creation,termination,checksum,expiration");

/// 460, as the checksum extension has it.
pub fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

pub fn check_version(headers: &HeaderMap) -> Answer<()> {
    if headers.get(RESUMABLE) == Some(&VERSION_1) {
        return Ok(());
    }
    let problem = Problem::invalid("the request does not speak tus 1.0.0").help("send 'Tus-Resumable: 1.0.0'");
    Err(Refusal::with(StatusCode::PRECONDITION_FAILED, problem).header(VERSION, VERSION_1).header(RESUMABLE, VERSION_1))
}

/// The value of a header that says one thing. Of two, whoever stands between may have read the other.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    match values.next() {
        None => Ok(value),
        Some(_) => Err(Problem::invalid(format!("the header {name} is there twice"))),
    }
}

/// A header that holds a count of bytes.
pub fn count(headers: &HeaderMap, name: &HeaderName) -> Result<u64> {
    let wrong = |what: &str| Problem::invalid(format!("the header {name} {what}"));
    let value = one(headers, name)?.ok_or_else(|| wrong("is missing"))?;
    let text = value.to_str().unwrap_or_default();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| wrong("is not a number of bytes"))
}

/// What an upload is to become, from the headers of its creation.
pub fn spec(headers: &HeaderMap) -> Result<UploadSpec> {
    if headers.contains_key(DEFER) {
        return Err(
            Problem::invalid("the length of an upload must be known at its creation").help("send Upload-Length")
        );
    }
    let size = count(headers, &LENGTH)?;
    let given = metadata(headers)?;
    let address = given.get("address").ok_or_else(|| {
        Problem::invalid("Upload-Metadata does not say where the upload goes")
            .help("send 'address' with PROJECT/ASSET[@BRANCH]/PATH in base64")
    })?;
    let address: Address = address.parse()?;
    let path = address.object()?;
    let media_type = given.get("filetype").map_or(Ok(None), |media| check_media(media))?;
    let modified = match given.get("modified") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            Problem::invalid("'modified' in Upload-Metadata is not a number of milliseconds since 1970")
        })?),
    };
    let object = NewObject { path, media_type, modified };
    Ok(UploadSpec { asset: address.asset, branch: branch(address.at)?, object, size })
}

/// `key base64,key base64`; a key may stand alone.
fn metadata(headers: &HeaderMap) -> Result<BTreeMap<String, String>> {
    let wrong = || Problem::invalid("the header Upload-Metadata cannot be read").help("send 'key BASE64,key BASE64'");
    let Some(value) = one(headers, &METADATA)? else { return Ok(BTreeMap::new()) };
    let mut found = BTreeMap::new();
    for pair in value.to_str().map_err(|_| wrong())?.split(',') {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        let text = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if key.is_empty() || found.insert(key.to_owned(), text.ok_or_else(wrong)?).is_some() {
            return Err(wrong());
        }
    }
    Ok(found)
}

/// The metadata as it was understood.
fn metadata_value(spec: &UploadSpec) -> String {
    let address = Address {
        asset: spec.asset.clone(),
        at: spec.branch.clone().map(Into::into),
        path: Some(spec.object.path.to_string()),
    };
    let mut pairs = vec![format!("address {}", STANDARD.encode(address.to_string()))];
    if let Some(media) = &spec.object.media_type {
        pairs.push(format!("filetype {}", STANDARD.encode(media)));
    }
    if let Some(modified) = spec.object.modified {
        pairs.push(format!("modified {}", STANDARD.encode(modified.to_string())));
    }
    pairs.join(",")
}

/// The SHA-256 that a chunk must have.
pub fn checksum(headers: &HeaderMap) -> Result<Option<[u8; 32]>> {
    let Some(value) = one(headers, &CHECKSUM)? else { return Ok(None) };
    let (algorithm, sum) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    if algorithm != "sha256" {
        return Err(
            Problem::invalid("the checksum is of an unknown kind").help("send 'Upload-Checksum: sha256 BASE64'")
        );
    }
    let sum = STANDARD.decode(sum.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    sum.map(Some).ok_or_else(|| Problem::invalid("the checksum is not the base64 of 32 bytes"))
}

/// Adds what a client may know of an upload.
pub fn tell(response: &mut Response, state: &UploadState) {
    let headers = response.headers_mut();
    headers.insert(OFFSET, state.offset.into());
    if state.offset < state.spec.size
        && let Some(expires) = state.expires
    {
        let date = DateTime::<Utc>::from(expires).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            headers.insert(EXPIRES, date);
        }
    }
}

/// Adds what the upload is to become.
pub fn tell_all(response: &mut Response, state: &UploadState) {
    tell(response, state);
    let headers = response.headers_mut();
    headers.insert(LENGTH, state.spec.size.into());
    if let Ok(metadata) = HeaderValue::from_str(&metadata_value(&state.spec)) {
        headers.insert(METADATA, metadata);
    }
}
