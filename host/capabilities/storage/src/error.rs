//! What can go wrong in storage, by what the caller can do about it.
//!
//! Lives here: the error and its conversions. Must not live here: decisions about retries.
//! Invariant: `Display` is the message alone; the help says what was kept and what to do.

use kamld_types::{Kind, Problem};

/// The words of an error: what happened, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub message: String,
    pub help: Option<String>,
}

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident $make:ident $kind:ident),* $(,)?) => {
        /// An error of the store. It can be cloned, since one failed round answers many writers.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Error {
            $($(#[$doc])* #[error("{0}")] $variant(Words),)*
        }

        impl Error {
            $(pub fn $make(message: impl Into<String>) -> Self {
                Self::$variant(Words { message: message.into(), help: None })
            })*

            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$kind,)* }
            }

            fn words_mut(&mut self) -> &mut Words {
                match self { $(Self::$variant(words) => words,)* }
            }

            fn into_words(self) -> Words {
                match self { $(Self::$variant(words) => words,)* }
            }

            fn from_words(kind: Kind, words: Words) -> Self {
                match kind {
                    $(Kind::$kind => Self::$variant(words),)*
                    Kind::Denied | Kind::Confirm => Self::Invalid(words),
                }
            }
        }
    };
}

errors! {
    /// Name something else.
    NotFound not_found NotFound,
    /// Choose another name, or use what is there.
    AlreadyExists already_exists AlreadyExists,
    /// Look at the current state and decide again.
    Conflict conflict Conflict,
    /// Change the request.
    Invalid invalid Invalid,
    /// Ask for less, or make room.
    Limit limit Limit,
    /// Try again later.
    Unavailable unavailable Unavailable,
    /// Bytes are not what they were when they were written: restore them from a copy.
    Corrupt corrupt Corrupt,
    /// Nothing: the caller went away.
    Cancelled cancelled Cancelled,
    /// Report it.
    Internal internal Internal,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.words_mut().help = Some(help.into());
        self
    }

    /// Says what was being done when the error came up.
    #[must_use]
    pub fn while_(mut self, what: &str) -> Self {
        let words = self.words_mut();
        words.message = format!("{what}: {}", words.message);
        self
    }

    /// An error of the file system under the spool or the objects.
    pub fn io(what: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::limit(format!("{what}: the disk is full"))
                .help("everything acknowledged is kept; free some space and repeat the request"),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::unavailable(format!("{what}: {error}")).help("the data folder must be writable for the server")
            }
            _ => Self::unavailable(format!("{what}: {error}")),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        let Words { message, help } = error.into_words();
        let problem = Problem::new(kind, message);
        match help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::from_words(problem.kind, Words { message: problem.message, help: problem.help })
    }
}

impl From<kamld_records::Error> for Error {
    fn from(error: kamld_records::Error) -> Self {
        Problem::from(error).into()
    }
}

/// Whether an I/O error that says that the disk is full stands somewhere in the chain.
fn io_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a std::io::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        cause = error.source();
    }
    None
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error as E;
        match &error {
            E::NotFound { path, .. } => Self::not_found(format!("there are no bytes at {path} in the object store")),
            E::AlreadyExists { path, .. } => Self::already_exists(format!("{path} is there already")),
            E::Precondition { path, .. } => Self::conflict(format!("{path} was changed by another writer")),
            E::PermissionDenied { path, .. } | E::Unauthenticated { path, .. } => {
                Self::unavailable(format!("the object store refuses access to {path}"))
                    .help("check key, secret and bucket in the configuration")
            }
            E::NotSupported { .. } | E::NotImplemented { .. } | E::UnknownConfigurationKey { .. } => {
                Self::internal(format!("the object store cannot do this: {error}"))
            }
            _ => match io_cause(&error) {
                Some(io) => Self::io("the object store cannot write or read", io),
                None => Self::unavailable(format!("the object store does not answer as it should: {error}")),
            },
        }
    }
}
