//! Which back end keeps bytes and refs: the local disk, or an S3.

use anyhow::bail;
use kamld::{config, folder::Folder};
use kamld_metadata::sql::Config as SqlConfig;
use kamld_records::Records;
use kamld_storage::{
    AssetStore, Backends,
    embedded::RecordRefs,
    s3::{S3Config, S3Objects, S3Refs, s3_objects},
};
use kamld_worker::Launch;
use std::{sync::Arc, time::Duration};

/// Opens the store that the configuration names, and brings its refs up to date.
pub async fn open(config: &config::Storage, folder: &Folder, records: &Arc<dyn Records>) -> anyhow::Result<AssetStore> {
    let backends = match config.backend.as_str() {
        "local" => {
            let refs = RecordRefs::new(records.clone());
            Backends::local(&folder.join("store"), Arc::new(refs)).map_err(kamld_types::Problem::from)?
        }
        "s3" => {
            let S3Objects { objects, multipart } = s3(&config.s3)?;
            let refs = S3Refs::open(objects.clone()).await.map_err(kamld_types::Problem::from)?;
            Backends {
                objects,
                multipart: Some(multipart),
                local: None,
                refs: Arc::new(refs),
                spool: folder.join("spool"),
            }
        }
        other => bail!("storage.backend '{other}' is neither local nor s3"),
    };
    let store = AssetStore::open(backends).map_err(kamld_types::Problem::from)?;
    for (asset, old, new) in store.upgrade().await.map_err(kamld_types::Problem::from)?.renamed {
        eprintln!("note: version '{old}' of asset {asset} had the name of a branch and is called '{new}' now");
    }
    Ok(store)
}

fn s3(config: &config::S3) -> anyhow::Result<S3Objects> {
    for (key, value) in [("endpoint", &config.endpoint), ("bucket", &config.bucket)] {
        if value.is_empty() {
            bail!("storage.s3.{key} is not set");
        }
    }
    let prefix = config.prefix.trim_matches('/');
    let config = S3Config {
        url: config.endpoint.clone(),
        key: config.access_key.clone(),
        secret: config.secret_key.clone(),
        bucket: config.bucket.clone(),
        region: config.region.clone(),
        prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
    };
    Ok(s3_objects(&config).map_err(kamld_types::Problem::from)?)
}

/// The limits of queries, in the words of SQL.
pub fn sql(config: &config::Sql, folder: &Folder, worker: Launch) -> SqlConfig {
    SqlConfig {
        memory: config.memory_mib << 20,
        spill: Some(folder.join("spill")),
        spill_limit: config.spill_mib << 20,
        workers: config.workers,
        time: Duration::from_secs(config.time_s),
        results: (config.results_mib > 0).then_some(config.results_mib << 20),
        ..SqlConfig::new(worker)
    }
}
