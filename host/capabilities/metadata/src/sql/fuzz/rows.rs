//! Texts that are no tables, and texts that nearly are: cut into rows, guessed at, decoded.
//!
//! Invariants held here: no text makes a reader panic; rows are the same wherever the pieces of a text end; what was looked
//! at as a whole decodes as a whole; a refusal names a line of the text.

use super::super::{
    decode::{self, Reading, infer},
    format::Format,
    layout::{Column, Layout, header},
    records::record,
    split::{Chunk, Delimited, Json, Lines, Splitter},
};
use arrow::datatypes::DataType;
use kamld_fuzz::{cases, check_verdict, mutated};
use kamld_types::Problem;
use proptest::{collection::vec, prelude::*};

const MAX_ROW: usize = 1 << 20;
const FORMATS: [Format; 4] = [Format::Csv, Format::Tsv, Format::Json, Format::JsonLines];

fn splitter(format: Format) -> Splitter {
    match format {
        Format::Csv => Splitter::Delimited(Delimited::new(b',', MAX_ROW)),
        Format::Tsv => Splitter::Delimited(Delimited::new(b'\t', MAX_ROW)),
        Format::JsonLines => Splitter::Lines(Lines::new(MAX_ROW)),
        _ => Splitter::Json(Box::new(Json::new(MAX_ROW))),
    }
}

/// Cuts a text that comes in pieces.
fn cut(format: Format, text: &[u8], step: usize) -> Result<Vec<Chunk>, Problem> {
    let mut split = splitter(format);
    let mut chunks = Vec::new();
    for piece in text.chunks(step) {
        chunks.extend(split.push(piece)?);
    }
    chunks.extend(split.finish()?);
    Ok(chunks)
}

fn joined(chunks: &[Chunk]) -> Vec<u8> {
    chunks.iter().flat_map(|chunk| chunk.bytes.clone()).collect()
}

/// How many rows there are under the types that fit them all, as an object is described.
fn described(format: Format, mut chunks: Vec<Chunk>) -> Result<u64, Problem> {
    let mut layout = Layout { format, columns: Vec::new(), complete: false };
    if layout.is_delimited() {
        // A piece of blank lines says nothing of the columns.
        chunks.retain(|chunk| record(&chunk.bytes, 0, layout.delimiter()).is_some());
        let Some(first) = chunks.first_mut() else { return Ok(0) };
        let Some((fields, end)) = record(&first.bytes, 0, layout.delimiter()) else { return Ok(0) };
        let column = |name| Column { name, data_type: DataType::Null, untidy: false };
        layout.columns = header(&fields).into_iter().map(column).collect();
        first.skip(end);
    }
    let mut rows = 0;
    for chunk in &chunks {
        layout = infer(&layout, chunk)?;
    }
    for chunk in &chunks {
        let (count, wider) = decode::validate(chunk, &layout)?;
        let batches = decode::decode(chunk, &Reading::all(wider)).expect("what was validated decodes");
        assert_eq!(batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), count);
        rows += count;
    }
    Ok(rows)
}

fn check_line(text: &[u8], problem: &Problem) {
    if let Some(at) = problem.at {
        let lines = text.split(|byte| *byte == b'\n').count() as u32;
        assert!((1..=lines).contains(&at.line), "{problem:?}: {lines} lines in {:?}", String::from_utf8_lossy(text));
    }
}

/// Answers whether it is a table.
fn check(format: Format, text: &[u8], step: usize) -> bool {
    let whole = cut(format, text, text.len().max(1));
    let pieces = cut(format, text, step);
    let (whole, pieces) = match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => (whole, pieces),
        (Err(whole), Err(pieces)) => {
            check_line(text, &whole);
            assert_eq!(whole, pieces, "in pieces of {step}: {:?}", String::from_utf8_lossy(text));
            return false;
        }
        (whole, pieces) => panic!("{whole:?} and in pieces of {step} {pieces:?}"),
    };
    assert_eq!(joined(&whole), joined(&pieces), "in pieces of {step}: {:?}", String::from_utf8_lossy(text));
    if !matches!(format, Format::Json) {
        assert_eq!(joined(&whole), text);
    }
    let mut offset = 0;
    for chunk in &pieces {
        assert_eq!(chunk.offset, offset);
        offset += chunk.bytes.len() as u64;
    }
    let (whole, pieces) = (described(format, whole), described(format, pieces));
    for problem in [&whole, &pieces].into_iter().filter_map(|described| described.as_ref().err()) {
        check_line(text, problem);
    }
    assert_eq!(
        whole.as_ref().ok(),
        pieces.as_ref().ok(),
        "in pieces of {step}: {:?}, {whole:?}, {pieces:?}",
        String::from_utf8_lossy(text)
    );
    whole.is_ok()
}

#[test]
fn the_corpus_of_tables_is_read_as_its_names_say() {
    for (name, text) in super::seeds("tables") {
        let format = match name.rsplit_once('.').unwrap().1 {
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            "json" => Format::Json,
            _ => Format::JsonLines,
        };
        for step in 1..12 {
            check_verdict(&name, check(format, &text, step));
        }
        // Whatever it is called, it may be read as something else.
        for format in FORMATS {
            check(format, &text, 7);
        }
    }
}

const PIECES: &[&str] = &[
    "\"",
    "\"\"",
    ",",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    " ",
    "NA",
    "null",
    "true",
    "-",
    "-0",
    "1e999",
    "1e-999",
    "NaN",
    "inf",
    "9223372036854775807",
    "9223372036854775808",
    "0001-01-01",
    "9999-12-31",
    "+262143-01-01",
    "2020-02-30",
    "2020-02-29 10:00:00",
    "2020-02-29T10:00:00Z",
    "2020-02-29T23:59:60.999999999+14:00",
    "1677-09-21 00:12:43",
    "2020-é2-2é",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    ":",
    "{\"a\":1}",
    "{\"a\":[1]}",
    "{\"a\":{\"b\":1}}",
    "{\"\":1}",
    "{\"a\":1,\"a\":\"x\"}",
    "\\",
    "\\\"",
    "\\u0000",
    "\\ud800",
    "é",
    "鳥",
    "\u{feff}",
    "\u{0}",
    "#N/A",
];

fn shaped() -> impl Strategy<Value = Vec<u8>> {
    vec(0..PIECES.len(), 0..40).prop_map(|pieces| pieces.iter().flat_map(|piece| PIECES[*piece].bytes()).collect())
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_text_is_the_same_table_wherever_its_pieces_end(
        text in prop_oneof![vec(any::<u8>(), 0..200), mutated(super::seeds("tables"), PIECES), shaped()],
        format in 0..FORMATS.len(),
        step in 1..40usize,
    ) {
        check(FORMATS[format], &text, step);
    }
}
