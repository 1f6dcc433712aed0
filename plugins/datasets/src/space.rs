//! `space`: who holds which bytes, and how much room there is.
//!
//! `space` fetches, `answer` makes data and view; only the first calls the host.
//! Invariant: nothing is listed object by object; the host reads every size from the root of a tree.

use crate::shape::listing::Usage;
use kamld_sdk::{
    Args, Outcome, Result, Schema, format,
    metadata::projects,
    row, schema,
    storage::{
        assets,
        space::{self, Share},
        types::{Asset, AssetKind},
    },
    view::{self, Align, Column, Rows, Tone, ValueType, View},
};
use serde::Serialize;

/// One holder: a project, or an asset of the project that was asked about.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Holder {
    name: String,
    datasets: u64,
    models: u64,
    objects: u64,
    size: u64,
}

#[derive(Clone, Debug, Serialize)]
struct Held {
    /// None for all projects.
    project: Option<String>,
    /// The largest first.
    holders: Vec<Holder>,
    usage: Usage,
    objects: u64,
    stored: u64,
    free: Option<u64>,
}

pub fn space(args: &Args) -> Result<Outcome> {
    let room = space::get()?;
    match args.text("project")? {
        None => answer(None, space::by_project()?.into_iter().map(Holder::from).collect(), &room),
        Some(project) => {
            let project = projects::get(project)?.name;
            let assets = assets::list(Some(&project))?.into_iter().map(Holder::from).collect();
            answer(Some(project), assets, &room)
        }
    }
}

pub fn schema() -> Schema {
    let holder = schema::object([
        ("name", schema::text().says("a project, or an asset of the project that was named")),
        ("datasets", schema::integer()),
        ("models", schema::integer()),
        ("objects", schema::integer()),
        ("size", schema::integer().says("bytes")),
    ]);
    let usage = schema::object([
        ("datasets", schema::integer()),
        ("models", schema::integer()),
        ("size", schema::integer().says("bytes")),
        ("capacity", schema::nullable(schema::integer().says("bytes"))),
    ]);
    schema::object([
        ("project", schema::nullable(schema::text())),
        ("holders", schema::list(holder).says("the largest first")),
        ("usage", usage.says("of all holders together")),
        ("objects", schema::integer().says("of all holders together")),
        ("stored", schema::integer().says("bytes in use by the whole store, whoever they belong to")),
        ("free", schema::nullable(schema::integer().says("bytes that can still be written"))),
    ])
}

impl From<Share> for Holder {
    fn from(share: Share) -> Self {
        let Share { project, datasets, models, objects, size } = share;
        Self { name: project, datasets, models, objects, size }
    }
}

impl From<Asset> for Holder {
    fn from(asset: Asset) -> Self {
        let models = u64::from(asset.kind == AssetKind::Model);
        Self { name: asset.name, datasets: 1 - models, models, objects: asset.objects, size: asset.size }
    }
}

fn answer(project: Option<String>, mut holders: Vec<Holder>, room: &space::Usage) -> Result<Outcome> {
    // By name where sizes are equal, as they came.
    holders.sort_by_key(|holder| std::cmp::Reverse(holder.size));
    let sum = |of: fn(&Holder) -> u64| holders.iter().map(of).sum::<u64>();
    let usage = Usage {
        datasets: sum(|holder| holder.datasets),
        models: sum(|holder| holder.models),
        size: sum(|holder| holder.size),
        capacity: room.capacity,
    };
    let objects = sum(|holder| holder.objects);
    let held = Held { project, holders, usage, objects, stored: room.stored, free: room.free };
    Ok(Outcome::new(&held)?.view(shown(&held)))
}

fn shown(held: &Held) -> View {
    let mut view = View::new().show(view::text(held.usage.sentence()));
    if held.holders.is_empty() {
        let project = held.project.as_deref().unwrap_or("PROJECT");
        view = view.show(
            view::hint("an asset is a versioned collection of files")
                .command(format!("kamld asset create {project}/ASSET")),
        );
    } else {
        view = view.show(table(held));
    }
    view = view.show(view::text(room(held)).tone(Tone::Muted));
    match held.holders.first() {
        Some(largest) if held.project.is_none() => {
            view.show(view::hint("look into one").command(format!("kamld space {}", largest.name)))
        }
        _ => view,
    }
}

