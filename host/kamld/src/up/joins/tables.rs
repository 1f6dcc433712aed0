//! SQL reads the objects of storage in place.

use async_trait::async_trait;
use bytes::Bytes;
use kamld_metadata::{
    Described, Descriptions,
    sql::{Entry, Objects, Snapshot},
};
use kamld_storage::{AssetStore, Error, ListOptions, Listed, Object, ObjectReader, View};
use kamld_types::{AssetId, ObjectPath, Problem, ProjectName, RefName, problem::Result};
use parking_lot::Mutex;
use std::{collections::HashMap, ops::Range, sync::Arc};

pub struct StoredTables {
    pub store: AssetStore,
    pub descriptions: Arc<dyn Descriptions>,
}

/// Open objects that one snapshot keeps: a scan reads the same few again and again.
const OPEN: usize = 64;

struct Stored {
    view: View,
    open: Mutex<HashMap<ObjectPath, ObjectReader>>,
}

fn entry(object: Object) -> Entry {
    Entry {
        path: object.path,
        size: object.size,
        hash: object.hash,
        media_type: object.media_type,
        modified: i64::try_from(object.modified).unwrap_or(i64::MAX),
    }
}

#[async_trait]
impl Objects for StoredTables {
    async fn snapshot(&self, asset: &AssetId, at: Option<&RefName>) -> Result<Arc<dyn Snapshot>> {
        let view = self.store.view(asset, at).await?;
        Ok(Arc::new(Stored { view, open: Mutex::default() }))
    }

    async fn projects(&self) -> Result<Vec<String>> {
        let mut projects: Vec<String> =
            self.store.list_assets(None).await?.into_iter().map(|asset| asset.id.project.to_string()).collect();
        projects.dedup();
        Ok(projects)
    }

    async fn assets(&self, project: &str) -> Result<Vec<String>> {
        // A word of a query that cannot name a project names none.
        let Ok(project) = ProjectName::new(project) else { return Ok(Vec::new()) };
        let assets = self.store.list_assets(Some(&project)).await?;
        Ok(assets.into_iter().map(|asset| asset.id.name.to_string()).collect())
    }

    async fn refs(&self, asset: &AssetId) -> Result<Vec<String>> {
        let branches = self.store.branches(asset).await?.into_iter().map(|branch| branch.name.to_string());
        let versions = self.store.versions(asset).await?.into_iter().map(|version| version.name.to_string());
        Ok(branches.chain(versions).collect())
    }

    async fn known_rows(&self, entry: &Entry) -> Option<u64> {
        // Found out when the content was described, once for all who look at it.
        match self.descriptions.describe(entry.hash, &entry.media_type).await.ok()?? {
            Described::Known(description) => description.rows,
            Described::Failed { .. } => None,
        }
    }
}

impl Stored {
    async fn reader(&self, path: &ObjectPath) -> Result<ObjectReader> {
        if let Some(reader) = self.open.lock().get(path) {
            return Ok(reader.clone());
        }
        let reader = self.view.read(path).await?;
        let mut open = self.open.lock();
        if open.len() >= OPEN {
            open.clear();
        }
        open.insert(path.clone(), reader.clone());
        Ok(reader)
    }
}

#[async_trait]
impl Snapshot for Stored {
    fn token(&self) -> String {
        self.view.root().map(|root| root.to_string()).unwrap_or_default()
    }

    async fn stat(&self, path: &ObjectPath) -> Result<Option<Entry>> {
        match self.view.stat(path).await {
            Ok(object) => Ok(Some(entry(object))),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Entry>> {
        let options = ListOptions {
            prefix: prefix.into(),
            recursive: true,
            after: after.map(str::to_owned),
            limit: limit.clamp(1, 10_000),
        };
        let page = self.view.list(options).await?;
        let objects = page.entries.into_iter().filter_map(|listed| match listed {
            Listed::Object(object) => Some(entry(object)),
            Listed::Folder(_) => None,
        });
        Ok(objects.collect())
    }

    async fn read(&self, path: &ObjectPath, range: Range<u64>) -> Result<Bytes> {
        let wanted = range.end - range.start;
        let bytes = self.reader(path).await?.read_at(range.start, wanted).await?;
        if bytes.len() as u64 != wanted {
            return Err(Problem::corrupt(format!("'{path}' is shorter than it was when it was written")));
        }
        Ok(bytes)
    }
}
