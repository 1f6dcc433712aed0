//! The one error of a plug-in: what happened, and what was kept and what to do about it.
//!
//! Must not live here: how a client prints it. Invariant: message in lower case, without a full stop.

use crate::bindings::imports::kamld::plugin::types;
use std::fmt;

/// What the caller can do about an error.
///
/// ```
/// assert_eq!(kamld_sdk::Kind::NotFound.as_str(), "not-found");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The grant of the plug-in or the rights of the person do not allow it.
    Denied,
    /// There is no such thing.
    NotFound,
    /// A thing of that name is there already.
    AlreadyExists,
    /// Somebody else changed it meanwhile.
    Conflict,
    /// The arguments cannot be right.
    Invalid,
    /// A limit would be passed.
    Limit,
    /// What is needed does not answer now.
    Unavailable,
    /// Stored bytes are not what was written.
    Corrupt,
    /// The person or the host stopped the work.
    Cancelled,
    /// A fault of the host or of the plug-in.
    Internal,
}

impl Kind {
    /// The word for it in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Denied => "denied",
            Kind::NotFound => "not-found",
            Kind::AlreadyExists => "already-exists",
            Kind::Conflict => "conflict",
            Kind::Invalid => "invalid",
            Kind::Limit => "limit",
            Kind::Unavailable => "unavailable",
            Kind::Corrupt => "corrupt",
            Kind::Cancelled => "cancelled",
            Kind::Internal => "internal",
        }
    }
}

/// An error in words. `Display` gives the message alone.
///
/// ```
/// use kamld_sdk::{Error, Kind};
/// let error = Error::not_found("there is no project 'brids'").help("kamld project list shows those there are");
/// assert_eq!(error.kind(), Kind::NotFound);
/// assert_eq!(error.to_string(), "there is no project 'brids'");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
    help: Option<String>,
    at: Option<(u32, u32)>,
}

macro_rules! constructors {
    ($($name:ident => $kind:ident, $says:literal;)*) => {$(
        #[doc = $says]
        pub fn $name(message: impl Into<String>) -> Self {
            Self::new(Kind::$kind, message)
        }
    )*};
}

impl Error {
    /// An error of a kind; `message` says what happened, in lower case and without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, at: None }
    }

    constructors! {
        denied => Denied, "What was asked for is not allowed.";
        not_found => NotFound, "There is no such thing.";
        already_exists => AlreadyExists, "A thing of that name is there already.";
        conflict => Conflict, "Somebody else changed it meanwhile.";
        invalid => Invalid, "The arguments, or the bytes looked at, cannot be right.";
        limit => Limit, "A limit would be passed.";
        unavailable => Unavailable, "What is needed does not answer now.";
        corrupt => Corrupt, "Stored bytes are not what was written.";
        cancelled => Cancelled, "The person stopped the work.";
        internal => Internal, "A fault of the plug-in.";
    }

    /// What was kept and what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Where in the text that was handed in; both count from 1.
    ///
    /// ```
    /// use kamld_sdk::Error;
    /// let error = Error::invalid("a comma is missing").at(3, 14);
    /// assert_eq!(error.position(), Some((3, 14)));
    /// ```
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.at = Some((line, column));
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What was kept and what to do next, when that is known.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Line and column of the text that was handed in.
    pub fn position(&self) -> Option<(u32, u32)> {
        self.at
    }
}

/// What a plug-in's functions answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        let (kind, detail) = match error {
            types::Error::Denied(detail) => (Kind::Denied, detail),
            types::Error::NotFound(detail) => (Kind::NotFound, detail),
            types::Error::AlreadyExists(detail) => (Kind::AlreadyExists, detail),
            types::Error::Conflict(detail) => (Kind::Conflict, detail),
            types::Error::Invalid(detail) => (Kind::Invalid, detail),
            types::Error::Limit(detail) => (Kind::Limit, detail),
            types::Error::Unavailable(detail) => (Kind::Unavailable, detail),
            types::Error::Corrupt(detail) => (Kind::Corrupt, detail),
            types::Error::Cancelled(detail) => (Kind::Cancelled, detail),
            types::Error::Internal(detail) => (Kind::Internal, detail),
        };
        let at = detail.at.map(|at| (at.line, at.column));
        Self { kind, message: detail.message, help: detail.help, at }
    }
}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        let at = error.at.map(|(line, column)| types::Position { line, column });
        let detail = types::Detail { message: error.message, help: error.help, at };
        match error.kind {
            Kind::Denied => types::Error::Denied(detail),
            Kind::NotFound => types::Error::NotFound(detail),
            Kind::AlreadyExists => types::Error::AlreadyExists(detail),
            Kind::Conflict => types::Error::Conflict(detail),
            Kind::Invalid => types::Error::Invalid(detail),
            Kind::Limit => types::Error::Limit(detail),
            Kind::Unavailable => types::Error::Unavailable(detail),
            Kind::Corrupt => types::Error::Corrupt(detail),
            Kind::Cancelled => types::Error::Cancelled(detail),
            Kind::Internal => types::Error::Internal(detail),
        }
    }
}

/// Reading an object through [`std::io`] keeps the error of the host inside the I/O error; this takes it out.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(inner) => inner.clone(),
            None => Error::invalid(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::internal(format!("a value could not be read or written as JSON: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_way_to_the_host_and_back() {
        let error = Error::limit("too many rows").help("ask for fewer").at(2, 7);
        assert_eq!(Error::from(types::Error::from(error.clone())), error);
    }

    #[test]
    fn an_error_of_the_host_survives_std_io() {
        let error = Error::denied("not yours").help("ask anna");
        assert_eq!(Error::from(std::io::Error::other(error.clone())), error);
    }
}
