//! Ids that belong to the product: only the package that came with this binary may carry one of them.
//!
//! Must not live here: which ids these are (the composition root hands them in), where packages come from.
//! Invariant: a component whose digest is not the shipped one never runs under an id of the product, whichever way it
//! came: installed, rolled back to, restored from a backup, or written into the data folder.

use kamld_types::{Hash, PluginId, Problem, problem::Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a package came from, as far as this host can tell: nothing is signed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It is one of the packages that this binary brings.
    Shipped,
    /// A person installed it from a file.
    File,
}

impl Origin {
    pub fn in_words(self) -> &'static str {
        match self {
            Origin::Shipped => "came with kamld",
            Origin::File => "was installed from a file",
        }
    }
}

/// The ids that are reserved, and the digests that may carry them.
#[derive(Clone, Debug, Default)]
pub struct Reserved {
    namespaces: Vec<String>,
    shipped: BTreeMap<PluginId, Hash>,
}

impl Reserved {
    /// `namespaces` are reserved as a whole, ids in them that nobody ships included.
    pub fn new(
        namespaces: impl IntoIterator<Item = impl Into<String>>,
        shipped: impl IntoIterator<Item = (PluginId, Hash)>,
    ) -> Self {
        Self { namespaces: namespaces.into_iter().map(Into::into).collect(), shipped: shipped.into_iter().collect() }
    }

    pub fn is_reserved(&self, id: &PluginId) -> bool {
        let namespace = id.as_str().split_once('/').map_or("", |(namespace, _)| namespace);
        self.shipped.contains_key(id) || self.namespaces.iter().any(|reserved| reserved == namespace)
    }

    /// Whether this is the very package that came with the binary.
    pub fn is_shipped(&self, id: &PluginId, digest: &Hash) -> bool {
        self.shipped.get(id) == Some(digest)
    }

    pub fn origin(&self, id: &PluginId, digest: &Hash) -> Origin {
        if self.is_shipped(id, digest) { Origin::Shipped } else { Origin::File }
    }

    /// Refuses a package that carries an id of the product and is not the one that came with it.
    pub fn admit(&self, id: &PluginId, digest: &Hash) -> Result<()> {
        if !self.is_reserved(id) || self.is_shipped(id, digest) {
            return Ok(());
        }
        let message = match self.shipped.get(id) {
            Some(shipped) => format!(
                "{id} is part of kamld, and this package ({}) is not the one that came with it ({})",
                digest.short(),
                shipped.short()
            ),
            None => format!("the id {id} is reserved for plug-ins that come with kamld, and this one does not"),
        };
        Err(Problem::denied(message).help("give the plug-in an id of your own in plugin.toml, such as NAME/NAME"))
    }
}
