//! Who sends a request, and under which conditions it runs.
//!
//! Lives here: `Identity`, `Caller`, trace ids. Must not live here: how somebody is recognised (`auth`).
//! Invariant: nothing here is taken from the body of a request, and no plug-in can choose any of it.

use http::HeaderMap;
use kamld_policy::Rights;
use kamld_types::{Person, Problem, ProjectName, Right, problem::Result};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A person who has been recognised, with what they may do as it stands now.
#[derive(Clone, Debug)]
pub struct Identity {
    pub person: Person,
    pub rights: Rights,
}

impl Identity {
    /// The one person of a laptop: owner of everything.
    pub fn local() -> Self {
        Self { person: Person::local(), rights: Rights::Everything }
    }

    /// Denied unless the person has at least this right in the project. Whether the project exists is not said.
    pub fn require(&self, project: &ProjectName, right: Right) -> Result<()> {
        if self.rights.in_project(project.as_str()).is_some_and(|has| has >= right) {
            return Ok(());
        }
        let word = match right {
            Right::Viewer => "viewer",
            Right::Editor => "editor",
            Right::Owner => "owner",
        };
        Err(Problem::denied(format!("{} is not {word} in project {project}", self.person.id))
            .help(format!("an owner of {project} or an admin can give this right; nothing was changed")))
    }

    pub fn require_admin(&self) -> Result<()> {
        if self.person.is_admin() {
            return Ok(());
        }
        Err(Problem::denied(format!("{} is not an admin", self.person.id))
            .help("an admin can do this, or give the role admin; nothing was changed"))
    }
}

/// The context of one call of a command.
#[derive(Clone, Debug)]
pub struct Caller {
    pub person: Person,
    pub rights: Rights,
    /// The project that the call is about, when the person named one.
    pub project: Option<ProjectName>,
    pub trace: Trace,
    /// When the client stops waiting, when it said so; the host's own limits hold besides.
    pub deadline: Option<Instant>,
    /// BCP 47 language tag that the client prefers, such as `en`.
    pub locale: Option<String>,
    /// Fires when the client is gone or the server stops waiting.
    pub cancelled: CancellationToken,
}

/// Where a request stands in a W3C trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// 32 lower-case hex digits.
    pub id: String,
    /// The span of the client, 16 lower-case hex digits, when it sent one.
    pub parent: Option<String>,
    pub sampled: bool,
}

impl Trace {
    /// Continues the trace of a `traceparent` header, or begins a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(Self::parse);
        given.unwrap_or_else(Self::begin)
    }

    /// A new one.
    pub fn begin() -> Self {
        Self { id: uuid::Uuid::new_v4().simple().to_string(), parent: None, sampled: true }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let (version, id, parent, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let hex =
            |text: &str, digits| text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let known = hex(version, 2) && version != "ff" && (version != "00" || fields.next().is_none());
        let whole = hex(id, 32) && hex(parent, 16) && hex(flags, 2);
        // All zeros is how the standard writes "no trace".
        if !known || !whole || id.bytes().all(|b| b == b'0') || parent.bytes().all(|b| b == b'0') {
            return None;
        }
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        Some(Self { id: id.into(), parent: Some(parent.into()), sampled })
    }
}

/// Reads `Kamld-Deadline`: the milliseconds that the client is ready to wait, at most a day.
pub fn deadline(headers: &HeaderMap) -> Result<Option<Instant>> {
    let Some(value) = headers.get("kamld-deadline") else { return Ok(None) };
    let wait = value
        .to_str()
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .filter(|ms| (1..=86_400_000).contains(ms))
        .ok_or_else(|| {
            Problem::invalid("the header Kamld-Deadline is not a number of milliseconds")
                .help("send the time that you are ready to wait, 1 to 86400000")
        })?;
    Ok(Some(Instant::now() + Duration::from_millis(wait)))
}

/// The first language of `Accept-Language` that reads like a language tag.
pub fn locale(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(http::header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let first = text.split([',', ';']).next()?.trim();
    let plain = (2..=35).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain.then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(text: &str) -> Trace {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", text.parse().unwrap());
        Trace::of(&headers)
    }

    #[test]
    fn a_trace_is_continued() {
        let trace = trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(trace.id, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.parent.as_deref(), Some("00f067aa0ba902b7"));
        assert!(trace.sampled);
    }

    #[test]
    fn a_broken_traceparent_begins_a_new_trace() {
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            let trace = trace(text);
            assert_eq!((trace.id.len(), trace.parent), (32, None), "{text}");
        }
    }
}
