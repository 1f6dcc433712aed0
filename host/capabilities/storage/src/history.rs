//! History: working changes, commit, diff between refs, restore.

use crate::{
    branches::Found,
    edit::{Answer, Back, Job, submit},
    error::{Error, Result},
    model::{ChangePage, Commit, CommitWords},
    objects::place,
    store::AssetStore,
    view::View,
};
use kamld_types::{AssetId, BranchName, RefName};

/// The longest message of a commit, in bytes; and of its properties, all together: a commit is one small record.
pub const MAX_WORDS: usize = 64 << 10;

impl AssetStore {
    /// What differs between the last commit of a branch and its working state.
    pub async fn changes(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage> {
        let at = branch.map(|branch| RefName::from(branch.clone()));
        let found = self.inner.resolved(asset, at.as_ref()).await?;
        if !matches!(found.found, Found::Branch(_)) {
            return Err(Error::invalid(format!("only a branch of {asset} has working changes")).help("name a branch"));
        }
        let before = View::new(&self.inner, asset.clone(), &found, found.committed.clone());
        let after_view = View::new(&self.inner, asset.clone(), &found, found.seen.clone());
        before.diff(&after_view, after, limit).await
    }

    /// Makes the working changes of a branch part of its history: one small record, whatever the size.
    /// `invalid` when there are none.
    pub async fn commit(&self, asset: &AssetId, branch: Option<&BranchName>, words: CommitWords) -> Result<Commit> {
        let properties: usize = words.properties.iter().map(|(key, value)| key.len() + value.len()).sum();
        if words.message.len() + properties > MAX_WORDS {
            return Err(Error::limit("the message and the properties of a commit are longer than 64 KiB together")
                .help("keep them short and put the rest into an object"));
        }
        let target = self.inner.target(asset, branch).await?;
        match submit(&self.inner, target, Job::Commit(words)).await? {
            Answer::Commit(commit) => Ok(*commit),
            _ => Err(Error::internal("a commit was answered with something else")),
        }
    }

    /// What leads from the commit of one ref to that of another, at the cost of what differs.
    pub async fn diff(
        &self,
        asset: &AssetId,
        from: &RefName,
        to: &RefName,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage> {
        let from = self.committed(asset, Some(from)).await?;
        let to = self.committed(asset, Some(to)).await?;
        from.diff(&to, after, limit).await
    }

    /// Sets the working state of a branch back to a ref (its own last commit when none is given): all of
    /// it, or the given paths, where a folder ends in `/`. Answers how many objects changed.
    pub async fn restore(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        to: Option<&RefName>,
        paths: &[String],
    ) -> Result<u64> {
        let tree = match to {
            None => Back::LastCommit,
            Some(at) => {
                let found = self.inner.resolved(asset, Some(at)).await?;
                Back::Tree(found.committed, found.lease)
            }
        };
        let places = paths.iter().map(|path| place(path)).collect::<Result<_>>()?;
        let target = self.inner.target(asset, branch).await?;
        match submit(&self.inner, target, Job::Restore { tree, places }).await? {
            Answer::Count(count) => Ok(count),
            _ => Err(Error::internal("a restore was answered with something else")),
        }
    }
}
