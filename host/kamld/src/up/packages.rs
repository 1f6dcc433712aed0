//! The packages of first-party plug-ins: built from the checkout that this binary came from when their sources
//! changed, or found beside a released binary.

use anyhow::Context;
use kamld::workshop;
use kamld_registry::package::Package;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// By plug-in id.
pub type Packages = BTreeMap<String, Package>;

/// Where packages lie beside a binary.
fn beside(exe: &Path) -> PathBuf {
    exe.parent().unwrap_or(Path::new(".")).join("plugins")
}

/// Answers at once when nothing changed since the last time.
pub fn prepare() -> anyhow::Result<Packages> {
    let exe = std::env::current_exe()?;
    let folder = beside(&exe);
    let Some(checkout) = workshop::checkout() else {
        return listed(&folder);
    };
    let stamp = folder.join("sources");
    let fingerprint = workshop::fingerprint(&checkout)?;
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == fingerprint) {
        return listed(&folder);
    }
    let sources = workshop::Source::all(&checkout)?;
    eprintln!("building {} plug-ins", sources.len());
    let built = workshop::build(&sources, false)?;
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (source, file) in sources.iter().zip(built) {
        let to = folder.join(format!("{}.wasm", source.id.replace('/', "-")));
        let partial = to.with_extension(format!("{}.partial", std::process::id()));
        std::fs::copy(&file, &partial)
            .and_then(|_| std::fs::rename(&partial, &to))
            .with_context(|| format!("cannot write {}", to.display()))?;
    }
    // Last: a build that was cut short is done again.
    std::fs::write(&stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))?;
    listed(&folder)
}

fn listed(folder: &Path) -> anyhow::Result<Packages> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Packages::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    let mut packages = Packages::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "wasm") {
            let package =
                Package::open(std::fs::read(&path)?).with_context(|| format!("the package {}", path.display()))?;
            packages.insert(package.manifest.id.to_string(), package);
        }
    }
    Ok(packages)
}
