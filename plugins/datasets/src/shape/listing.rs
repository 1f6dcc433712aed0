//! What `ls` and `asset list` answer, and the sentence about capacity.

use super::{Asset, known, type_of};
use kamld_sdk::{
    Outcome, Result, Schema, format,
    metadata::catalog,
    row, schema,
    storage::types,
    view::{self, Align, Column, Rows, Tone, ValueType, View},
};
use serde::Serialize;

/// One listing: projects, or the assets of one, or the entries of a folder. The other lists are empty.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Listing {
    /// Empty for the list of projects.
    pub address: String,
    pub projects: Vec<Project>,
    pub assets: Vec<Asset>,
    pub entries: Vec<Entry>,
    pub usage: Option<Usage>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Project {
    pub name: String,
    pub title: String,
    pub created: u64,
    pub assets: u64,
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The last part of its path; a folder's ends in `/`.
    pub name: String,
    pub path: String,
    pub kind: &'static str,
    pub size: Option<u64>,
    pub modified: Option<u64>,
    pub hash: Option<String>,
    pub media_type: Option<String>,
    pub summary: String,
    pub tags: Vec<String>,
}

impl Entry {
    pub fn object(object: types::Object, folder: &str, document: Option<catalog::Document>) -> Self {
        let types::Object { path, size, hash, media_type, modified } = object;
        let (summary, tags) = known(document);
        Self {
            name: path.strip_prefix(folder).unwrap_or(&path).to_owned(),
            path,
            kind: "object",
            size: Some(size),
            modified: Some(modified),
            hash: Some(hash),
            media_type: Some(media_type),
            summary,
            tags,
        }
    }

    /// Adds what the catalogue knows.
    pub fn know(&mut self, document: Option<catalog::Document>) {
        (self.summary, self.tags) = known(document);
    }

    pub fn folder(path: String, folder: &str) -> Self {
        Self {
            name: path.strip_prefix(folder).unwrap_or(&path).to_owned(),
            path,
            kind: "folder",
            size: None,
            modified: None,
            hash: None,
            media_type: None,
            summary: String::new(),
            tags: Vec::new(),
        }
    }
}

/// How much room assets take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Usage {
    pub datasets: u64,
    pub models: u64,
    /// Bytes of all of them.
    pub size: u64,
    /// Bytes that the store can hold, when that is known.
    pub capacity: Option<u64>,
}

impl Usage {
    pub fn of(assets: &[Asset], capacity: Option<u64>) -> Self {
        let models = assets.iter().filter(|asset| asset.kind == "model").count() as u64;
        let size = assets.iter().map(|asset| asset.size).sum();
        Self { datasets: assets.len() as u64 - models, models, size, capacity }
    }

    /// The sentence that stands above a list of assets.
    pub fn sentence(&self) -> String {
        let datasets = format::counted(self.datasets, "dataset", "datasets");
        let what = match (self.datasets, self.models) {
            (0, 0) => return "You have no datasets yet".into(),
            (_, 0) => datasets,
            (0, models) => format::counted(models, "model", "models"),
            (_, models) => format!("{datasets} and {}", format::counted(models, "model", "models")),
        };
        let size = format::bytes(self.size);
        match self.capacity {
            Some(capacity) => {
                let percent = format::percent(self.size, capacity);
                format!("You have {what} with overall ~{size} size ({percent} of capacity)")
            }
            None => format!("You have {what} with overall ~{size} size"),
        }
    }
}

pub fn schema() -> Schema {
    let project = schema::object([
        ("name", schema::text()),
        ("title", schema::text()),
        ("created", schema::time()),
        ("assets", schema::integer()),
        ("size", schema::integer().says("bytes")),
    ]);
    let entry = schema::object([
        ("name", schema::text()),
        ("path", schema::text()),
        ("kind", schema::one_of(["object", "folder"])),
        ("size", schema::nullable(schema::integer().says("bytes"))),
        ("modified", schema::nullable(schema::time())),
        ("hash", schema::nullable(schema::text().says("SHA-256"))),
        ("media_type", schema::nullable(schema::text())),
        ("summary", schema::text()),
        ("tags", schema::list(schema::text())),
    ]);
    let usage = schema::object([
        ("datasets", schema::integer()),
        ("models", schema::integer()),
        ("size", schema::integer().says("bytes")),
        ("capacity", schema::nullable(schema::integer().says("bytes"))),
    ]);
    schema::object([
        ("address", schema::text().says("what was listed; empty for the projects")),
        ("projects", schema::list(project)),
        ("assets", schema::list(Asset::schema())),
        ("entries", schema::list(entry)),
        ("usage", schema::nullable(usage)),
        ("next", schema::nullable(schema::text().says("hand it to --after for what follows"))),
    ])
}

pub fn answer(listing: Listing) -> Result<Outcome> {
    let view = if listing.address.is_empty() {
        projects(&listing)
    } else if listing.usage.is_some() {
        View::new()
            .show_some(listing.usage.as_ref().filter(|_| !listing.assets.is_empty()).map(|u| view::text(u.sentence())))
            .show(
                view::Node::from(view::stack()).with(assets(&listing.assets, Some(&listing.address)).nodes().to_vec()),
            )
    } else {
        entries(&listing)
    };
    Ok(Outcome::new(&listing)?.view(view))
}

