//! Text, code and JSON by lines; anything else by its first bytes.
//!
//! `text` finds out encoding and lines, `shape` makes descriptions and views, `page` those of a page; all are pure.
//! Invariant: never more of an object is held than one window of it.

mod page;
mod shape;
mod text;

use kamld_sdk::{
    Describe, Description, ObjectReader, Preview, Result, ToDescribe, ToPreview, describe::MAX_TEXT, view::View,
};
use std::io::{BufReader, Seek, SeekFrom};

struct Texts;

kamld_sdk::plugin! { describer: Texts, preview: Texts }

const MEDIA_TYPES: &[&str] = &[
    "text/*",
    "application/xml",
    "application/yaml",
    "application/toml",
    "application/sql",
    "application/x-ipynb+json",
    "image/svg+xml",
    // JSON comes by this one: an exact type would take it from whoever reads it as a table.
    "application/*",
    "*/*",
];

/// What is looked at to tell text from other bytes.
const HEAD: usize = MAX_TEXT;
/// Lines are counted up to here; a larger text says "more than". Counting goes at about 1 GB/s.
const COUNTED: u64 = 64 << 20;
/// What one read of the host brings.
const CHUNK: usize = 1 << 20;
/// How many bytes of a file that is no text are shown.
const BYTES: usize = 256;

impl Describe for Texts {
    const MEDIA_TYPES: &[&str] = MEDIA_TYPES;

    fn describe(object: &ToDescribe) -> Result<Description> {
        let mut reader = ObjectReader::open(&object.address)?;
        let head = reader.read_range(0, HEAD)?;
        let Some(encoding) = text::encoding(&head) else {
            return Ok(shape::bytes(&object.media_type, object.size));
        };
        if shape::is_json(&object.media_type, &object.text) && object.size > 0 && object.size <= COUNTED {
            reader.seek(SeekFrom::Start(0))?;
            let whole = BufReader::with_capacity(CHUNK, reader);
            if let Err(error) = serde_json::from_reader::<_, serde::de::IgnoredAny>(whole) {
                return Ok(shape::no_json(&error, &encoding.decode(&head)));
            }
            reader = ObjectReader::open(&object.address)?;
        }
        reader.seek(SeekFrom::Start(0))?;
        let lines = text::count(BufReader::with_capacity(CHUNK, reader), encoding, COUNTED)?;
        Ok(shape::description(&object.media_type, &object.text, object.size, encoding, lines, &encoding.decode(&head)))
    }
}

impl Preview for Texts {
    const MEDIA_TYPES: &[&str] = MEDIA_TYPES;

    fn open(object: &ToPreview) -> Result<View> {
        let mut reader = ObjectReader::open(&object.address)?;
        let head = reader.read_range(0, HEAD)?;
        if object.on_page() {
            return on_page(object, reader, &head);
        }
        let Some(encoding) = text::encoding(&head) else {
            let start = object.start.saturating_mul(16);
            return Ok(shape::hex(&object.media_type, object.size, start, &reader.read_range(start, BYTES)?));
        };
        reader.seek(SeekFrom::Start(0))?;
        let reader = BufReader::with_capacity(CHUNK, reader);
        let window = text::lines(reader, encoding, object.start, object.window.clamp(1, 200))?;
        Ok(shape::view(&object.media_type, &object.text, object.size, object.start, &window))
    }
}

/// A document as what it means when it is small enough, else its lines, page by page; other bytes are fetched by the page.
fn on_page(object: &ToPreview, mut reader: ObjectReader, head: &[u8]) -> Result<View> {
    let Some(encoding) = text::encoding(head) else { return Ok(page::bytes(&object.text, object.size)) };
    if object.size <= page::WHOLE as u64 && object.start == 0 {
        let whole = reader.read_range(0, page::WHOLE)?;
        if let Some(view) = page::meant(&object.media_type, &object.text, &encoding.decode(&whole)) {
            return Ok(view);
        }
    }
    reader.seek(SeekFrom::Start(0))?;
    let reader = BufReader::with_capacity(CHUNK, reader);
    let window = text::lines(reader, encoding, object.start, page::LINES)?;
    Ok(page::lines(&object.media_type, &object.text, object.size, object.start, window))
}
