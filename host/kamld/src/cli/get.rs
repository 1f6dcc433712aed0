//! `kamld get`: one object, a folder or a whole asset onto this machine.
//!
//! Lives here: what to fetch and where to. Must not live here: the fetch of one object (`fetch.rs`).
//! Invariants: no file is written outside of the destination, not through a link either; a file appears under its name
//! only when its SHA-256 is right; a local file that differs is never overwritten without `--force`.

use super::{
    client::Client,
    failure::Result,
    fetch::{Fetch, Fetched},
    listing::{self, Entry},
    output::{Output, aside},
    transfer::Transfer,
    tree::GetArgs,
    view::{clean, words},
};
use futures::{StreamExt, stream};
use kamld_types::{Address, Problem};
use parking_lot::Mutex;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Enough to keep a disk and a network busy, few enough for any server.
const PARALLEL: usize = 4;
const TOLD: usize = 20;

/// One object and the file it becomes: `root` is made when it is missing, `below` is the way from there.
struct Job {
    entry: Entry,
    root: PathBuf,
    below: String,
}

pub async fn get(client: &Client, args: &GetArgs, output: &Output) -> Result<()> {
    let address: Address = args.source.parse()?;
    let project = address.asset.project.as_str();
    let asset = match &address.at {
        Some(at) => format!("{}@{at}", address.asset.name),
        None => address.asset.name.to_string(),
    };
    let fetch =
        Fetch { client, project, asset: &asset, force: args.force, patience: Duration::from_secs(args.retry_for) };
    if args.destination.as_deref() == Some(Path::new("-")) {
        let path = address.object()?;
        let (_, hash) =
            listing::head(client, project, &asset, path.as_str()).await?.ok_or_else(|| missing(&address))?;
        return fetch.print(&path, hash, output).await;
    }
    let jobs = jobs(client, &address, &asset, args.destination.as_deref()).await?;
    let started = Instant::now();
    let transfer = Transfer::new(jobs.iter().map(|job| job.entry.size).sum(), !output.json);
    let tally = Mutex::new(Tally::default());
    let all = stream::iter(&jobs).for_each_concurrent(PARALLEL, |job| {
        let (tally, fetch, transfer) = (&tally, &fetch, &transfer);
        async move {
            if tally.lock().fatal.is_some() {
                return;
            }
            let fetched = async {
                let file = place(&job.root, &job.below)?;
                fetch.store(&job.entry, &file, |bytes| transfer.advance(bytes)).await
            };
            let fetched = fetched.await;
            let mut tally = tally.lock();
            match fetched {
                Ok(Fetched::Stored) => {
                    tally.files += 1;
                    tally.bytes += job.entry.size;
                }
                Ok(Fetched::Unchanged) => tally.unchanged += 1,
                Err(stop) if super::client::passing(&stop) || stop.problem().is_none() => tally.fatal = Some(stop),
                Err(stop) => {
                    tally.failed.extend(stop.problem().map(|problem| (job.entry.path.to_string(), problem.clone())))
                }
            }
        }
    });
    let stopped = tokio::select! {
        () = all => false,
        _ = tokio::signal::ctrl_c() => true,
    };
    transfer.finish();
    let tally = tally.into_inner();
    let done = tally.files + tally.unchanged;
    let kept = format!(
        "{} of {} here; running it again goes on from there",
        words::count(done as i64),
        words::some(jobs.len() as u64, "file is", "files are")
    );
    if stopped {
        return Err(Problem::cancelled("stopped").help(kept).into());
    }
    match tally.fatal {
        Some(stop) => Err(stop.help(kept)),
        None => tell(&tally, started.elapsed(), output),
    }
}

#[derive(Default)]
struct Tally {
    files: u64,
    bytes: u64,
    unchanged: u64,
    failed: Vec<(String, Problem)>,
    fatal: Option<super::failure::Stop>,
}

fn tell(tally: &Tally, took: Duration, output: &Output) -> Result<()> {
    if output.json {
        let failed: Vec<_> =
            tally.failed.iter().map(|(path, p)| json!({"path": path, "kind": p.kind, "message": p.message})).collect();
        output.data(&json!({
            "files": tally.files, "bytes": tally.bytes, "unchanged": tally.unchanged, "failed": failed,
            "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
        }))?;
    } else {
        let files = words::some(tally.files, "file", "files");
        let mut line = format!("got {files}, {} in {}", words::bytes(tally.bytes), words::seconds(took.as_secs_f64()));
        match (tally.unchanged, tally.failed.len()) {
            (0, 0) => {}
            (unchanged, 0) => line.push_str(&format!(" ({} unchanged)", words::count(unchanged as i64))),
            (unchanged, failed) => {
                line.push_str(&format!(" ({} unchanged, {failed} failed)", words::count(unchanged as i64)))
            }
        }
        output.text(&format!("{line}\n"))?;
    }
    let Some((_, problem)) = tally.failed.first() else { return Ok(()) };
    for (path, problem) in tally.failed.iter().skip(1).take(TOLD - 1) {
        aside(&format!("failed {}: {}", clean(path), clean(&problem.message)));
    }
    if tally.failed.len() > TOLD {
        aside(&format!("and {} more", tally.failed.len() - TOLD));
    }
    Err(problem.clone().into())
}

