//! Writing one object of unknown size, bit by bit: in memory while it is small, then in the spool.

use crate::{
    error::{Error, Result},
    model::{Millis, Object},
    objects::{NewBody, NewObject, SMALL},
    spool::{Held, Scratch, Spooled},
    store::AssetStore,
};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use kamld_types::{AssetId, BranchName, Hash, ObjectPath};
use sha2::{Digest, Sha256};
use std::pin::pin;

/// Bytes gathered before they go to the spool: a guest may write a few at a time.
const GATHER: usize = 1 << 20;

/// Where a written object goes.
#[derive(Clone, Debug)]
pub struct Destination {
    pub asset: AssetId,
    pub branch: Option<BranchName>,
    pub path: ObjectPath,
    pub media_type: Option<String>,
    pub modified: Option<Millis>,
}

/// Nothing is seen of the object before `finish`; dropped before that, nothing was written.
pub struct ObjectWriter {
    store: AssetStore,
    to: Destination,
    gathered: BytesMut,
    spooled: Option<(Scratch, Sha256, u64)>,
}

impl AssetStore {
    /// `not-found` without the asset or branch.
    pub async fn writer(&self, to: Destination) -> Result<ObjectWriter> {
        self.inner.target(&to.asset, to.branch.as_ref()).await?;
        Ok(ObjectWriter { store: self.clone(), to, gathered: BytesMut::new(), spooled: None })
    }

    /// Writes one object from a stream; when that fails nothing is seen of it.
    pub async fn put_stream<S, E>(&self, to: Destination, body: S) -> Result<Object>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send,
        E: std::fmt::Display + Send,
    {
        let mut writer = self.writer(to).await?;
        let mut body = pin!(body);
        // Small ones need no file; the rest goes to disk and hash side by side.
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|error| {
                Error::cancelled(format!("the object was cut: {error}")).help("nothing of it was kept; send it again")
            })?;
            writer.gathered.extend_from_slice(&bytes);
            if writer.gathered.len() > SMALL as usize {
                break;
            }
        }
        if writer.gathered.len() > SMALL as usize {
            let first = stream::iter([Ok(writer.gathered.split().freeze())]);
            writer.spill(first.chain(body)).await?;
        }
        writer.finish().await
    }
}

impl ObjectWriter {
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHER {
            let block = self.gathered.split().freeze();
            self.spill(stream::iter([Ok::<_, Error>(block)])).await?;
        }
        Ok(())
    }

    async fn spill<S, E>(&mut self, body: S) -> Result<()>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send,
        E: std::fmt::Display + Send,
    {
        let spool = &self.store.inner.spool;
        let (scratch, hasher, at) = match self.spooled.take() {
            Some(spooled) => spooled,
            None => (spool.scratch()?, Sha256::new(), 0),
        };
        let backing = self.store.inner.backing();
        let most = backing.largest().unwrap_or(u64::MAX);
        let filled = spool.fill(scratch.file.clone(), at, most, Some(hasher), body, Held::default()).await;
        if let Some(trouble) = filled.trouble {
            return Err(match trouble {
                Error::Invalid(_) => match backing.check_size(self.to.path.as_str(), most.saturating_add(1)) {
                    Err(too_large) => too_large,
                    Ok(()) => trouble,
                },
                Error::Limit(words) => Error::limit(words.message)
                    .help("nothing of the object was kept; free some space and write it again"),
                trouble => trouble,
            });
        }
        let hasher = filled.hasher.ok_or_else(|| Error::internal("the hash of a write was lost"))?;
        self.spooled = Some((scratch, hasher, filled.offset));
        Ok(())
    }

    /// Puts the object in place, durably.
    pub async fn finish(mut self) -> Result<Object> {
        if self.spooled.is_some() && !self.gathered.is_empty() {
            let rest = self.gathered.split().freeze();
            self.spill(stream::iter([Ok::<_, Error>(rest)])).await?;
        }
        let body = match self.spooled.take() {
            None => NewBody::Bytes(self.gathered.freeze()),
            Some((scratch, hasher, size)) => {
                NewBody::Spooled(Spooled::of_scratch(scratch, size, Hash(hasher.finalize().into())).await?)
            }
        };
        let Destination { asset, branch, path, media_type, modified } = self.to;
        let put = self.store.put(&asset, branch.as_ref(), vec![NewObject { path, media_type, modified, body }]).await?;
        put.into_iter().next().ok_or_else(|| Error::internal("a put of one object answered none"))
    }
}
