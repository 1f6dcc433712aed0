//! One large file by tus 1.0: created, sent in chunks, gone on with after a cut.
//!
//! Lives here: the protocol with its retries. Must not live here: which files go this way.
//! Invariants: an offset is only ever what the server acknowledged; the file is compared with what it was before each
//! chunk; waiting is for the server to answer again, up to a deadline that moves with each chunk that arrives.

use super::{
    super::{
        client::{Client, octets, passing},
        failure::{Result, Stop},
    },
    batch::changed,
    resume::{Key, Record, Records},
    sources::{Item, Seen, Target},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use kamld_types::{Hash, Kind, Problem};
use reqwest::{Method, RequestBuilder, StatusCode, header};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    time::{Duration, Instant},
};

/// Large enough that a round trip and a sync cost little, small enough to lose little by a cut.
const CHUNK: u64 = 8 * 1024 * 1024;
/// A chunk that cannot be stored in this time is not going to be.
const ANSWER: Duration = Duration::from_secs(120);
/// How often a chunk may arrive damaged before the network is not to be trusted.
const DAMAGED: u32 = 3;

pub struct Uploader<'a> {
    pub client: &'a Client,
    pub target: &'a Target,
    pub records: &'a Records,
    pub patience: Duration,
    /// Called with how many bytes have newly arrived.
    pub arrived: &'a (dyn Fn(u64) + Sync),
}

struct Chunk {
    offset: u64,
    bytes: Bytes,
    checksum: String,
}

/// What a PATCH came to.
enum Sent {
    Offset(u64),
    /// The server has another offset: ask it.
    Elsewhere,
    /// The chunk arrived damaged.
    Damaged,
    /// The server no longer knows the upload.
    Gone,
}