fn table(held: &Held) -> Rows {
    let count = |key, label| Column::new(key, label).r#type(ValueType::Count).align(Align::End);
    let size = Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End);
    let share = |holder: &Holder| format::percent(holder.size, held.usage.size.max(1));
    if held.project.is_none() {
        let mut rows = Rows::new([
            Column::new("name", "Project"),
            count("datasets", "Datasets"),
            count("models", "Models"),
            count("objects", "Objects"),
            size,
            Column::new("share", "Share").align(Align::End),
        ]);
        for holder in &held.holders {
            let Holder { name, datasets, models, objects, size } = holder;
            rows.push(row![name, datasets, models, objects, size, share(holder)]);
        }
        return rows;
    }
    let mut rows = Rows::new([
        Column::new("name", "Asset"),
        Column::new("kind", "Kind"),
        count("objects", "Objects"),
        size,
        Column::new("share", "Share").align(Align::End),
    ]);
    for holder in &held.holders {
        let kind = if holder.models > 0 { "model" } else { "dataset" };
        rows.push(row![holder.name, kind, holder.objects, holder.size, share(holder)]);
    }
    rows
}

/// What the whole store takes, and what is left. It is more than the sum above when histories are long, and
/// less when equal contents lie once.
fn room(held: &Held) -> String {
    let stored = format!("the store takes {} for all states of all assets", format::bytes(held.stored));
    match held.free {
        Some(free) => format!("{stored}; {} can still be written", format::bytes(free)),
        None => stored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::schema::check;

    fn share(project: &str, datasets: u64, size: u64) -> Holder {
        Share { project: project.into(), datasets, models: 0, objects: datasets * 2, size }.into()
    }

    fn room_of(capacity: Option<u64>, free: Option<u64>) -> space::Usage {
        space::Usage { logical: 520_000_000, stored: 300_000_000, capacity, free }
    }

    fn asset(name: &str, kind: AssetKind) -> Asset {
        Asset {
            project: "birds".into(),
            name: name.into(),
            kind,
            created: 1,
            modified: 2,
            objects: 3,
            size: 4,
            default_branch: "main".into(),
        }
    }

    fn words(outcome: &Outcome) -> String {
        outcome.nodes().into_iter().map(|node| node.props).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_sentence_of_the_workbench_and_the_largest_first() {
        let holders = vec![share("bees", 2, 20_000_000), share("birds", 4, 500_000_000)];
        let outcome = answer(None, holders, &room_of(Some(52_000_000_000), Some(40_000_000_000))).unwrap();
        check(&schema().into(), outcome.data()).unwrap();
        let said = words(&outcome);
        assert!(said.contains("You have 6 datasets with overall ~520 MB size (1 % of capacity)"), "{said}");
        assert!(said.contains("300 MB") && said.contains("40 GB can still be written"), "{said}");
        assert_eq!(outcome.data()["holders"][0]["name"], "birds");
        assert_eq!(outcome.data()["objects"], 12);
        assert!(said.contains("kamld space birds"), "the largest is the one to look into: {said}");
    }

    #[test]
    fn a_project_is_shown_asset_by_asset() {
        let holders = vec![asset("strikes", AssetKind::Dataset).into(), asset("classifier", AssetKind::Model).into()];
        let outcome = answer(Some("birds".into()), holders, &room_of(None, None)).unwrap();
        check(&schema().into(), outcome.data()).unwrap();
        let said = words(&outcome);
        assert!(said.contains("1 dataset and 1 model with overall ~8 B") && said.contains("50 %"), "{said}");
        assert!(!said.contains("can still be written"), "nobody knows: {said}");
    }

    #[test]
    fn nothing_at_all_says_what_to_do_next() {
        for project in [None, Some("birds".to_owned())] {
            let outcome = answer(project, Vec::new(), &room_of(Some(1), Some(1))).unwrap();
            check(&schema().into(), outcome.data()).unwrap();
            assert!(words(&outcome).contains("kamld asset create"), "{outcome:?}");
        }
    }

    #[test]
    fn assets_without_a_byte_share_nothing() {
        let outcome = answer(None, vec![share("bees", 1, 0)], &room_of(None, None)).unwrap();
        assert!(words(&outcome).contains("0 %"), "{outcome:?}");
    }
}
