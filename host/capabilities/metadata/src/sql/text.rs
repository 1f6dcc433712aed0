//! CSV, TSV, JSON and JSON Lines as tables: read in place, decoded side by side, handed on in the order of the object.
//!
//! Must not live here: how a chunk is cut (`split`) or decoded (`decode`). Invariants: dropping a stream stops its
//! reads and its decoding; at most `parallel` + 2 chunks of an object are in memory.

use super::{
    decode::{self, Reading, Wrong, infer},
    format::Format,
    layout::{Column, Layout, header, join_scalar},
    objects::{Entry, Snapshot},
    records::record,
    split::{Chunk, Delimited, Json, Lines, Splitter, at_place},
};
use arrow::{
    array::RecordBatch,
    datatypes::{DataType, SchemaRef},
};
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::{
    catalog::{Session, TableProvider},
    common::runtime::SpawnedTask,
    error::{DataFusionError, Result as PlanResult},
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{Expr, TableType},
    physical_plan::{
        ExecutionPlan,
        stream::RecordBatchStreamAdapter,
        streaming::{PartitionStream, StreamingTableExec},
    },
};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use kamld_types::Problem;
use std::{fmt, pin::Pin, sync::Arc};

/// Bytes a read: large enough that a read costs little, small enough that a core gets several.
const PIECE: u64 = 1 << 20;
/// Bytes whose rows decide about types before a query runs.
const SAMPLE: usize = 1 << 20;
/// JSON rows are larger, and one that brings a new column is to be seen.
const JSON_SAMPLE: usize = 4 << 20;

/// One object that is text.
#[derive(Clone)]
pub(crate) struct TextFile {
    pub snapshot: Arc<dyn Snapshot>,
    pub entry: Entry,
    pub format: Format,
    /// `PROJECT/ASSET@REF/PATH`, for people.
    pub address: String,
    /// Bytes that one row may have.
    pub max_row: usize,
}

impl fmt::Debug for TextFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

/// A row of this object did not fit what its first rows promised.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct Misfit {
    pub problem: Problem,
    pub file: TextFile,
}

pub(crate) type Chunks = Pin<Box<dyn Stream<Item = Result<Chunk, Problem>> + Send>>;

impl TextFile {
    pub(crate) fn named(&self, problem: Problem) -> Problem {
        Problem { message: format!("{}: {}", self.address, problem.message), ..problem }
    }

    fn pieces(&self) -> impl Stream<Item = Result<Bytes, Problem>> + Send + use<> {
        let (snapshot, path, size) = (self.snapshot.clone(), self.entry.path.clone(), self.entry.size);
        let ranges = (0..size.div_ceil(PIECE)).map(move |piece| piece * PIECE..((piece + 1) * PIECE).min(size));
        stream::iter(ranges)
            .map(move |range| {
                let (snapshot, path) = (snapshot.clone(), path.clone());
                async move { snapshot.read(&path, range).await }
            })
            .buffered(2)
    }

    fn splitter(&self) -> Splitter {
        match self.format {
            Format::Csv => Splitter::Delimited(Delimited::new(b',', self.max_row)),
            Format::Tsv => Splitter::Delimited(Delimited::new(b'\t', self.max_row)),
            Format::JsonLines => Splitter::Lines(Lines::new(self.max_row)),
            Format::Json | Format::Parquet | Format::Arrow => Splitter::Json(Box::new(Json::new(self.max_row))),
        }
    }

    /// Chunks of whole rows, without a byte order mark.
    fn raw(&self) -> Chunks {
        let state = (Box::pin(self.pieces()), self.splitter(), true, false);
        Box::pin(stream::try_unfold(state, |(mut pieces, mut split, mut first, done)| async move {
            if done {
                return Ok(None);
            }
            loop {
                match pieces.try_next().await? {
                    Some(mut piece) => {
                        if std::mem::take(&mut first) {
                            check_start(&piece)?;
                            if piece.starts_with(b"\xef\xbb\xbf") {
                                piece = piece.slice(3..);
                            }
                        }
                        if let Some(chunk) = split.push(&piece)? {
                            return Ok(Some((chunk, (pieces, split, first, false))));
                        }
                    }
                    None => return Ok(split.finish()?.map(|chunk| (chunk, (pieces, split, first, true)))),
                }
            }
        }))
    }

