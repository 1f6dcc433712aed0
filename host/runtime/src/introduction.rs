//! What a plug-in says of itself, asked once and then remembered with its digest.
//!
//! Lives here: asking a component for its commands, media types and surfaces, and the file that keeps the answer, or
//! why there was none. Must not live here: the checks of an answer (`declared`, `surfaces`), compilation.
//! Invariants: it is asked under the limits of a call and under a grant of nothing; what was answered is used until the
//! component, the host or the limits change, so that a start runs no code to find out what a plug-in is; the file can be
//! thrown away, then it is asked again.

use crate::{
    call::{Caller, INTRODUCTION, Order, Stage},
    declared::{self, Declared},
    guest::Guest,
    plugin::{Exports, Loaded, Slot},
    surfaces, view_check,
};
use kamld_types::{Hash, Kind, PluginId, Problem, problem::Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What is remembered of a digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Introduction {
    Declared(Declared),
    /// It was refused or failed under these limits, and would again.
    Refused {
        limits: Hash,
        problem: Problem,
    },
}

/// Which way of asking and checking an answer stands for: another host asks again.
pub fn asked_as() -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    // The slots that a surface may be in.
    hash.update(view_check::CATALOGUE_TEXT);
    hash.finalize().to_vec()
}

/// The limits under which something failed, as they are remembered.
pub fn limits_hash(stage: &Stage) -> Hash {
    Hash(Sha256::digest(serde_json::to_vec(&stage.limits).unwrap_or_default()).into())
}

/// Whether it would fail in the same way again, so that it need not be tried at the next start.
pub fn would_again(problem: &Problem) -> bool {
    matches!(problem.kind, Kind::Invalid | Kind::Limit | Kind::Internal)
}

/// Asks a component that is in place nowhere yet.
pub async fn ask(stage: &Stage, plugin: &PluginId, digest: Hash, exports: &Exports) -> Result<Declared> {
    // In a slot of its own, whose empty grant allows nothing.
    let slot = Arc::new(Slot::new(plugin.clone(), &stage.limits, &stage.memory));
    let order = |doing: &str| Order {
        slot: &slot,
        caller: Caller::host(),
        doing: doing.to_owned(),
        budget: INTRODUCTION,
        bytes: 0,
    };
    let draft = || Arc::new(Loaded::silent(digest, exports.clone()));
    let mut said = Declared::default();
    if let Some(pre) = exports.commands.clone() {
        let work = async move |mut store: wasmtime::Store<Guest>, _: Arc<Loaded>| {
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_plugin_commands().call_describe(&mut store).await
        };
        said.commands =
            declared::commands(stage.call_version(order("the list of its commands"), draft(), work).await?)?;
    }
    if let Some(pre) = exports.describer.clone() {
        let work = async move |mut store: wasmtime::Store<Guest>, _: Arc<Loaded>| {
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_metadata_describer().call_media_types(&mut store).await
        };
        said.describes = stage.call_version(order("what it describes"), draft(), work).await?;
    }
    if let Some(pre) = exports.preview.clone() {
        let work = async move |mut store: wasmtime::Store<Guest>, _: Arc<Loaded>| {
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_ui_preview().call_media_types(&mut store).await
        };
        said.previews = stage.call_version(order("what it draws"), draft(), work).await?;
    }
    if let Some(pre) = exports.surface.clone() {
        let work = async move |mut store: wasmtime::Store<Guest>, _: Arc<Loaded>| {
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_ui_surface().call_offers(&mut store).await
        };
        let offers = stage.call_version(order("what it adds to the page"), draft(), work).await?;
        said.offers = surfaces::offers(plugin, offers, &said.commands)?;
    }
    said.check()?;
    Ok(said)
}
