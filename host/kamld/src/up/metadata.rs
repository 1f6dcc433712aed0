//! Which back end keeps metadata: what people wrote in one file of records, what can be made again in sled.

use super::migrate;
use anyhow::Context;
use kamld::folder::Folder;
use kamld_metadata::{Derived, Embedded};
use kamld_records::{Records, RedbRecords};
use kamld_types::Problem;
use std::sync::Arc;

/// The file of the records in the data folder.
pub const RECORDS: &str = "records.redb";
/// The folder of the store of derived metadata.
pub const DERIVED: &str = "derived";

pub struct Opened {
    pub records: Arc<dyn Records>,
    pub derived: Arc<Derived>,
    pub embedded: Embedded,
}

/// Opens the metadata of a data folder. One of an older format is brought to the current one first.
pub async fn open(folder: &Folder) -> anyhow::Result<Opened> {
    migrate::prepare(folder)?;
    let in_folder = || format!("the metadata in {} cannot be opened", folder.path.display());
    let records: Arc<dyn Records> =
        Arc::new(RedbRecords::open(&folder.join(RECORDS)).map_err(Problem::from).with_context(in_folder)?);
    let derived = Arc::new(Derived::open(&folder.join(DERIVED)).map_err(Problem::from).with_context(in_folder)?);
    migrate::run(folder, &records, &derived).await?;
    let embedded = Embedded::new(&records, &derived);
    Ok(Opened { records, derived, embedded })
}