fn missing(address: &Address) -> Problem {
    Problem::not_found(format!("there is no object '{address}'"))
        .help(format!("`kamld ls {}` shows what is there", address.asset))
}

/// What to fetch: the object of that path, or else the folder of that name.
async fn jobs(client: &Client, address: &Address, asset: &str, destination: Option<&Path>) -> Result<Vec<Job>> {
    let project = address.asset.project.as_str();
    let path = address.path.as_deref().unwrap_or_default();
    if !path.is_empty()
        && !path.ends_with('/')
        && let Some((size, hash)) = listing::head(client, project, asset, path).await?
    {
        let object = address.object()?;
        let (root, below) = one_file(object.file_name(), destination);
        return Ok(vec![Job { entry: Entry { path: object, size, hash, modified: None }, root, below }]);
    }
    let prefix = if path.is_empty() || path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
    let mut entries = Vec::new();
    listing::below(client, project, asset, &prefix, |entry| entries.push(entry)).await?;
    if entries.is_empty() && !prefix.is_empty() {
        return Err(missing(address).into());
    }
    let name = prefix.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty());
    let name = name.unwrap_or(address.asset.name.as_str());
    let root = destination.map_or_else(|| PathBuf::from(name), Path::to_owned);
    let jobs = entries.into_iter().filter_map(|entry| {
        let below = entry.path.as_str().strip_prefix(&prefix)?.to_owned();
        Some(Job { entry, root: root.clone(), below })
    });
    Ok(jobs.collect())
}

/// The folder and name that one object gets.
fn one_file(name: &str, destination: Option<&Path>) -> (PathBuf, String) {
    let Some(destination) = destination else { return (PathBuf::from("."), name.to_owned()) };
    let is_folder = destination.is_dir() || destination.to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
    match destination.file_name().and_then(|file| file.to_str()) {
        Some(file) if !is_folder => {
            let folder = destination.parent().filter(|folder| !folder.as_os_str().is_empty());
            (folder.unwrap_or(Path::new(".")).to_owned(), file.to_owned())
        }
        _ => (destination.to_owned(), name.to_owned()),
    }
}

/// Makes the folders on the way to a file below `root`; a link on the way could lead anywhere.
fn place(root: &Path, below: &str) -> Result<PathBuf, Problem> {
    let cannot = |at: &Path, e: std::io::Error| Problem::unavailable(format!("'{}' cannot be made: {e}", at.display()));
    fs::create_dir_all(root).map_err(|e| cannot(root, e))?;
    let mut at = root.to_owned();
    let mut parts = below.split('/').peekable();
    while let Some(part) = parts.next() {
        // The server's paths were checked when they were read; a part that is not a plain name must still never pass.
        if part.is_empty() || part == "." || part == ".." || Path::new(part).components().count() != 1 {
            return Err(Problem::invalid(format!("'{below}' cannot be a file here")));
        }
        at.push(part);
        if parts.peek().is_none() {
            break;
        }
        match fs::symlink_metadata(&at) {
            Ok(found) if found.is_symlink() => {
                return Err(Problem::invalid(format!(
                    "'{}' is a link, and nothing is written through it",
                    at.display()
                ))
                .help("fetch into another folder, or take the link away"));
            }
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                return Err(Problem::conflict(format!("'{}' is a file and should be a folder", at.display()))
                    .help("fetch into another folder"));
            }
            Err(_) => match fs::create_dir(&at) {
                Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(cannot(&at, e)),
                _ => {}
            },
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_goes_into_a_folder_or_gets_the_name_given() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(one_file("a.csv", None), (".".into(), "a.csv".into()));
        assert_eq!(one_file("a.csv", Some(folder.path())), (folder.path().into(), "a.csv".into()));
        assert_eq!(one_file("a.csv", Some(Path::new("new/"))), ("new/".into(), "a.csv".into()));
        assert_eq!(one_file("a.csv", Some(Path::new("b.csv"))), (".".into(), "b.csv".into()));
        assert_eq!(one_file("a.csv", Some(Path::new("x/b.csv"))), ("x".into(), "b.csv".into()));
    }

    #[test]
    fn no_file_leaves_the_destination() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(place(folder.path(), "a/b/c.csv").unwrap(), folder.path().join("a/b/c.csv"));
        for below in ["../x", "a/../../x", "/etc/x", "a//b", ""] {
            assert!(place(folder.path(), below).is_err(), "{below}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/tmp", folder.path().join("link")).unwrap();
            assert!(place(folder.path(), "link/x").unwrap_err().message.contains("is a link"));
        }
    }
}
