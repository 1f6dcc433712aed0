//! Uploads: their bytes as they arrive, and the objects that they became.

use super::{Host, objects::known};
use async_trait::async_trait;
use futures::StreamExt;
use kamld_server::parts::{ArrivingBytes, ObjectInfo, UploadSpec, UploadState, Uploads};
use kamld_types::{Problem, problem::Result};
use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

#[async_trait]
impl Uploads for Host {
    async fn create(&self, spec: UploadSpec) -> Result<(String, UploadState)> {
        known(&spec.asset)?;
        let id = format!("u{}", self.next.fetch_add(1, Ordering::Relaxed));
        self.uploads.lock().insert(id.clone(), (spec, Vec::new()));
        let state = self.state(&id).await?;
        Ok((id, state))
    }

    async fn state(&self, id: &str) -> Result<UploadState> {
        let uploads = self.uploads.lock();
        let expires = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000));
        if let Some((spec, info)) = self.finished.lock().get(id).cloned() {
            return Ok(UploadState { offset: spec.size, spec, expires, finished: Some(info) });
        }
        let (spec, bytes) = uploads.get(id).ok_or_else(|| Problem::not_found("there is no such upload"))?;
        Ok(UploadState { spec: spec.clone(), offset: bytes.len() as u64, expires, finished: None })
    }

    async fn append(&self, id: &str, offset: u64, mut bytes: ArrivingBytes) -> Result<u64> {
        self.ask(format!("append {id} {offset}"));
        while let Some(chunk) = bytes.next().await {
            let mut uploads = self.uploads.lock();
            let kept = &mut uploads.get_mut(id).ok_or_else(|| Problem::not_found("gone"))?.1;
            kept.extend_from_slice(&chunk);
            self.arrived.send_replace(kept.len() as u64);
        }
        self.ask(format!("appended {id}"));
        Ok(self.state(id).await?.offset)
    }

    async fn finish(&self, id: &str) -> Result<ObjectInfo> {
        self.ask(format!("finish {id}"));
        if self.fail_finish.load(Ordering::Relaxed) {
            return Err(Problem::conflict("the branch moved"));
        }
        let (spec, bytes) = self.uploads.lock().remove(id).ok_or_else(|| Problem::not_found("gone"))?;
        let info = self.store(&spec.asset, spec.object.clone(), bytes.into());
        self.finished.lock().insert(id.to_owned(), (spec, info.clone()));
        Ok(info)
    }

    async fn abort(&self, id: &str) -> Result<()> {
        self.uploads.lock().remove(id);
        Ok(())
    }

    fn max_size(&self) -> Option<u64> {
        Some(1 << 40)
    }
}
