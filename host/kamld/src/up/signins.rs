//! Sessions of people, kept where nothing is lost.
//!
//! Must not live here: what a session is. Invariant: a session that was ended stays ended after a restart.

use async_trait::async_trait;
use kamld_records::{Range, Records, Table, Transaction};
use kamld_server::SignInRecords;
use kamld_types::{Problem, problem::Result};
use std::sync::Arc;

pub const TABLE: Table = Table("sessions");

pub struct KeptSessions(pub Arc<dyn Records>);

#[async_trait]
impl SignInRecords for KeptSessions {
    async fn all(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let records = self.0.scan(TABLE, &Range::prefix("")).map_err(Problem::from)?;
        let text = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
        Ok(records.into_iter().map(|(key, value)| (text(&key), value.to_vec())).collect())
    }

    async fn put(&self, key: &str, record: Vec<u8>) -> Result<()> {
        let key = key.to_owned();
        let put = move |transaction: &mut Transaction<'_>| transaction.put(TABLE, key, record);
        self.0.write(put).await.map_err(Problem::from)
    }

    async fn remove(&self, key: &str) -> Result<()> {
        let key = key.to_owned();
        let remove = move |transaction: &mut Transaction<'_>| {
            transaction.remove(TABLE, key);
            Ok::<_, kamld_records::Error>(())
        };
        self.0.write(remove).await.map_err(Problem::from)
    }
}
