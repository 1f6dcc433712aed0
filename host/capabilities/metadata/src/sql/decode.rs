//! From chunks of text to rows, and from a row that does not fit to words that say which.
//!
//! Must not live here: which object to read. Invariant: the fast path is `arrow`'s decoder; only when it fails is the
//! chunk read a second time, record by record, to say at which line and column and what was expected.

use super::{
    format::Format,
    layout::{Column, Layout, fits, infer_delimited, infer_json, is_missing, settled},
    records::record,
    split::{Chunk, at_place},
    values::sql_type,
};
use arrow::{
    array::{ArrayRef, AsArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray, new_null_array},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Field, Float64Type, Schema, SchemaRef},
    error::ArrowError,
};
use kamld_types::Problem;
use memchr::memchr_iter;
use std::sync::Arc;

/// Rows a batch: what the rest of the engine works in.
const BATCH: usize = 8192;

/// How the columns of one object become those that a scan wants.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Of all columns of the object, with the types that the scan wants.
    pub layout: Layout,
    /// Per wanted column: its place in the object, or none where the object has no such column.
    wanted: Vec<Option<usize>>,
    /// Places in the object that are decoded, in rising order.
    decoded: Vec<usize>,
    /// What the decoder is told.
    schema: SchemaRef,
    /// What comes out.
    pub out: SchemaRef,
}

impl Reading {
    pub(crate) fn new(layout: Layout, out: SchemaRef) -> Self {
        let wanted: Vec<Option<usize>> = out
            .fields()
            .iter()
            .map(|field| layout.columns.iter().position(|column| column.name == *field.name()))
            .collect();
        let mut decoded: Vec<usize> = wanted.iter().flatten().copied().collect();
        decoded.sort_unstable();
        decoded.dedup();
        if decoded.is_empty() && !layout.is_delimited() && !layout.columns.is_empty() {
            // Rows of JSON are counted by decoding something of them.
            decoded.push(0);
        }
        let field = |column: &Column| {
            let data_type = if column.untidy { DataType::Utf8 } else { settled(&column.data_type) };
            Field::new(&column.name, data_type, true)
        };
        let fields: Vec<Field> = if layout.is_delimited() {
            layout.columns.iter().map(field).collect()
        } else {
            decoded.iter().map(|place| field(&layout.columns[*place])).collect()
        };
        Self { layout, wanted, decoded, schema: Arc::new(Schema::new(fields)), out }
    }

    /// All columns, as they are.
    pub(crate) fn all(layout: Layout) -> Self {
        let out = layout.schema();
        Self::new(layout, out)
    }

    fn shape(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let rows = batch.num_rows();
        let columns = self.wanted.iter().zip(self.out.fields()).map(|(place, field)| {
            let Some(place) = place else { return Ok(new_null_array(field.data_type(), rows)) };
            let decoded = self
                .decoded
                .binary_search(place)
                .map_err(|_| ArrowError::ComputeError("a column is missing".into()))?;
            let column = &self.layout.columns[*place];
            let mut array = batch.column(decoded).clone();
            if column.untidy {
                array = tidy(&array, field.data_type())?;
            } else if self.layout.is_delimited() && *field.data_type() == DataType::Float64 {
                array = without_nan(array);
            }
            Ok(array)
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        RecordBatch::try_new_with_options(
            self.out.clone(),
            columns,
            &RecordBatchOptions::new().with_row_count(Some(rows)),
        )
    }
}

/// Text with blanks around it or words for missing values, as what it stands for.
fn tidy(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let texts: StringArray =
        array.as_string::<i32>().iter().map(|text| text.map(str::trim).filter(|text| !is_missing(text))).collect();
    cast_with_options(&texts, data_type, &CastOptions { safe: false, ..CastOptions::default() })
}

/// `nan` in a text is a missing value, as everywhere else.
fn without_nan(array: ArrayRef) -> ArrayRef {
    let numbers = array.as_primitive::<Float64Type>();
    if numbers.values().iter().any(|number| number.is_nan()) {
        Arc::new(numbers.iter().map(|number| number.filter(|number| !number.is_nan())).collect::<Float64Array>())
    } else {
        array
    }
}

/// Why a chunk could not be decoded.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// The text itself is wrong.
    Text(Problem),
    /// A row does not fit the types that the rows before it had.
    Misfit(Problem),
}

/// The rows of a chunk.
pub(crate) fn decode(chunk: &Chunk, reading: &Reading) -> Result<Vec<RecordBatch>, Wrong> {
    let decoded = if reading.layout.is_delimited() {
        let decoder = arrow::csv::ReaderBuilder::new(reading.schema.clone())
            .with_delimiter(reading.layout.delimiter())
            .with_batch_size(BATCH)
            .with_projection(reading.decoded.clone())
            .build_decoder();
        delimited(&chunk.bytes, decoder, reading)
    } else {
        json(&chunk.bytes, reading)
    };
    decoded.map_err(|error| explain(chunk, reading, &error))
}

/// The rows before the one that is wrong, so that they can be looked at all the same.
pub(crate) fn decode_before(chunk: &Chunk, reading: &Reading, wrong: &Problem) -> Vec<RecordBatch> {
    let lines = wrong.at.map_or(0, |at| u64::from(at.line).saturating_sub(chunk.line));
    let last = usize::try_from(lines).ok().and_then(|lines| lines.checked_sub(1));
    let Some(end) = last.and_then(|last| memchr_iter(b'\n', &chunk.bytes).nth(last)) else { return Vec::new() };
    let before = Chunk { bytes: chunk.bytes[..=end].to_vec(), line: chunk.line, offset: chunk.offset };
    // A row of several lines may be cut by this: then there is less to show.
    decode(&before, reading).unwrap_or_default()
}

fn delimited(
    bytes: &[u8],
    mut decoder: arrow::csv::reader::Decoder,
    reading: &Reading,
) -> Result<Vec<RecordBatch>, ArrowError> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        // The decoder takes it for the mark of a whole text, which is gone by now. A blank line is no row.
        decoder.decode(b"\n")?;
    }
    let mut batches = Vec::new();
    let mut at = 0;
    loop {
        let read = decoder.decode(&bytes[at..])?;
        at += read;
        // Empty input ends the last row when it has no line end.
        if read == 0 || decoder.capacity() == 0 {
            match decoder.flush()? {
                Some(batch) => batches.push(reading.shape(&batch)?),
                None if at == bytes.len() => return Ok(batches),
                None => {}
            }
        }
    }
}

