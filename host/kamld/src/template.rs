//! The source of a new plug-in, from the template of the SDK.

use crate::workshop;
use kamld_types::{PluginId, Problem, problem::Result};
use std::path::{Path, PathBuf};

const FILES: &[(&str, &str)] = &[
    ("plugin.toml", include_str!("../../../sdk/rust/template/plugin.toml")),
    ("Cargo.toml", include_str!("../../../sdk/rust/template/Cargo.toml")),
    ("README.md", include_str!("../../../sdk/rust/template/README.md")),
    ("src/lib.rs", include_str!("../../../sdk/rust/template/src/lib.rs")),
];

/// Writes the files; the folder is named after the plug-in unless given, and must not be there yet.
pub fn write(id: &str, folder: Option<&Path>) -> Result<PathBuf> {
    let id = PluginId::new(id)?;
    let name = id.as_str().split('/').next_back().unwrap_or_default();
    let folder = folder.map_or_else(|| PathBuf::from(name), Path::to_owned);
    if folder.exists() {
        return Err(Problem::already_exists(format!("{} is there already", folder.display()))
            .help("nothing was written; name another folder"));
    }
    let sdk = workshop::checkout().map(|root| root.join("sdk/rust"));
    let sdk = sdk.ok_or_else(|| {
        Problem::unavailable("the SDK is not beside this binary").help("make the plug-in from a checkout of KAML-D")
    })?;
    let fill = |text: &str| {
        text.replace("{{id}}", id.as_str()).replace("{{name}}", name).replace("{{sdk}}", &sdk.display().to_string())
    };
    for (file, text) in FILES {
        let path = folder.join(file);
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            std::fs::write(&path, fill(text))
        };
        write().map_err(|error| Problem::unavailable(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(folder)
}
