//! `kamld:storage/history`.
//!
//! Changes and differences are shown path by path as far as the call may see each path. A commit is of the
//! whole branch, so it asks for the whole asset.

use super::{Answer, MAX_PAGE, Narrow, StorageHost, answer, branch_name, limit, ref_name};
use crate::{
    model::{Change, ChangePage, CommitWords},
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
                let mut seen = Seen { after, limit: most, changes: Vec::new() };
                loop {
                    let after = seen.after.as_deref();
                    let page = host.store.changes(&asset, branch.as_ref(), after, MAX_PAGE as usize).await?;
                    if let Some(page) = host.add_visible(&asset, page, &mut seen) {
                        return Ok(page.into());
                    }
                }
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
                let mut seen = Seen { after, limit: most, changes: Vec::new() };
                loop {
                    let page = host.store.diff(&asset, &from, &to, seen.after.as_deref(), MAX_PAGE as usize).await?;
                    if let Some(page) = host.add_visible(&asset, page, &mut seen) {
                        return Ok(page.into());
                    }
                }
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

/// A page of the changes that may be seen, while it is made of pages that hold others too.
struct Seen {
    /// Where to go on.
    after: Option<String>,
    limit: usize,
    changes: Vec<Change>,
}

impl Narrow<'_> {
    /// Adds what may be seen. Answers the page once it is complete. A change that may not be seen is neither in it nor in
    /// its cursor: that is the last change of the page, and there is one only when another follows that may be seen.
    fn add_visible(&self, asset: &AssetId, page: ChangePage, seen: &mut Seen) -> Option<ChangePage> {
        let interface = policy::HISTORY_CHANGES.interface;
        let may_see = |change: &Change| self.call.may_see(interface, &format!("{asset}/{}", change.path()));
        seen.changes.extend(page.changes.into_iter().filter(may_see));
        seen.after = page.next;
        let full = seen.changes.len() > seen.limit;
        if !full && seen.after.is_some() {
            return None;
        }
        let mut changes = std::mem::take(&mut seen.changes);
        changes.truncate(seen.limit);
        let next = changes.last().filter(|_| full).map(|last| last.path().to_string());
        Some(ChangePage { changes, next })
    }
}
