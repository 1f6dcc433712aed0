//! `asset create`, `asset list` and `asset remove`.

use crate::shape::{self, Asset};
use kamld_sdk::{
    Args, Outcome, Result,
    metadata::catalog,
    storage::{self, types},
    view::{self, Tone, View},
};
use std::collections::BTreeMap;

pub fn create(args: &Args) -> Result<Outcome> {
    let id = args.asset("asset")?;
    let kind = if args.text("kind")? == Some("model") { types::AssetKind::Model } else { types::AssetKind::Dataset };
    let asset = storage::assets::create(&id.project, &id.asset, kind)?;
    let asset = Asset::new(asset, None);
    let view = View::new()
        .show(view::text(format!("{} {} is there, and empty", asset.kind, asset.id())).tone(Tone::Good))
        .show(view::hint("next, put files into it").command(format!("kamld put FILE... {}", asset.id())));
    Ok(Outcome::new(&asset)?.view(view))
}

pub fn list(args: &Args) -> Result<Outcome> {
    let project = args.text("project")?;
    let assets = fetch(project)?;
    let data = serde_json::json!({ "assets": assets });
    Ok(Outcome::new(&data)?.view(shape::listing::assets(&assets, project)))
}

pub fn remove(args: &Args) -> Result<Outcome> {
    let id = args.asset("asset")?;
    storage::assets::remove(&id.project, &id.asset)?;
    let view = view::text(format!("{id} and its history are removed")).tone(Tone::Good);
    Ok(Outcome::new(&serde_json::json!({ "removed": id.to_string() }))?.view(view))
}

/// The assets that the caller may see, each with what the catalogue knows about it.
pub fn fetch(project: Option<&str>) -> Result<Vec<Asset>> {
    let assets = storage::assets::list(project)?;
    let subjects: Vec<_> = assets.iter().map(|asset| format!("{}/{}", asset.project, asset.name)).collect();
    let mut documents = BTreeMap::new();
    // As many as one call takes.
    for some in subjects.chunks(1000) {
        documents.extend(catalog::get_many(some)?.into_iter().map(|document| (document.subject.clone(), document)));
    }
    let with_document = |(asset, subject): (types::Asset, &String)| Asset::new(asset, documents.remove(subject));
    Ok(assets.into_iter().zip(&subjects).map(with_document).collect())
}
