//! The files of the web page: built from the checkout that this binary came from when their sources changed, or found
//! beside a released binary.
//!
//! Invariant: without a page the product starts all the same, and says what is missing.

use anyhow::{Context, bail};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use kamld::workshop;
use kamld_server::parts::{PageFile, Pages};
use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// All files, in memory: together they are smaller than one picture.
#[derive(Default)]
pub struct PageFiles(HashMap<String, PageFile>);

impl Pages for PageFiles {
    fn file(&self, name: &str) -> Option<PageFile> {
        self.0.get(name).cloned()
    }
}

/// Builds what is missing and reads it. Answers at once when nothing changed since the last time.
pub fn prepare() -> PageFiles {
    let read = || -> anyhow::Result<PageFiles> {
        match workshop::checkout() {
            Some(checkout) => read(&built(&checkout)?),
            None => match std::env::current_exe()?.parent().map(|folder| folder.join("page")) {
                Some(folder) if folder.is_dir() => read(&folder),
                _ => Ok(PageFiles::default()),
            },
        }
    };
    read().unwrap_or_else(|error| {
        eprintln!("there is no web page this time: {error:#}");
        eprintln!("the command line and the HTTP API work all the same");
        PageFiles::default()
    })
}

fn built(checkout: &Path) -> anyhow::Result<PathBuf> {
    let ui = checkout.join("ui");
    let dist = ui.join("dist");
    let stamp = dist.join("sources");
    let folders = ["view", "shell", "tokens"].map(|name| ui.join(name));
    let files = ["package-lock.json", "build.mjs", "tsconfig.json"].map(|name| ui.join(name));
    let fingerprint = workshop::digest(folders.into_iter().chain([checkout.join("wit/ui")]), files)?;
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == fingerprint) {
        return Ok(dist);
    }
    let node = Command::new("node").arg("--version").output().context("the page is built with Node 20: install it")?;
    let version = String::from_utf8_lossy(&node.stdout);
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 20) {
        bail!("the page is built with Node 20 or newer, and this is {}", version.trim());
    }
    eprintln!("building the page");
    if stale(&ui.join("node_modules/.package-lock.json"), &ui.join("package-lock.json")) {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&ui))
            .context("the packages of the page could not be installed")?;
    }
    run(Command::new("node").arg("build.mjs").current_dir(&ui)).context("the page could not be built")?;
    // Last: a build that was cut short is done again.
    std::fs::write(&stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(dist)
}

fn stale(made: &Path, from: &Path) -> bool {
    let time = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    match (time(made), time(from)) {
        (Some(made), Some(from)) => made < from,
        _ => true,
    }
}

/// What it prints belongs to the progress, not to the one line that programs wait for.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{name} said:\n{}", String::from_utf8_lossy(&said).trim());
    }
    Ok(())
}

fn read(folder: &Path) -> anyhow::Result<PageFiles> {
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).context("the page has no manifest.json")?;
    let manifest: serde_json::Value = serde_json::from_str(&manifest).context("the page's manifest.json is no JSON")?;
    let mut names: Vec<(String, bool)> = vec![("index.html".into(), false)];
    let lasting = manifest["files"].as_object().into_iter().flatten().map(|(name, _)| name);
    names.extend(lasting.map(|name| (name.trim_start_matches('/').to_owned(), true)));
    let mut files = HashMap::new();
    for (name, lasting) in names {
        let bytes = std::fs::read(folder.join(&name)).with_context(|| format!("the page has no {name}"))?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&bytes)?;
        let packed = Some(packer.finish()?).filter(|packed| packed.len() < bytes.len()).map(Bytes::from);
        let file = PageFile { media_type: media_type(&name), bytes: bytes.into(), packed, lasting };
        files.insert(name, file);
    }
    Ok(PageFiles(files))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        _ => "application/octet-stream",
    }
}
