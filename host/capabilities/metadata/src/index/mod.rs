//! Keeps the search index in step with storage: by comparing states, never by trusting a log of events.
//!
//! Lives here: what storage must answer (`Assets`), who finds out what is in an object (`Describer`), and the two
//! workers. Must not live here: the fields of the index and queries (`search`).
//! Invariants: a root is recorded as indexed only after the index was committed with it, and everything between
//! two commits may be done twice; no describer, whatever it does, holds up the index.

pub(crate) mod describe;
pub(crate) mod entry;
pub(crate) mod follow;
pub(crate) mod state;

use crate::description::{Description, Source};
use async_trait::async_trait;
use kamld_types::{AssetId, Hash, ObjectPath, Problem};

/// One asset as storage has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetState {
    pub asset: AssetId,
    /// `dataset` or `model`.
    pub kind: String,
    /// Differs between an asset and another one that got the same name after the first was removed.
    pub incarnation: String,
    /// Names the working state of the default branch; opaque here, and equal exactly when the state is.
    pub root: Vec<u8>,
    /// Milliseconds since 1970.
    pub modified: u64,
    pub objects: u64,
    /// Bytes.
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectState {
    pub hash: Hash,
    /// Bytes.
    pub size: u64,
    pub media_type: String,
    /// Milliseconds since 1970.
    pub modified: u64,
}

/// One difference between two states of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: ObjectPath,
    /// What is there now; `None` when it was removed.
    pub object: Option<ObjectState>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangePage {
    /// In order of path.
    pub changes: Vec<Change>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<String>,
}

/// What the indexer asks of storage. Implemented by the host over its asset store.
#[async_trait]
pub trait Assets: Send + Sync + 'static {
    async fn list_assets(&self) -> Result<Vec<AssetState>, Problem>;

    /// `None` when there is no such asset (any more).
    async fn asset(&self, asset: &AssetId) -> Result<Option<AssetState>, Problem>;

    /// What differs from one root to another, or all objects of `to` when there is no `from`; paths behind
    /// `after`, at most `limit`. `not-found` when a root is no longer known: the indexer begins anew then.
    async fn changes(
        &self,
        asset: &AssetId,
        from: Option<&[u8]>,
        to: &[u8],
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage, Problem>;

    /// One object in the working state of the default branch; `None` also when the asset is not there.
    async fn object(&self, asset: &AssetId, path: &ObjectPath) -> Result<Option<ObjectState>, Problem>;
}

/// One question to a describer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeRequest {
    pub asset: AssetId,
    pub path: ObjectPath,
    /// The state of the asset that was seen to have this object, as `AssetState.root`.
    pub root: Vec<u8>,
    pub hash: Hash,
    pub media_type: String,
    /// Bytes.
    pub size: u64,
}

/// What somebody found out, and who.
#[derive(Clone, Debug)]
pub struct Told {
    /// The describer that knew; when none did, all that were asked.
    pub by: Vec<Source>,
    pub result: Result<Description, Problem>,
}

/// Who finds out what is in an object. Implemented by the host through plug-ins, under limits of its own.
#[async_trait]
pub trait Describer: Send + Sync + 'static {
    /// `None` when nobody describes this media type. A problem of kind `invalid`, `corrupt`, `limit` or
    /// `internal` is kept with the content; any other is asked again after the next start.
    async fn describe(&self, request: DescribeRequest) -> Option<Told>;

    /// Whether what was said by this one still counts: not when it is gone. With `failed` it could say nothing, and then a
    /// newer version of it is another one.
    fn counts(&self, source: &Source, failed: bool) -> bool;
}