impl Uploader<'_> {
    pub async fn put(&self, item: &Item) -> Result<()> {
        let address = self.target.object(&item.path);
        let key = self.records.key(&self.client.place().identity(), &address, &item.source, &item.seen);
        let mut deadline = Instant::now() + self.patience;
        loop {
            let location = self.located(item, &address, &key, deadline).await?;
            match self.go_on(item, &location, &mut deadline).await {
                Ok(true) => {
                    key.forget();
                    return Ok(());
                }
                // The server has dropped it: from the start.
                Ok(false) => key.forget(),
                Err(stop) => {
                    // What can never be stored as it is will not be gone on with; what was cut or not allowed now may.
                    if matches!(
                        stop.kind(),
                        Some(Kind::Invalid | Kind::Conflict | Kind::AlreadyExists | Kind::Limit | Kind::NotFound)
                    ) {
                        key.forget();
                        let _ = self.client.raw(self.tus(Method::DELETE, &location)?).await;
                    }
                    return Err(stop);
                }
            }
            if Instant::now() > deadline {
                return Err(Problem::unavailable("the server forgets the upload again and again").into());
            }
        }
    }

    /// The upload that was begun before, or a new one.
    async fn located(&self, item: &Item, address: &str, key: &Key, deadline: Instant) -> Result<String> {
        if let Some(record) = key.load() {
            return Ok(record.location);
        }
        let mut metadata = format!("address {}", STANDARD.encode(address));
        if item.seen.modified > 0 {
            metadata.push_str(&format!(",modified {}", STANDARD.encode(item.seen.modified.to_string())));
        }
        loop {
            let request = self
                .client
                .post(&["uploads"])
                .header("Tus-Resumable", "1.0.0")
                .header("Upload-Length", item.seen.size)
                .header("Upload-Metadata", &metadata)
                .timeout(ANSWER);
            let response = match self.client.send(request).await {
                Err(stop) if passing(&stop) => {
                    self.wait(stop, deadline).await?;
                    continue;
                }
                answer => answer?,
            };
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let location =
                location.ok_or_else(|| Problem::internal("the server created an upload without saying where"))?;
            let location = self.client.located(location)?.path().to_owned();
            let record = Record {
                location: location.clone(),
                source: item.source.display().to_string(),
                target: address.into(),
                size: item.seen.size,
            };
            key.save(&record);
            return Ok(location);
        }
    }

    fn tus(&self, method: Method, location: &str) -> Result<RequestBuilder> {
        let url = self.client.located(location)?;
        Ok(self.client.request(method, url).header("Tus-Resumable", "1.0.0").timeout(ANSWER))
    }

    /// Until the server answers again; `stop` is told when it does not in time.
    async fn wait(&self, stop: Stop, deadline: Instant) -> Result<()> {
        // A server that is ready and yet refuses would otherwise be asked without any pause.
        if pause(deadline).await.is_err() || self.client.wait_until_back(deadline).await.is_err() {
            return Err(stop);
        }
        Ok(())
    }

    /// How far the server is; none when it does not know the upload.
    async fn offset(&self, location: &str, deadline: Instant) -> Result<Option<u64>> {
        loop {
            let response = match self.client.raw(self.tus(Method::HEAD, location)?).await {
                Err(stop) if passing(&stop) => {
                    self.wait(stop, deadline).await?;
                    continue;
                }
                answer => answer?,
            };
            match response.status() {
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::LOCKED => {
                    // The connection before this one is still being closed, or the server is not ready yet.
                    self.wait(Problem::unavailable("the server is busy with this upload").into(), deadline).await?;
                }
                status if status.is_success() => {
                    let offset = response.headers().get("Upload-Offset").and_then(|v| v.to_str().ok()?.parse().ok());
                    let offset =
                        offset.ok_or_else(|| Problem::internal("the server does not say how far an upload is"))?;
                    return Ok(Some(offset));
                }
                _ => return Err(self.client.refused(response).await),
            }
        }
    }

    /// Sends what is missing. False when the server no longer knows the upload.
    async fn go_on(&self, item: &Item, location: &str, deadline: &mut Instant) -> Result<bool> {
        let size = item.seen.size;
        let Some(mut offset) = self.offset(location, *deadline).await? else { return Ok(false) };
        if offset > size {
            return Ok(false);
        }
        let mut counted = offset;
        (self.arrived)(offset);
        let mut next = read_ahead(item, offset);
        let mut damaged = 0;
        loop {
            let mut chunk = next.await.map_err(|e| Problem::internal(format!("reading stopped: {e}")))??;
            if chunk.offset != offset {
                chunk = read_ahead(item, offset)
                    .await
                    .map_err(|e| Problem::internal(format!("reading stopped: {e}")))??;
            }
            // The next chunk is read and hashed while this one travels.
            next = read_ahead(item, offset + chunk.bytes.len() as u64);
            let last = offset + chunk.bytes.len() as u64 == size;
            match self.send(location, &chunk).await {
                Ok(Sent::Offset(reached)) => {
                    offset = reached;
                    damaged = 0;
                    *deadline = Instant::now() + self.patience;
                    if offset >= size {
                        (self.arrived)(offset - counted);
                        return Ok(true);
                    }
                }
                Ok(Sent::Damaged) if damaged < DAMAGED => damaged += 1,
                Ok(Sent::Damaged) => {
                    return Err(Problem::unavailable("its bytes arrive damaged at the server")
                        .help("the network between here and the server changes bytes")
                        .into());
                }
                Ok(Sent::Elsewhere) => {
                    pause(*deadline).await?;
                    match self.offset(location, *deadline).await? {
                        Some(reached) => offset = reached,
                        None => return self.gone(item, last).await,
                    }
                }
                Ok(Sent::Gone) => return self.gone(item, last).await,
                Err(stop) if passing(&stop) => {
                    self.wait(stop, *deadline).await?;
                    match self.offset(location, *deadline).await? {
                        Some(reached) => offset = reached,
                        None => return self.gone(item, last).await,
                    }
                }
                Err(stop) => return Err(stop),
            }
            // When all bytes are there without an answer that says so, an empty chunk asks whether they became an object.
            if offset > counted {
                (self.arrived)(offset - counted);
                counted = offset;
            }
        }
    }

    async fn send(&self, location: &str, chunk: &Chunk) -> Result<Sent> {
        let request = self
            .tus(Method::PATCH, location)?
            .header("Upload-Offset", chunk.offset)
            .header("Upload-Checksum", format!("sha256 {}", chunk.checksum));
        let request = octets(request, "application/offset+octet-stream", chunk.bytes.clone());
        let response = self.client.raw(request).await?;
        let status = response.status();
        if status.is_success() {
            let offset = response.headers().get("Upload-Offset").and_then(|v| v.to_str().ok()?.parse().ok());
            return Ok(offset.map_or(Sent::Elsewhere, Sent::Offset));
        }
        match status.as_u16() {
            404 | 410 => Ok(Sent::Gone),
            423 => Ok(Sent::Elsewhere),
            460 => Ok(Sent::Damaged),
            409 => {
                // A wrong offset, or an object that cannot be where it should: the kind in the body tells.
                let stop = self.client.refused(response).await;
                let elsewhere = stop.problem().is_none_or(|problem| problem.kind == Kind::Conflict);
                let known = self.offset(location, Instant::now()).await.ok().flatten();
                if elsewhere && known.is_some_and(|offset| offset != chunk.offset) {
                    Ok(Sent::Elsewhere)
                } else {
                    Err(stop)
                }
            }
            _ => Err(self.client.refused(response).await),
        }
    }

    /// The server does not know the upload any more: because it is done and only its answer was lost, or not.
    async fn gone(&self, item: &Item, last: bool) -> Result<bool> {
        if !last {
            return Ok(false);
        }
        let mut segments = vec!["objects", self.target.asset.project.as_str()];
        let asset = self.target.asset_segment();
        segments.push(&asset);
        segments.extend(item.path.as_str().split('/'));
        let response = self.client.raw(self.client.request(Method::HEAD, self.client.url(&segments))).await?;
        let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let stored = tag.and_then(|tag| tag.trim_matches('"').parse::<Hash>().ok());
        let source = item.source.clone();
        let local = tokio::task::spawn_blocking(move || hash_file(&source)).await;
        let local = local.map_err(|e| Problem::internal(format!("reading stopped: {e}")))??;
        Ok(stored == Some(local))
    }
}

