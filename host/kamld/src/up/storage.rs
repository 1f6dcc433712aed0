//! Which back end keeps bytes and refs: the local disk, or an S3.

use super::folder::Folder;
use crate::config;
use anyhow::{Context, bail};
use kamld_metadata::sql::Config as SqlConfig;
use kamld_storage::{AssetStore, Backends, embedded::SledRefs, s3::S3Refs};
use object_store::{ObjectStore, aws::AmazonS3Builder, prefix::PrefixStore};
use std::{sync::Arc, time::Duration};

/// Opens the store that the configuration names.
pub async fn open(config: &config::Storage, folder: &Folder, db: &sled::Db) -> anyhow::Result<AssetStore> {
    let backends = match config.backend.as_str() {
        "local" => {
            let tree = db.open_tree("storage-refs").context("the refs cannot be opened")?;
            let refs = SledRefs::new(tree, Some(&folder.path)).map_err(kamld_types::Problem::from)?;
            Backends::local(&folder.join("store"), Arc::new(refs)).map_err(kamld_types::Problem::from)?
        }
        "s3" => {
            let objects = s3(&config.s3)?;
            let refs = S3Refs::open(objects.clone()).await.map_err(kamld_types::Problem::from)?;
            Backends { objects, local: None, refs: Arc::new(refs), spool: folder.join("spool") }
        }
        other => bail!("storage.backend '{other}' is neither local nor s3"),
    };
    Ok(AssetStore::open(backends).map_err(kamld_types::Problem::from)?)
}

fn s3(config: &config::S3) -> anyhow::Result<Arc<dyn ObjectStore>> {
    if config.bucket.is_empty() {
        bail!("storage.s3.bucket is not set");
    }
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(&config.bucket)
        .with_region(if config.region.is_empty() { "us-east-1" } else { &config.region });
    if !config.endpoint.is_empty() {
        builder = builder.with_endpoint(&config.endpoint).with_allow_http(config.endpoint.starts_with("http://"));
    }
    if !config.access_key.is_empty() {
        builder = builder.with_access_key_id(&config.access_key).with_secret_access_key(&config.secret_key);
    }
    let store = builder.build().context("the S3 of storage.s3 cannot be used")?;
    Ok(match config.prefix.trim_matches('/') {
        "" => Arc::new(store),
        prefix => Arc::new(PrefixStore::new(store, prefix)),
    })
}

/// The limits of queries, in the words of SQL.
pub fn sql(config: &config::Sql, folder: &Folder) -> SqlConfig {
    SqlConfig {
        memory: config.memory_mib << 20,
        spill: Some(folder.join("spill")),
        spill_limit: config.spill_mib << 20,
        time: Duration::from_secs(config.time_s),
        ..SqlConfig::default()
    }
}
