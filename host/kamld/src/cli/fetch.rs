//! One object over HTTP into a file or the standard output, checked against its hash.
//!
//! Lives here: ranges, retries, the part file. Must not live here: which objects are fetched.
//! Invariant: the part file is named after path and hash, so only a prefix of the very same bytes is ever gone on with.

use super::{
    client::{Client, passing},
    failure::{Result, Stop},
    listing::Entry,
    output::Output,
    put::upload::hash_file,
};
use futures::StreamExt;
use kamld_types::{Hash, ObjectPath, Problem};
use reqwest::{Response, StatusCode, header};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, FileTimes, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant, UNIX_EPOCH},
};

pub struct Fetch<'a> {
    pub client: &'a Client,
    pub project: &'a str,
    pub asset: &'a str,
    pub force: bool,
    pub patience: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    Stored,
    /// The same bytes are there already.
    Unchanged,
}

impl Fetch<'_> {
    /// Fetches into `file`, whose folder exists.
    pub async fn store(&self, entry: &Entry, file: &Path, advance: impl Fn(u64)) -> Result<Fetched> {
        if self.is_there(entry, file).await? {
            advance(entry.size);
            return Ok(Fetched::Unchanged);
        }
        let path_hash = Hash(Sha256::digest(file.as_os_str().as_encoded_bytes()).into());
        let part = file.with_file_name(format!(".kamld-{}-{}.part", path_hash.short(), entry.hash.short()));
        let mut deadline = Instant::now() + self.patience;
        let mut told = 0;
        let done = loop {
            let before = part_size(&part);
            match self.fill(entry, &part, &mut told, &advance).await {
                Err(stop) if passing(&stop) => {
                    if part_size(&part) > before {
                        deadline = Instant::now() + self.patience;
                    }
                    if Instant::now() > deadline {
                        break Err(stop);
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    if self.client.wait_until_back(deadline).await.is_err() {
                        break Err(stop);
                    }
                }
                done => break done,
            }
        };
        done?;
        // Somebody may have put a file there meanwhile.
        if self.is_there(entry, file).await? {
            let _ = fs::remove_file(&part);
            return Ok(Fetched::Unchanged);
        }
        let cannot = |e: std::io::Error| Problem::unavailable(format!("'{}' cannot be written: {e}", file.display()));
        fs::rename(&part, file).map_err(cannot)?;
        Ok(Fetched::Stored)
    }

    /// Whether the same bytes are in the file; an error when others are and may not be overwritten.
    async fn is_there(&self, entry: &Entry, file: &Path) -> Result<bool> {
        let Ok(found) = fs::symlink_metadata(file) else { return Ok(false) };
        if found.is_dir() {
            return Err(Problem::conflict(format!("'{}' is a folder and should be a file", file.display()))
                .help("fetch into another folder")
                .into());
        }
        if found.is_file() && found.len() == entry.size {
            let local = file.to_owned();
            let hash = tokio::task::spawn_blocking(move || hash_file(&local)).await;
            if hash.map_err(|e| Problem::internal(format!("reading stopped: {e}")))?? == entry.hash {
                return Ok(true);
            }
        }
        if self.force {
            return Ok(false);
        }
        Err(Problem::conflict(format!("'{}' is there and differs", file.display()))
            .help("it was kept; --force overwrites it")
            .into())
    }

    async fn ask(&self, path: &ObjectPath, from: u64, hash: Hash) -> Result<Response> {
        let mut segments = vec!["objects", self.project, self.asset];
        segments.extend(path.as_str().split('/'));
        let mut request = self.client.get(&segments);
        if from > 0 {
            request =
                request.header(header::RANGE, format!("bytes={from}-")).header(header::IF_RANGE, format!("\"{hash}\""));
        }
        let response = self.client.send(request).await?;
        let tag = response
            .headers()
            .get(header::ETAG)
            .and_then(|tag| tag.to_str().ok())
            .map(|tag| tag.trim_matches('"').to_owned());
        match tag {
            Some(tag) if tag != hash.to_hex() => Err(Problem::conflict(format!("'{path}' was changed meanwhile"))
                .help("run it again, or name a version or commit, which never changes")
                .into()),
            _ => Ok(response),
        }
    }

    /// Brings the part file to its full length and checks it. `told` is how many bytes the bar knows of.
    async fn fill(&self, entry: &Entry, part: &Path, told: &mut u64, advance: &impl Fn(u64)) -> Result<()> {
        let (digest, mut have) = prefix(part, entry.size).await?;
        let mut digest = digest;
        let cannot = |e: std::io::Error| {
            Stop::from(Problem::unavailable(format!("'{}' cannot be written: {e}", part.display())))
        };
        let mut tell = |have: u64| {
            if have > *told {
                advance(have - *told);
                *told = have;
            }
        };
        tell(have);
        if have < entry.size || entry.size == 0 {
            let response = self.ask(&entry.path, have, entry.hash).await?;
            if response.status() != StatusCode::PARTIAL_CONTENT && have > 0 {
                (digest, have) = (Sha256::new(), 0);
            }
            let mut options = OpenOptions::new();
            options.create(true).write(true);
            if have > 0 {
                options.append(true)
            } else {
                options.truncate(true)
            };
            let mut file = options.open(part).map_err(cannot)?;
            let mut stream = response.bytes_stream();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|e| self.client.lost(&e))?;
                digest.update(&chunk);
                file.write_all(&chunk).map_err(cannot)?;
                have += chunk.len() as u64;
                tell(have);
            }
            if let Some(modified) = entry.modified.and_then(|ms| u64::try_from(ms).ok()) {
                // The time is a courtesy: a file system that keeps none still has the bytes.
                let _ = file.set_times(FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_millis(modified)));
            }
        }
        if Hash(digest.finalize().into()) != entry.hash {
            let _ = fs::remove_file(part);
            return Err(damaged(&entry.path).into());
        }
        Ok(())
    }

    /// Streams to the standard output. What was written cannot be taken back, so a damage is told at the end.
    pub async fn print(&self, path: &ObjectPath, hash: Hash, output: &Output) -> Result<()> {
        let mut digest = Sha256::new();
        let mut stream = self.ask(path, 0, hash).await?.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk =
                chunk.map_err(|e| self.client.lost(&e).help("what was written before that is not the whole object"))?;
            digest.update(&chunk);
            output.bytes(&chunk)?;
        }
        if Hash(digest.finalize().into()) == hash { Ok(()) } else { Err(damaged(path).into()) }
    }
}

fn damaged(path: &ObjectPath) -> Problem {
    Problem::corrupt(format!("'{path}' did not arrive as it was stored"))
        .help("nothing of it was kept; run it again, and `kamld storage check` when it happens again")
}

fn part_size(part: &Path) -> u64 {
    fs::metadata(part).map(|found| found.len()).unwrap_or(0)
}

/// The hash over what a cut transfer left, and how much that is.
async fn prefix(part: &Path, size: u64) -> Result<(Sha256, u64)> {
    let part: PathBuf = part.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut digest = Sha256::new();
        let Ok(mut file) = File::open(&part) else { return (digest, 0) };
        let mut buffer = vec![0; 1024 * 1024];
        let mut have = 0;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => {
                    digest.update(&buffer[..n]);
                    have += n as u64;
                }
                // What cannot be read back is fetched again.
                Err(_) => return (Sha256::new(), 0),
            }
        }
        if have > size { (Sha256::new(), 0) } else { (digest, have) }
    });
    read.await.map_err(|e| Problem::internal(format!("reading stopped: {e}")).into())
}
