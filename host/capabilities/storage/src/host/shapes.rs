//! From the store's types to the contract's.

use crate::model::{Asset, AssetKind, Branch, Change, ChangePage, Commit, Listed, Object, Page, Version};
use kamld_bindings::imports::kamld::storage::types as wit;

impl From<AssetKind> for wit::AssetKind {
    fn from(kind: AssetKind) -> Self {
        match kind {
            AssetKind::Dataset => Self::Dataset,
            AssetKind::Model => Self::Model,
        }
    }
}

impl From<wit::AssetKind> for AssetKind {
    fn from(kind: wit::AssetKind) -> Self {
        match kind {
            wit::AssetKind::Dataset => AssetKind::Dataset,
            wit::AssetKind::Model => AssetKind::Model,
        }
    }
}

impl From<Asset> for wit::Asset {
    fn from(asset: Asset) -> Self {
        Self {
            project: asset.id.project.into(),
            name: asset.id.name.into(),
            kind: asset.kind.into(),
            created: asset.created,
            modified: asset.modified,
            objects: asset.objects,
            size: asset.size,
            default_branch: asset.default_branch.into(),
        }
    }
}

impl From<Object> for wit::Object {
    fn from(object: Object) -> Self {
        let Object { path, size, hash, media_type, modified } = object;
        Self { path: path.into(), size, hash: hash.to_hex(), media_type, modified }
    }
}

impl From<Page> for wit::Page {
    fn from(page: Page) -> Self {
        let entry = |listed| match listed {
            Listed::Object(object) => wit::Entry::Object(object.into()),
            Listed::Folder(path) => wit::Entry::Folder(wit::Folder { path }),
        };
        Self { entries: page.entries.into_iter().map(entry).collect(), next: page.next }
    }
}

impl From<Branch> for wit::Branch {
    fn from(branch: Branch) -> Self {
        Self { name: branch.name.into(), head: branch.head.map(|head| head.to_hex()), changed: branch.changed }
    }
}

impl From<Version> for wit::Version {
    fn from(version: Version) -> Self {
        let Version { name, commit, created, message } = version;
        Self { name: name.into(), commit: commit.to_hex(), created, message }
    }
}

impl From<Commit> for wit::Commit {
    fn from(commit: Commit) -> Self {
        Self {
            id: commit.id.to_hex(),
            parents: commit.parents.iter().map(|parent| parent.to_hex()).collect(),
            author: commit.author,
            message: commit.message,
            created: commit.created,
            objects: commit.objects,
            size: commit.size,
            properties: commit.properties.into_iter().collect(),
        }
    }
}

impl From<Change> for wit::Change {
    fn from(change: Change) -> Self {
        let path = change.path().to_string();
        match change {
            Change::Added { after } => {
                Self { path, kind: wit::ChangeKind::Added, before: None, after: Some(after.into()) }
            }
            Change::Modified { before, after } => {
                Self { path, kind: wit::ChangeKind::Modified, before: Some(before.into()), after: Some(after.into()) }
            }
            Change::Removed { before } => {
                Self { path, kind: wit::ChangeKind::Removed, before: Some(before.into()), after: None }
            }
        }
    }
}

impl From<ChangePage> for wit::ChangePage {
    fn from(page: ChangePage) -> Self {
        Self { changes: page.changes.into_iter().map(Into::into).collect(), next: page.next }
    }
}
