//! `View`: an immutable snapshot of an asset's objects, to look up, list, walk, compare and read.

use crate::{
    branches::{Found, Resolved},
    error::{Error, Result},
    leases::Lease,
    model::{Change, ChangePage, ListOptions, Listed, Object, Page},
    reader::ObjectReader,
    store::{AssetStore, Inner},
    tree::{Cursor, Diff, Entry, NodeRef},
};
use futures::stream::{BoxStream, StreamExt, try_unfold};
use kamld_types::{AssetId, CommitId, Hash, ObjectPath, RefName};
use std::sync::Arc;

/// Entries that one page may hold.
pub const MAX_PAGE: usize = 10_000;

/// An asset as it stood when the view was made. Later writes do not change it. Cheap to clone.
#[derive(Clone)]
pub struct View {
    inner: Arc<Inner>,
    asset: AssetId,
    found: Found,
    commit: Option<CommitId>,
    tree: Option<NodeRef>,
    /// Keeps what the view shows from being collected.
    lease: Arc<Lease>,
}

impl AssetStore {
    /// The objects at a ref: of a branch (or without a ref, of the default branch) its working state.
    pub async fn view(&self, asset: &AssetId, at: Option<&RefName>) -> Result<View> {
        let found = self.inner.resolved(asset, at).await?;
        Ok(View::new(&self.inner, asset.clone(), &found, found.seen.clone()))
    }

    /// The objects of the commit that a ref stands for; none for a branch without a commit.
    pub async fn committed(&self, asset: &AssetId, at: Option<&RefName>) -> Result<View> {
        let found = self.inner.resolved(asset, at).await?;
        Ok(View::new(&self.inner, asset.clone(), &found, found.committed.clone()))
    }
}

pub(crate) fn object_of(entry: &Entry) -> Result<Object> {
    Ok(Object {
        path: ObjectPath::new(&*entry.path)?,
        size: entry.size,
        hash: entry.hash,
        media_type: entry.media_type.to_string(),
        modified: entry.modified,
    })
}

impl View {
    pub(crate) fn new(inner: &Arc<Inner>, asset: AssetId, found: &Resolved, tree: Option<NodeRef>) -> Self {
        let Resolved { found, commit, lease, .. } = found;
        Self { inner: inner.clone(), asset, found: found.clone(), commit: *commit, tree, lease: lease.clone() }
    }

    pub(crate) fn tree(&self) -> Option<&NodeRef> {
        self.tree.as_ref()
    }

    /// The same asset in another state.
    pub(crate) fn with_tree(mut self, tree: Option<NodeRef>) -> Self {
        self.lease.hold(tree.clone(), None);
        self.tree = tree;
        self
    }

    pub fn asset(&self) -> &AssetId {
        &self.asset
    }

    /// What the ref of the view turned out to be.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// The commit of the ref; the view of a branch may hold working changes beyond it.
    pub fn commit(&self) -> Option<CommitId> {
        self.commit
    }

    /// The hash of all content: equal roots mean equal objects. None when there are no objects.
    pub fn root(&self) -> Option<Hash> {
        self.tree.as_ref().map(|tree| tree.hash)
    }

    /// Number of objects.
    pub fn objects(&self) -> u64 {
        self.tree.as_ref().map_or(0, |tree| tree.objects)
    }

    /// Sum of the sizes of all objects, in bytes.
    pub fn size(&self) -> u64 {
        self.tree.as_ref().map_or(0, |tree| tree.bytes)
    }

    async fn seek(&self, path: &str, exclusive: bool) -> Result<Cursor> {
        Cursor::seek(self.inner.nodes.clone(), self.tree.clone(), path, exclusive).await
    }

