//! `kamld put`: any number of files of any size into an asset, going on where it was cut.
//!
//! Lives here: the order of the work, what is told at the end. Must not live here: tar, tus, the walk.
//! Invariants: what is stored stays stored, whatever happens to the rest; a file that is there already is not sent.

pub mod batch;
pub mod resume;
pub mod sources;
pub mod upload;

use super::{
    client::{Client, octets, passing},
    failure::{Result, Stop},
    listing::{self, Known},
    output::{Output, aside},
    transfer::Transfer,
    tree::PutArgs,
    view::{clean, words},
};
use batch::{Content, SMALL};
use futures::{StreamExt, TryStreamExt, stream};
use kamld_types::{Kind, Problem};
use parking_lot::Mutex;
use resume::Records;
use serde_json::json;
use sources::{Item, Plan, Target};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use upload::{Uploader, hash_file};

/// One is being stored while the next is read and packed.
const IN_FLIGHT: usize = 2;
/// So many errors are told one by one; a whole disk of them is not.
const TOLD: usize = 20;

#[derive(Default)]
struct Tally {
    stored: u64,
    bytes: u64,
    unchanged: u64,
    failed: Vec<(PathBuf, Problem)>,
}

struct Put<'a> {
    client: &'a Client,
    target: &'a Target,
    known: &'a Known,
    records: &'a Records,
    patience: Duration,
    transfer: &'a Transfer,
    tally: &'a Mutex<Tally>,
}

pub async fn put(client: &Client, args: &PutArgs, cache: &Path, output: &Output) -> Result<()> {
    let target = Target::parse(&args.target)?;
    let (sources, into) = (args.sources.clone(), target.clone());
    let plan = tokio::task::spawn_blocking(move || sources::plan(&sources, &into)).await;
    let Plan { items, skipped, failed } = plan.map_err(|e| Problem::internal(format!("the walk stopped: {e}")))??;
    for skipped in &skipped {
        aside(&format!("skipped {}: {}", clean(&skipped.source.to_string_lossy()), skipped.why));
    }
    let known = known(client, &target, &items).await?;
    let started = Instant::now();
    let total: u64 = items.iter().map(|item| item.seen.size).sum();
    let transfer = Transfer::new(total, !output.json);
    let tally = Mutex::new(Tally { failed, ..Tally::default() });
    let work = Put {
        client,
        target: &target,
        known: &known,
        records: &Records::new(cache),
        patience: Duration::from_secs(args.retry_for),
        transfer: &transfer,
        tally: &tally,
    };
    let (small, large): (Vec<Item>, Vec<Item>) = items.iter().cloned().partition(|item| item.seen.size < SMALL);
    let ended = tokio::select! {
        ended = async { tokio::try_join!(work.small(small), work.large(large)).map(|_| ()) } => ended,
        _ = tokio::signal::ctrl_c() => Err(Problem::cancelled("stopped").into()),
    };
    transfer.finish();
    let tally = tally.into_inner();
    if let Err(stop) = ended {
        let done = tally.stored + tally.unchanged;
        let kept = format!(
            "{} of {} stored; putting again goes on from there",
            words::count(done as i64),
            words::some(items.len() as u64, "file is", "files are")
        );
        // A missing asset has help of its own, and nothing was stored.
        return Err(if stop.kind() == Some(Kind::NotFound) { stop } else { stop.help(kept) });
    }
    let skipped: Vec<_> =
        skipped.iter().map(|s| json!({"source": s.source.to_string_lossy(), "reason": s.why})).collect();
    tell(&tally, &skipped, started.elapsed(), output)
}

/// What the asset holds of these paths already; an asset that is not there is told with the way to make it.
async fn known(client: &Client, target: &Target, items: &[Item]) -> Result<Known> {
    let paths: Vec<&str> = items.iter().map(|item| item.path.as_str()).collect();
    let asset = target.asset_segment();
    let known = listing::known(client, target.asset.project.as_str(), &asset, &paths).await;
    match known {
        Err(stop) if stop.kind() == Some(Kind::NotFound) => {
            let mut help = format!("nothing was sent; make the asset first: kamld asset create {}", target.asset);
            if let Some(branch) = &target.branch {
                let probe =
                    listing::known(client, target.asset.project.as_str(), target.asset.name.as_str(), &[]).await;
                if probe.is_ok() {
                    help = format!(
                        "nothing was sent; make the branch first: kamld branch create {} {branch}",
                        target.asset
                    );
                }
            }
            Err(stop.help(help))
        }
        other => other,
    }
}

