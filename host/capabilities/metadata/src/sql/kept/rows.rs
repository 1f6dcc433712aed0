//! Rows as they were drawn, in pieces that can each be read by itself, with who waits for them.
//!
//! Must not live here: drawing them. Invariants: pieces lie one behind another without a gap and never change, unless
//! all of them are drawn anew; whoever waits hears of each piece and of the end.

use super::room::{KeptFile, Room};
use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions},
    datatypes::{DataType, SchemaRef},
    ipc::{reader::StreamReader, writer::StreamWriter},
};
use kamld_types::Problem;
use parking_lot::Mutex;
use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Rows of a piece: a window of 200 reads and decodes one or two.
const PIECE_ROWS: usize = 4096;
/// Bytes of a piece, about, where rows are large.
const PIECE_BYTES: usize = 2 << 20;
/// Rows that are drawn ahead of the furthest that somebody asked for: a table of a million is whole while its first
/// window is looked at.
const AHEAD_ROWS: u64 = 1_500_000;
/// The same in bytes, so that looking at the first rows of a very large object does not copy it.
const AHEAD_BYTES: u64 = 64 << 20;

#[derive(Clone)]
struct Piece {
    start: u64,
    rows: usize,
    /// Bytes of all pieces before it.
    before: u64,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Memory(RecordBatch),
    File { file: Arc<KeptFile>, at: u64, length: usize },
}

impl Piece {
    fn load(&self) -> Result<RecordBatch, Problem> {
        match &self.place {
            Place::Memory(batch) => Ok(batch.clone()),
            Place::File { file, at, length } => {
                let bytes = file.read(*at, *length)?;
                let mut reader = StreamReader::try_new(&bytes[..], None).map_err(fault)?;
                reader.next().ok_or_else(|| Problem::internal("a piece of kept rows is empty"))?.map_err(fault)
            }
        }
    }

    async fn loaded(self) -> Result<RecordBatch, Problem> {
        if matches!(self.place, Place::Memory(_)) {
            return self.load();
        }
        tokio::task::spawn_blocking(move || self.load())
            .await
            .map_err(|error| Problem::internal(format!("reading kept rows stopped: {error}")))?
    }
}

fn fault(error: arrow::error::ArrowError) -> Problem {
    Problem::internal(format!("rows cannot be kept: {error}"))
}

struct State {
    schema: SchemaRef,
    pieces: Vec<Piece>,
    rows: u64,
    memory: u64,
    disk: u64,
    file: Option<Arc<KeptFile>>,
    end: Option<Result<(), Problem>>,
    /// Grows when all rows are drawn anew.
    edition: u64,
    asked: Instant,
    /// The rows that somebody waits for right now, one entry each.
    awaited: Vec<u64>,
}

/// What was drawn so far.
#[derive(Clone)]
pub(crate) struct Drawn {
    pub schema: SchemaRef,
    pub rows: u64,
    pub end: Option<Result<(), Problem>>,
    pub edition: u64,
}

pub(crate) struct Rows {
    room: Arc<Room>,
    state: Mutex<State>,
    /// Grows with each piece and at the end.
    progress: watch::Sender<u64>,
    /// The row behind the furthest that somebody asked for.
    wanted: watch::Sender<u64>,
}

impl Rows {
    pub(crate) fn new(room: Arc<Room>, schema: SchemaRef) -> Self {
        let state = State {
            schema,
            pieces: Vec::new(),
            rows: 0,
            memory: 0,
            disk: 0,
            file: None,
            end: None,
            edition: 0,
            asked: Instant::now(),
            awaited: Vec::new(),
        };
        let (progress, wanted) = (watch::channel(0).0, watch::channel(0).0);
        Self { room, state: Mutex::new(state), progress, wanted }
    }

    pub(crate) fn drawn(&self) -> Drawn {
        let State { schema, rows, end, edition, .. } = &*self.state.lock();
        Drawn { schema: schema.clone(), rows: *rows, end: end.clone(), edition: *edition }
    }

    /// How long nobody has asked.
    pub(crate) fn idle(&self) -> Duration {
        self.state.lock().asked.elapsed()
    }

    /// Somebody asks for the rows before this one; `u64::MAX` for all.
    pub(crate) fn want(&self, until: u64) {
        self.state.lock().asked = Instant::now();
        self.wanted.send_if_modified(|wanted| {
            let more = until > *wanted;
            *wanted = until.max(*wanted);
            more
        });
    }

