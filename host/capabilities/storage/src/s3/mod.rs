//! Refs as small objects on S3, by conditional puts.
//!
//! S3 has no conditional delete everywhere, so a deleted record becomes an empty object under the same
//! condition, and an empty object counts as absent. Companions are objects of their own, written first.
//! Layout of a value: the byte 1, a nonce of 16 bytes, the record. ETags are hashes of the content: without the nonce a
//! record that returns to an earlier value would return to an earlier tag. Records without it come from older versions.
//! Invariant: a back end that ignores conditions is refused when it is opened, since two writers on
//! it would lose each other's work.

use crate::{
    error::{Error, Result},
    refstore::{Companion, Expect, Record, RefStore, Tag, Wrote},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion,
    aws::{AmazonS3Builder, S3ConditionalPut},
    multipart::MultipartStore,
    path::Path,
    prefix::PrefixStore,
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

pub(crate) mod multipart;

const FOLDER: &str = "refs";
/// Begins a value with a nonce. No record begins with this byte: all are JSON.
const NONCE: u8 = 1;
/// Records fetched at the same time for one listing.
const PARALLEL: usize = 16;

/// How long one request may take, from its first byte to its last.
const REQUEST: Duration = Duration::from_secs(30);
/// The same for one part of a large object, which has up to 530 MiB.
const PART: Duration = Duration::from_secs(600);

/// How to reach a bucket.
#[derive(Clone)]
pub struct S3Config {
    /// Such as `http://127.0.0.1:9000`.
    pub url: String,
    pub key: String,
    pub secret: String,
    pub bucket: String,
    pub region: String,
    /// A folder of the bucket, when the bucket is shared with others.
    pub prefix: Option<String>,
}

/// A bucket, or a folder of one.
pub struct S3Objects {
    pub objects: Arc<dyn ObjectStore>,
    /// The same, for uploads in parts.
    pub multipart: Arc<dyn MultipartStore>,
}

/// The object store of a bucket.
pub fn s3_objects(config: &S3Config) -> Result<S3Objects> {
    let bucket = |timeout| {
        let http = ClientOptions::new().with_allow_http(config.url.starts_with("http://")).with_timeout(timeout);
        AmazonS3Builder::new()
            .with_endpoint(&config.url)
            .with_client_options(http)
            .with_access_key_id(&config.key)
            .with_secret_access_key(&config.secret)
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .build()
    };
    let (objects, parts) = (bucket(REQUEST)?, bucket(PART)?);
    Ok(match &config.prefix {
        Some(prefix) => S3Objects {
            objects: Arc::new(PrefixStore::new(objects, prefix.as_str())),
            multipart: Arc::new(PrefixStore::new(parts, prefix.as_str())),
        },
        None => S3Objects { objects: Arc::new(objects), multipart: Arc::new(parts) },
    })
}

pub struct S3Refs {
    store: Arc<dyn ObjectStore>,
}

impl S3Refs {
    /// Opens the refs and makes sure that the store keeps conditions.
    pub async fn open(store: Arc<dyn ObjectStore>) -> Result<Self> {
        let refs = Self { store };
        refs.probe().await?;
        Ok(refs)
    }

    async fn probe(&self) -> Result<()> {
        let key = format!("probe/{}", Uuid::now_v7());
        let refuse = |what: &str| {
            Error::invalid(format!("the object store {what}, so two writers could lose each other's work"))
                .help("use a store with conditional puts (If-None-Match and If-Match): AWS S3, MinIO, Ceph RGW, or local disk")
        };
        let Wrote::Done(first) = self.put(&key, Bytes::from_static(b"1"), Expect::Absent, Vec::new()).await? else {
            return Err(refuse("claims that a new record is there already"));
        };
        if self.put(&key, Bytes::from_static(b"2"), Expect::Absent, Vec::new()).await? != Wrote::Conflict {
            return Err(refuse("overwrites what it should only create"));
        }
        let Wrote::Done(_) = self.put(&key, Bytes::from_static(b"3"), Expect::Tag(first.clone()), Vec::new()).await?
        else {
            return Err(refuse("does not know the tag that it gave out"));
        };
        if self.put(&key, Bytes::from_static(b"4"), Expect::Tag(first), Vec::new()).await? != Wrote::Conflict {
            return Err(refuse("overwrites a record that was changed in between"));
        }
        self.store.delete(&at(&key)).await?;
        Ok(())
    }

    async fn write_all(&self, companions: Vec<Companion>) -> Result<()> {
        stream::iter(companions.into_iter().map(Ok))
            .try_for_each_concurrent(PARALLEL, |(key, value)| async move {
                self.write(&at(&key), &value, PutMode::Overwrite).await.map(drop)
            })
            .await
    }

    /// The record with its tag, tombstones included.
    async fn raw(&self, key: &Path) -> Result<Option<(Bytes, Tag)>> {
        match self.store.get(key).await {
            Ok(result) => {
                let tag = tag(result.meta.e_tag.clone(), result.meta.version.clone());
                Ok(Some((decode(result.bytes().await?), tag)))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn write(&self, key: &Path, value: &[u8], mode: PutMode) -> Result<Wrote> {
        match self.store.put_opts(key, PutPayload::from(encode(value)), mode.into()).await {
            Ok(put) => Ok(Wrote::Done(tag(put.e_tag, put.version))),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(Wrote::Conflict)
            }
            // An update of what is not there any more.
            Err(object_store::Error::NotFound { .. }) => Ok(Wrote::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}

fn at(key: &str) -> Path {
    Path::from(format!("{FOLDER}/{key}"))
}

fn tag(e_tag: Option<String>, version: Option<String>) -> Tag {
    Tag(format!("{}\n{}", e_tag.unwrap_or_default(), version.unwrap_or_default()))
}

/// An empty value is a tombstone and stays empty.
fn encode(value: &[u8]) -> Bytes {
    match value {
        [] => Bytes::new(),
        value => [&[NONCE], &Uuid::new_v4().as_bytes()[..], value].concat().into(),
    }
}

fn decode(stored: Bytes) -> Bytes {
    match stored.first() {
        Some(&NONCE) if stored.len() > 17 => stored.slice(17..),
        _ => stored,
    }
}

fn update(tag: &Tag) -> PutMode {
    let (e_tag, version) = tag.0.split_once('\n').unwrap_or((&tag.0, ""));
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    PutMode::Update(UpdateVersion { e_tag: some(e_tag), version: some(version) })
}

#[async_trait]
impl RefStore for S3Refs {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        Ok(self.raw(&at(key)).await?.filter(|(value, _)| !value.is_empty()))
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect, with: Vec<Companion>) -> Result<Wrote> {
        self.write_all(with).await?;
        let path = at(key);
        match expect {
            Expect::Any => self.write(&path, &value, PutMode::Overwrite).await,
            Expect::Tag(tag) => self.write(&path, &value, update(&tag)).await,
            Expect::Absent => match self.write(&path, &value, PutMode::Create).await? {
                Wrote::Done(tag) => Ok(Wrote::Done(tag)),
                // A deleted record may stand in the way.
                Wrote::Conflict => match self.raw(&path).await? {
                    Some((old, tag)) if old.is_empty() => self.write(&path, &value, update(&tag)).await,
                    _ => Ok(Wrote::Conflict),
                },
            },
        }
    }

    async fn delete(&self, key: &str, expect: Expect, with: Vec<Companion>) -> Result<bool> {
        self.write_all(with).await?;
        let path = at(key);
        if expect == Expect::Any {
            return match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(true),
                Err(error) => Err(error.into()),
            };
        }
        loop {
            let current = self.raw(&path).await?;
            let live = current.as_ref().filter(|(value, _)| !value.is_empty());
            if !crate::refstore::fits(&expect, live.map(|(_, tag)| tag)) {
                return Ok(false);
            }
            let Some((_, tag)) = live else { return Ok(true) };
            if self.write(&path, &[], update(tag)).await? != Wrote::Conflict {
                return Ok(true);
            }
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>> {
        // The store lists whole folders; a prefix may end inside of a name.
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let listed = self.store.list(Some(&at(folder)));
        let start = format!("{FOLDER}/");
        let mut keys: Vec<String> = listed
            .map_ok(|meta| meta.location.to_string().strip_prefix(&start).unwrap_or_default().to_owned())
            .try_filter(|key| {
                let wanted = key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after);
                futures::future::ready(wanted)
            })
            .try_collect()
            .await?;
        keys.sort_unstable();
        let mut records = Vec::new();
        let mut fetched = stream::iter(keys)
            .map(|key| async move { self.get(&key).await.map(|found| (key, found)) })
            .buffered(PARALLEL);
        while let Some(next) = fetched.next().await {
            if let (key, Some((value, tag))) = next? {
                records.push(Record { key, value, tag });
                if records.len() >= limit {
                    break;
                }
            }
        }
        Ok(records)
    }
}
