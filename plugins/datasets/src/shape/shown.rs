//! What `show` and `preview` answer: facts, columns, tags, last commits; or what a preview draws.

use super::{Asset, type_of};
use kamld_sdk::{
    Address, Outcome, Result, Schema, format,
    metadata::{catalog, types as described},
    row, schema,
    storage::types,
    view::{self, Column, Rows, Tone, View},
};
use serde::Serialize;
use serde_json::json;

/// Everything that `show` found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Shown {
    pub address: String,
    pub kind: &'static str,
    pub summary: String,
    pub facts: Vec<Fact>,
    pub columns: Vec<Named>,
    pub tags: Vec<String>,
    pub commits: Vec<Commit>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Named {
    pub name: String,
    pub r#type: String,
    pub nullable: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Commit {
    pub id: String,
    pub message: String,
    pub author: String,
    pub created: u64,
    pub objects: u64,
    pub size: u64,
    pub names: Vec<String>,
}

impl From<types::Commit> for Commit {
    fn from(commit: types::Commit) -> Self {
        let types::Commit { id, message, author, created, objects, size, .. } = commit;
        Self { id, message, author, created, objects, size, names: Vec::new() }
    }
}

pub fn schema() -> Schema {
    let fact = schema::object([("label", schema::text()), ("value", schema::text())]);
    let column = schema::object([("name", schema::text()), ("type", schema::text()), ("nullable", schema::boolean())]);
    let commit = schema::object([
        ("id", schema::text()),
        ("message", schema::text()),
        ("author", schema::text()),
        ("created", schema::time()),
        ("objects", schema::integer()),
        ("size", schema::integer().says("bytes")),
        ("names", schema::list(schema::text()).says("branches and versions that stand for it")),
    ]);
    schema::object([
        ("address", schema::text()),
        ("kind", schema::one_of(["dataset", "model", "folder", "object"])),
        ("summary", schema::text()),
        ("facts", schema::list(fact)),
        ("columns", schema::list(column)),
        ("tags", schema::list(schema::text())),
        ("commits", schema::list(commit).says("the last ones, newest first")),
    ])
}

pub fn preview_schema() -> Schema {
    schema::object([
        ("address", schema::text()),
        ("start", schema::integer()),
        ("rows", schema::integer().says("how many were asked for")),
        ("preview", schema::any().says("what is drawn: kind, props and children of one node of a view")),
    ])
}

impl Shown {
    pub fn asset(address: &Address, asset: Asset) -> Self {
        let mut shown = Self {
            address: address.to_string(),
            kind: asset.kind,
            summary: asset.summary.clone(),
            tags: asset.tags.clone(),
            ..Self::default()
        };
        shown.fact("Kind", asset.kind);
        shown.fact("Objects", format::count(asset.objects));
        shown.fact("Size", format::bytes(asset.size));
        shown.fact("Modified", format::time(asset.modified));
        shown.fact("Created", format::time(asset.created));
        shown.fact("Default branch", asset.default_branch);
        shown
    }

    pub fn object(address: &Address, object: types::Object, document: catalog::Document) -> Self {
        let mut shown = Self { address: address.to_string(), kind: "object", tags: document.tags, ..Self::default() };
        shown.fact("Type", type_of(&object.media_type));
        shown.fact("Size", format::bytes(object.size));
        shown.fact("Modified", format::time(object.modified));
        if let Some(description) = document.description {
            shown.summary = description.summary;
            if let Some(rows) = description.rows {
                shown.fact("Rows", format::count(rows));
            }
            for (label, value) in description.facts {
                shown.fact(label, value);
            }
            let named = |column: described::Column| Named {
                name: column.name,
                r#type: column.type_,
                nullable: column.nullable,
            };
            shown.columns = description.columns.into_iter().map(named).collect();
        }
        shown.fact("Media type", object.media_type);
        shown.fact("SHA-256", object.hash);
        shown
    }

    /// `more` when counting was given up.
    pub fn folder(address: &Address, objects: u64, size: u64, more: bool) -> Self {
        let least = if more { "more than " } else { "" };
        let mut shown = Self {
            address: address.to_string(),
            kind: "folder",
            summary: format!("{least}{}", format::counted(objects, "object", "objects")),
            ..Self::default()
        };
        shown.fact("Objects", format!("{least}{}", format::count(objects)));
        shown.fact("Size", format!("{least}{}", format::bytes(size)));
        shown
    }

    pub fn fact(&mut self, label: impl Into<String>, value: impl Into<String>) {
        self.facts.push(Fact { label: label.into(), value: value.into() });
    }

    pub fn answer(self) -> Result<Outcome> {
        let facts = self.facts.iter().map(|fact| view::Fact::new(&fact.label, &fact.value));
        let tags = (!self.tags.is_empty()).then(|| view::Fact::new("Tags", self.tags.join(", ")));
        let mut view = View::new()
            .show(view::heading(&self.address))
            .show_some((!self.summary.is_empty()).then(|| view::text(&self.summary).strong(true)))
            .show(view::facts(facts.chain(tags)));
        if !self.columns.is_empty() {
            let mut rows = Rows::new([
                Column::new("name", "Column"),
                Column::new("type", "Type"),
                Column::new("nullable", "May be missing"),
            ]);
            for column in &self.columns {
                rows.push(row![column.name, column.r#type, if column.nullable { "yes" } else { "no" }]);
            }
            view = view.show(rows);
        }
        if !self.commits.is_empty() {
            let commits = self.commits.iter().map(|commit| {
                let Commit { id, message, author, created, objects, size, names } = commit;
                view::Commit::new(id, message, author, *created as i64, *objects, *size).names(names.clone())
            });
            view = view.show(view::heading("Last commits")).show(view::commits(commits));
        }
        let view = view.show_some(self.next_step());
        Ok(Outcome::new(&self)?.view(view))
    }

    fn next_step(&self) -> Option<view::Hint> {
        let address = &self.address;
        match self.kind {
            "object" => Some(view::hint("look into it").command(format!("kamld preview {address}"))),
            "folder" => None,
            _ if self.commits.is_empty() => {
                let branch = address.split('@').next().unwrap_or(address);
                Some(view::hint("nothing is committed yet").command(format!("kamld commit {branch} -m MESSAGE")))
            }
            _ => Some(view::hint("see what is in it").command(format!("kamld ls {address}"))),
        }
    }
}

pub fn preview(address: &Address, start: u64, rows: u32, node: view::Node) -> Result<Outcome> {
    let more = View::from(node.clone());
    let data = json!({ "address": address.to_string(), "start": start, "rows": rows, "preview": tree(&node) });
    let view = View::new().show(view::text(address.to_string()).tone(Tone::Muted));
    let view = more.nodes().iter().cloned().fold(view, View::show);
    Ok(Outcome::new(&data)?.view(view))
}

fn tree(node: &view::Node) -> serde_json::Value {
    let children: Vec<_> = node.children.iter().map(tree).collect();
    json!({ "kind": node.kind, "props": node.props, "children": children })
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};
    use kamld_sdk::schema::check;

    fn document() -> catalog::Document {
        catalog::Document {
            subject: "birds/strikes/2019.csv".into(),
            revision: 1,
            description: Some(described::Description {
                summary: "CSV, 1 column, 3,201 rows".into(),
                rows: Some(3201),
                columns: vec![described::Column { name: "species".into(), type_: "VARCHAR".into(), nullable: true }],
                facts: vec![("Delimiter".into(), ",".into())],
                text: String::new(),
            }),
            tags: vec!["raw".into()],
        }
    }

    #[test]
    fn whatever_is_shown_has_the_declared_shape() {
        let address: Address = "birds/strikes/2019.csv".parse().unwrap();
        let mut asset = Shown::asset(&address, samples::asset("strikes", "dataset", 5));
        asset.commits.push(Commit {
            id: "ab".repeat(32),
            message: "first".into(),
            author: "me".into(),
            created: 1,
            objects: 2,
            size: 3,
            names: vec!["main".into()],
        });
        for shown in [
            asset,
            Shown::asset(&address, samples::asset("strikes", "model", 5)),
            Shown::object(&address, samples::object("2019.csv"), document()),
            Shown::folder(&address, 20_000, 5, true),
        ] {
            check(&schema().into(), shown.answer().unwrap().data()).unwrap();
        }
        let drawn = preview(&address, 0, 20, view::heading("x").into()).unwrap();
        check(&preview_schema().into(), drawn.data()).unwrap();
    }

    #[test]
    fn an_object_shows_its_columns_and_its_rows() {
        let shown = Shown::object(&"b/s/x.csv".parse().unwrap(), samples::object("x.csv"), document());
        let nodes = shown.answer().unwrap().nodes();
        let table = nodes.iter().find(|node| node.kind == "table").unwrap();
        assert!(table.props.contains("species"));
        assert!(nodes.iter().any(|node| node.kind == "facts" && node.props.contains("3,201")));
    }
}