    /// Waits until it is worth drawing on.
    pub(crate) async fn hungry(&self) {
        let enough = |wanted: u64| {
            let state = self.state.lock();
            let wanted = state.awaited.iter().copied().fold(wanted, u64::max);
            if state.rows < wanted {
                return false;
            }
            let next = state.pieces.partition_point(|piece| piece.start < wanted);
            let before = state.pieces.get(next).map_or(state.memory + state.disk, |piece| piece.before);
            state.rows - wanted >= AHEAD_ROWS || state.memory + state.disk - before >= AHEAD_BYTES
        };
        // The sender lives in this very value, so it cannot be gone.
        let _ = self.wanted.subscribe().wait_for(|wanted| !enough(*wanted)).await;
    }

    pub(crate) fn append(&self, batch: &RecordBatch) -> Result<(), Problem> {
        let schema = self.state.lock().schema.clone();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(schema, batch.columns().to_vec(), &options).map_err(fault)?;
        let each = size(&batch).div_ceil(batch.num_rows().max(1)).max(1);
        let step = (PIECE_BYTES / each).clamp(1, PIECE_ROWS);
        for start in (0..batch.num_rows()).step_by(step) {
            self.keep(compact(&batch.slice(start, step.min(batch.num_rows() - start)))?)?;
        }
        Ok(())
    }

    fn keep(&self, batch: RecordBatch) -> Result<(), Problem> {
        let bytes = size(&batch) as u64;
        // Memory holds the first rows only: once some lie on disk the rest does too.
        let (held, at, file) = {
            let state = self.state.lock();
            if state.end.is_some() {
                return Err(Problem::cancelled("the query was stopped"));
            }
            (state.memory, state.disk, state.file.clone())
        };
        let rows = batch.num_rows();
        let (place, memory, disk, file) = if file.is_none() && self.room.take_memory(bytes, held) {
            (Place::Memory(batch), bytes, 0, file)
        } else {
            let mut encoded = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0) + 4096);
            let mut writer = StreamWriter::try_new(&mut encoded, batch.schema_ref()).map_err(fault)?;
            writer.write(&batch).and_then(|()| writer.finish()).map_err(fault)?;
            drop(writer);
            let length = encoded.len();
            self.room.take_disk(length as u64)?;
            let written = match file {
                Some(file) => Ok(file),
                None => self.room.file(),
            }
            .and_then(|file| file.append(&encoded).map(|()| file));
            match written {
                Ok(file) => (Place::File { file: file.clone(), at, length }, 0, length as u64, Some(file)),
                Err(problem) => {
                    self.room.give_back(0, length as u64);
                    return Err(problem);
                }
            }
        };
        let mut state = self.state.lock();
        let (start, before) = (state.rows, state.memory + state.disk);
        state.pieces.push(Piece { start, rows, before, place });
        state.rows += rows as u64;
        state.memory += memory;
        state.disk += disk;
        state.file = file;
        drop(state);
        self.progress.send_modify(|progress| *progress += 1);
        Ok(())
    }

    /// The first end counts.
    pub(crate) fn end(&self, end: Result<(), Problem>) {
        self.state.lock().end.get_or_insert(end);
        self.progress.send_modify(|progress| *progress += 1);
    }

    /// Forgets everything: it is drawn anew with other types.
    pub(crate) fn restart(&self, schema: SchemaRef) {
        let mut state = self.state.lock();
        self.room.give_back(state.memory, state.disk);
        (state.memory, state.disk, state.rows, state.file) = (0, 0, 0, None);
        state.pieces.clear();
        state.schema = schema;
        state.edition += 1;
    }

    /// Waits until these rows are drawn or none will follow, at most so long. Who goes away meanwhile wanted nothing.
    pub(crate) async fn wait(&self, until: u64, longest: Duration) {
        self.want(0);
        let _awaiting = Awaiting::new(self, until);
        let mut progress = self.progress.subscribe();
        let there = |_: &u64| {
            let state = self.state.lock();
            state.rows >= until || state.end.is_some()
        };
        // What is there is answered, also when the time is over; it is drawn on for who asks again.
        let _ = tokio::time::timeout(longest, progress.wait_for(there)).await;
        self.want(until);
    }

    /// What there is of these rows, and how many bytes were read for it.
    pub(crate) async fn read(&self, range: Range<u64>) -> Result<(Vec<RecordBatch>, u64), Problem> {
        let pieces: Vec<Piece> = {
            let state = self.state.lock();
            let first = state.pieces.partition_point(|piece| piece.start + piece.rows as u64 <= range.start);
            state.pieces[first..].iter().take_while(|piece| piece.start < range.end).cloned().collect()
        };
        let (mut batches, mut bytes) = (Vec::new(), 0);
        for piece in pieces {
            let start = piece.start;
            let batch = piece.loaded().await?;
            bytes += size(&batch) as u64;
            let from = range.start.saturating_sub(start);
            let to = (range.end - start).min(batch.num_rows() as u64);
            let place = |row: u64| usize::try_from(row).unwrap_or(usize::MAX);
            batches.push(batch.slice(place(from), place(to - from)));
        }
        Ok((batches, bytes))
    }

    /// All rows from the first on, drawn as they are read.
    pub(crate) fn reader(self: &Arc<Self>) -> Reader {
        Reader { rows: self.clone(), edition: self.state.lock().edition, next: 0, limit: u64::MAX }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        self.room.give_back(state.memory, state.disk);
    }
}

