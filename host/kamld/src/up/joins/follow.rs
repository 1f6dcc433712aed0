//! Tags go where their objects go.

use async_trait::async_trait;
use kamld_metadata::{Catalog, Search, Subject};
use kamld_storage::Follower;
use kamld_types::{AssetId, Problem};
use std::sync::Arc;

/// The catalogue behind storage. Removing an object leaves its tags where they are: bringing it back brings them back.
pub struct FollowingCatalog {
    pub catalog: Arc<dyn Catalog>,
    pub search: Arc<Search>,
}

#[async_trait]
impl Follower for FollowingCatalog {
    async fn moved(&self, asset: &AssetId, from: &str, to: &str) -> Result<(), Problem> {
        let subject = |path: &str| format!("{asset}/{path}").parse::<Subject>();
        if self.catalog.move_subjects(&subject(from)?, &subject(to)?).await? > 0 {
            self.search.notify_catalog();
        }
        Ok(())
    }

    async fn removed(&self, asset: &AssetId) -> Result<(), Problem> {
        if self.catalog.remove_subjects(&asset.to_string().parse()?).await? > 0 {
            self.search.notify_catalog();
        }
        Ok(())
    }
}
