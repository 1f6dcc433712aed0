//! Data and views of every answer. Pure: no call to the host.

pub mod area;
pub mod files;
pub mod folder;
pub mod listing;
pub mod object;
pub mod refs;
pub mod room;
pub mod shown;
pub mod tags;

use kamld_sdk::{Schema, format, metadata::catalog, schema, storage::types};
use serde::Serialize;

/// An asset with what the catalogue knows about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Asset {
    pub project: String,
    pub name: String,
    pub kind: &'static str,
    pub created: u64,
    pub modified: u64,
    pub objects: u64,
    pub size: u64,
    pub default_branch: String,
    pub summary: String,
    pub tags: Vec<String>,
}

impl Asset {
    pub fn new(asset: types::Asset, document: Option<catalog::Document>) -> Self {
        let kind = match asset.kind {
            types::AssetKind::Dataset => "dataset",
            types::AssetKind::Model => "model",
        };
        let (described, tags) = known(document);
        let counted =
            if asset.objects == 0 { "empty".into() } else { format::counted(asset.objects, "object", "objects") };
        let types::Asset { project, name, created, modified, objects, size, default_branch, .. } = asset;
        let summary = if described.is_empty() { counted } else { described };
        Self { project, name, kind, created, modified, objects, size, default_branch, summary, tags }
    }

    pub fn id(&self) -> String {
        format!("{}/{}", self.project, self.name)
    }

    pub fn schema() -> Schema {
        schema::object([
            ("project", schema::text()),
            ("name", schema::text()),
            ("kind", schema::one_of(["dataset", "model"])),
            ("created", schema::time()),
            ("modified", schema::time()),
            ("objects", schema::integer()),
            ("size", schema::integer().says("bytes")),
            ("default_branch", schema::text()),
            ("summary", schema::text()),
            ("tags", schema::list(schema::text())),
        ])
    }
}

/// Summary and tags of a document; both empty while nobody wrote it.
pub fn known(document: Option<catalog::Document>) -> (String, Vec<String>) {
    match document {
        Some(document) => (document.description.map(|d| d.summary).unwrap_or_default(), document.tags),
        None => Default::default(),
    }
}

/// What people call a media type.
pub fn type_of(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or(media_type).trim();
    let known = match essence {
        "text/csv" => "CSV",
        "text/tab-separated-values" => "TSV",
        "application/json" => "JSON",
        "application/x-ndjson" | "application/jsonl" | "application/json-lines" => "JSON Lines",
        "application/vnd.apache.parquet" => "Parquet",
        "application/vnd.apache.arrow.file" | "application/vnd.apache.arrow.stream" => "Arrow",
        "text/markdown" => "Markdown",
        "text/plain" => "text",
        "application/octet-stream" | "" => "data",
        _ => {
            let name = essence.rsplit('/').next().unwrap_or(essence);
            let name = name.strip_prefix("x-").unwrap_or(name);
            return if essence.starts_with("image/") { name.to_uppercase() } else { name.to_owned() };
        }
    };
    known.to_owned()
}

#[cfg(test)]
pub mod samples {
    use super::*;

    pub fn asset(name: &str, kind: &'static str, size: u64) -> Asset {
        Asset {
            project: "birds".into(),
            name: name.into(),
            kind,
            created: 1,
            modified: 2,
            objects: 3,
            size,
            default_branch: "main".into(),
            summary: "3 objects".into(),
            tags: vec!["raw".into()],
        }
    }

    pub fn object(path: &str) -> types::Object {
        types::Object {
            path: path.into(),
            size: 1_223_329,
            hash: "ab".repeat(32),
            media_type: "text/csv".into(),
            modified: 1_800_000_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_have_the_names_that_people_use() {
        for (media_type, expected) in [
            ("text/csv; charset=utf-8", "CSV"),
            ("image/png", "PNG"),
            ("text/x-python", "python"),
            ("application/octet-stream", "data"),
            ("", "data"),
        ] {
            assert_eq!(type_of(media_type), expected);
        }
    }
}