fn json(bytes: &[u8], reading: &Reading) -> Result<Vec<RecordBatch>, ArrowError> {
    let mut decoder = arrow::json::ReaderBuilder::new(reading.schema.clone())
        .with_batch_size(BATCH)
        .with_coerce_primitive(true)
        .build_decoder()?;
    let mut batches = Vec::new();
    let mut at = 0;
    loop {
        let read = decoder.decode(&bytes[at..])?;
        at += read;
        if read == 0 || at == bytes.len() {
            match decoder.flush()? {
                Some(batch) => batches.push(reading.shape(&batch)?),
                None if at == bytes.len() => return Ok(batches),
                None => {}
            }
        }
    }
}

fn explain(chunk: &Chunk, reading: &Reading, error: &ArrowError) -> Wrong {
    if let Err(bad) = std::str::from_utf8(&chunk.bytes) {
        return Wrong::Text(not_utf8(chunk, bad.valid_up_to()));
    }
    if reading.layout.is_delimited() {
        explain_delimited(chunk, reading, error)
    } else {
        explain_json(chunk, reading, error)
    }
}

fn not_utf8(chunk: &Chunk, at: usize) -> Problem {
    let (line, column) = chunk.place(at);
    let byte = chunk.offset + at as u64;
    at_place(
        Problem::invalid(format!("line {line}, column {column}: byte {byte} (0x{:02x}) is not UTF-8", chunk.bytes[at])),
        (line, column),
    )
    .help("write the object again as UTF-8, for instance: iconv -f latin1 -t utf-8 OLD > NEW")
}

fn explain_delimited(chunk: &Chunk, reading: &Reading, error: &ArrowError) -> Wrong {
    let layout = &reading.layout;
    let mut at = 0;
    while let Some((fields, next)) = record(&chunk.bytes, at, layout.delimiter()) {
        let start = fields.first().map_or(at, |field| field.start);
        if fields.len() != layout.columns.len() {
            let (line, column) = chunk.place(start);
            let problem = Problem::invalid(format!(
                "line {line} has {} values, but the header names {} columns",
                fields.len(),
                layout.columns.len()
            ));
            return Wrong::Text(at_place(problem, (line, column)).help(
                "give every line the same number of values; a value that holds the delimiter or a line end stands in double quotes",
            ));
        }
        for place in &reading.decoded {
            let (column, field) = (&layout.columns[*place], &fields[*place]);
            let text = field.text();
            if !fits(&text, column) {
                return Wrong::Misfit(misfit(chunk.place(field.start), column, &text));
            }
        }
        at = next;
    }
    Wrong::Text(at_place(Problem::invalid(format!("line {} and below: {error}", chunk.line)), (chunk.line, 1)))
}

