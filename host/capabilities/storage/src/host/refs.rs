//! `kamld:storage/refs`.

use super::{Answer, StorageHost, answer, limit, ref_name};
use crate::policy;
use kamld_bindings::imports::kamld::storage::{
    refs::Host,
    types::{Branch, Commit, Version},
};
use kamld_types::{BranchName, RefName, VersionName};

impl Host for StorageHost<'_> {
    async fn branches(&mut self, project: String, asset: String) -> Answer<Vec<Branch>> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::REFS_BRANCHES, &project, &asset)?;
                Ok(host.store.branches(&asset).await?.into_iter().map(Into::into).collect())
            }
            .await,
        )
    }

    async fn create_branch(
        &mut self,
        project: String,
        asset: String,
        name: String,
        from: Option<String>,
    ) -> Answer<Branch> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::REFS_CREATE_BRANCH, &project, &asset)?;
                let (name, from) = (BranchName::new(name)?, ref_name(from)?);
                Ok(host.store.create_branch(&asset, &name, from.as_ref()).await?.into())
            }
            .await,
        )
    }

    async fn remove_branch(&mut self, project: String, asset: String, name: String, force: bool) -> Answer<()> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::REFS_REMOVE_BRANCH, &project, &asset)?;
                Ok(host.store.remove_branch(&asset, &BranchName::new(name)?, force).await?)
            }
            .await,
        )
    }

    async fn versions(&mut self, project: String, asset: String) -> Answer<Vec<Version>> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::REFS_VERSIONS, &project, &asset)?;
                Ok(host.store.versions(&asset).await?.into_iter().map(Into::into).collect())
            }
            .await,
        )
    }

    async fn create_version(
        &mut self,
        project: String,
        asset: String,
        name: String,
        at: Option<String>,
        message: String,
    ) -> Answer<Version> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::REFS_CREATE_VERSION, &project, &asset)?;
                let (name, at) = (VersionName::new(name)?, ref_name(at)?);
                Ok(host.store.create_version(&asset, &name, at.as_ref(), &message).await?.into())
            }
            .await,
        )
    }

    async fn resolve(&mut self, project: String, asset: String, at: String) -> Answer<Commit> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::REFS_RESOLVE, &project, &asset)?;
                Ok(host.store.resolve(&asset, &RefName::new(at)?).await?.into())
            }
            .await,
        )
    }

    async fn log(&mut self, project: String, asset: String, at: Option<String>, most: u32) -> Answer<Vec<Commit>> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::REFS_LOG, &project, &asset)?;
                let (at, most) = (ref_name(at)?, limit(most)?);
                Ok(host.store.log(&asset, at.as_ref(), most).await?.into_iter().map(Into::into).collect())
            }
            .await,
        )
    }
}
