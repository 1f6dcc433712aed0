//! Rows as bytes of a format, batch by batch: the whole result is never held.
//!
//! Must not live here: HTTP. Invariant: columns of files have names that differ; what a format has no word for is
//! text in it.

use super::{
    format::Output,
    kept::{Kept, Reader},
    query::{OnDrop, RunningQuery},
    values::{flat, json_objects, named_apart},
};
use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    datatypes::SchemaRef,
    ipc::writer::StreamWriter,
};
use bytes::Bytes;
use futures::Stream;
use kamld_types::Problem;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use std::{
    io::Write,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{runtime::Handle, sync::mpsc};

/// Pieces that wait for a slow reader.
const WAITING: usize = 4;
/// A piece is sent when it has this many bytes.
const PIECE: usize = 256 << 10;
/// Bytes of a row group of Parquet while it is made.
const ROW_GROUP: usize = 32 << 20;

enum Encoder {
    Json { first: bool, out: Vec<u8> },
    Lines { out: Vec<u8> },
    Csv { header: bool, out: Vec<u8> },
    Parquet(Box<ArrowWriter<Vec<u8>>>),
    Arrow(Box<StreamWriter<Vec<u8>>>),
}

fn fault(error: impl std::fmt::Display) -> Problem {
    Problem::internal(format!("the result cannot be written: {error}"))
}

impl Encoder {
    fn new(output: Output, schema: &SchemaRef) -> Result<Self, Problem> {
        Ok(match output {
            Output::Json => Encoder::Json { first: true, out: b"[".to_vec() },
            Output::JsonLines => Encoder::Lines { out: Vec::new() },
            Output::Csv => Encoder::Csv { header: false, out: Vec::new() },
            Output::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .set_max_row_group_row_count(Some(128 << 10))
                    .build();
                Encoder::Parquet(Box::new(ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).map_err(
                    |error| {
                        Problem::invalid(format!("Parquet cannot hold these columns: {error}"))
                            .help("cast them, or take the result as json")
                    },
                )?))
            }
            Output::Arrow => Encoder::Arrow(Box::new(StreamWriter::try_new(Vec::new(), schema).map_err(fault)?)),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Problem> {
        match self {
            Encoder::Json { first, out } => json_objects(batch, out, |out| {
                out.extend_from_slice(if std::mem::take(first) { b"\n" } else { b",\n" });
            }),
            Encoder::Lines { out } => {
                let start = out.len();
                json_objects(batch, out, |out| {
                    if out.len() > start {
                        out.push(b'\n');
                    }
                })?;
                if out.len() > start {
                    out.push(b'\n');
                }
                Ok(())
            }
            Encoder::Csv { header, out } => {
                let batch = flat(batch)?;
                let mut writer =
                    arrow::csv::WriterBuilder::new().with_header(!std::mem::replace(header, true)).build(out);
                writer.write(&batch).map_err(fault)
            }
            Encoder::Parquet(writer) => {
                writer.write(batch).map_err(fault)?;
                if writer.in_progress_size() > ROW_GROUP {
                    writer.flush().map_err(fault)?;
                }
                Ok(())
            }
            Encoder::Arrow(writer) => writer.write(batch).map_err(fault),
        }
    }

    /// What was written since the last time.
    fn take(&mut self) -> Vec<u8> {
        match self {
            Encoder::Json { out, .. } | Encoder::Lines { out } | Encoder::Csv { out, .. } => std::mem::take(out),
            Encoder::Parquet(writer) => std::mem::take(writer.inner_mut()),
            Encoder::Arrow(writer) => std::mem::take(writer.get_mut()),
        }
    }

    fn finish(self, schema: &SchemaRef) -> Result<Vec<u8>, Problem> {
        Ok(match self {
            Encoder::Json { mut out, .. } => {
                out.write_all(b"\n]\n").map_err(fault)?;
                out
            }
            Encoder::Lines { out } => out,
            Encoder::Csv { header: true, out } => out,
            Encoder::Csv { header: false, mut out } => {
                // No rows are rows of these columns all the same.
                let empty = flat(&RecordBatch::new_empty(schema.clone()))?;
                arrow::csv::WriterBuilder::new().with_header(true).build(&mut out).write(&empty).map_err(fault)?;
                out
            }
            Encoder::Parquet(writer) => writer.into_inner().map_err(fault)?,
            Encoder::Arrow(mut writer) => {
                writer.finish().map_err(fault)?;
                writer.into_inner().map_err(fault)?
            }
        })
    }
}

/// The bytes of a result. Dropped, the query is cancelled.
pub struct ResultStream {
    pieces: mpsc::Receiver<Result<Bytes, Problem>>,
    _task: OnDrop,
}

impl Stream for ResultStream {
    type Item = Result<Bytes, Problem>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.poll_recv(context)
    }
}

/// Does something when it is dropped.
pub(crate) struct OnLeave(Box<dyn Fn() + Send>);

impl OnLeave {
    pub(crate) fn new(leave: impl Fn() + Send + 'static) -> Self {
        Self(Box::new(leave))
    }
}

impl Drop for OnLeave {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Where the rows come from.
pub(crate) enum Rows {
    Query(Box<RunningQuery>),
    /// Held while they are read, so that they are drawn on. The last is told when reading ends; the reader is gone by then.
    Kept {
        kept: Arc<Kept>,
        reader: Reader,
        _leave: OnLeave,
    },
}

impl Rows {
    fn schema(&self) -> SchemaRef {
        match self {
            Rows::Query(query) => query.schema(),
            Rows::Kept { kept, .. } => kept.drawn().schema,
        }
    }

    async fn batch(&mut self) -> Result<Option<RecordBatch>, Problem> {
        match self {
            Rows::Query(query) => query.batch().await,
            Rows::Kept { reader, .. } => reader.batch().await,
        }
    }
}

pub(crate) fn stream(handle: &Handle, mut query: Rows, output: Output) -> ResultStream {
    let (send, pieces) = mpsc::channel(WAITING);
    let task = handle.spawn(async move {
        if let Err(problem) = write(&mut query, output, &send).await {
            let _ = send.send(Err(problem)).await;
        }
    });
    ResultStream { pieces, _task: OnDrop(task.abort_handle()) }
}

async fn write(query: &mut Rows, output: Output, send: &mpsc::Sender<Result<Bytes, Problem>>) -> Result<(), Problem> {
    let schema = named_apart(&query.schema());
    let mut encoder = Encoder::new(output, &schema)?;
    let mut piece = Vec::new();
    while let Some(batch) = query.batch().await? {
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch =
            RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options).map_err(fault)?;
        encoder.write(&batch)?;
        piece.append(&mut encoder.take());
        if piece.len() >= PIECE && send.send(Ok(std::mem::take(&mut piece).into())).await.is_err() {
            return Ok(());
        }
    }
    piece.append(&mut encoder.finish(&schema)?);
    let _ = send.send(Ok(piece.into())).await;
    Ok(())
}