fn tell(tally: &Tally, skipped: &[serde_json::Value], took: Duration, output: &Output) -> Result<()> {
    if output.json {
        let failed: Vec<_> = tally
            .failed
            .iter()
            .map(|(source, p)| json!({"source": source.to_string_lossy(), "kind": p.kind, "message": p.message}))
            .collect();
        output.data(&json!({
            "files": tally.stored, "bytes": tally.bytes, "unchanged": tally.unchanged, "skipped": skipped, "failed": failed,
            "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
        }))?;
    } else {
        let mut line = format!(
            "put {}, {} in {}",
            words::some(tally.stored, "file", "files"),
            words::bytes(tally.bytes),
            words::seconds(took.as_secs_f64())
        );
        let mut also = Vec::new();
        if tally.unchanged > 0 {
            also.push(format!("{} unchanged", words::count(tally.unchanged as i64)));
        }
        if !skipped.is_empty() {
            also.push(format!("{} skipped", words::count(skipped.len() as i64)));
        }
        if !tally.failed.is_empty() {
            also.push(format!("{} failed", words::count(tally.failed.len() as i64)));
        }
        if !also.is_empty() {
            line.push_str(&format!(" ({})", also.join(", ")));
        }
        output.text(&format!("{line}\n"))?;
    }
    let Some((first, problem)) = tally.failed.first() else { return Ok(()) };
    for (source, problem) in tally.failed.iter().skip(1).take(TOLD - 1) {
        aside(&format!("failed {}: {}", clean(&source.to_string_lossy()), clean(&problem.message)));
    }
    if tally.failed.len() > TOLD {
        aside(&format!("and {} more", words::count((tally.failed.len() - TOLD) as i64)));
    }
    let help = problem.help.clone().unwrap_or_else(|| "all others are kept; put it again once that is mended".into());
    Err(Problem::new(problem.kind, format!("'{}' was not put: {}", first.display(), problem.message)).help(help).into())
}

impl Put<'_> {
    fn fail(&self, item: &Item, problem: Problem) {
        self.transfer.advance(item.seen.size);
        self.tally.lock().failed.push((item.source.clone(), problem));
    }

    fn unchanged(&self, item: &Item) {
        self.transfer.advance(item.seen.size);
        self.tally.lock().unchanged += 1;
    }

    async fn small(&self, items: Vec<Item>) -> Result<()> {
        let groups = batch::groups(&items).into_iter().map(|group| items[group].to_vec());
        stream::iter(groups)
            .map(|group| self.group(group))
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    async fn group(&self, items: Vec<Item>) -> Result<()> {
        let read = tokio::task::spawn_blocking(move || {
            items.into_iter().map(|item| (batch::read(&item), item)).collect::<Vec<_>>()
        });
        let mut contents = Vec::new();
        for read in read.await.map_err(|e| Problem::internal(format!("reading stopped: {e}")))? {
            match read {
                (Ok(content), _) if self.known.same(&content.item.path, content.item.seen.size, || content.hash()) => {
                    self.unchanged(&content.item)
                }
                (Ok(content), _) => contents.push(content),
                (Err(problem), item) => self.fail(&item, problem),
            }
        }
        // Halves of what was refused, until the one file that is to blame stands alone.
        let mut waiting = vec![contents];
        while let Some(mut contents) = waiting.pop() {
            if contents.is_empty() {
                continue;
            }
            match self.send(&contents).await {
                Ok(()) => {
                    let bytes: u64 = contents.iter().map(|content| content.item.seen.size).sum();
                    self.transfer.advance(bytes);
                    let mut tally = self.tally.lock();
                    tally.stored += contents.len() as u64;
                    tally.bytes += bytes;
                }
                Err(stop) if !blames_one(&stop) => return Err(stop),
                Err(stop) if contents.len() == 1 => {
                    if let Some(problem) = stop.problem() {
                        self.fail(&contents[0].item, problem.clone());
                    }
                }
                Err(_) => {
                    let rest = contents.split_off(contents.len() / 2);
                    waiting.push(rest);
                    waiting.push(contents);
                }
            }
        }
        Ok(())
    }

    /// One batch; sent again it is the same batch, so a lost answer costs nothing.
    async fn send(&self, contents: &[Content]) -> Result<()> {
        let packed = batch::pack(contents)?;
        let asset = self.target.asset_segment();
        let deadline = Instant::now() + self.patience;
        loop {
            let request = self.client.post(&["batches", self.target.asset.project.as_str(), &asset]);
            match self.client.send(octets(request, "application/x-tar", packed.clone())).await {
                Err(stop) if passing(&stop) && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    self.client.wait_until_back(deadline).await.map_err(|_| stop)?;
                }
                answer => return answer.map(|_| ()),
            }
        }
    }

    async fn large(&self, items: Vec<Item>) -> Result<()> {
        stream::iter(items)
            .map(|item| self.one_large(item))
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    async fn one_large(&self, item: Item) -> Result<()> {
        if self.known.has_size(&item.path, item.seen.size) {
            let source = item.source.clone();
            let hashed = tokio::task::spawn_blocking(move || hash_file(&source)).await;
            match hashed.map_err(|e| Problem::internal(format!("reading stopped: {e}")))? {
                Ok(hash) if self.known.same(&item.path, item.seen.size, || hash) => {
                    self.unchanged(&item);
                    return Ok(());
                }
                Ok(_) => {}
                Err(problem) => {
                    self.fail(&item, problem);
                    return Ok(());
                }
            }
        }
        let arrived = |bytes| self.transfer.advance(bytes);
        let uploader = Uploader {
            client: self.client,
            target: self.target,
            records: self.records,
            patience: self.patience,
            arrived: &arrived,
        };
        match uploader.put(&item).await {
            Ok(()) => {
                let mut tally = self.tally.lock();
                tally.stored += 1;
                tally.bytes += item.seen.size;
                Ok(())
            }
            Err(stop) if blames_one(&stop) || stop.kind() == Some(Kind::Limit) => {
                if let Some(problem) = stop.problem() {
                    self.tally.lock().failed.push((item.source, problem.clone()));
                }
                Ok(())
            }
            Err(stop) => Err(stop),
        }
    }
}

/// Whether an error is about one file, so that the others may go on.
fn blames_one(stop: &Stop) -> bool {
    matches!(stop.kind(), Some(Kind::Invalid | Kind::Conflict | Kind::AlreadyExists))
}