fn misfit((line, at): (u64, u64), column: &Column, text: &str) -> Problem {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    let expected = sql_type(&settled(&column.data_type));
    at_place(
        Problem::invalid(format!(
            "line {line}, column {at}: '{}' was {expected} in all rows before, but here it is '{shown}'",
            column.name
        )),
        (line, at),
    )
    .help("describe the object once, then the types fit every row, or leave the column out")
}

fn explain_json(chunk: &Chunk, reading: &Reading, error: &ArrowError) -> Wrong {
    // Row by row: the first that does not decode is the one.
    let mut rows = serde_json::Deserializer::from_slice(&chunk.bytes).into_iter::<serde::de::IgnoredAny>();
    let mut start = 0;
    loop {
        start += chunk.bytes[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (line, column) = chunk.place(start);
        match rows.next() {
            None => break,
            Some(Err(wrong)) => {
                let text = wrong.to_string();
                let text = text.split(" at line ").next().unwrap_or(&text).to_lowercase();
                // The reader counts lines from the start of the chunk.
                let line = chunk.line + (wrong.line() as u64).saturating_sub(1);
                let place = (line, wrong.column() as u64);
                let problem = Problem::invalid(format!("line {line}, column {}: {text}", wrong.column()));
                return Wrong::Text(at_place(problem, place).help("the text is not JSON from there on"));
            }
            Some(Ok(_)) => {
                let end = rows.byte_offset();
                let row = &chunk.bytes[start..end];
                if row.first() != Some(&b'{') {
                    let problem = Problem::invalid(format!("line {line}, column {column}: this is no row"));
                    return Wrong::Text(
                        at_place(problem, (line, column))
                            .help("each line of JSON Lines is one object: {\"name\": value, ...}"),
                    );
                }
                if let Err(wrong) = json(row, reading) {
                    let text = wrong.to_string();
                    let text = text.strip_prefix("Json error: ").unwrap_or(&text);
                    let problem = Problem::invalid(format!(
                        "line {line}, column {column}: this row does not fit those before it: {}",
                        super::statement::soften(text)
                    ));
                    return Wrong::Misfit(
                        at_place(problem, (line, column))
                            .help("describe the object once, then the types fit every row"),
                    );
                }
                start = end;
            }
        }
    }
    Wrong::Text(at_place(Problem::invalid(format!("line {} and below: {error}", chunk.line)), (chunk.line, 1)))
}

/// What a chunk says about the columns, beyond what was known.
pub(crate) fn infer(layout: &Layout, chunk: &Chunk) -> Result<Layout, Problem> {
    if let Err(bad) = std::str::from_utf8(&chunk.bytes) {
        return Err(not_utf8(chunk, bad.valid_up_to()));
    }
    if layout.is_delimited() {
        return Ok(infer_delimited(layout, &chunk.bytes));
    }
    let at_chunk = |problem: Problem| {
        let reading = Reading::all(Layout { columns: Vec::new(), ..*layout });
        match explain_json(chunk, &reading, &ArrowError::JsonError(problem.message.clone())) {
            Wrong::Text(found) if found.message.ends_with(&problem.message) => {
                at_place(problem, (chunk.line, 1)).help("a table has the same shape in every row")
            }
            Wrong::Text(found) | Wrong::Misfit(found) => found,
        }
    };
    layout
        .join(&infer_json(layout.format, &chunk.bytes).map_err(at_chunk)?)
        .map_err(|problem| at_place(problem, (chunk.line, 1)))
}

/// Decodes a whole chunk, widening the layout where a row does not fit. Answers how many rows there are.
pub(crate) fn validate(chunk: &Chunk, layout: &Layout) -> Result<(u64, Layout), Problem> {
    let mut layout = layout.clone();
    if matches!(layout.format, Format::Json | Format::JsonLines) {
        // A column that first appears here would be passed over by the decoder.
        layout = infer(&layout, chunk)?;
    }
    for _ in 0..3 {
        match decode(chunk, &Reading::all(layout.clone())) {
            Ok(batches) => return Ok((batches.iter().map(|batch| batch.num_rows() as u64).sum(), layout)),
            Err(Wrong::Text(problem)) => return Err(problem),
            Err(Wrong::Misfit(problem)) => {
                let wider = infer(&layout, chunk)?;
                if wider == layout {
                    return Err(problem);
                }
                layout = wider;
            }
        }
    }
    Err(at_place(
        Problem::invalid(format!("the rows from line {} on have no common type", chunk.line)),
        (chunk.line, 1),
    ))
}
