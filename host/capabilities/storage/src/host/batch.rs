//! `kamld:storage/batch`.

use super::{Answer, StorageHost, answer, branch_name};
use crate::policy;
use kamld_bindings::imports::kamld::storage::batch::Host;
use kamld_types::{AssetId, Problem};

/// Paths of one call.
const MOST: usize = 10_000;

impl Host for StorageHost<'_> {
    async fn remove(
        &mut self,
        project: String,
        asset: String,
        branch: Option<String>,
        paths: Vec<String>,
    ) -> Answer<u64> {
        let host = self.narrow();
        answer(
            async move {
                if paths.is_empty() || paths.len() > MOST {
                    return Err(Problem::invalid(format!("one call removes 1 to {MOST} paths, not {}", paths.len())));
                }
                for path in &paths {
                    host.admit(policy::BATCH_REMOVE, &format!("{project}/{asset}/{path}"))?;
                }
                let asset = AssetId::new(&project, &asset)?;
                Ok(host.store.remove_many(&asset, branch_name(branch)?.as_ref(), &paths).await?)
            }
            .await,
        )
    }
}
