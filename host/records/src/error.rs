//! What can go wrong with records, by what the caller can do about it.

use kamld_types::Problem;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Make room.
    #[error("the disk is full: the record could not be written")]
    Full,
    /// Look at the disk, then try again.
    #[error("the records cannot be read or written: {0}")]
    Unavailable(String),
    /// Restore it from a backup, or write it anew.
    #[error("the record {0} is damaged: its checksum does not match")]
    Damaged(String),
    /// Restore the data folder from a backup.
    #[error("the file of the records is damaged: {0}")]
    Corrupt(String),
    /// A key or value is larger than the contract allows.
    #[error("{0}")]
    TooLarge(String),
    /// The store is closing.
    #[error("the records are being closed")]
    Stopped,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Full => Problem::limit(text)
                .help("everything acknowledged is kept; free some space and repeat the request, no restart is needed"),
            Error::Unavailable(_) => {
                Problem::unavailable(text).help("nothing was changed; check the disk of the data folder, then repeat")
            }
            Error::Damaged(_) => Problem::corrupt(text)
                .help("write it again, or restore it from a backup; `kamld storage check` lists all that is damaged"),
            Error::Corrupt(_) => {
                Problem::corrupt(text).help("restore the data folder from a backup: `kamld restore-backup`")
            }
            Error::TooLarge(_) => Problem::limit(text).help("nothing was changed; store less in one record"),
            Error::Stopped => Problem::unavailable(text).help("try again once the server is up"),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
