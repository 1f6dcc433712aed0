//! Refs: branches, versions, and finding the commit that a ref stands for.

use crate::{
    assets::nearest,
    edit::Target,
    error::{Error, Result},
    model::{Branch, Changed, Commit, Version, now},
    records::{AssetRecord, BranchRecord, Head, StoredCommit, VersionRecord, branch_key, parse, version_key},
    refstore::{Expect, Flush, Tag, Wrote},
    store::{AssetStore, Inner},
    tree::NodeRef,
};
use kamld_types::{AssetId, BranchName, Hash, RefName, VersionName};
use std::collections::{BinaryHeap, HashMap, HashSet};

/// What a ref turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Branch(BranchName),
    Version(VersionName),
    Commit(Hash),
}

/// A ref with the trees behind it.
pub(crate) struct Resolved {
    pub asset: AssetRecord,
    pub found: Found,
    /// The commit that it stands for; none for a branch without one.
    pub commit: Option<Hash>,
    /// The tree that is seen there: of a branch, its working state.
    pub seen: Option<NodeRef>,
    /// The tree of the commit.
    pub committed: Option<NodeRef>,
}

impl Inner {
    pub(crate) async fn branch(
        &self,
        asset: &AssetId,
        record: &AssetRecord,
        name: &BranchName,
    ) -> Result<(BranchRecord, Tag)> {
        match self.records.get(&branch_key(record.id, name)).await? {
            Some(found) => Ok(found),
            None => Err(self.no_ref(asset, record, name.as_str(), "branch").await?),
        }
    }

    /// The lane for writing; the branch must be there.
    pub(crate) async fn target(&self, asset: &AssetId, branch: Option<&BranchName>) -> Result<Target> {
        let record = self.asset_record(asset).await?;
        let branch = branch.unwrap_or(&record.default_branch).clone();
        if self.records.refs.get(&branch_key(record.id, &branch)).await?.is_none() {
            let version = VersionName::new(branch.as_str())?;
            if self.records.refs.get(&version_key(record.id, &version)).await?.is_some() {
                return Err(Error::invalid(format!("'{branch}' is a version of {asset}, and a version never moves"))
                    .help(format!(
                        "write to a branch; `kamld branch create {asset} NAME --from {branch}` starts one there"
                    )));
            }
            return Err(self.no_ref(asset, &record, branch.as_str(), "branch").await?);
        }
        Ok(Target { asset: asset.clone(), id: record.id, branch })
    }

    async fn no_ref(&self, asset: &AssetId, record: &AssetRecord, wanted: &str, what: &str) -> Result<Error> {
        let mut names = self.records.all(&format!("branch/{}/", record.id)).await?;
        if what != "branch" {
            names.extend(self.records.all(&format!("version/{}/", record.id)).await?);
        }
        let names: Vec<&str> = names.iter().filter_map(|record| record.key.rsplit('/').next()).collect();
        let error = Error::not_found(format!("{asset} has no {what} '{wanted}'"));
        Ok(match nearest(wanted, names.iter().copied()) {
            Some(name) => error.help(format!("did you mean '{name}'?")),
            None => error.help(format!("there is {}", names.join(", "))),
        })
    }

    pub(crate) async fn resolved(&self, asset: &AssetId, at: Option<&RefName>) -> Result<Resolved> {
        let record = self.asset_record(asset).await?;
        let name = match at {
            Some(at) => at.clone(),
            None => record.default_branch.clone().into(),
        };
        if name.looks_like_commit() {
            let commit = self.commit_by_prefix(asset, &record, name.as_str()).await?;
            let (id, tree) = (commit.id, commit.tree);
            return Ok(Resolved {
                asset: record,
                found: Found::Commit(id),
                commit: Some(id),
                seen: tree.clone(),
                committed: tree,
            });
        }
        let branch = BranchName::new(name.as_str())?;
        if let Some((found, _)) = self.records.get::<BranchRecord>(&branch_key(record.id, &branch)).await? {
            let committed = found.head_tree().cloned();
            let commit = found.head.map(|head| head.commit);
            return Ok(Resolved {
                asset: record,
                found: Found::Branch(branch),
                commit,
                seen: found.working,
                committed,
            });
        }
        let version = VersionName::new(name.as_str())?;
        if let Some((found, _)) = self.records.get::<VersionRecord>(&version_key(record.id, &version)).await? {
            let commit = self.stored_commit(asset, &record, found.commit).await?;
            let tree = commit.tree;
            let commit = Some(commit.id);
            return Ok(Resolved {
                asset: record,
                found: Found::Version(version),
                commit,
                seen: tree.clone(),
                committed: tree,
            });
        }
        Err(self.no_ref(asset, &record, name.as_str(), "ref").await?)
    }

