//! Objects: kept by asset and path, read in small chunks, some of them rotten.

use super::Host;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use kamld_server::parts::{
    BatchDone, BatchObject, ByteStream, Listing, ListingQuery, NewObject, ObjectInfo, Objects, OpenObject,
};
use kamld_types::{Address, AssetId, BranchName, Problem, RefName, problem::Result};
use std::ops::Range;

pub fn known(asset: &AssetId) -> Result<()> {
    match asset.name.as_str() {
        "missing" => {
            Err(Problem::not_found(format!("there is no asset '{asset}'")).help("kamld asset create makes one"))
        }
        _ => Ok(()),
    }
}

struct Open(ObjectInfo, Bytes);

#[async_trait]
impl OpenObject for Open {
    fn info(&self) -> &ObjectInfo {
        &self.0
    }

    async fn stream(&self, range: Range<u64>) -> Result<ByteStream> {
        let bytes = self.1.slice(range.start as usize..range.end as usize);
        let rotten = || Err(Problem::corrupt("the bytes are not what was written"));
        match self.0.path.as_str() {
            "rotten.bin" => return Ok(stream::iter([Ok(bytes.slice(..1)), rotten()]).boxed()),
            "dust.bin" => return Ok(stream::iter([rotten()]).boxed()),
            _ => {}
        }
        let chunks: Vec<_> = bytes.chunks(3).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        Ok(stream::iter(chunks).boxed())
    }
}

#[async_trait]
impl Objects for Host {
    async fn kind(&self, asset: &AssetId) -> Result<String> {
        Ok(if asset.name.as_str() == "classifier" { "model" } else { "dataset" }.into())
    }

    async fn stat(&self, object: &Address) -> Result<ObjectInfo> {
        self.ask(format!("stat {object}"));
        self.find(object).map(|found| found.0)
    }

    async fn open(&self, object: &Address) -> Result<Box<dyn OpenObject>> {
        self.ask(format!("open {object}"));
        let (info, bytes) = self.find(object)?;
        Ok(Box::new(Open(info, bytes)))
    }

    async fn put(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        object: NewObject,
        size: Option<u64>,
        mut body: ByteStream,
    ) -> Result<ObjectInfo> {
        known(asset)?;
        self.ask(format!("put {asset} {branch:?} {} {size:?}", object.path));
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk?);
            self.arrived.send_replace(bytes.len() as u64);
        }
        Ok(self.store(asset, object, bytes.into()))
    }

    async fn batch(
        &self,
        asset: &AssetId,
        _branch: Option<&BranchName>,
        objects: Vec<BatchObject>,
    ) -> Result<BatchDone> {
        known(asset)?;
        self.ask(format!("batch {asset} {}", objects.len()));
        let bytes = objects.iter().map(|object| object.body.len() as u64).sum();
        let done = BatchDone { objects: objects.len() as u64, bytes };
        for object in objects {
            self.store(asset, object.object, object.body);
        }
        Ok(done)
    }

    async fn list(&self, asset: &AssetId, at: Option<&RefName>, query: ListingQuery) -> Result<Listing> {
        known(asset)?;
        self.ask(format!("list {asset} {at:?} {query:?}"));
        let objects = self.objects.lock();
        let mut found: Vec<ObjectInfo> = objects
            .iter()
            .filter(|((of, path), _)| *of == asset.to_string() && path.starts_with(&query.prefix))
            .filter(|((_, path), _)| query.after.as_ref().is_none_or(|after| path > after))
            .map(|(_, (info, _))| info.clone())
            .collect();
        let next = found.get(query.limit).and(found.get(query.limit - 1)).map(|info| info.path.to_string());
        found.truncate(query.limit);
        Ok(Listing { objects: found, next })
    }
}
