//! Building plug-ins from source: cargo for the code, the registry's packer for the manifest.
//!
//! First-party plug-ins and a stranger's go the same way: compile for `wasm32-wasip2`, check that the actual
//! imports are within the declared needs, embed the manifest, and write one package file.

use anyhow::{Context, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::UNIX_EPOCH,
};

const TARGET: &str = "wasm32-wasip2";

/// A plug-in's source folder: a `plugin.toml` beside a `Cargo.toml`.
#[derive(Clone, Debug)]
pub struct Source {
    pub folder: PathBuf,
    pub id: String,
    /// The name of its cargo package.
    package: String,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    filenames: Option<Vec<PathBuf>>,
}

impl Source {
    /// Reads what identifies the plug-in in `folder`.
    pub fn at(folder: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| -> anyhow::Result<toml::Table> {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path).with_context(|| {
                format!("{} has no {name}: a plug-in is a folder with plugin.toml and Cargo.toml", folder.display())
            })?;
            text.parse().with_context(|| format!("{} is not TOML", path.display()))
        };
        let text = |table: &toml::Table, key: &str| table.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        let id = text(&read("plugin.toml")?, "id")
            .with_context(|| format!("plugin.toml in {} has no id", folder.display()))?;
        let package = read("Cargo.toml")?
            .get("package")
            .and_then(|v| v.as_table())
            .and_then(|table| text(table, "name"))
            .with_context(|| format!("Cargo.toml in {} has no package name", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), id, package })
    }

    /// Every plug-in below `plugins/` of a checkout, by id.
    pub fn all(checkout: &Path) -> anyhow::Result<Vec<Self>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(checkout.join("plugins")).context("the checkout has no folder plugins")? {
            let folder = entry?.path();
            if folder.join("plugin.toml").exists() {
                found.push(Self::at(&folder)?);
            }
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }
}

/// The checkout that this binary was built from, when it is still there.
pub fn checkout() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().ok()?;
    root.join("plugins").is_dir().then_some(root)
}

/// Builds and packs; answers the package files in the order of `sources`. `quiet` keeps cargo's progress away.
pub fn build(sources: &[Source], quiet: bool) -> anyhow::Result<Vec<PathBuf>> {
    let Some(first) = sources.first() else {
        return Ok(Vec::new());
    };
    ensure_target()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    for source in sources {
        cargo.args(["-p", &source.package]);
    }
    if quiet {
        cargo.arg("--quiet");
    }
    // A stranger's plug-in is its own workspace; ours share one, and any of its folders stands for all.
    cargo.current_dir(&first.folder).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = cargo.output().context("cargo cannot be started: plug-ins are built with rustup's cargo")?;
    if !output.status.success() {
        bail!("cargo could not build {}: its messages are above", names(sources));
    }
    let artifacts: Vec<Message> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
        .collect();
    sources.iter().map(|source| pack(source, &artifacts)).collect()
}

fn pack(source: &Source, artifacts: &[Message]) -> anyhow::Result<PathBuf> {
    let component = artifacts
        .iter()
        .filter(|message| message.package_id.as_deref().is_some_and(|id| is_package(id, &source.package)))
        .flat_map(|message| message.filenames.iter().flatten())
        .find(|file| file.extension().is_some_and(|ending| ending == "wasm"))
        .with_context(|| {
            format!("cargo built no component for {}: its crate-type must be [\"cdylib\"]", source.package)
        })?;
    let bytes = std::fs::read(component).with_context(|| format!("cannot read {}", component.display()))?;
    let manifest = std::fs::read_to_string(source.folder.join("plugin.toml"))?;
    let packed = kamld_registry::package::build(&bytes, &manifest)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("{} cannot be packed", source.id))?;
    let folder = component.parent().unwrap_or(Path::new(".")).join("packages");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{}.wasm", source.id.replace('/', "-")));
    let partial = file.with_extension("partial");
    std::fs::write(&partial, packed.bytes).with_context(|| format!("cannot write {}", partial.display()))?;
    std::fs::rename(&partial, &file)?;
    Ok(file)
}

/// A package id reads `path+file:///…/plugins/search#kamld-plugin-search@0.1.0`, or `…/NAME#0.1.0` when folder and name agree.
fn is_package(id: &str, name: &str) -> bool {
    let (path, fragment) = id.rsplit_once('#').unwrap_or(("", id));
    match fragment.split_once('@') {
        Some((package, _)) => package == name,
        None => path.rsplit('/').next() == Some(name),
    }
}

fn names(sources: &[Source]) -> String {
    sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>().join(", ")
}

fn ensure_target() -> anyhow::Result<()> {
    let folder = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let there = folder.is_ok_and(|out| Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir());
    if there {
        return Ok(());
    }
    eprintln!("installing the Rust target {TARGET}");
    let status = Command::new("rustup").args(["target", "add", TARGET]).status().context("rustup cannot be started")?;
    if !status.success() {
        bail!("the Rust target {TARGET} is missing: rustup target add {TARGET}");
    }
    Ok(())
}

/// A value that changes when any source of the given plug-ins may have changed: names, sizes and times of the
/// files of `plugins`, `sdk/rust` and `wit`. Cheap enough for each start.
pub fn fingerprint(checkout: &Path) -> anyhow::Result<String> {
    let folders = ["plugins", "sdk/rust", "wit"].map(|name| checkout.join(name));
    digest(folders, [checkout.join("Cargo.lock"), std::env::current_exe()?])
}

/// A value that changes when a file below the folders, or one of the files, may have changed.
pub fn digest(
    folders: impl IntoIterator<Item = PathBuf>,
    files: impl IntoIterator<Item = PathBuf>,
) -> anyhow::Result<String> {
    let (mut open, mut files): (Vec<_>, Vec<_>) = (folders.into_iter().collect(), files.into_iter().collect());
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => open.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let meta = std::fs::metadata(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let time = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        hash.update(format!("{}\0{}\0{time}\n", file.display(), meta.len()));
    }
    Ok(hex::encode(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_either_form_of_its_id() {
        assert!(is_package("path+file:///x/plugins/search#kamld-plugin-search@0.1.0", "kamld-plugin-search"));
        assert!(is_package("path+file:///x/hello#0.1.0", "hello"));
        assert!(!is_package("path+file:///x/plugins/search#kamld-plugin-search@0.1.0", "search"));
    }
}
