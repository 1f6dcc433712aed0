//! The objects of one query as the engine's object store: read-only, and nothing else is in it.
//!
//! Must not live here: names of assets; an object is found by its hash, so that what the engine remembers about it
//! holds for every query. Invariants: only what was admitted was put in; every read is within 8 MiB; no other store,
//! local files least of all, can be reached.

use super::objects::{Entry, Snapshot};
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::{
    common::{exec_err, not_impl_err},
    error::Result as PlanResult,
    execution::object_store::ObjectStoreRegistry,
    object_store::{
        CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
        ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, path::Path,
    },
};
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use std::{collections::HashMap, fmt, sync::Arc};
use url::Url;

const PIECE: u64 = 8 << 20;
pub(crate) const ROOT: &str = "kamld://objects/";

#[derive(Default)]
pub(crate) struct QueryStore {
    objects: HashMap<Path, (Arc<dyn Snapshot>, Entry)>,
}

impl QueryStore {
    /// Puts an admitted object in; answers where it is.
    pub(crate) fn admit(&mut self, snapshot: Arc<dyn Snapshot>, entry: Entry) -> ObjectMeta {
        let location = Path::from(entry.hash.to_hex());
        let meta = meta(&location, &entry);
        self.objects.insert(location, (snapshot, entry));
        meta
    }

    fn find(&self, location: &Path) -> Result<&(Arc<dyn Snapshot>, Entry)> {
        let missing = || Error::NotFound { path: location.to_string(), source: "no such object in this query".into() };
        self.objects.get(location).ok_or_else(missing)
    }
}

fn meta(location: &Path, entry: &Entry) -> ObjectMeta {
    ObjectMeta {
        location: location.clone(),
        // Content never changes under a hash.
        last_modified: DateTime::UNIX_EPOCH,
        size: entry.size,
        e_tag: Some(location.to_string()),
        version: None,
    }
}

impl fmt::Debug for QueryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for QueryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} objects", self.objects.len())
    }
}

fn refused<T>() -> Result<T> {
    Err(Error::NotSupported { source: "a query cannot write".into() })
}

#[async_trait]
impl ObjectStore for QueryStore {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        refused()
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        refused()
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (snapshot, entry) = self.find(location)?;
        let meta = meta(location, entry);
        options.check_preconditions(&meta)?;
        let wrong = |source| Error::Generic { store: "kamld", source };
        let range = match &options.range {
            Some(range) => range.as_range(entry.size).map_err(|error| wrong(Box::new(error)))?,
            None => 0..entry.size,
        };
        let (snapshot, path, start, end) = (snapshot.clone(), entry.path.clone(), range.start, range.end);
        let pieces = if options.head { 0 } else { (end - start).div_ceil(PIECE) };
        let payload = stream::iter(0..pieces)
            .then(move |piece| {
                let (snapshot, path) = (snapshot.clone(), path.clone());
                let from = start + piece * PIECE;
                async move { snapshot.read(&path, from..(from + PIECE).min(end)).await }
            })
            .map_err(|problem| Error::Generic { store: "kamld", source: Box::new(problem) })
            .boxed();
        Ok(GetResult { payload: GetResultPayload::Stream(payload), meta, range, attributes: Default::default() })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        locations.then(|_| async { refused() }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed: Vec<Result<ObjectMeta>> = self
            .objects
            .iter()
            .filter(|(location, _)| prefix.is_none_or(|prefix| location.prefix_matches(prefix)))
            .map(|(location, (_, entry))| Ok(meta(location, entry)))
            .collect();
        stream::iter(listed).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        Ok(ListResult { common_prefixes: Vec::new(), objects: self.list(prefix).try_collect().await? })
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        refused()
    }
}

/// Knows the objects of one query. There is no store for files, nor for any address of the network.
#[derive(Debug)]
pub(crate) struct OnlyStore(pub Arc<dyn ObjectStore>);

impl ObjectStoreRegistry for OnlyStore {
    fn register_store(&self, _: &Url, _: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn deregister_store(&self, _: &Url) -> PlanResult<Arc<dyn ObjectStore>> {
        not_impl_err!("the store of a query stays")
    }

    fn get_store(&self, url: &Url) -> PlanResult<Arc<dyn ObjectStore>> {
        if url.as_str().starts_with(ROOT.trim_end_matches('/')) {
            Ok(self.0.clone())
        } else {
            exec_err!("only objects of assets can be read, not '{url}'")
        }
    }
}
