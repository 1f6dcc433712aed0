//! The task that fills kept rows: as far ahead of who looks at them as it is worth, no further.
//!
//! Must not live here: keeping. Invariant: it ends with an end, whatever happened, so that nobody waits in vain.

use super::rows::Rows;
use crate::sql::{query::RunningQuery, worker::Widen};
use futures::future::BoxFuture;
use kamld_types::Problem;
use std::sync::Arc;

/// The same query once more, after an object turned out to need wider types; the first time without one.
pub(crate) type Again = Box<dyn Fn(Option<Widen>) -> BoxFuture<'static, Result<RunningQuery, Problem>> + Send + Sync>;

/// How often it is begun anew: once for each object of a table is enough.
const MOST: usize = 20;

/// Says that it is over, also when it is thrown away half done.
struct Ending(Arc<Rows>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(Err(Problem::cancelled("the query was stopped").help("run it again")));
    }
}

pub(super) async fn draw(query: RunningQuery, rows: Arc<Rows>, again: Option<Again>) {
    let ending = Ending(rows.clone());
    let end = fill(query, &rows, again).await;
    rows.end(end);
    drop(ending);
}

async fn fill(mut query: RunningQuery, rows: &Rows, again: Option<Again>) -> Result<(), Problem> {
    let mut begun = 1;
    loop {
        rows.hungry().await;
        match query.batch().await {
            Ok(Some(batch)) => rows.append(&batch)?,
            Ok(None) => return Ok(()),
            Err(problem) => match (query.widen(), &again) {
                // A later row needs another type: with it all rows are read the same way.
                (Some(widen), Some(again)) if begun < MOST => {
                    begun += 1;
                    query = again(Some(widen)).await?;
                    rows.restart(query.schema());
                }
                _ => return Err(problem),
            },
        }
    }
}
