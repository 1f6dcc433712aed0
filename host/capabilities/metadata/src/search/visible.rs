//! Which assets a caller may see, as a set that goes into the query itself.
//!
//! Must not live here: how that is decided; the caller hands a function in.
//! Invariant: the set is taken over every asset that the searched state of the index knows, so a document is
//! never counted, ranked or shown unless its asset was allowed.

use super::schema::Fields;
use std::collections::BTreeSet;
use tantivy::Searcher;

/// What a caller may see of an index; `Without` where few are hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Visible {
    All,
    Only(Vec<String>),
    Without(Vec<String>),
}

/// Every `PROJECT/ASSET` that this state of the index knows, perhaps some that have no document any more.
pub(super) fn assets(searcher: &Searcher, fields: &Fields) -> tantivy::Result<BTreeSet<String>> {
    let mut assets = BTreeSet::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(fields.asset)?;
        let mut stream = index.terms().stream()?;
        while stream.advance() {
            if let Ok(asset) = std::str::from_utf8(stream.key()) {
                assets.insert(asset.to_owned());
            }
        }
    }
    Ok(assets)
}

pub(super) fn decide(assets: &BTreeSet<String>, may_see: &dyn Fn(&str, &str) -> bool) -> Visible {
    let (shown, hidden): (Vec<_>, Vec<_>) = assets.iter().cloned().partition(|asset| match asset.split_once('/') {
        Some((project, name)) => may_see(project, name),
        None => false,
    });
    match (shown, hidden) {
        (_, hidden) if hidden.is_empty() => Visible::All,
        (shown, hidden) if hidden.len() < shown.len() => Visible::Without(hidden),
        (shown, _) => Visible::Only(shown),
    }
}