fn projects(listing: &Listing) -> View {
    if listing.projects.is_empty() {
        return View::new()
            .show(view::text("you have no project yet").tone(Tone::Muted))
            .show(view::hint("a project is a place for people and assets").command("kamld project create NAME"))
            .show(view::hint("or look at real sample data").command("kamld sample add"));
    }
    let mut rows = Rows::new([
        Column::new("name", "Name"),
        Column::new("title", "Title"),
        Column::new("assets", "Assets").r#type(ValueType::Count).align(Align::End),
        Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End),
        Column::new("created", "Created").r#type(ValueType::Time),
    ]);
    for project in &listing.projects {
        let Project { name, title, created, assets, size } = project;
        rows.push(row![name, title, assets, size, created]);
    }
    let first = &listing.projects[0].name;
    View::new()
        .show_some(listing.usage.as_ref().map(|usage| view::text(usage.sentence())))
        .show(rows)
        .show(view::hint("look into one").command(format!("kamld ls {first}")))
}

/// The table of assets; with the project in front when they are of several.
pub fn assets(assets: &[Asset], project: Option<&str>) -> View {
    if assets.is_empty() {
        let project = project.unwrap_or("PROJECT");
        return View::new().show(view::text("there is no asset here yet").tone(Tone::Muted)).show(
            view::hint("an asset is a versioned collection of files")
                .command(format!("kamld asset create {project}/ASSET")),
        );
    }
    let mut rows = Rows::new([
        Column::new("name", "Name"),
        Column::new("modified", "Modified").r#type(ValueType::Time),
        Column::new("summary", "Summary"),
        Column::new("tags", "Tags").r#type(ValueType::Tags),
        Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End),
    ]);
    for asset in assets {
        let name = if project.is_some() { asset.name.clone() } else { asset.id() };
        rows.push(row![name, asset.modified, asset.summary, asset.tags, asset.size]);
    }
    rows.into()
}

fn entries(listing: &Listing) -> View {
    let asset = listing.address.split('/').take(2).collect::<Vec<_>>().join("/");
    if listing.entries.is_empty() {
        let branch = asset.split('@').next().unwrap_or(&asset);
        return View::new()
            .show(view::text(format!("there is nothing in {}", listing.address)).tone(Tone::Muted))
            .show(view::hint("put files into it").command(format!("kamld put FILE... {branch}")));
    }
    let mut rows = Rows::new([
        Column::new("name", "Name").r#type(ValueType::Path),
        Column::new("type", "Type"),
        Column::new("summary", "Summary"),
        Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End),
        Column::new("modified", "Modified").r#type(ValueType::Time),
        Column::new("tags", "Tags").r#type(ValueType::Tags),
    ]);
    for entry in &listing.entries {
        let kind = entry.media_type.as_deref().map_or_else(|| "folder".to_owned(), type_of);
        rows.push(row![entry.name, kind, entry.summary, entry.size, entry.modified, entry.tags]);
    }
    let more = listing.next.as_ref().map(|next| {
        view::hint("there is more").command(format!("kamld ls {} --after {}", quoted(&listing.address), quoted(next)))
    });
    View::new().show(rows).show_some(more)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};
    use kamld_sdk::schema::check;

    fn kinds(outcome: &Outcome) -> Vec<String> {
        outcome.nodes().into_iter().map(|node| node.kind).collect()
    }

    #[test]
    fn the_sentence_about_capacity_says_true_numbers() {
        let six: Vec<_> = (0..6).map(|n| samples::asset(&n.to_string(), "dataset", 86_666_667)).collect();
        let usage = Usage::of(&six, Some(52_000_000_000));
        assert_eq!(usage.sentence(), "You have 6 datasets with overall ~520 MB size (1 % of capacity)");
        let mixed = [samples::asset("a", "dataset", 10), samples::asset("b", "model", 5)];
        assert_eq!(Usage::of(&mixed, None).sentence(), "You have 1 dataset and 1 model with overall ~15 B size");
        assert_eq!(Usage::of(&[], Some(1)).sentence(), "You have no datasets yet");
    }

    #[test]
    fn every_listing_has_the_declared_shape() {
        let usage = Usage::of(&[], None);
        let project = Project { name: "birds".into(), title: String::new(), created: 1, assets: 2, size: 3 };
        let entries =
            vec![Entry::folder("2019/".into(), ""), Entry::object(samples::object("2019/may.csv"), "2019/", None)];
        for listing in [
            Listing { usage: Some(usage.clone()), ..Listing::default() },
            Listing { projects: vec![project], usage: Some(usage.clone()), ..Listing::default() },
            Listing {
                address: "birds".into(),
                assets: vec![samples::asset("strikes", "dataset", 9)],
                usage: Some(usage),
                ..Listing::default()
            },
            Listing { address: "birds/strikes".into(), entries, next: Some("x".into()), ..Listing::default() },
        ] {
            check(&schema().into(), answer(listing).unwrap().data()).unwrap();
        }
    }

    #[test]
    fn an_object_in_a_folder_is_listed_by_its_own_name() {
        let entry = Entry::object(samples::object("2019/may.csv"), "2019/", None);
        assert_eq!((entry.name.as_str(), entry.path.as_str()), ("may.csv", "2019/may.csv"));
    }

    #[test]
    fn empty_states_say_what_to_do_next() {
        for address in ["", "birds", "birds/strikes@v1"] {
            let usage = (address != "birds/strikes@v1").then(|| Usage::of(&[], None));
            let outcome = answer(Listing { address: address.into(), usage, ..Listing::default() }).unwrap();
            assert!(kinds(&outcome).contains(&"hint".to_owned()), "{address}");
        }
    }

    #[test]
    fn what_follows_is_one_command_away_even_with_spaces() {
        assert_eq!(quoted("a b's.csv"), "'a b'\\''s.csv'");
        assert_eq!(quoted("2019/may.csv"), "2019/may.csv");
    }
}
