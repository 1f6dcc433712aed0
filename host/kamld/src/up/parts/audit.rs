//! The audit log, page by page.

use async_trait::async_trait;
use kamld_registry::Audit as Log;
use kamld_server::parts::{Audit, AuditPage};
use kamld_types::{Problem, problem::Result};
use serde_json::{Value, json};
use std::sync::Arc;

pub struct AuditPages(pub Arc<Log>);

#[async_trait]
impl Audit for AuditPages {
    async fn page(&self, after: u64, limit: usize) -> Result<AuditPage> {
        let log = self.0.clone();
        let records = blocking(move || log.export(after, limit)).await?;
        let next = (records.len() == limit).then(|| records.last().map(|record| record.seq)).flatten();
        let entries = records
            .iter()
            .map(|record| serde_json::to_value(record).map_err(|error| Problem::internal(error.to_string())))
            .collect::<Result<_>>()?;
        Ok(AuditPage { entries, next })
    }

    async fn verify(&self) -> Result<Value> {
        let log = self.0.clone();
        let verdict = blocking(move || log.verify()).await?;
        match verdict.problem {
            None => Ok(json!({"state": "intact", "records": verdict.count})),
            Some(why) => Err(Problem::corrupt(format!(
                "the audit log is broken at record {}: {why}",
                verdict.broken_at.unwrap_or(verdict.count + 1)
            ))
            .help(format!("records 1 to {} are as they were written; compare the rest with an export", verdict.count))),
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::internal(format!("reading the audit log stopped: {error}")))?
}
