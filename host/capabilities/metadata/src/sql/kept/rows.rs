//! Rows as they were drawn, in pieces that can each be read by itself, with who waits for them.
//!
//! Must not live here: drawing them. Invariants: pieces lie one behind another without a gap and never change, unless
//! all of them are drawn anew; whoever waits hears of each piece and of the end; rows that are only read through, as a file
//! is exported, take a bounded part of the room however many there are.

mod reader;

pub(crate) use reader::Reader;

use super::room::{KeptFile, Room};
use crate::sql::values::{compact, size};
use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    datatypes::SchemaRef,
    ipc::{reader::StreamReader, writer::StreamWriter},
};
use kamld_types::Problem;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
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
/// Bytes of a file, about: those that are not needed any more are removed one by one.
const FILE_BYTES: u64 = 64 << 20;

#[derive(Clone)]
struct Piece {
    start: u64,
    rows: usize,
    /// Bytes of all pieces before it.
    before: u64,
    /// Bytes that it takes.
    bytes: u64,
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
    pieces: VecDeque<Piece>,
    /// Pieces that were before these and are evicted, since everybody who reads is past them.
    evicted: usize,
    rows: u64,
    memory: u64,
    disk: u64,
    /// The file that is written to, and how many bytes are in it.
    file: Option<(Arc<KeptFile>, u64)>,
    end: Option<Result<(), Problem>>,
    /// Grows when all rows are drawn anew.
    edition: u64,
    asked: Instant,
    /// The rows that somebody waits for right now, one entry each.
    awaited: Vec<u64>,
    /// Somebody looked at a window, so any row may be asked for again.
    paged: bool,
    /// Who reads all rows from the first on, and the piece that each reads next.
    readers: HashMap<u64, usize>,
    next_reader: u64,
}

impl State {
    /// Bytes of all pieces, those that were evicted included.
    fn written(&self) -> u64 {
        self.pieces.back().map_or(0, |piece| piece.before + piece.bytes)
    }

    /// Drops the pieces that every reader is past, unless windows of them may be asked for. Answers the bytes in memory and
    /// on disk that are free now.
    fn evict(&mut self) -> (u64, u64) {
        let (mut memory, mut disk) = (0, 0);
        let past = match self.readers.values().min() {
            Some(past) if !self.paged => *past,
            _ => return (0, 0),
        };
        while self.evicted < past
            && let Some(piece) = self.pieces.pop_front()
        {
            self.evicted += 1;
            match piece.place {
                Place::Memory(_) => memory += piece.bytes,
                Place::File { .. } => disk += piece.bytes,
            }
        }
        self.memory -= memory;
        self.disk -= disk;
        (memory, disk)
    }
}

fn evicted() -> Problem {
    Problem::unavailable(
        "the first rows of this result are not kept: it was read as a file that is larger than the room",
    )
    .help("run the query again")
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
            pieces: VecDeque::new(),
            evicted: 0,
            rows: 0,
            memory: 0,
            disk: 0,
            file: None,
            end: None,
            edition: 0,
            asked: Instant::now(),
            awaited: Vec::new(),
            paged: false,
            readers: HashMap::new(),
            next_reader: 0,
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
        let state = self.state.lock();
        match state.awaited.is_empty() && state.readers.is_empty() {
            true => state.asked.elapsed(),
            false => Duration::ZERO,
        }
    }

    /// Whether rows were only read through, never looked at in windows.
    pub(crate) fn is_export(&self) -> bool {
        let state = self.state.lock();
        !state.paged && state.readers.is_empty()
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
        // The sender lives in this very value, so it cannot be gone.
        let _ = self.wanted.subscribe().wait_for(|wanted| !self.is_enough(*wanted)).await;
    }

    /// Whether no more rows are drawn until somebody asks for them.
    pub(crate) fn is_paused(&self) -> bool {
        let wanted = *self.wanted.borrow();
        self.is_enough(wanted)
    }

    fn is_enough(&self, wanted: u64) -> bool {
        let state = self.state.lock();
        let wanted = state.awaited.iter().copied().fold(wanted, u64::max);
        if state.rows < wanted {
            return false;
        }
        let next = state.pieces.partition_point(|piece| piece.start < wanted);
        let before = state.pieces.get(next).map_or(state.written(), |piece| piece.before);
        // Never so far that there is no room for it: who reads slowly is waited for.
        let ahead = AHEAD_BYTES.min(self.room.share());
        state.rows - wanted >= AHEAD_ROWS || state.written() - before >= ahead
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
        let (held, file) = {
            let mut state = self.state.lock();
            if state.end.is_some() {
                return Err(Problem::cancelled("the query was stopped"));
            }
            if state.disk + bytes > self.room.share() {
                let (memory, disk) = state.evict();
                self.room.give_back(memory, disk);
            }
            (state.memory, state.file.clone())
        };
        let rows = batch.num_rows();
        let (place, memory, disk, file) = if file.is_none() && self.room.take_memory(bytes, held) {
            (Place::Memory(batch), bytes, 0, None)
        } else {
            let mut encoded = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0) + 4096);
            let mut writer = StreamWriter::try_new(&mut encoded, batch.schema_ref()).map_err(fault)?;
            writer.write(&batch).and_then(|()| writer.finish()).map_err(fault)?;
            drop(writer);
            let length = encoded.len();
            self.room.take_disk(length as u64)?;
            let written = match file {
                Some((file, at)) if at < FILE_BYTES => Ok((file, at)),
                _ => self.room.file().map(|file| (file, 0)),
            }
            .and_then(|(file, at)| file.append(&encoded).map(|()| (file, at)));
            match written {
                Ok((file, at)) => {
                    let end = at + length as u64;
                    (Place::File { file: file.clone(), at, length }, 0, length as u64, Some((file, end)))
                }
                Err(problem) => {
                    self.room.give_back(0, length as u64);
                    return Err(problem);
                }
            }
        };
        let mut state = self.state.lock();
        let (start, before) = (state.rows, state.written());
        state.pieces.push_back(Piece { start, rows, before, bytes: memory + disk, place });
        state.rows += rows as u64;
        state.memory += memory;
        state.disk += disk;
        if file.is_some() {
            state.file = file;
        }
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
        state.evicted = 0;
        state.schema = schema;
        state.edition += 1;
    }

    /// Waits until these rows are drawn or none will follow, at most so long. Who goes away meanwhile wanted nothing.
    pub(crate) async fn wait(&self, until: u64, longest: Duration) {
        self.state.lock().paged = true;
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
            if state.pieces.front().is_some_and(|piece| range.start < piece.start) {
                return Err(evicted());
            }
            let first = state.pieces.partition_point(|piece| piece.start + piece.rows as u64 <= range.start);
            state.pieces.iter().skip(first).take_while(|piece| piece.start < range.end).cloned().collect()
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
        let mut state = self.state.lock();
        let id = state.next_reader;
        state.next_reader += 1;
        state.readers.insert(id, 0);
        Reader { rows: self.clone(), id, edition: state.edition, next: 0, limit: u64::MAX }
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
