//! Long work on the host's own stores, told line by line.

use crate::up::collect::Collector;
use crate::{backup, local::in_words};
use async_trait::async_trait;
use futures::StreamExt;
use kamld_metadata::Search;
use kamld_server::parts::{Backup, Collect, LineStream, Maintenance};
use kamld_storage::{AssetStore, CheckReport};
use kamld_types::{Problem, problem::Result};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// How long a rebuild waits for contents to be described before it reports.
const DESCRIBING: Duration = Duration::from_secs(600);

pub struct HostMaintenance {
    pub store: AssetStore,
    pub search: Arc<Search>,
    pub collector: Arc<Collector>,
    pub source: Arc<backup::Source>,
}

/// A stream fed by a task that ends when nobody reads any more.
fn lines<F>(work: impl FnOnce(mpsc::Sender<Result<Value>>) -> F) -> LineStream
where
    F: Future<Output = ()> + Send + 'static,
{
    let (send, receive) = mpsc::channel(16);
    let task = tokio::spawn(work(send));
    let abort = AbortOnDrop(task);
    ReceiverStream::new(receive)
        .map(move |line| {
            let _running = &abort;
            line
        })
        .boxed()
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn value(report: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(report).map_err(|error| Problem::internal(format!("a report cannot be written: {error}")))
}

#[async_trait]
impl Maintenance for HostMaintenance {
    async fn storage_check(&self, repair: bool) -> Result<LineStream> {
        let store = self.store.clone();
        Ok(lines(async move |send| {
            let tell = send.clone();
            // A reader that is slower than the check misses lines of progress, never the report.
            let progress = move |so_far: &CheckReport| drop(tell.try_send(value(so_far)));
            let report = match repair {
                true => store.check_and_repair(progress).await,
                false => store.check(progress).await,
            };
            let last = match report {
                Ok(report) => value(&report),
                Err(error) => Err(error.into()),
            };
            let _ = send.send(last).await;
        }))
    }

    async fn storage_gc(&self, order: Collect) -> Result<LineStream> {
        let collector = self.collector.clone();
        Ok(lines(async move |send| {
            let tell = send.clone();
            let ended = collector.run(&order, move |so_far| drop(tell.try_send(value(so_far)))).await;
            let last = ended.and_then(|ended| value(&ended.report));
            let _ = send.send(last).await;
        }))
    }

    async fn backup(&self, order: Backup) -> Result<LineStream> {
        if !order.to.is_absolute() {
            return Err(Problem::invalid(format!("{} is not a whole path", order.to.display())));
        }
        let source = self.source.clone();
        Ok(lines(async move |send| {
            let tell = send.clone();
            let taken = backup::take(&source, &order.to, move |so_far| drop(tell.try_send(value(so_far)))).await;
            let last = taken.map_err(|error| in_words(&error)).and_then(|report| value(&report));
            let _ = send.send(last).await;
        }))
    }

    async fn index_rebuild(&self) -> Result<LineStream> {
        let search = self.search.clone();
        Ok(lines(async move |send| {
            let tell = send.clone();
            let built = search
                .rebuild(move |progress| {
                    drop(tell.try_send(Ok(json!({"done": progress.done, "total": progress.total}))))
                })
                .await;
            let last = match built {
                Ok(progress) => {
                    let described = search.wait_until_current(None, DESCRIBING).await;
                    Ok(json!({"done": progress.done, "total": progress.total, "described": described}))
                }
                Err(error) => Err(error.into()),
            };
            let _ = send.send(last).await;
        }))
    }
}
