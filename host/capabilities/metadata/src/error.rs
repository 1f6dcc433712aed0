//! One error for the whole capability, cut by what a caller can do about it.
//!
//! Must not live here: anything of a single noun. Every variant turns into a `Problem` of the kind it is named for.

use kamld_types::{Kind, Problem};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Name something else, or create it first.
    #[error("there is no {0}")]
    Missing(String),
    /// Choose another name, or use what is there.
    #[error("{0} is there already")]
    Exists(String),
    /// Read again, then decide.
    #[error("{0}")]
    Changed(String),
    /// Another argument.
    #[error("{message}")]
    Invalid { message: String, help: String },
    /// Less of it.
    #[error("{message}")]
    Limit { message: String, help: String },
    /// A stored record is not what was written: restore it from a backup, or write it anew.
    #[error("the stored record of {0} is damaged: its checksum does not fit")]
    Damaged(String),
    /// The store of derived metadata; its disk needs a look.
    #[error("the store of derived metadata did not answer")]
    Store(#[from] sled::Error),
    /// The search index; it can be built again from storage at any time.
    #[error("the search index did not answer")]
    Index(#[source] Box<tantivy::TantivyError>),
    /// The disk, the folder or its permissions.
    #[error("{what}")]
    Disk {
        what: String,
        #[source]
        source: std::io::Error,
    },
    /// The host is shutting down, or a worker of it ended.
    #[error("the {0} has stopped")]
    Stopped(&'static str),
    /// Said in words by somebody else, passed on as it is.
    #[error(transparent)]
    Problem(#[from] Problem),
}

impl From<kamld_records::Error> for Error {
    fn from(error: kamld_records::Error) -> Self {
        match error {
            kamld_records::Error::Damaged(what) => Error::Damaged(what),
            error => Error::Problem(error.into()),
        }
    }
}

impl From<tantivy::TantivyError> for Error {
    fn from(error: tantivy::TantivyError) -> Self {
        Error::Index(Box::new(error))
    }
}

impl Error {
    pub fn disk(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let what = what.into();
        move |source| Error::Disk { what, source }
    }
}

/// An error with everything below it, on one line.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(below) = source {
        text.push_str(": ");
        text.push_str(&below.to_string());
        source = below.source();
    }
    text
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = with_sources(&error);
        match error {
            Error::Missing(_) => Problem::not_found(text),
            Error::Exists(_) => Problem::already_exists(text).help("choose another name, or use the one that is there"),
            Error::Changed(_) => Problem::conflict(text).help("nothing was written: read it again, then decide"),
            Error::Invalid { help, .. } => Problem::invalid(text).help(help),
            Error::Limit { help, .. } => Problem::limit(text).help(help),
            Error::Damaged(_) => Problem::corrupt(text)
                .help("the record was left as it is; write it anew, or bring the data folder back from a backup"),
            Error::Store(_) => Problem::unavailable(text)
                .help("no data is lost, all of it can be made again; look at the disk of the data folder"),
            Error::Index(_) => Problem::unavailable(text)
                .help("no data is lost, the index is derived; if it stays away, run: kamld index rebuild"),
            Error::Disk { .. } => {
                Problem::unavailable(text).help("look at the disk and the permissions of the data folder")
            }
            Error::Stopped(_) => Problem::new(Kind::Unavailable, text).help("try again once the server is up"),
            Error::Problem(problem) => problem,
        }
    }
}
