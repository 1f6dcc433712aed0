//! `kamld:storage/assets`.

use super::{Answer, Narrow, StorageHost, answer};
use crate::policy;
use kamld_bindings::imports::kamld::storage as wit;
use kamld_types::{AssetId, ProjectName};

impl wit::assets::Host for StorageHost<'_> {
    async fn create(
        &mut self,
        project: String,
        name: String,
        kind: wit::types::AssetKind,
    ) -> Answer<wit::types::Asset> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::ASSETS_CREATE, &project, &name)?;
                Ok(host.store.create_asset(&asset, kind.into()).await?.into())
            }
            .await,
        )
    }

    async fn get(&mut self, project: String, name: String) -> Answer<wit::types::Asset> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::ASSETS_GET, &project, &name)?;
                Ok(host.store.asset(&asset).await?.into())
            }
            .await,
        )
    }

    async fn list(&mut self, project: Option<String>) -> Answer<Vec<wit::types::Asset>> {
        let host = self.narrow();
        answer(
            async move {
                let needs = policy::ASSETS_LIST;
                host.call.admit_listing(needs.interface, needs.verb)?;
                let project = project.map(ProjectName::new).transpose()?;
                let assets = host.store.list_assets(project.as_ref()).await?;
                Ok(assets.into_iter().filter(|asset| host.sees(&asset.id)).map(Into::into).collect())
            }
            .await,
        )
    }

    async fn remove(&mut self, project: String, name: String) -> Answer<()> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::ASSETS_REMOVE, &project, &name)?;
                Ok(host.store.remove_asset(&asset).await?)
            }
            .await,
        )
    }
}

impl Narrow<'_> {
    fn sees(&self, asset: &AssetId) -> bool {
        self.call.may_see(policy::ASSETS_GET.interface, &asset.to_string())
    }
}
