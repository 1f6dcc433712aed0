//! `kamld:metadata/kv`. The space is the plug-in's own id, which the guest cannot choose.

use super::{
    MetadataHost,
    policy::KV,
    wit::kv::{Host, Item},
};
use crate::kv::MAX_LIST;
use kamld_bindings::Error;
use kamld_policy::Verb;
use kamld_types::Problem;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl MetadataHost<'_> {
    async fn kv_get(&mut self, key: &str) -> Result<Option<Item>, Problem> {
        self.call.admit(KV, Verb::Read, "")?;
        let item = self.kv.get(&self.call.plugin, key).await?;
        Ok(item.map(|item| Item { value: item.value, revision: item.revision }))
    }

    async fn kv_put(&mut self, key: &str, value: &[u8], expected: Option<u64>) -> Result<u64, Problem> {
        self.call.admit(KV, Verb::Modify, "")?;
        let most = self.call.allowance.quota().kv_mib.saturating_mul(1 << 20);
        Ok(self.kv.put(&self.call.plugin, key, value, expected, most).await?)
    }

    async fn kv_remove(&mut self, key: &str, expected: Option<u64>) -> Result<bool, Problem> {
        self.call.admit(KV, Verb::Delete, "")?;
        Ok(self.kv.remove(&self.call.plugin, key, expected).await?)
    }

    async fn kv_list(&mut self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Problem> {
        self.call.admit(KV, Verb::List, "")?;
        let limit = usize::try_from(limit).unwrap_or(MAX_LIST).clamp(1, MAX_LIST);
        Ok(self.kv.list(&self.call.plugin, prefix, after, limit).await?)
    }
}

impl Host for MetadataHost<'_> {
    async fn get(&mut self, key: String) -> Answer<Option<Item>> {
        Ok(self.kv_get(&key).await.map_err(Error::from))
    }

    async fn put(&mut self, key: String, value: Vec<u8>, expected: Option<u64>) -> Answer<u64> {
        Ok(self.kv_put(&key, &value, expected).await.map_err(Error::from))
    }

    async fn remove(&mut self, key: String, expected: Option<u64>) -> Answer<bool> {
        Ok(self.kv_remove(&key, expected).await.map_err(Error::from))
    }

    async fn list(&mut self, prefix: String, after: Option<String>, limit: u32) -> Answer<Vec<String>> {
        Ok(self.kv_list(&prefix, after.as_deref(), limit).await.map_err(Error::from))
    }
}
