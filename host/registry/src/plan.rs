//! What an installation would change, told before it is done, and the consent that it takes.
//!
//! Must not live here: asking a person (the command line and the page), doing it (`changes.rs`).
//! Invariant: a package replaces another one only with the consent of somebody who named the digest that goes.

use crate::{
    package::Package,
    reserved::Origin,
    store::{Entry, Facts},
};
use kamld_policy::{Difference, Grant, Need};
use kamld_types::{Hash, PluginId, Problem, problem::Result};
use serde::Serialize;

/// What somebody agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Grants all that the manifest asks for.
    pub grant_needs: bool,
    /// The digest of the installed package that may be replaced.
    pub replaces: Option<Hash>,
}

/// What installing a package would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub id: PluginId,
    pub title: String,
    pub version: String,
    pub digest: Hash,
    pub origin: Origin,
    /// Everything that it asks for.
    pub needs: Vec<Need>,
    /// Whether there is a grant for the plug-in now.
    pub granted: bool,
    /// The package in whose place it would go; none when there is none, or when it is this very one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaced>,
}

/// The package that an upgrade replaces, and what changes with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replaced {
    pub version: String,
    pub digest: Hash,
    pub origin: Origin,
    /// When it was installed, in milliseconds since 1970.
    pub installed_at: u64,
    /// What the new package asks for and the old one did not. None of it is granted by an upgrade.
    pub new_needs: Vec<Need>,
    /// Whether the upgrade takes that grant away, because the package is of another origin.
    pub resets_grant: bool,
}

impl Plan {
    /// `there` is what is installed under the id, with what it says of itself when that can still be read.
    pub(crate) fn new(
        package: &Package,
        origin: Origin,
        there: Option<(&Entry, Origin, Option<&Facts>)>,
        grant: Option<&Grant>,
    ) -> Self {
        let replaces =
            there.as_ref().filter(|(entry, ..)| entry.digest != package.digest).map(|(entry, was, facts)| Replaced {
                version: entry.version.clone(),
                digest: entry.digest,
                origin: *was,
                installed_at: entry.installed_at,
                // What cannot be read any more covers nothing: all of it is new to the admin.
                new_needs: match facts {
                    Some(facts) => Difference::between(&facts.manifest, &package.manifest).needs,
                    None => package.manifest.needs.clone(),
                },
                resets_grant: grant.is_some() && *was != origin,
            });
        Self {
            id: package.manifest.id.clone(),
            title: package.manifest.title.clone(),
            version: package.manifest.version.to_string(),
            digest: package.digest,
            origin,
            needs: package.manifest.needs.clone(),
            granted: there.is_some() && grant.is_some(),
            replaces,
        }
    }

    pub fn resets_grant(&self) -> bool {
        self.replaces.as_ref().is_some_and(|there| there.resets_grant)
    }

    /// Refuses an upgrade that nobody agreed to, and one that was agreed to when another package was installed.
    pub fn agreed(&self, consent: &Consent) -> Result<()> {
        let Self { id, version, digest, .. } = self;
        match (&self.replaces, consent.replaces) {
            (None, None) => Ok(()),
            // It is installed already, which is what was wished for.
            (None, Some(named)) if named == *digest => Ok(()),
            (None, Some(named)) => {
                Err(Problem::conflict(format!("{id} ({}) is not installed any more, so it cannot be replaced", named.short()))
                    .help("nothing was changed: look at kamld plugin list, then install it again"))
            }
            (Some(there), Some(named)) if named == there.digest => Ok(()),
            (Some(there), Some(named)) => Err(Problem::conflict(format!(
                "{id} {} ({}) is installed by now, and not the package ({}) that was to be replaced",
                there.version,
                there.digest.short(),
                named.short()
            ))
            .help("nothing was changed: look at what is installed now, then install it again")),
            (Some(there), None) => Err(Problem::conflict(format!(
                "{id} {} ({}) is installed, and {version} ({}) would replace it",
                there.version,
                there.digest.short(),
                digest.short()
            ))
            .help(format!(
                "nothing was changed: agree by naming the digest that goes, replaces={}, or use kamld plugin install -y",
                there.digest
            ))),
        }
    }
}
