//! `kamld:storage/history`.
//!
//! Changes and differences are shown path by path as far as the call may see each path. A commit is of the
//! whole branch, so it asks for the whole asset.

use super::{Answer, Narrow, StorageHost, answer, branch_name, limit, ref_name};
use crate::{
    model::{ChangePage, CommitWords},
    policy,
};
use kamld_bindings::imports::kamld::storage::{
    history::Host,
    types::{ChangePage as WitPage, Commit},
};
use kamld_types::{AssetId, RefName};

impl Host for StorageHost<'_> {
    async fn changes(
        &mut self,
        project: String,
        asset: String,
        branch: Option<String>,
        after: Option<String>,
        most: u32,
    ) -> Answer<WitPage> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::HISTORY_CHANGES, &project, &asset)?;
                let (branch, most) = (branch_name(branch)?, limit(most)?);
                let page = host.store.changes(&asset, branch.as_ref(), after.as_deref(), most).await?;
                Ok(host.visible(&asset, page).into())
            }
            .await,
        )
    }

    async fn commit(
        &mut self,
        project: String,
        asset: String,
        branch: Option<String>,
        message: String,
        properties: Vec<(String, String)>,
    ) -> Answer<Commit> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::HISTORY_COMMIT, &project, &asset)?;
                let branch = branch_name(branch)?;
                let author = host.call.person.id.clone();
                let words = CommitWords { author, message, properties: properties.into_iter().collect() };
                Ok(host.store.commit(&asset, branch.as_ref(), words).await?.into())
            }
            .await,
        )
    }

    async fn diff(
        &mut self,
        project: String,
        asset: String,
        from: String,
        to: String,
        after: Option<String>,
        most: u32,
    ) -> Answer<WitPage> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::HISTORY_DIFF, &project, &asset)?;
                let (from, to, most) = (RefName::new(from)?, RefName::new(to)?, limit(most)?);
                let page = host.store.diff(&asset, &from, &to, after.as_deref(), most).await?;
                Ok(host.visible(&asset, page).into())
            }
            .await,
        )
    }

    async fn restore(
        &mut self,
        project: String,
        asset: String,
        branch: Option<String>,
        at: Option<String>,
        paths: Vec<String>,
    ) -> Answer<u64> {
        let host = self.narrow();
        answer(
            async move {
                let asset = host.asset(policy::HISTORY_RESTORE, &project, &asset)?;
                let (branch, at) = (branch_name(branch)?, ref_name(at)?);
                Ok(host.store.restore(&asset, branch.as_ref(), at.as_ref(), &paths).await?)
            }
            .await,
        )
    }
}

impl Narrow<'_> {
    fn visible(&self, asset: &AssetId, mut page: ChangePage) -> ChangePage {
        let interface = policy::HISTORY_CHANGES.interface;
        page.changes.retain(|change| self.call.may_see(interface, &format!("{asset}/{}", change.path())));
        page
    }
}