    /// The names in the header and the chunks behind it. For JSON there is no header.
    pub(crate) async fn open(&self) -> Result<(Vec<String>, Chunks), Problem> {
        let named = |problem| self.named(problem);
        if self.entry.size == 0 {
            return Err(named(Problem::invalid("the object is empty, so it has no columns"))
                .help("put a file with at least a header or one row"));
        }
        let mut chunks = self.raw();
        if !matches!(self.format, Format::Csv | Format::Tsv) {
            return Ok((Vec::new(), chunks));
        }
        let delimiter = if self.format == Format::Tsv { b'\t' } else { b',' };
        let Some(mut first) = chunks.try_next().await.map_err(named)? else {
            return Err(named(Problem::invalid("there is no header")));
        };
        let Some((fields, end)) = record(&first.bytes, 0, delimiter) else {
            return Err(named(Problem::invalid("there is no header")).help("the first line names the columns"));
        };
        if std::str::from_utf8(&first.bytes[..end]).is_err() {
            // Finding out types says where.
            let layout = Layout { format: self.format, columns: Vec::new(), complete: false };
            infer(&layout, &first).map_err(named)?;
        }
        let names = header(&fields);
        first.skip(end);
        Ok((names, Box::pin(stream::once(async move { Ok(first) }).chain(chunks))))
    }

    fn empty_layout(&self, names: Vec<String>) -> Layout {
        let column = |name| Column { name, data_type: DataType::Null, untidy: false };
        Layout { format: self.format, columns: names.into_iter().map(column).collect(), complete: false }
    }

    /// What the first rows say about the columns.
    pub(crate) async fn sample(&self) -> Result<Layout, Problem> {
        let (names, mut chunks) = self.open().await?;
        let mut layout = self.empty_layout(names);
        let limit = if layout.is_delimited() { SAMPLE } else { JSON_SAMPLE };
        let mut seen = 0;
        while seen < limit {
            let Some(chunk) = chunks.try_next().await.map_err(|problem| self.named(problem))? else {
                layout.complete = true;
                break;
            };
            seen += chunk.bytes.len();
            layout = infer(&layout, &chunk).map_err(|problem| self.named(problem))?;
        }
        self.some_columns(layout)
    }

    fn some_columns(&self, layout: Layout) -> Result<Layout, Problem> {
        if layout.columns.is_empty() {
            return Err(self.named(Problem::invalid("there are no rows, so there are no columns")));
        }
        Ok(layout)
    }

    /// Reads every row: how many there are, and the types that fit them all.
    pub(crate) async fn validate(&self, parallel: usize) -> Result<(u64, Layout), Problem> {
        let (names, mut chunks) = self.open().await?;
        let mut layout = self.empty_layout(names);
        // The first chunk alone tells most; the others start from there.
        let mut rows = 0;
        if let Some(chunk) = chunks.try_next().await.map_err(|problem| self.named(problem))? {
            layout = infer(&layout, &chunk).map_err(|problem| self.named(problem))?;
            (rows, layout) = decode::validate(&chunk, &layout).map_err(|problem| self.named(problem))?;
        }
        let start = layout.clone();
        let mut results = chunks
            .map(|chunk| {
                let layout = start.clone();
                async move {
                    let chunk = chunk?;
                    SpawnedTask::spawn_blocking(move || decode::validate(&chunk, &layout)).await.map_err(broken)?
                }
            })
            .buffered(parallel);
        while let Some((count, wider)) = results.try_next().await.map_err(|problem| self.named(problem))? {
            rows += count;
            layout = layout.join(&wider).map_err(|problem| self.named(problem))?;
        }
        drop(results);
        layout.complete = true;
        Ok((rows, self.some_columns(layout)?))
    }

