//! One error shape for everything that reaches a person: what happened, what was kept, what to do.

use serde::{Deserialize, Serialize};

/// What the caller can do about it. The same words as `kamld:plugin/types.error`, and `confirm`, which no plug-in sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Denied,
    /// Nothing was done: the person has to confirm it first.
    Confirm,
    NotFound,
    AlreadyExists,
    Conflict,
    Invalid,
    Limit,
    Unavailable,
    Corrupt,
    Cancelled,
    Internal,
}

impl Kind {
    pub const ALL: [Kind; 11] = [
        Kind::Denied,
        Kind::Confirm,
        Kind::NotFound,
        Kind::AlreadyExists,
        Kind::Conflict,
        Kind::Invalid,
        Kind::Limit,
        Kind::Unavailable,
        Kind::Corrupt,
        Kind::Cancelled,
        Kind::Internal,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Denied => "denied",
            Kind::Confirm => "confirm",
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

    /// The HTTP status that carries it.
    pub fn status(self) -> u16 {
        match self {
            Kind::Denied => 403,
            Kind::Confirm => 428,
            Kind::NotFound => 404,
            Kind::AlreadyExists | Kind::Conflict => 409,
            Kind::Invalid => 400,
            Kind::Limit => 413,
            Kind::Unavailable => 503,
            Kind::Cancelled => 499,
            Kind::Corrupt | Kind::Internal => 500,
        }
    }

    /// The exit code of `kamld`. 0 is success and 2 is a wrong command line, as clap has it.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Internal => 1,
            Kind::Invalid => 3,
            Kind::NotFound => 4,
            Kind::AlreadyExists => 5,
            Kind::Conflict => 6,
            Kind::Denied => 7,
            Kind::Limit => 8,
            Kind::Unavailable => 9,
            Kind::Corrupt => 10,
            Kind::Cancelled => 11,
            Kind::Confirm => 12,
        }
    }
}

/// A place in a text that a person wrote; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// An error in words. `Display` gives the message alone: help and place are shown by whoever prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    pub kind: Kind,
    /// What happened: lower case, no full stop.
    pub message: String,
    /// What was kept and what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
}

macro_rules! constructors {
    ($($name:ident => $kind:ident),* $(,)?) => {$(
        pub fn $name(message: impl Into<String>) -> Self {
            Self::new(Kind::$kind, message)
        }
    )*};
}

impl Problem {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, at: None }
    }

    constructors! {
        denied => Denied,
        confirm => Confirm,
        not_found => NotFound,
        already_exists => AlreadyExists,
        conflict => Conflict,
        invalid => Invalid,
        limit => Limit,
        unavailable => Unavailable,
        corrupt => Corrupt,
        cancelled => Cancelled,
        internal => Internal,
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.at = Some(Position { line, column });
        self
    }
}

/// The result of most things that a person asks for.
pub type Result<T, E = Problem> = std::result::Result<T, E>;
