//! Descriptions: what was found out about some bytes, such as columns, rows and text for search.
//!
//! A description belongs to bytes, not to a path: the same content is described once, however often it is copied, moved
//! or brought back.
//! Must not live here: what people wrote (`catalog`), who describes what.
//! Invariant: descriptions are derived. Losing one costs the time to make it again, and nothing else.

use crate::error::Result;
use async_trait::async_trait;
use kamld_types::Hash;
use serde::{Deserialize, Serialize};

/// The longest text that a description keeps for search, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;
/// How many columns and facts of a description are kept.
pub const MAX_ITEMS: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// A SQL type, such as `BIGINT`.
    pub r#type: String,
    pub nullable: bool,
}

/// What a describer found out about some bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// One short line.
    pub summary: String,
    pub rows: Option<u64>,
    pub columns: Vec<Column>,
    /// Named facts, in order.
    pub facts: Vec<(String, String)>,
    /// Plain text for search.
    pub text: String,
}

impl Description {
    /// Cut down to the limits of the catalogue: a describer may be a stranger's.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        truncate(&mut self.summary, 512);
        truncate(&mut self.text, MAX_TEXT);
        self.columns.truncate(MAX_ITEMS);
        self.facts.truncate(MAX_ITEMS);
        for column in &mut self.columns {
            truncate(&mut column.name, 512);
            truncate(&mut column.r#type, 512);
        }
        for (name, value) in &mut self.facts {
            truncate(name, 512);
            truncate(value, 4096);
        }
        self
    }
}

fn truncate(text: &mut String, most: usize) {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}

/// The answer about some bytes: found out, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Described {
    Known(Description),
    /// The bytes are not what their type says, in words.
    Failed {
        summary: String,
        problem: String,
    },
}

impl Described {
    pub fn summary(&self) -> &str {
        match self {
            Described::Known(description) => &description.summary,
            Described::Failed { summary, .. } => summary,
        }
    }
}

/// A describer that was asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    pub plugin: String,
    /// Of its component.
    pub digest: Hash,
}

/// What is kept about a content, and who said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The describer that knew; when none did, all that were asked. Empty in what an earlier version kept.
    #[serde(default)]
    pub by: Vec<Source>,
    #[serde(flatten)]
    pub described: Described,
}

impl Verdict {
    pub fn is_failure(&self) -> bool {
        matches!(self.described, Described::Failed { .. })
    }
}

/// Says which verdicts still stand.
pub type Stands<'a> = dyn Fn(&Verdict) -> bool + Send + Sync + 'a;

/// Some bytes, taken as some media type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Content {
    pub hash: Hash,
    pub media_type: String,
}

/// What a back end for descriptions writes. Nothing here waits for the disk.
#[async_trait]
pub trait Descriptions: Send + Sync {
    /// One answer a content, in the order asked.
    async fn descriptions(&self, contents: &[Content]) -> Result<Vec<Option<Described>>>;

    async fn set_description(&self, content: &Content, verdict: &Verdict) -> Result<()>;

    /// Forgets verdicts that do not stand any more, so that they are asked for again. Answers how many.
    async fn forget_verdicts(&self, stands: &Stands<'_>) -> Result<u64>;

    /// Forgets descriptions of contents that are not in use any more; with `dry_run` only counts them. Answers how
    /// many, and their bytes.
    async fn forget(&self, in_use: &(dyn Fn(Hash) -> bool + Send + Sync), dry_run: bool) -> Result<(u64, u64)>;

    /// What is known about one content.
    async fn describe(&self, hash: Hash, media_type: &str) -> Result<Option<Described>> {
        let content = Content { hash, media_type: media_type.to_owned() };
        Ok(self.descriptions(&[content]).await?.pop().flatten())
    }
}
