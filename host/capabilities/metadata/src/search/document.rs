//! What is indexed about an asset or an object, and how it becomes a document of the index.
//!
//! Must not live here: where it comes from (`index`).
//! Invariant: the same `Entry` always gives the same document, so that building anew changes nothing.

use super::{
    schema::Fields,
    words::{STEM_MARK, Splitter},
};
use crate::catalog::Subject;
use std::collections::HashSet;
use tantivy::{TantivyDocument, Term};

/// Everything that search knows about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub subject: Subject,
    pub format: String,
    pub summary: String,
    pub tags: Vec<String>,
    pub columns: Vec<String>,
    pub text: String,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: u64,
}

/// The words of one document, gathered once each.
struct Gathered<'a> {
    splitter: &'a mut Splitter,
    every: HashSet<String>,
    stems: HashSet<String>,
}

impl Gathered<'_> {
    fn add(&mut self, text: &str, into_stems: bool) {
        for word in self.splitter.words(text) {
            let new = !self.every.contains(&word);
            if !new && !into_stems {
                continue;
            }
            let stem = self.splitter.stem(&word);
            if into_stems && !self.stems.contains(stem) {
                self.stems.insert(stem.to_owned());
            }
            if new {
                self.every.insert(format!("{STEM_MARK}{stem}"));
                self.every.insert(word);
            }
        }
    }
}

/// In order, so that the same entry always gives the same document.
fn joined(words: HashSet<String>) -> String {
    let mut words: Vec<_> = words.into_iter().collect();
    words.sort_unstable();
    words.join(" ")
}

impl Entry {
    pub(super) fn document(&self, fields: &Fields, splitter: &mut Splitter) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        let asset = &self.subject.asset;
        document.add_text(fields.key, self.subject.to_string());
        document.add_text(fields.asset, asset.to_string());
        document.add_text(fields.project, &asset.project);
        document.add_text(fields.kind, if self.subject.path.is_some() { "object" } else { "asset" });
        if !self.format.is_empty() {
            document.add_text(fields.format, &self.format);
        }
        let (name, around) = match &self.subject.path {
            Some(path) => {
                let name = path.file_name();
                let folder = path.as_str().strip_suffix(name).unwrap_or_default();
                document.add_text(fields.raw, path.as_str().to_lowercase());
                (name, format!("{asset}/{folder}"))
            }
            None => (asset.name.as_str(), asset.project.to_string()),
        };
        document.add_text(fields.raw, name.to_lowercase());
        document.add_text(fields.name, name);
        document.add_text(fields.path, &around);
        document.add_text(fields.summary, &self.summary);
        document.add_text(fields.text, &self.text);
        document.add_u64(fields.size, self.size);
        document.add_u64(fields.modified, self.modified);

        let mut gathered = Gathered { splitter, every: HashSet::new(), stems: HashSet::new() };
        for text in [name, &around, &self.format, &self.summary] {
            gathered.add(text, true);
        }
        for tag in &self.tags {
            document.add_text(fields.tag, tag);
            document.add_text(fields.tags, tag);
            gathered.add(tag, true);
        }
        for column in &self.columns {
            document.add_text(fields.columns, column);
            document.add_text(fields.column, column.to_lowercase());
            gathered.add(column, true);
        }
        gathered.add(&self.text, false);
        document.add_text(fields.every, joined(gathered.every));
        document.add_text(fields.stems, joined(gathered.stems));
        document
    }
}

/// What deletes the document of one subject.
pub(super) fn subject_term(fields: &Fields, subject: &Subject) -> Term {
    Term::from_field_text(fields.key, &subject.to_string())
}

/// The short name that people filter by: the ending of the name, or else what the media type says.
pub(crate) fn format_of(ending: Option<&str>, media_type: &str) -> String {
    let subtype = media_type.split(';').next().unwrap_or_default().trim().rsplit('/').next().unwrap_or_default();
    let subtype = match subtype {
        "plain" => "txt",
        "octet-stream" => "",
        other => other.strip_prefix("x-").or(other.strip_prefix("vnd.apache.")).unwrap_or(other),
    };
    canonical(ending.filter(|ending| ending.len() <= 12).unwrap_or(subtype))
}

/// One name for spellings of the same format.
pub(super) fn canonical(format: &str) -> String {
    let format = format.trim_start_matches('.').to_lowercase();
    match format.as_str() {
        "jpeg" => "jpg".into(),
        "tif" => "tiff".into(),
        "htm" => "html".into(),
        "yml" => "yaml".into(),
        "ndjson" | "json-lines" => "jsonl".into(),
        "markdown" => "md".into(),
        "feather" => "arrow".into(),
        _ => format,
    }
}