/// A short rest before asking a server that answers, but not with what is needed.
async fn pause(deadline: Instant) -> Result<()> {
    if Instant::now() > deadline {
        return Err(Problem::unavailable("the server stays busy with this upload")
            .help("put the file again later")
            .into());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(())
}

fn read_ahead(item: &Item, offset: u64) -> tokio::task::JoinHandle<Result<Chunk, Problem>> {
    let item = item.clone();
    tokio::task::spawn_blocking(move || read_chunk(&item, offset))
}

fn read_chunk(item: &Item, offset: u64) -> Result<Chunk, Problem> {
    let cannot = |e: std::io::Error| Problem::invalid(format!("it cannot be read: {e}"));
    let length = (item.seen.size - offset.min(item.seen.size)).min(CHUNK);
    let mut file = File::open(&item.source).map_err(cannot)?;
    file.seek(SeekFrom::Start(offset)).map_err(cannot)?;
    let mut bytes = Vec::with_capacity(length as usize);
    (&mut file).take(length).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 != length || Seen::of(&file.metadata().map_err(cannot)?) != item.seen {
        return Err(changed());
    }
    let checksum = STANDARD.encode(Sha256::digest(&bytes));
    Ok(Chunk { offset, bytes: bytes.into(), checksum })
}

/// The SHA-256 of a whole file.
pub fn hash_file(source: &Path) -> Result<Hash, Problem> {
    let cannot = |e: std::io::Error| Problem::invalid(format!("'{}' cannot be read: {e}", source.display()));
    let mut file = File::open(source).map_err(cannot)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        match file.read(&mut buffer).map_err(cannot)? {
            0 => return Ok(Hash(digest.finalize().into())),
            n => digest.update(&buffer[..n]),
        }
    }
}
