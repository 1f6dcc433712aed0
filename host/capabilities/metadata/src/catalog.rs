//! The catalogue: documents by subject (tags, revision).
//!
//! Must not live here: who may see what, what the objects are, what can be found out about them (`description`).
//! Invariant: a document's revision grows by one with each change, and each change shows in `changed`.

use crate::error::{Error, Result};
use async_trait::async_trait;
use kamld_types::{Address, AssetId, ObjectPath, Problem};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The longest tag, in characters.
pub const MAX_TAG: usize = 64;
/// How many tags a subject carries at most: beyond it they describe nothing.
pub const MAX_TAGS: usize = 256;
/// `PROJECT/ASSET` or `PROJECT/ASSET/PATH`, always in the state that people work on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject {
    pub asset: AssetId,
    pub path: Option<ObjectPath>,
}

impl Subject {
    pub fn asset(asset: AssetId) -> Self {
        Self { asset, path: None }
    }

    pub fn object(asset: AssetId, path: ObjectPath) -> Self {
        Self { asset, path: Some(path) }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.asset)?;
        match &self.path {
            Some(path) => write!(f, "/{path}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Subject {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let address: Address = text.parse()?;
        if address.at.is_some() {
            return Err(Problem::invalid(format!(
                "'{text}' names one state of an asset, and tags belong to all of them"
            ))
            .help("leave out the @REF"));
        }
        let path = address.path.map(ObjectPath::new).transpose()?;
        Ok(Self { asset: address.asset, path })
    }
}

impl TryFrom<String> for Subject {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        subject.to_string()
    }
}

/// What people wrote about a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub subject: Subject,
    /// 0 when nobody wrote anything yet.
    pub revision: u64,
    /// In order, each once, lower case.
    pub tags: Vec<String>,
}

/// A subject whose document changed; `mark` tells one change from the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedSubject {
    pub subject: Subject,
    pub mark: u64,
}

/// What a back end for the catalogue writes. Every change is durable when its call returns.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// One document a subject, in the order asked; one that nobody wrote is empty, at revision 0.
    async fn documents(&self, subjects: &[Subject]) -> Result<Vec<Document>>;

    /// Adds and removes tags that `check_tag` has passed. Nothing changes, nor the revision, when they
    /// already are (or are not) there.
    async fn change_tags(&self, subject: &Subject, add: &[String], remove: &[String]) -> Result<Document>;

    /// Every tag in use in a project or everywhere, with the number of subjects that `may_see` allows, by tag.
    async fn tags(
        &self,
        project: Option<&str>,
        may_see: &(dyn for<'a> Fn(&'a str) -> bool + Send + Sync),
    ) -> Result<Vec<(String, u64)>>;

    /// A subject and all below it got another name. What was at the new name is replaced. Answers how many.
    async fn move_subjects(&self, from: &Subject, to: &Subject) -> Result<u64>;

    /// A subject and all below it are gone. Answers how many documents that were.
    async fn remove_subjects(&self, subject: &Subject) -> Result<u64>;

    /// Subjects whose documents changed and were not `seen` since, at most `limit`.
    async fn changed(&self, limit: usize) -> Result<Vec<ChangedSubject>>;

    /// Takes these off the list, unless they changed again.
    async fn seen(&self, changes: &[ChangedSubject]) -> Result<()>;
}

/// A tag as it is kept: lower case, 1 to 64 characters, no spaces.
pub fn check_tag(text: &str) -> Result<String> {
    let tag = text.trim().to_lowercase();
    let wrong = |why: String| Error::Invalid {
        message: format!("'{}' is not a tag: {why}", tag.chars().take(80).collect::<String>().escape_debug()),
        help: format!("a tag is a word of 1 to {MAX_TAG} characters without spaces, such as raw or wind-energy"),
    };
    if tag.is_empty() {
        return Err(wrong("it is empty".into()));
    }
    if tag.chars().count() > MAX_TAG {
        return Err(wrong(format!("it is longer than {MAX_TAG} characters")));
    }
    if tag.starts_with('-') {
        return Err(wrong("it starts with '-', which leaves out in a search".into()));
    }
    match tag.chars().find(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | ',')) {
        Some(c) => Err(wrong(format!("'{}' cannot be part of it", c.escape_debug()))),
        None => Ok(tag),
    }
}
