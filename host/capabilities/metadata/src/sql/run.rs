//! A plan that runs: its batches, and what went wrong in words.
//!
//! Must not live here: who takes the rows. Invariant: a panic of the engine or of a file format ends one query, with an
//! error.

use super::{
    loops,
    plan::{Planned, Work},
    text::TextFile,
    wrong,
};
use arrow::array::RecordBatch;
use datafusion::physical_plan::execute_stream;
use futures::{FutureExt, StreamExt, stream::BoxStream};
use kamld_types::Problem;
use std::panic::AssertUnwindSafe;

/// Why it ended, and the object whose types were guessed too narrow, if that is why.
pub(crate) struct Failure {
    pub problem: Problem,
    pub misfit: Option<TextFile>,
}

pub(crate) type Rows<'a> = BoxStream<'a, Result<RecordBatch, Failure>>;

/// Its rows; they end with the first failure.
pub(crate) fn start(planned: &Planned) -> Result<Rows<'_>, Problem> {
    let (physical, state) = match &planned.work {
        Work::Known(batch) => return Ok(futures::stream::iter([Ok(batch.clone())]).boxed()),
        Work::Plan { physical, state } => (physical, state),
    };
    let physical = loops::keep(physical.clone()).map_err(|error| planned.explain(&error))?;
    let stream = execute_stream(physical, state.task_ctx()).map_err(|error| planned.explain(&error))?;
    let rows = futures::stream::unfold(Some(stream), move |stream| async move {
        let mut stream = stream?;
        match AssertUnwindSafe(stream.next()).catch_unwind().await {
            Ok(None) => None,
            Ok(Some(Ok(batch))) => Some((Ok(batch), Some(stream))),
            Ok(Some(Err(error))) => {
                let misfit = wrong::misfit(&error).map(|misfit| misfit.file.clone());
                Some((Err(Failure { problem: planned.explain(&error), misfit }), None))
            }
            Err(panic) => Some((Err(Failure { problem: panicked(planned, panic.as_ref()), misfit: None }), None)),
        }
    });
    Ok(rows.boxed())
}

fn panicked(planned: &Planned, panic: &(dyn std::any::Any + Send)) -> Problem {
    let objects: Vec<String> =
        planned.tables.iter().flat_map(|(_, opened)| &opened.addresses).take(3).cloned().collect();
    let at = planned.tables.first().map_or_else(|| planned.source.position_of_written(0), |(named, _)| named.at);
    gave_up(&objects, panic).at(at.line, at.column)
}

/// A panic of the engine or of a file format, in words.
pub(crate) fn gave_up(objects: &[String], panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    if objects.is_empty() {
        Problem::invalid(format!("the engine gave up on this query: {text}"))
            .help("an object may not be sound, or the query is one that it cannot plan")
    } else {
        Problem::invalid(format!("the engine gave up while reading {}: {text}", objects.join(", ")))
            .help("an object may not be sound: kamld show tells what it is")
    }
}
