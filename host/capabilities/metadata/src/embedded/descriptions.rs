//! Descriptions in sled: a key is the hash and the media type of a content.

use super::{derived::Derived, record};
use crate::{
    description::{Content, Described, Descriptions, Stands, Verdict},
    error::{Error, Result},
};
use async_trait::async_trait;
use kamld_types::Hash;
use std::sync::Arc;

pub(super) const TREE: &str = "metadata/descriptions";
/// Keys that are removed in one batch.
const BATCH: usize = 1000;

pub(super) struct SledDescriptions {
    derived: Arc<Derived>,
}

impl SledDescriptions {
    pub(super) fn new(derived: Arc<Derived>) -> Self {
        Self { derived }
    }
}

fn content_key(content: &Content) -> Vec<u8> {
    [&content.hash.0[..], content.media_type.as_bytes()].concat()
}

#[async_trait]
impl Descriptions for SledDescriptions {
    async fn descriptions(&self, contents: &[Content]) -> Result<Vec<Option<Described>>> {
        self.derived.with(TREE, |_, tree| {
            contents
                .iter()
                .map(|content| {
                    let key = content_key(content);
                    match tree.get(&key)?.map(|record| record::read(&key, &record)) {
                        // A damaged one is made again.
                        Some(Err(Error::Damaged(_))) | None => Ok(None),
                        Some(verdict) => verdict.map(|verdict: Verdict| Some(verdict.described)),
                    }
                })
                .collect()
        })
    }

    async fn set_description(&self, content: &Content, verdict: &Verdict) -> Result<()> {
        let key = content_key(content);
        let record = record::write(&key, verdict)?;
        self.derived.with(TREE, |_, tree| {
            tree.insert(&key[..], record)?;
            Ok(())
        })
    }

    async fn forget_verdicts(&self, stands: &Stands<'_>) -> Result<u64> {
        self.derived.with(TREE, |_, tree| {
            let mut count = 0;
            for entry in tree.iter() {
                let (key, record) = entry?;
                // A damaged one is made again anyway.
                if let Ok(verdict) = record::read(&key, &record)
                    && stands(&verdict)
                {
                    continue;
                }
                tree.remove(key)?;
                count += 1;
            }
            Ok(count)
        })
    }

    async fn forget(&self, in_use: &(dyn Fn(Hash) -> bool + Send + Sync), dry_run: bool) -> Result<(u64, u64)> {
        self.derived.with(TREE, |_, tree| {
            let (mut count, mut bytes) = (0, 0);
            let mut batch = sled::Batch::default();
            let mut batched = 0;
            for entry in tree.iter() {
                let (key, record) = entry?;
                let hash = key.first_chunk::<32>().map(|hash| Hash(*hash));
                if hash.is_some_and(in_use) {
                    continue;
                }
                count += 1;
                bytes += (key.len() + record.len()) as u64;
                if !dry_run {
                    batch.remove(key);
                    batched += 1;
                }
                if batched == BATCH {
                    tree.apply_batch(std::mem::take(&mut batch))?;
                    batched = 0;
                }
            }
            tree.apply_batch(batch)?;
            Ok((count, bytes))
        })
    }
}
