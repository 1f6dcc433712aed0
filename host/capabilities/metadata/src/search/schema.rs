//! The fields of the index, and the version of their meaning.
//!
//! Must not live here: what goes into them (`document`), how they are asked (`plan`).
//! Invariant: any change of a field or of an analyzer raises `FORMAT`, and an older index is built anew.

use super::words::{READY, WORDS};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};

/// Raised with every change of fields or words.
pub(super) const FORMAT: u32 = 1;

#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub schema: Schema,
    /// `PROJECT/ASSET[/PATH]`: the identity of a document.
    pub key: Field,
    /// `PROJECT/ASSET`: what visibility is decided by.
    pub asset: Field,
    pub project: Field,
    pub kind: Field,
    pub format: Field,
    /// Tags as they are; `tags` has their words.
    pub tag: Field,
    /// Whole names in lower case: the path, the file name, the columns.
    pub raw: Field,
    pub column: Field,
    pub name: Field,
    /// The words of folders, asset and project around the name.
    pub path: Field,
    pub tags: Field,
    pub columns: Field,
    pub summary: Field,
    pub text: Field,
    /// Stems of all but the text.
    pub stems: Field,
    /// Each word of all fields once, and its stem behind a mark: what decides whether a document is found.
    pub every: Field,
    pub size: Field,
    pub modified: Field,
}

impl Fields {
    pub(super) fn new() -> Self {
        let mut builder = Schema::builder();
        let words = |analyzer: &str, option| {
            TextOptions::default()
                .set_indexing_options(TextFieldIndexing::default().set_tokenizer(analyzer).set_index_option(option))
        };
        let phrases = words(WORDS, IndexRecordOption::WithFreqsAndPositions);
        let plain = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(READY)
                .set_index_option(IndexRecordOption::Basic)
                .set_fieldnorms(false),
        );
        let key = builder.add_text_field("key", STRING | STORED);
        let asset = builder.add_text_field("asset", STRING);
        let project = builder.add_text_field("project", STRING | FAST);
        let kind = builder.add_text_field("kind", STRING | FAST);
        let format = builder.add_text_field("format", STRING | FAST);
        let tag = builder.add_text_field("tag", STRING | FAST | STORED);
        let raw = builder.add_text_field("raw", STRING);
        let column = builder.add_text_field("column", STRING);
        let name = builder.add_text_field("name", phrases.clone());
        let path = builder.add_text_field("path", phrases.clone());
        let tags = builder.add_text_field("tags", phrases.clone());
        let columns = builder.add_text_field("columns", phrases.clone() | STORED);
        let summary = builder.add_text_field("summary", phrases.clone() | STORED);
        let text = builder.add_text_field("text", phrases | STORED);
        let stems = builder.add_text_field("stems", plain.clone());
        let every = builder.add_text_field("every", plain);
        let size = builder.add_u64_field("size", STORED);
        let modified = builder.add_u64_field("modified", STORED | FAST | INDEXED);
        Self {
            schema: builder.build(),
            key,
            asset,
            project,
            kind,
            format,
            tag,
            raw,
            column,
            name,
            path,
            tags,
            columns,
            summary,
            text,
            stems,
            every,
            size,
            modified,
        }
    }
}
