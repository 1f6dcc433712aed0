//! The worker that has contents described: two at a time, each once, the answer kept with the content.
//!
//! Must not live here: who describes what. Invariant: an answer is kept only when the object was still the same
//! bytes after it came.

use super::{
    DescribeRequest, Describer, Told,
    state::{Settled, Want},
};
use crate::{
    description::{Content, Described, Verdict},
    error::Result,
    search::{Shared, document::format_of},
};
use futures::{StreamExt, stream};
use kamld_types::{Kind, Problem};
use std::{sync::Arc, time::Duration};

/// Describers running at once: two cores, and one of them belongs to whoever is waiting.
const AT_ONCE: usize = 2;
/// Wants read from the queue in one go.
const BATCH: usize = 64;
/// After an error of the database below.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut stopping = shared.stopping.subscribe();
    while !*stopping.borrow() {
        let describer = shared.describer.read().clone();
        let wants = match &describer {
            Some(_) => shared.state.wants(BATCH),
            None => Ok(Vec::new()),
        };
        let work = async {
            match (wants, describer) {
                (Ok(wants), Some(describer)) if !wants.is_empty() => {
                    let settled = stream::iter(wants)
                        .map(|want| settle(&shared, describer.clone(), want))
                        .buffer_unordered(AT_ONCE)
                        .fold(Ok(()), async |all: Result<()>, one| all.and(one))
                        .await;
                    if let Err(error) = settled {
                        tracing::warn!(%error, "descriptions could not be kept, trying again");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                (Err(error), _) => {
                    tracing::warn!(%error, "the queue of descriptions cannot be read, trying again");
                    tokio::time::sleep(PAUSE).await;
                }
                _ => shared.describe_wake.notified().await,
            }
        };
        tokio::select! {
            () = work => {}
            _ = stopping.changed() => {}
        }
    }
}

async fn settle(shared: &Shared, describer: Arc<dyn Describer>, want: Want) -> Result<()> {
    let settled = answer(shared, describer, &want).await?;
    shared.state.settle(&want, settled)?;
    shared.wake_index();
    Ok(())
}

async fn answer(shared: &Shared, describer: Arc<dyn Describer>, want: &Want) -> Result<Settled> {
    let Some(request) = want.request() else { return Ok(Settled::Gone) };
    let content = Content { hash: want.hash, media_type: want.media_type.clone() };
    if !still_there(shared, &request).await? {
        return Ok(Settled::Gone);
    }
    if shared.descriptions.describe(want.hash, &want.media_type).await?.is_some() {
        return Ok(Settled::Described);
    }
    // A task of its own: a describer that panics is a describer that failed.
    let asked = request.clone();
    let mut task = AbortOnDrop(tokio::spawn(async move { describer.describe(asked).await }));
    let answer = (&mut task.0).await.unwrap_or_else(|error| {
        let result = Err(Problem::internal(format!("the describer stopped: {error}")));
        Some(Told { by: Vec::new(), result })
    });
    let Some(Told { by, result }) = answer else { return Ok(Settled::Nobody) };
    let described = match result {
        Ok(description) => Described::Known(description.bounded()),
        Err(problem) => match problem.kind {
            Kind::Invalid | Kind::Corrupt | Kind::Limit | Kind::Internal => failed(&request, &problem),
            Kind::NotFound => return Ok(Settled::Gone),
            _ => {
                tracing::warn!(subject = %want.subject, %problem, "no description now, asking again after the next start");
                return Ok(Settled::Later);
            }
        },
    };
    if !still_there(shared, &request).await? {
        return Ok(Settled::Gone);
    }
    shared.descriptions.set_description(&content, &Verdict { by, described }).await?;
    Ok(Settled::Described)
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn still_there(shared: &Shared, request: &DescribeRequest) -> Result<bool> {
    let now = shared.assets.object(&request.asset, &request.path).await?;
    Ok(now.is_some_and(|now| now.hash == request.hash && now.media_type == request.media_type))
}

fn failed(request: &DescribeRequest, problem: &Problem) -> Described {
    let format = format_of(request.path.extension().as_deref(), &request.media_type);
    let as_what = match format.as_str() {
        "csv" | "tsv" | "json" | "jsonl" | "parquet" | "arrow" => " as a table",
        _ => "",
    };
    let format = if format.is_empty() { "unknown format".to_owned() } else { format.to_uppercase() };
    let place = problem.at.map(|at| format!(" (line {}, column {})", at.line, at.column)).unwrap_or_default();
    Described::Failed {
        summary: format!("{format}, cannot be read{as_what}"),
        problem: format!("{}{place}", problem.message),
    }
}
