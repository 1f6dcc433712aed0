//! Puts together what storage and the catalogue know about a subject.
//!
//! Must not live here: how it is indexed (`search::document`).

use super::{AssetState, ObjectState, state::Want};
use crate::{
    catalog::Subject,
    description::{Content, Described},
    error::Result,
    search::{
        Shared,
        document::{Entry, format_of},
    },
};

/// Entries of objects, and those whose content nobody has described yet.
pub(crate) async fn objects(
    shared: &Shared,
    root: &[u8],
    objects: Vec<(Subject, ObjectState)>,
) -> Result<(Vec<Entry>, Vec<Want>)> {
    let subjects: Vec<_> = objects.iter().map(|(subject, _)| subject.clone()).collect();
    let contents: Vec<_> = objects
        .iter()
        .map(|(_, object)| Content { hash: object.hash, media_type: object.media_type.clone() })
        .collect();
    let documents = shared.catalog.documents(&subjects).await?;
    let descriptions = shared.descriptions.descriptions(&contents).await?;
    let mut entries = Vec::with_capacity(objects.len());
    let mut wants = Vec::new();
    for (((subject, object), document), described) in objects.into_iter().zip(documents).zip(descriptions) {
        let ending = subject.path.as_ref().and_then(kamld_types::ObjectPath::extension);
        if described.is_none() {
            wants.push(Want {
                subject: subject.clone(),
                root: root.to_vec(),
                hash: object.hash,
                media_type: object.media_type.clone(),
                size: object.size,
            });
        }
        let summary = described.as_ref().map(|described| described.summary().to_owned()).unwrap_or_default();
        let (columns, text) = match described {
            Some(Described::Known(known)) => {
                let facts = known.facts.iter().map(|(name, value)| format!("{name}: {value}"));
                let text = facts.chain([known.text]).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
                (known.columns.into_iter().map(|column| column.name).collect(), text)
            }
            _ => (Vec::new(), String::new()),
        };
        entries.push(Entry {
            format: format_of(ending.as_deref(), &object.media_type),
            subject,
            summary,
            tags: document.tags,
            columns,
            text,
            size: object.size,
            modified: object.modified,
        });
    }
    Ok((entries, wants))
}

pub(crate) async fn asset(shared: &Shared, state: &AssetState) -> Result<Entry> {
    let subject = Subject::asset(state.asset.clone());
    let tags = shared.catalog.documents(std::slice::from_ref(&subject)).await?.pop().map(|document| document.tags);
    Ok(Entry {
        subject,
        format: String::new(),
        summary: asset_summary(state),
        tags: tags.unwrap_or_default(),
        columns: Vec::new(),
        text: String::new(),
        size: state.size,
        modified: state.modified,
    })
}

/// One line about an asset as a whole.
pub(crate) fn asset_summary(state: &AssetState) -> String {
    let plural = if state.objects == 1 { "" } else { "s" };
    format!("{}, {} object{plural}", state.kind, state.objects)
}
