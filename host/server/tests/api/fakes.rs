//! In-memory parts: enough behaviour to see what the server asks of them.
//!
//! Lives here: what they all share. Must not live here: the parts, one file a subject.

mod admin;
mod commands;
mod objects;
mod rows;
mod screens;
mod uploads;

use bytes::Bytes;
use kamld_server::{
    Caller, Parts,
    page::changes::Changes,
    parts::{NewObject, ObjectInfo, UploadSpec},
};
use kamld_types::{Address, AssetId, Hash, Problem, problem::Result};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};
use tokio::sync::watch;

#[derive(Default)]
pub struct Host {
    pub objects: Mutex<BTreeMap<(String, String), (ObjectInfo, Bytes)>>,
    pub uploads: Mutex<BTreeMap<String, (UploadSpec, Vec<u8>)>>,
    finished: Mutex<BTreeMap<String, (UploadSpec, ObjectInfo)>>,
    next: AtomicU64,
    /// What was asked for, in order.
    pub asked: Mutex<Vec<String>>,
    pub callers: Mutex<Vec<Caller>>,
    pub unwell: AtomicBool,
    pub fail_finish: AtomicBool,
    /// How many commands `wait` began, and how many ended by being dropped.
    pub waiting: watch::Sender<(u32, u32)>,
    pub release: watch::Sender<bool>,
    /// Bytes that an append has seen so far.
    pub arrived: watch::Sender<u64>,
    pub changes: Changes,
    /// What a surface shows, so that it can change.
    pub said: Mutex<String>,
    pub gone: AtomicBool,
    pub with_page: AtomicBool,
}

impl Host {
    pub fn parts(self: &Arc<Self>) -> Parts {
        Parts {
            commands: self.clone(),
            objects: self.clone(),
            uploads: self.clone(),
            results: self.clone(),
            tables: self.clone(),
            plugins: self.clone(),
            audit: self.clone(),
            maintenance: self.clone(),
            health: self.clone(),
            surfaces: self.clone(),
            crossings: self.clone(),
            finder: self.clone(),
            pages: self.clone(),
            changes: self.changes.clone(),
        }
    }

    pub fn ask(&self, what: impl Into<String>) {
        self.asked.lock().push(what.into());
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }

    pub fn keep(&self, asset: &str, path: &str, media: Option<&str>, bytes: &[u8]) -> ObjectInfo {
        let object = NewObject {
            path: path.parse().unwrap(),
            media_type: media.map(str::to_owned),
            modified: Some(1_700_000_000_123),
        };
        self.store(&asset.parse().unwrap(), object, Bytes::copy_from_slice(bytes))
    }

    fn store(&self, asset: &AssetId, object: NewObject, bytes: Bytes) -> ObjectInfo {
        let info = ObjectInfo {
            path: object.path.clone(),
            size: bytes.len() as u64,
            hash: Hash(Sha256::digest(&bytes).into()),
            media_type: object.media_type,
            modified: object.modified,
        };
        self.objects.lock().insert((asset.to_string(), object.path.to_string()), (info.clone(), bytes));
        info
    }

    fn find(&self, address: &Address) -> Result<(ObjectInfo, Bytes)> {
        let key = (address.asset.to_string(), address.object()?.to_string());
        let found = self.objects.lock().get(&key).cloned();
        found.ok_or_else(|| {
            Problem::not_found(format!("there is no object '{address}'")).help("kamld ls shows what there is")
        })
    }
}
