//! Refs: branches, versions, and finding the commit that a ref stands for.

use crate::{
    assets::nearest,
    edit::Target,
    error::{Error, Result},
    leases::Lease,
    model::{Branch, Changed, Commit, Version, now},
    records::{
        AssetRecord, BranchRecord, Dropped, Head, RefRecord, StoredCommit, VersionRecord, companion, dropped_key,
        ref_key,
    },
    refstore::{Expect, Tag, Wrote},
    store::{AssetStore, Inner},
    tree::NodeRef,
};
use kamld_types::{AssetId, BranchName, Hash, RefName, VersionName};
use std::{
    collections::{BinaryHeap, HashMap, HashSet},
    sync::Arc,
};

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
    /// Keeps all of it from being collected.
    pub lease: Arc<Lease>,
}

impl Inner {
    /// The branch of this name with the tag of its record.
    pub(crate) async fn branch(
        &self,
        asset: &AssetId,
        record: &AssetRecord,
        name: &BranchName,
    ) -> Result<(BranchRecord, Tag)> {
        match self.records.get::<RefRecord>(&ref_key(record.id, name)).await? {
            Some((RefRecord::Branch(branch), tag)) => Ok((branch, tag)),
            Some((RefRecord::Version(_), _)) => Err(Error::invalid(format!(
                "'{name}' is a version of {asset}, and a version never moves"
            ))
            .help(format!("write to a branch; `kamld branch create {asset} NAME --from {name}` starts one there"))),
            None => Err(self.no_ref(asset, record, name.as_str(), "branch").await?),
        }
    }

    /// The lane for writing; the branch must be there.
    pub(crate) async fn target(&self, asset: &AssetId, branch: Option<&BranchName>) -> Result<Target> {
        let record = self.asset_record(asset).await?;
        let branch = branch.unwrap_or(&record.default_branch).clone();
        self.branch(asset, &record, &branch).await?;
        Ok(Target { asset: asset.clone(), id: record.id, branch })
    }

    async fn no_ref(&self, asset: &AssetId, record: &AssetRecord, wanted: &str, what: &str) -> Result<Error> {
        let refs = self.records.refs_of(record.id).await?;
        let names: Vec<&str> = refs
            .iter()
            .filter(|(_, found)| what != "branch" || matches!(found, RefRecord::Branch(_)))
            .map(|(name, _)| name.as_str())
            .collect();
        let error = Error::not_found(format!("{asset} has no {what} '{wanted}'"));
        Ok(match nearest(wanted, names.iter().copied()) {
            Some(name) => error.help(format!("did you mean '{name}'?")),
            None => error.help(format!("there is {}", names.join(", "))),
        })
    }

    pub(crate) async fn resolved(&self, asset: &AssetId, at: Option<&RefName>) -> Result<Resolved> {
        let lease = Arc::new(self.leases.begin());
        let record = self.asset_record(asset).await?;
        let name = match at {
            Some(at) => at.clone(),
            None => record.default_branch.clone().into(),
        };
        let (found, commit, seen, committed) = if name.looks_like_commit() {
            let StoredCommit { id, tree, .. } = self.commit_by_prefix(asset, &record, name.as_str(), &lease).await?;
            (Found::Commit(id), Some(id), tree.clone(), tree)
        } else {
            match self.records.get::<RefRecord>(&ref_key(record.id, &name)).await? {
                Some((RefRecord::Branch(branch), _)) => {
                    let committed = branch.head_tree().cloned();
                    let commit = branch.head.map(|head| head.commit);
                    (Found::Branch(BranchName::new(name.as_str())?), commit, branch.working, committed)
                }
                Some((RefRecord::Version(version), _)) => {
                    let StoredCommit { id, tree, .. } = self.stored_commit(asset, &record, version.commit).await?;
                    (Found::Version(VersionName::new(name.as_str())?), Some(id), tree.clone(), tree)
                }
                None => return Err(self.no_ref(asset, &record, name.as_str(), "ref").await?),
            }
        };
        lease.hold(seen.iter().chain(&committed).cloned(), commit.map(|commit| (record.id, commit)));
        Ok(Resolved { asset: record, found, commit, seen, committed, lease })
    }

    pub(crate) async fn stored_commit(&self, asset: &AssetId, record: &AssetRecord, id: Hash) -> Result<StoredCommit> {
        self.records.commit(record.id, id).await?.ok_or_else(|| {
            Error::corrupt(format!("commit {} of {asset} is missing", id.short()))
                .help("restore the data folder from a copy")
        })
    }