    async fn entry(&self, path: &ObjectPath) -> Result<Entry> {
        let found = self.seek(path.as_str(), false).await?.next().await?;
        if let Some(entry) = found.as_ref().filter(|entry| &*entry.path == path.as_str()) {
            return Ok(entry.clone());
        }
        let error = Error::not_found(format!("{} has no object '{path}'", self.asset));
        Err(match found {
            Some(entry) if entry.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/')) => {
                error.help(format!("'{path}/' is a folder: `kamld ls {}/{path}/` shows what is in it", self.asset))
            }
            _ => error.help(format!("`kamld ls {}` shows what is there", self.asset)),
        })
    }

    pub async fn stat(&self, path: &ObjectPath) -> Result<Object> {
        object_of(&self.entry(path).await?)
    }

    /// Opens an object for reading at any place.
    pub async fn read(&self, path: &ObjectPath) -> Result<ObjectReader> {
        let entry = self.entry(path).await?;
        ObjectReader::open(self.inner.backing().clone(), &self.asset, &entry, self.lease.clone()).await
    }

    /// One page of a listing in the order of paths.
    pub async fn list(&self, options: ListOptions) -> Result<Page> {
        let ListOptions { prefix, recursive, after, limit } = options;
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Error::invalid(format!("a page holds 1 to {MAX_PAGE} entries, not {limit}")));
        }
        let mut cursor = match after.filter(|after| after.as_str() >= prefix.as_str()) {
            // Behind a folder means behind all that is in it.
            Some(after) if after.ends_with('/') => self.seek(&behind(&after), false).await?,
            Some(after) => self.seek(&after, true).await?,
            None => self.seek(&prefix, false).await?,
        };
        let mut page = Page::default();
        while let Some(entry) = cursor.next().await? {
            let Some(rest) = entry.path.strip_prefix(&prefix) else { break };
            if page.entries.len() == limit {
                page.next = page.entries.last().map(|last| match last {
                    Listed::Object(object) => object.path.to_string(),
                    Listed::Folder(folder) => folder.clone(),
                });
                break;
            }
            match rest.find('/').filter(|_| !recursive) {
                None => page.entries.push(Listed::Object(object_of(&entry)?)),
                Some(end) => {
                    let folder = entry.path[..=prefix.len() + end].to_owned();
                    cursor = self.seek(&behind(&folder), false).await?;
                    page.entries.push(Listed::Folder(folder));
                }
            }
        }
        Ok(page)
    }

    /// All objects whose paths start with `prefix`, in the order of paths.
    pub fn iter(&self, prefix: &str) -> BoxStream<'static, Result<Object>> {
        let (view, prefix) = (self.clone(), prefix.to_owned());
        let start = (None::<Cursor>, view, prefix);
        try_unfold(start, |(cursor, view, prefix)| async move {
            let mut cursor = match cursor {
                Some(cursor) => cursor,
                None => view.seek(&prefix, false).await?,
            };
            match cursor.next().await? {
                Some(entry) if entry.path.starts_with(&prefix) => {
                    Ok(Some((object_of(&entry)?, (Some(cursor), view, prefix))))
                }
                _ => Ok(None),
            }
        })
        .boxed()
    }

    /// What leads from this view to another, behind `after`; at most `limit` changes.
    pub async fn diff(&self, to: &View, after: Option<&str>, limit: usize) -> Result<ChangePage> {
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Error::invalid(format!("a page holds 1 to {MAX_PAGE} changes, not {limit}")));
        }
        let mut diff = Diff::new(&self.inner.nodes, self.tree.clone(), to.tree.clone(), after).await?;
        let mut page = ChangePage::default();
        while let Some(difference) = diff.next().await? {
            if page.changes.len() == limit {
                page.next = page.changes.last().map(|change| change.path().to_string());
                break;
            }
            let before = difference.before.as_ref().map(object_of).transpose()?;
            let after = difference.after.as_ref().map(object_of).transpose()?;
            page.changes.extend(match (before, after) {
                (None, Some(after)) => Some(Change::Added { after }),
                (Some(before), Some(after)) => Some(Change::Modified { before, after }),
                (Some(before), None) => Some(Change::Removed { before }),
                (None, None) => None,
            });
        }
        Ok(page)
    }
}

/// The first path that can stand behind everything in a folder: `0` follows `/` in the order of bytes.
fn behind(folder: &str) -> String {
    format!("{}0", folder.strip_suffix('/').unwrap_or(folder))
}
