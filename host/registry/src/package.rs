//! A package: one component file that carries its manifest.
//!
//! Must not live here: where packages are kept (`store.rs`), how a component is compiled from source.
//! Invariant: a `Package` has been read, validated and checked; its digest covers code and manifest.

use crate::{
    check::{self, Report},
    component::{self, Component},
};
use kamld_policy::Manifest;
use kamld_types::{Hash, Problem, problem::Result};
use sha2::{Digest, Sha256};

#[derive(Clone, Debug)]
pub struct Package {
    /// The component with the manifest in it.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`.
    pub digest: Hash,
    pub manifest: Manifest,
    pub component: Component,
    pub report: Report,
}

/// Makes a package of a built component and the text of its `plugin.toml`. The same inputs give the same bytes.
pub fn build(component: &[u8], manifest: &str) -> Result<Package> {
    let manifest = Manifest::parse(manifest)?;
    Package::open(component::embed(component, &manifest)?)
}

impl Package {
    /// Reads a package, as a stranger may have made it.
    pub fn open(bytes: Vec<u8>) -> Result<Self> {
        let component = Component::read(&bytes)?;
        let Some(manifest) = component.manifest.clone() else {
            return Err(Problem::invalid("the component has no manifest in it")
                .help("pack it with its plugin.toml first: kamld plugin build FOLDER"));
        };
        let report = check::compare(&manifest, &component)?;
        Ok(Self { digest: digest(&bytes), bytes, manifest, component, report })
    }
}

/// SHA-256.
pub fn digest(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}
