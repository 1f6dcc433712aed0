//! Reading all kept rows, piece by piece, while they are drawn.
//!
//! Must not live here: windows. Invariant: rows that were drawn anew meanwhile are never mixed with those before.

use super::{Piece, Rows, evicted};
use arrow::array::RecordBatch;
use kamld_types::Problem;
use std::{sync::Arc, time::Instant};

/// Reads kept rows piece by piece.
pub(crate) struct Reader {
    pub(super) rows: Arc<Rows>,
    pub(super) id: u64,
    pub(super) edition: u64,
    pub(super) next: usize,
    pub(super) limit: u64,
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
                    if let Some(next) = self.rows.state.lock().readers.get_mut(&self.id) {
                        *next = self.next;
                    }
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
        if self.next < state.evicted {
            return Err(evicted());
        }
        if let Some(piece) = state.pieces.get(self.next - state.evicted).cloned() {
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

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.rows.state.lock();
        state.readers.remove(&self.id);
        state.asked = Instant::now();
    }
}

enum Step {
    Piece(Piece),
    End,
    /// Until this row is drawn.
    Wait(u64),
}