    fn rows(
        self: Arc<Self>,
        reading: Arc<Reading>,
        parallel: usize,
    ) -> impl Stream<Item = PlanResult<RecordBatch>> + Send {
        let fail = |file: &TextFile, problem: Problem| DataFusionError::External(Box::new(file.named(problem)));
        let file = self.clone();
        stream::once(async move { self.open().await.map(|(_, chunks)| chunks) })
            .map_err(|problem| DataFusionError::External(Box::new(problem)))
            .map_ok(move |chunks| {
                let (file, reading) = (file.clone(), reading.clone());
                chunks
                    .map(move |chunk| {
                        let (file, reading) = (file.clone(), reading.clone());
                        async move {
                            let chunk = chunk.map_err(|problem| fail(&file, problem))?;
                            let task = SpawnedTask::spawn_blocking(move || match decode::decode(&chunk, &reading) {
                                Err(Wrong::Text(problem)) => {
                                    Ok((decode::decode_before(&chunk, &reading, &problem), Some(problem)))
                                }
                                decoded => decoded.map(|batches| (batches, None)),
                            });
                            match task.await {
                                Ok(Ok((batches, problem))) => {
                                    let end = problem.map(|problem| Err(fail(&file, problem)));
                                    Ok(stream::iter(batches.into_iter().map(Ok).chain(end)))
                                }
                                Ok(Err(Wrong::Text(problem))) => Err(fail(&file, problem)),
                                Ok(Err(Wrong::Misfit(problem))) => {
                                    let problem = file.named(problem);
                                    Err(DataFusionError::External(Box::new(Misfit { problem, file: (*file).clone() })))
                                }
                                Err(error) => Err(fail(&file, broken(error))),
                            }
                        }
                    })
                    .buffered(parallel)
                    .try_flatten()
            })
            .try_flatten()
    }
}

fn broken(error: tokio::task::JoinError) -> Problem {
    Problem::internal(format!("decoding stopped: {error}"))
}

/// Text in another encoding says so in its first bytes.
fn check_start(piece: &[u8]) -> Result<(), Problem> {
    let what = match piece {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16 text",
        [0x1f, 0x8b, ..] => "compressed with gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "compressed with zstd",
        [b'P', b'K', 3, 4, ..] => "a zip archive",
        [b'P', b'A', b'R', b'1', ..] => "Parquet",
        _ => return Ok(()),
    };
    Err(at_place(Problem::invalid(format!("byte 0 (line 1): this is {what}, not UTF-8 text")), (1, 1))
        .help("put it again as UTF-8 text under a name that says what it is"))
}

/// Objects of one format as one table; columns are brought together by name.
#[derive(Debug)]
pub(crate) struct TextTable {
    files: Vec<(Arc<TextFile>, Layout)>,
    schema: SchemaRef,
    parallel: usize,
}

impl TextTable {
    pub(crate) fn new(files: Vec<(TextFile, Layout)>, parallel: usize) -> Result<Self, Problem> {
        let mut columns: Vec<Column> = Vec::new();
        for (file, layout) in &files {
            for column in &layout.columns {
                match columns.iter_mut().find(|known| known.name == column.name) {
                    None => columns.push(column.clone()),
                    Some(known) if layout.is_delimited() => {
                        known.data_type = join_scalar(&known.data_type, &column.data_type);
                    }
                    Some(known) => {
                        let alone = |column: &Column| Layout { columns: vec![column.clone()], ..*layout };
                        let joined = alone(known).join(&alone(column)).map_err(|problem| file.named(problem))?;
                        known.data_type = joined.columns[0].data_type.clone();
                    }
                }
            }
        }
        let files: Vec<(Arc<TextFile>, Layout)> = files
            .into_iter()
            .map(|(file, mut layout)| {
                for column in &mut layout.columns {
                    if let Some(known) = columns.iter().find(|known| known.name == column.name) {
                        column.data_type = known.data_type.clone();
                        // What became text is read as it stands.
                        column.untidy &= super::layout::settled(&column.data_type) != DataType::Utf8View;
                    }
                }
                (Arc::new(file), layout)
            })
            .collect();
        let format = files.first().map_or(Format::Csv, |(file, _)| file.format);
        let schema = Layout { format, columns, complete: true }.schema();
        Ok(Self { files, schema, parallel })
    }
}

#[async_trait]
impl TableProvider for TextTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(projection) => Arc::new(self.schema.project(projection)?),
            None => self.schema.clone(),
        };
        let readings = self
            .files
            .iter()
            .map(|(file, layout)| (file.clone(), Arc::new(Reading::new(layout.clone(), schema.clone()))))
            .collect();
        let scan = TextScan { files: readings, schema: schema.clone(), parallel: self.parallel };
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(scan)], None, [], false, limit)?))
    }
}

#[derive(Debug)]
struct TextScan {
    files: Vec<(Arc<TextFile>, Arc<Reading>)>,
    schema: SchemaRef,
    parallel: usize,
}

impl PartitionStream for TextScan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let parallel = self.parallel;
        let rows =
            stream::iter(self.files.clone()).map(move |(file, reading)| file.rows(reading, parallel).boxed()).flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}
