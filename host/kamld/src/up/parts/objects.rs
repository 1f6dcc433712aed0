//! Bytes in and out of assets.

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use kamld_server::parts::{
    BatchDone, BatchObject, ByteStream, Listing, ListingQuery, NewObject as Incoming, ObjectInfo, Objects, OpenObject,
};
use kamld_storage::{
    AssetKind, AssetStore, Destination, ListOptions, Listed, NewBody, NewObject, Object, ObjectReader,
};
use kamld_types::{Address, AssetId, BranchName, Problem, RefName, problem::Result};
use std::ops::Range;

pub struct StoredObjects(pub AssetStore);

struct Open {
    reader: ObjectReader,
    info: ObjectInfo,
}

#[async_trait]
impl OpenObject for Open {
    fn info(&self) -> &ObjectInfo {
        &self.info
    }

    async fn stream(&self, range: Range<u64>) -> Result<ByteStream> {
        Ok(self.reader.stream(range).map_err(Problem::from).boxed())
    }
}

/// Times of storage never pass the range of the API's signed milliseconds.
fn signed(millis: u64) -> Option<i64> {
    i64::try_from(millis).ok()
}

pub(super) fn unsigned(millis: Option<i64>) -> Option<u64> {
    millis.and_then(|millis| u64::try_from(millis).ok())
}

pub(super) fn info(object: &Object) -> ObjectInfo {
    ObjectInfo {
        path: object.path.clone(),
        size: object.size,
        hash: object.hash,
        media_type: Some(object.media_type.clone()),
        modified: signed(object.modified),
    }
}

#[async_trait]
impl Objects for StoredObjects {
    async fn stat(&self, object: &Address) -> Result<ObjectInfo> {
        let view = self.0.view(&object.asset, object.at.as_ref()).await?;
        Ok(info(&view.stat(&object.object()?).await?))
    }

    async fn kind(&self, asset: &AssetId) -> Result<String> {
        let kind = self.0.asset(asset).await?.kind;
        Ok(if kind == AssetKind::Model { "model" } else { "dataset" }.into())
    }

    async fn open(&self, object: &Address) -> Result<Box<dyn OpenObject>> {
        let view = self.0.view(&object.asset, object.at.as_ref()).await?;
        let reader = view.read(&object.object()?).await?;
        let info = info(reader.object());
        Ok(Box::new(Open { reader, info }))
    }

    async fn put(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        object: Incoming,
        size: Option<u64>,
        body: ByteStream,
    ) -> Result<ObjectInfo> {
        let to = Destination {
            asset: asset.clone(),
            branch: branch.cloned(),
            path: object.path,
            media_type: object.media_type,
            modified: unsigned(object.modified),
        };
        // Before the first byte, when the client told the size.
        self.0.check_size(to.path.as_str(), size.unwrap_or_default())?;
        Ok(info(&self.0.put_stream(to, body).await?))
    }

    async fn batch(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        objects: Vec<BatchObject>,
    ) -> Result<BatchDone> {
        let batch: Vec<NewObject> = objects
            .into_iter()
            .map(|BatchObject { object, body }| NewObject {
                path: object.path,
                media_type: object.media_type,
                modified: unsigned(object.modified),
                body: NewBody::Bytes(body),
            })
            .collect();
        let stored = self.0.put(asset, branch, batch).await?;
        Ok(BatchDone { objects: stored.len() as u64, bytes: stored.iter().map(|object| object.size).sum() })
    }

    async fn list(&self, asset: &AssetId, at: Option<&RefName>, query: ListingQuery) -> Result<Listing> {
        let view = self.0.view(asset, at).await?;
        let options = ListOptions { prefix: query.prefix, recursive: true, after: query.after, limit: query.limit };
        let page = view.list(options).await?;
        let objects = page
            .entries
            .iter()
            .filter_map(|entry| match entry {
                Listed::Object(object) => Some(info(object)),
                // A recursive listing has no folders.
                Listed::Folder(_) => None,
            })
            .collect();
        Ok(Listing { objects, next: page.next })
    }
}