    pub(crate) async fn stored_commit(&self, asset: &AssetId, record: &AssetRecord, id: Hash) -> Result<StoredCommit> {
        self.records.commit(record.id, id).await?.ok_or_else(|| {
            Error::corrupt(format!("commit {} of {asset} is missing", id.short()))
                .help("restore the data folder from a copy")
        })
    }

    async fn commit_by_prefix(&self, asset: &AssetId, record: &AssetRecord, prefix: &str) -> Result<StoredCommit> {
        let start = format!("commit/{}/", record.id);
        let found = self.records.refs.list(&format!("{start}{prefix}"), None, 6).await?;
        let ids: Vec<&str> = found.iter().filter_map(|record| record.key.strip_prefix(&start)).collect();
        match *ids {
            [] => Err(Error::not_found(format!("{asset} has no commit that starts with {prefix}"))
                .help(format!("`kamld log {asset}` shows its commits"))),
            [id] => self.stored_commit(asset, record, id.parse()?).await,
            _ => Err(Error::invalid(format!("{} commits of {asset} start with {prefix}", ids.len()))
                .help(format!("name one of {}", ids.join(", ")))),
        }
    }
}

fn branch_of(name: BranchName, record: &BranchRecord) -> Branch {
    Branch {
        name,
        head: record.head.as_ref().map(|head| head.commit),
        changed: record.changed(),
        modified: record.modified,
    }
}

impl AssetStore {
    pub async fn branches(&self, asset: &AssetId) -> Result<Vec<Branch>> {
        let id = self.inner.asset_record(asset).await?.id;
        let found = self.inner.records.all(&format!("branch/{id}/")).await?;
        let branch = |record: &crate::refstore::Record| {
            let name = BranchName::new(record.key.rsplit('/').next().unwrap_or_default())?;
            Ok(branch_of(name, &parse(&record.key, &record.value)?))
        };
        found.iter().map(branch).collect()
    }

    /// Starts at the commit of `from`, or of the default branch. Copies nothing; working changes stay where they are.
    pub async fn create_branch(&self, asset: &AssetId, name: &BranchName, from: Option<&RefName>) -> Result<Branch> {
        let from = self.inner.resolved(asset, from).await?;
        if from.commit.is_none() && from.seen.is_some() {
            return Err(Error::invalid(format!("{asset} has no commit to start a branch from"))
                .help(format!("its objects are working changes so far: `kamld commit {asset} -m ...` first")));
        }
        if self.inner.records.refs.get(&version_key(from.asset.id, &VersionName::new(name.as_str())?)).await?.is_some()
        {
            return Err(Error::already_exists(format!("'{name}' is a version of {asset}"))
                .help("choose another name for the branch"));
        }
        let head = from.commit.map(|commit| Head { commit, tree: from.committed.clone() });
        let record = BranchRecord { head, working: from.committed, modified: now() };
        let key = branch_key(from.asset.id, name);
        match self.inner.records.put(&key, &record, Expect::Absent, Flush::Now).await? {
            Wrote::Conflict => {
                Err(Error::already_exists(format!("{asset} has a branch '{name}' already")).help("choose another name"))
            }
            Wrote::Done(_) => {
                self.inner.tell(Changed { asset: asset.clone(), branch: name.clone() });
                Ok(branch_of(name.clone(), &record))
            }
        }
    }

