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

    async fn verify(&self, all: bool) -> Result<Value> {
        let log = self.0.clone();
        let verdict = blocking(move || if all { log.verify_all() } else { log.verify() }).await?;
        match verdict.problem {
            None => Ok(json!({"state": state(verdict.first), "records": verdict.count, "read": verdict.read})),
            Some(problem) => Err(problem),
        }
    }
}

/// Retention may have removed the first records.
fn state(first: u64) -> String {
    match first {
        0 | 1 => "intact".into(),
        first => format!("intact from record {first}"),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::internal(format!("reading the audit log stopped: {error}")))?
}