    /// Commits are also found when no ref leads to them any more.
    async fn commit_by_prefix(
        &self,
        asset: &AssetId,
        record: &AssetRecord,
        prefix: &str,
        lease: &Lease,
    ) -> Result<StoredCommit> {
        let start = format!("commit/{}/", record.id);
        let found = self.records.refs.list(&format!("{start}{prefix}"), None, 6).await?;
        let ids: Vec<&str> = found.iter().filter_map(|record| record.key.strip_prefix(&start)).collect();
        match *ids {
            [] => Err(Error::not_found(format!("{asset} has no commit that starts with {prefix}"))
                .help(format!("`kamld log {asset}` shows its commits"))),
            [id] => {
                let id: Hash = id.parse()?;
                // It may just have been collected.
                lease.pin(id).await;
                self.records.commit(record.id, id).await?.ok_or_else(|| {
                    Error::not_found(format!("{asset} has no commit that starts with {prefix}"))
                        .help(format!("`kamld log {asset}` shows its commits"))
                })
            }
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
        let refs = self.inner.records.refs_of(id).await?.into_iter();
        let branches = refs.filter_map(|(name, found)| Some((name, found.branch()?)));
        branches.map(|(name, branch)| Ok(branch_of(BranchName::new(name)?, &branch))).collect()
    }

    /// Starts at the commit of `from`, or of the default branch. Copies nothing; working changes stay where they are.
    pub async fn create_branch(&self, asset: &AssetId, name: &BranchName, from: Option<&RefName>) -> Result<Branch> {
        let from = self.inner.resolved(asset, from).await?;
        if from.commit.is_none() && from.seen.is_some() {
            return Err(Error::invalid(format!("{asset} has no commit to start a branch from"))
                .help(format!("its objects are working changes so far: `kamld commit {asset} -m ...` first")));
        }
        let head = from.commit.map(|commit| Head { commit, tree: from.committed.clone() });
        let record = BranchRecord { head, working: from.committed.clone(), modified: now() };
        self.create_ref(asset, &from, name.as_str(), RefRecord::Branch(record.clone())).await?;
        Ok(branch_of(name.clone(), &record))
    }

    /// Writes a ref that must not be there yet, whether as a branch or as a version.
    async fn create_ref(&self, asset: &AssetId, from: &Resolved, name: &str, record: RefRecord) -> Result<()> {
        let key = ref_key(from.asset.id, name);
        match self.inner.records.put(&key, &record, Expect::Absent, Vec::new()).await? {
            Wrote::Done(_) => {
                from.lease.wrote(from.committed.clone(), from.commit.map(|commit| (from.asset.id, commit)));
                self.inner.tell(Changed { asset: asset.clone(), at: RefName::new(name)? });
                Ok(())
            }
            Wrote::Conflict => {
                let there = self.inner.records.get::<RefRecord>(&key).await?.map(|(there, _)| there);
                let (wanted, what) = match (&record, there) {
                    (RefRecord::Branch(_), Some(RefRecord::Version(_))) => ("branch", "a version"),
                    (RefRecord::Version(_), Some(RefRecord::Branch(_))) => ("version", "a branch"),
                    (RefRecord::Branch(_), _) => ("branch", "a branch"),
                    (RefRecord::Version(_), _) => ("version", "a version"),
                };
                Err(Error::already_exists(format!("'{name}' is already {what} of {asset}")).help(match what {
                    "a version" if wanted == "version" => "a version never moves: choose another name".to_owned(),
                    _ => format!("choose another name for the {wanted}"),
                }))
            }
        }
    }

    /// `conflict` when it has working changes and `force` is false. The default branch stays. The branch goes to the
    /// bin: what it leads to is kept until garbage collection empties that.
    pub async fn remove_branch(&self, asset: &AssetId, name: &BranchName, force: bool) -> Result<()> {
        let lease = self.inner.leases.begin();
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
        lease.hold(branch.trees(), branch.head.as_ref().map(|head| (record.id, head.commit)));
        let dropped = Dropped { name: name.clone(), dropped: now(), branch };
        let bin = companion(dropped_key(record.id, &dropped), &dropped)?;
        if !self.inner.records.refs.delete(&ref_key(record.id, name), Expect::Tag(tag), vec![bin]).await? {
            return Err(Error::conflict(format!("branch '{name}' of {asset} was changed meanwhile"))
                .help("look at it, then repeat"));
        }
        lease.wrote(dropped.branch.trees(), dropped.branch.head.as_ref().map(|head| (record.id, head.commit)));
        self.inner.tell(Changed { asset: asset.clone(), at: name.clone().into() });
        Ok(())
    }

    pub async fn versions(&self, asset: &AssetId) -> Result<Vec<Version>> {
        let id = self.inner.asset_record(asset).await?.id;
        let refs = self.inner.records.refs_of(id).await?.into_iter();
        let versions = refs.filter_map(|(name, found)| Some((name, found.version()?)));
        versions
            .map(|(name, VersionRecord { commit, created, message })| {
                Ok(Version { name: VersionName::new(name)?, commit, created, message })
            })
            .collect()
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
        let record = VersionRecord { commit, created: now(), message: message.to_owned() };
        self.create_ref(asset, &from, name.as_str(), RefRecord::Version(record.clone())).await?;
        let VersionRecord { commit, created, message } = record;
        Ok(Version { name: name.clone(), commit, created, message })
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