    /// `conflict` when it has working changes and `force` is false. The default branch stays. Commits stay in any case.
    pub async fn remove_branch(&self, asset: &AssetId, name: &BranchName, force: bool) -> Result<()> {
        let record = self.inner.asset_record(asset).await?;
        if *name == record.default_branch {
            return Err(Error::invalid(format!("'{name}' is the default branch of {asset} and stays"))
                .help(format!("`kamld asset remove {asset}` removes the asset")));
        }
        let (branch, tag) = self.inner.branch(asset, &record, name).await?;
        if branch.changed() && !force {
            return Err(Error::conflict(format!("branch '{name}' of {asset} has working changes"))
                .help("commit them, or repeat with --force to lose them"));
        }
        if !self.inner.records.refs.delete(&branch_key(record.id, name), Expect::Tag(tag)).await? {
            return Err(Error::conflict(format!("branch '{name}' of {asset} was changed meanwhile"))
                .help("look at it, then repeat"));
        }
        self.inner.tell(Changed { asset: asset.clone(), branch: name.clone() });
        Ok(())
    }

    pub async fn versions(&self, asset: &AssetId) -> Result<Vec<Version>> {
        let id = self.inner.asset_record(asset).await?.id;
        let found = self.inner.records.all(&format!("version/{id}/")).await?;
        let version = |record: &crate::refstore::Record| {
            let name = VersionName::new(record.key.rsplit('/').next().unwrap_or_default())?;
            let VersionRecord { commit, created, message } = parse(&record.key, &record.value)?;
            Ok(Version { name, commit, created, message })
        };
        found.iter().map(version).collect()
    }

    /// Names the commit of a ref for good.
    pub async fn create_version(
        &self,
        asset: &AssetId,
        name: &VersionName,
        at: Option<&RefName>,
        message: &str,
    ) -> Result<Version> {
        let from = self.inner.resolved(asset, at).await?;
        let Some(commit) = from.commit else {
            return Err(Error::invalid(format!("{asset} has no commit to name"))
                .help(format!("`kamld commit {asset} -m ...` first")));
        };
        if self.inner.records.refs.get(&branch_key(from.asset.id, &BranchName::new(name.as_str())?)).await?.is_some() {
            return Err(Error::already_exists(format!("'{name}' is a branch of {asset}"))
                .help("choose another name for the version"));
        }
        let record = VersionRecord { commit, created: now(), message: message.to_owned() };
        let key = version_key(from.asset.id, name);
        match self.inner.records.put(&key, &record, Expect::Absent, Flush::Now).await? {
            Wrote::Conflict => Err(Error::already_exists(format!("{asset} has a version '{name}' already"))
                .help("a version never moves: choose another name")),
            Wrote::Done(_) => {
                let VersionRecord { commit, created, message } = record;
                Ok(Version { name: name.clone(), commit, created, message })
            }
        }
    }

    /// The commit that a ref stands for. `not-found` for a branch without a commit.
    pub async fn resolve(&self, asset: &AssetId, at: &RefName) -> Result<Commit> {
        let found = self.inner.resolved(asset, Some(at)).await?;
        let id = found.commit.ok_or_else(|| {
            Error::not_found(format!("branch '{at}' of {asset} has no commit yet"))
                .help(format!("`kamld commit {asset} -m ...` makes one"))
        })?;
        Ok(self.inner.stored_commit(asset, &found.asset, id).await?.to_commit())
    }

    /// Newest first, from a ref back; at most `limit`.
    pub async fn log(&self, asset: &AssetId, at: Option<&RefName>, limit: usize) -> Result<Vec<Commit>> {
        let found = self.inner.resolved(asset, at).await?;
        let mut seen = HashSet::new();
        let mut loaded = HashMap::new();
        // By time, then by nearness, so that two commits of one millisecond stay in order.
        let mut next = BinaryHeap::new();
        let mut wanted: Vec<Hash> = found.commit.into_iter().collect();
        let mut answer = Vec::new();
        let mut nearness = u64::MAX;
        // A clock that went back must not put a parent before its child.
        let mut latest = u64::MAX;
        while answer.len() < limit {
            for id in wanted.drain(..) {
                if seen.insert(id) {
                    let commit = self.inner.stored_commit(asset, &found.asset, id).await?.to_commit();
                    nearness -= 1;
                    next.push((commit.created.min(latest), nearness, id));
                    loaded.insert(id, commit);
                }
            }
            let Some((created, _, id)) = next.pop() else { break };
            let Some(commit) = loaded.remove(&id) else { break };
            latest = created;
            wanted.extend(commit.parents.iter().copied());
            answer.push(commit);
        }
        Ok(answer)
    }
}
