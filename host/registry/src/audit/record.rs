//! One line of the log and its hash.
//!
//! A line is a JSON object whose last key is `hash`: the SHA-256 of the object without it, as it stands in the line.
//! The hash covers the exact bytes, so the same record written in another way does not verify.

use crate::package::digest;
use kamld_types::{Hash, PluginId, Problem, problem::Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bytes of JSON that a detail may have: room for the text of a large grant.
const MAX_DETAIL: usize = 32 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Install,
    Upgrade,
    Remove,
    Enable,
    Disable,
    Grant,
    Revoke,
    Deny,
    /// A person confirmed a command that a view of another plug-in asked for.
    Confirm,
    Rollback,
    Start,
    /// The log itself was repaired, or something was found missing.
    Repair,
    /// Retention removed the oldest records.
    Expire,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Install => "install",
            Action::Upgrade => "upgrade",
            Action::Remove => "remove",
            Action::Enable => "enable",
            Action::Disable => "disable",
            Action::Grant => "grant",
            Action::Revoke => "revoke",
            Action::Deny => "deny",
            Action::Confirm => "confirm",
            Action::Rollback => "rollback",
            Action::Start => "start",
            Action::Repair => "repair",
            Action::Expire => "expire",
        }
    }
}

/// What stands in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// From 1, without gaps.
    pub seq: u64,
    /// Milliseconds since 1970, UTC.
    pub time: u64,
    /// The id of a person, or `host`.
    pub actor: String,
    /// The plug-in through which the actor asked, if not directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<PluginId>,
    pub action: Action,
    pub plugin: Option<PluginId>,
    /// What exactly: words, or an object for programs.
    pub detail: Value,
    /// The hash of the record before; zeros for the first.
    pub prev: Hash,
    pub hash: Hash,
}

/// A record that is not sealed yet.
#[derive(Serialize)]
pub struct Body {
    pub seq: u64,
    pub time: u64,
    pub actor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<PluginId>,
    pub action: Action,
    pub plugin: Option<PluginId>,
    pub detail: Value,
    pub prev: Hash,
}

impl Body {
    /// The line with its end, and its hash.
    pub fn seal(&self) -> Result<(String, Hash)> {
        let json = serde_json::to_string(self)
            .map_err(|error| Problem::internal(format!("an audit record cannot be written: {error}")))?;
        let hash = digest(json.as_bytes());
        // The last key is a hash, so the one brace at the end is the record's own.
        Ok((format!("{}{MIDDLE}{hash}{END}\n", json.trim_end_matches('}')), hash))
    }
}

const MIDDLE: &str = ",\"hash\":\"";
const END: &str = "\"}";

/// Reads a line without its end, and checks its own hash.
pub fn read(line: &[u8]) -> Result<Record, String> {
    let record: Record = serde_json::from_slice(line).map_err(|error| format!("it is no record: {error}"))?;
    let tail = MIDDLE.len() + 64 + END.len();
    let sealed = line.len().checked_sub(tail).filter(|place| line[*place..].starts_with(MIDDLE.as_bytes()));
    let Some(sealed) = sealed else { return Err("its hash is not at its end".into()) };
    let mut json = line[..sealed].to_vec();
    json.push(b'}');
    match digest(&json) == record.hash {
        true => Ok(record),
        false => Err("its hash does not fit what it says".into()),
    }
}

/// At most so many characters, with a mark where something is missing.
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((place, _)) => format!("{}…", &text[..place]),
    }
}

/// The detail, or as much of its text as there is room for.
pub fn bounded(detail: Value) -> Value {
    let text = detail.to_string();
    match text.len() <= MAX_DETAIL {
        true => detail,
        // JSON writes no character in more than six bytes.
        false => Value::String(shorten(detail.as_str().unwrap_or(&text), MAX_DETAIL / 6 - 8)),
    }
}
