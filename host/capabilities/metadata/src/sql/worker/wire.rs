//! What the host and a worker say to each other. Bodies of frames are bytes of objects, and schemas and rows as Arrow IPC.
//!
//! Must not live here: sending. Invariant: both ends are the same binary, so nothing here needs to be compatible.

use super::super::{
    arrange::Arrangement,
    complete::Suggestion,
    format::Format,
    layout::{Column, Layout},
    objects::Entry,
    statistics::Statistics,
};
use arrow::{
    array::RecordBatch,
    datatypes::{Field, Schema, SchemaRef},
    error::ArrowError,
    ipc::{reader::StreamReader, writer::StreamWriter},
};
use bytes::Bytes;
use kamld_types::{AssetId, Hash, Problem, RefName};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

/// With what a worker is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub cores: usize,
    pub max_row: usize,
    pub time: Duration,
    /// A folder of its own for what does not fit into memory.
    pub spill: Option<PathBuf>,
}

/// Objects that were found and admitted before; the snapshot they are of is number 0.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub asset: AssetId,
    pub at: Option<RefName>,
    pub entries: Vec<Entry>,
    pub called: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    /// The rows of a query.
    Run {
        text: String,
        project: Option<String>,
    },
    /// All rows of objects, in their order. `widen`: one whose types have to be found from all of its rows first.
    Table {
        found: Found,
        widen: Option<(Hash, Format)>,
    },
    /// Rows that the host has, sorted and filtered. Their schema is the body of the frame.
    Arrange {
        arrangement: Arrangement,
    },
    /// What the columns of rows are like that the host has; it hands them out twice. Their schema is the body of the frame.
    Statistics,
    Explain {
        text: String,
        project: Option<String>,
    },
    Describe {
        address: String,
    },
    Complete {
        text: String,
        cursor: usize,
        project: Option<String>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToWorker {
    Begin {
        task: Task,
        /// Bytes that sorting, joining and grouping may hold before they go to disk.
        memory: u64,
        /// Bytes that all of the process may allocate.
        most: u64,
        /// Bytes that may lie in its folder.
        spill: u64,
    },
    Reply {
        call: u64,
        reply: Result<Reply, Problem>,
    },
    /// One more batch may be sent.
    Credit,
}

/// What a worker asks the host.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    Snapshot {
        asset: AssetId,
        at: Option<RefName>,
    },
    Projects,
    Assets {
        project: String,
    },
    Refs {
        asset: AssetId,
    },
    Stat {
        snapshot: usize,
        path: String,
    },
    List {
        snapshot: usize,
        prefix: String,
        after: Option<String>,
        limit: usize,
    },
    Read {
        snapshot: usize,
        path: String,
        start: u64,
        end: u64,
    },
    MayRead {
        asset: AssetId,
        path: String,
    },
    MayReadAll {
        asset: AssetId,
        pattern: String,
        paths: Vec<String>,
    },
    Visible {
        resources: Vec<String>,
    },
    /// What the host remembers of the columns of a text.
    Layout {
        hash: Hash,
        format: Format,
    },
    /// The next of the rows that the task came with; after the last of them the same rows may be had once more, if the
    /// host said so with the task.
    Rows,
}

/// `Bytes`, `Layout` and `Rows` have a body; an empty one says that there is none.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Snapshot { snapshot: usize, token: String },
    Names(Vec<String>),
    Entry(Option<Entry>),
    Entries(Vec<Entry>),
    Bytes,
    Allowed,
    Visible(Vec<bool>),
    Layout,
    Rows,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromWorker {
    Call {
        call: u64,
        ask: Ask,
    },
    /// The columns of a text were found out; the body is its layout.
    Layout {
        hash: Hash,
        format: Format,
    },
    /// Rows will follow; the body is their schema. `rows`: how many, when the objects themselves say so.
    Started {
        rows: Option<u64>,
    },
    /// The body is one batch, schema included.
    Batch,
    /// The end of the task, and the most bytes that were allocated for it.
    Done {
        answer: Answer,
        peak: u64,
    },
    Failed {
        problem: Problem,
        widen: Option<(Hash, Format)>,
        peak: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Rows,
    Text(String),
    Shape { format: Format, columns: Vec<crate::Column>, rows: u64 },
    Suggestions(Vec<Suggestion>),
    Statistics(Statistics),
}

pub(super) fn write_schema(schema: &SchemaRef) -> Result<Bytes, ArrowError> {
    let mut out = Vec::new();
    StreamWriter::try_new(&mut out, schema)?.finish()?;
    Ok(out.into())
}

pub(super) fn read_schema(bytes: &[u8]) -> Result<SchemaRef, ArrowError> {
    Ok(StreamReader::try_new(bytes, None)?.schema())
}

pub(super) fn write_batch(batch: &RecordBatch) -> Result<Bytes, ArrowError> {
    let mut out = Vec::with_capacity(batch.get_array_memory_size() + 4096);
    let mut writer = StreamWriter::try_new(&mut out, batch.schema_ref())?;
    writer.write(batch)?;
    writer.finish()?;
    drop(writer);
    Ok(out.into())
}

/// The columns of the batch point into the bytes: nothing is copied.
pub(super) fn read_batch(bytes: Bytes) -> Result<RecordBatch, ArrowError> {
    let mut decoder = arrow::ipc::reader::StreamDecoder::new();
    let mut buffer = arrow::buffer::Buffer::from(bytes);
    let batch = decoder.decode(&mut buffer)?;
    batch.ok_or_else(|| ArrowError::IpcError("a batch is missing".into()))
}

const UNTIDY: &str = "untidy";
const COMPLETE: &str = "complete";

pub(super) fn write_layout(layout: &Layout) -> Result<Bytes, ArrowError> {
    let mark = |name: &str, set: bool| HashMap::from_iter(set.then(|| (name.to_owned(), String::new())));
    let field = |column: &Column| {
        Field::new(&column.name, column.data_type.clone(), true).with_metadata(mark(UNTIDY, column.untidy))
    };
    let fields: Vec<Field> = layout.columns.iter().map(field).collect();
    write_schema(&Arc::new(Schema::new_with_metadata(fields, mark(COMPLETE, layout.complete))))
}

pub(super) fn read_layout(format: Format, bytes: &[u8]) -> Result<Layout, ArrowError> {
    let schema = read_schema(bytes)?;
    let column = |field: &Arc<Field>| Column {
        name: field.name().clone(),
        data_type: field.data_type().clone(),
        untidy: field.metadata().contains_key(UNTIDY),
    };
    let complete = schema.metadata().contains_key(COMPLETE);
    Ok(Layout { format, columns: schema.fields().iter().map(column).collect(), complete })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::DataType;

    #[test]
    fn a_layout_comes_out_as_it_went_in() {
        let column = |name: &str, data_type, untidy| Column { name: name.into(), data_type, untidy };
        for complete in [false, true] {
            let layout = Layout {
                format: Format::Csv,
                columns: vec![
                    column("a", DataType::Int64, true),
                    column("b", DataType::Null, false),
                    column("c", DataType::Utf8View, false),
                ],
                complete,
            };
            assert_eq!(read_layout(Format::Csv, &write_layout(&layout).unwrap()).unwrap(), layout);
        }
    }
}