/// Somebody who waits for rows.
struct Awaiting<'a> {
    rows: &'a Rows,
    until: u64,
}

impl<'a> Awaiting<'a> {
    fn new(rows: &'a Rows, until: u64) -> Self {
        rows.state.lock().awaited.push(until);
        rows.wanted.send_modify(|_| {});
        Self { rows, until }
    }
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        let mut state = self.rows.state.lock();
        if let Some(place) = state.awaited.iter().position(|until| *until == self.until) {
            state.awaited.swap_remove(place);
        }
    }
}

/// Reads kept rows piece by piece.
pub(crate) struct Reader {
    rows: Arc<Rows>,
    edition: u64,
    next: usize,
    limit: u64,
}

impl Reader {
    /// Only what is drawn already, and about this many rows.
    pub(crate) fn drawn_only(mut self, limit: u64) -> Self {
        self.limit = self.rows.drawn().rows.min(limit);
        self
    }

    pub(crate) async fn batch(&mut self) -> Result<Option<RecordBatch>, Problem> {
        let mut progress = self.rows.progress.subscribe();
        loop {
            progress.mark_unchanged();
            match self.step()? {
                Step::Piece(piece) => {
                    self.next += 1;
                    // Whoever reads is somebody who asks: what follows is drawn meanwhile.
                    if self.limit == u64::MAX {
                        self.rows.want(piece.start + piece.rows as u64 + 1);
                    }
                    return piece.loaded().await.map(Some);
                }
                Step::End => return Ok(None),
                Step::Wait(until) => self.rows.want(until),
            }
            if progress.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    fn step(&self) -> Result<Step, Problem> {
        let state = self.rows.state.lock();
        if state.edition != self.edition {
            return Err(Problem::conflict("the rows were drawn anew meanwhile, with other types")
                .help("ask again from the first row"));
        }
        if let Some(piece) = state.pieces.get(self.next).cloned() {
            return Ok(if piece.start >= self.limit { Step::End } else { Step::Piece(piece) });
        }
        match &state.end {
            Some(Ok(())) => Ok(Step::End),
            _ if state.rows >= self.limit => Ok(Step::End),
            Some(Err(problem)) => Err(problem.clone()),
            None => Ok(Step::Wait(state.rows + 1)),
        }
    }
}

enum Step {
    Piece(Piece),
    End,
    /// Until this row is drawn.
    Wait(u64),
}

/// Bytes of these very rows, as near as it is cheap to know.
pub(super) fn size(batch: &RecordBatch) -> usize {
    let column = |column: &ArrayRef| {
        let views = match column.data_type() {
            DataType::Utf8View => column.as_string_view().total_bytes_len(),
            DataType::BinaryView => column.as_binary_view().total_bytes_len(),
            _ => 0,
        };
        let data = column.to_data();
        views + data.get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
    };
    batch.columns().iter().map(column).sum()
}

/// Without the texts of rows that are not in it: views share what they point into.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, Problem> {
    let columns: Vec<ArrayRef> = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
            DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
            _ => column.clone(),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options).map_err(fault)
}
