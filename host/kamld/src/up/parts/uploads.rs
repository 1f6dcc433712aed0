//! Resumable uploads over the spool of storage.

use super::objects::{info, unsigned};
use async_trait::async_trait;
use futures::StreamExt;
use kamld_server::parts::{ArrivingBytes, NewObject, ObjectInfo, UploadSpec, UploadState, Uploads};
use kamld_storage::{AssetStore, EXPIRES_AFTER, Upload, UploadId, UploadSpec as Stored};
use kamld_types::problem::Result;
use std::{
    convert::Infallible,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub struct StoredUploads(pub AssetStore);

impl StoredUploads {
    fn id(&self, id: &str) -> Result<UploadId> {
        Ok(id.parse()?)
    }
}

fn spec(stored: &Stored) -> UploadSpec {
    UploadSpec {
        asset: stored.asset.clone(),
        branch: stored.branch.clone(),
        object: NewObject {
            path: stored.path.clone(),
            media_type: stored.media_type.clone(),
            modified: stored.modified.and_then(|millis| i64::try_from(millis).ok()),
        },
        size: stored.size,
    }
}

fn expires(upload: &Upload) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(upload.created))?.checked_add(EXPIRES_AFTER)
}

#[async_trait]
impl Uploads for StoredUploads {
    async fn create(&self, given: UploadSpec) -> Result<(String, UploadState)> {
        let stored = Stored {
            asset: given.asset.clone(),
            branch: given.branch.clone(),
            path: given.object.path.clone(),
            size: given.size,
            media_type: given.object.media_type.clone(),
            modified: unsigned(given.object.modified),
        };
        let id = self.0.uploads().create(stored).await?;
        Ok((id.to_string(), self.state(&id.to_string()).await?))
    }

    async fn state(&self, id: &str) -> Result<UploadState> {
        let id = self.id(id)?;
        let upload = self.0.uploads().get(id).await?;
        let offset = self.0.uploads().offset(id).await?;
        let finished = upload.done.as_ref().map(info);
        Ok(UploadState { spec: spec(&upload.spec), offset, expires: expires(&upload), finished })
    }

    async fn append(&self, id: &str, offset: u64, bytes: ArrivingBytes) -> Result<u64> {
        let stream = bytes.map(Ok::<_, Infallible>);
        Ok(self.0.uploads().append(self.id(id)?, offset, stream).await?)
    }

    async fn finish(&self, id: &str) -> Result<ObjectInfo> {
        Ok(info(&self.0.uploads().finish(self.id(id)?).await?))
    }

    async fn abort(&self, id: &str) -> Result<()> {
        Ok(self.0.uploads().abort(self.id(id)?).await?)
    }

    fn max_size(&self) -> Option<u64> {
        self.0.largest_object()
    }
}
