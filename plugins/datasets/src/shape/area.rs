//! The area "Data": the assets of a project, or of all, under the sentence about capacity. Pure.

use super::{
    Asset, files,
    folder::{BYTES, INLINE, Row},
    listing::Usage,
    type_of,
};
use kamld_sdk::{
    Window, format,
    view::{
        self, Action, Align, Column, Held, Icon, MenuItem, Node, SelectMode, Size, Source, Table, Tone, ValueType,
        View, Weight, at, cell, cell_of, do_, run, selected,
    },
};
use serde_json::json;
use std::{cmp::Ordering, collections::BTreeMap};

/// Kinds of files that a summary names.
const KINDS: usize = 3;

/// What the screen shows.
pub struct Area<'a> {
    /// None for all projects.
    pub project: Option<&'a str>,
    pub assets: &'a [Asset],
    pub usage: &'a Usage,
    /// Whether the person has any project.
    pub projects: bool,
}

impl Area<'_> {
    pub fn view(&self) -> View {
        if self.assets.is_empty() {
            return self.empty().into();
        }
        let upload = view::button("Upload", create(self.project)).icon(Icon::Upload).weight(Weight::Primary);
        let upload = upload.help("Names a new dataset or model, and takes your files there");
        let head = view::row().spread(true).show(view::text(self.usage.sentence())).show(upload);
        View::new().show(Node::from(head).named("head")).show(Node::from(self.table()).named("assets"))
    }

    fn table(&self) -> Table {
        let table = view::table()
            .columns(columns(self.project.is_none()))
            .label(self.project.map_or_else(|| "Datasets and models".into(), |p| format!("Datasets and models of {p}")))
            .filter("Filter by name, summary or tag")
            .select(SelectMode::Many)
            .bind("/selected")
            .key("address")
            .holds(Held::Assets)
            .row_actions([
                MenuItem::new("Upload files…", do_("upload").with("address", cell_of("address"))).icon(Icon::Upload),
                MenuItem::new("Add a tag…", files::tagging("address")).icon(Icon::Tag),
                MenuItem::new("Copy address", do_("copy").with("text", cell_of("address"))).icon(Icon::Copy),
                MenuItem::new("Remove…", run("asset remove").with("asset", cell_of("address")))
                    .icon(Icon::Delete)
                    .tone(Tone::Bad),
            ])
            .actions([MenuItem::new("Copy addresses", do_("copy").with("text", selected("address"))).icon(Icon::Copy)]);
        match inline(self.assets.iter().map(row)) {
            Some(rows) => table.rows(rows),
            None => table.source(Source::new().rows("assets")),
        }
    }

    fn empty(&self) -> view::Empty {
        let sample = |project: Option<&str>| {
            // A command of another plug-in: its form, which says so, is the question that the page asks anyway.
            let add = run("sample add").ask(["project"]).then(at("{project}"));
            MenuItem::new("Add sample data", project.map_or(add.clone(), |project| add.with("project", project)))
        };
        let upload = |project| MenuItem::new("Upload", create(project)).icon(Icon::Upload);
        match self.project {
            Some(project) => view::empty(format!("Nothing in {project} yet"))
                .text("A dataset or a model is a collection of files with their history. Name one, then drop files into it.")
                .actions([upload(Some(project)), sample(Some(project))]),
            None if self.projects => view::empty("No data yet")
                .text("Datasets and models belong to a project. Choose one at the side, or name both at once.")
                .actions([upload(None), sample(None)]),
            None => {
                let create = run("project create")
                    .ask(["name", "title"])
                    .then(at("{name}"))
                    .taken_back_by(run("project remove").with("name", "{name}"));
                view::empty("No project yet")
                    .text("A project is a place for people, datasets and models. Create one, then drop files into it.")
                    .actions([MenuItem::new("New project", create).icon(Icon::Add), sample(None)])
            }
        }
        .icon(Icon::Database)
    }
}

/// A new asset, and on to it: the first thing there is where files are dropped.
fn create(project: Option<&str>) -> Action {
    // The form wants the whole name: what is known of it stands there already.
    run("asset create")
        .with("asset", project.map(|project| format!("{project}/")).unwrap_or_default())
        .ask(["asset", "kind"])
        .done("{project}/{name} is there: drop files into it")
        .then(at("{project}/{name}"))
        // Right after, it is empty: taking it away loses nothing.
        .taken_back_by(run("asset remove").with("asset", "{project}/{name}"))
}

fn columns(project: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::new("name", "Name").open(true).sortable(true).width(Size::Medium),
        Column::new("modified", "Modified").r#type(ValueType::Time).sortable(true),
        Column::new("summary", "Summary"),
        Column::new("tags", "Tags").r#type(ValueType::Tags).width(Size::Medium),
        Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End).sortable(true),
    ];
    if project {
        columns.insert(1, Column::new("project", "Project").sortable(true));
    }
    columns
}

/// Whether the summary only counts, so that what the files are says more.
pub fn is_counted(asset: &Asset) -> bool {
    let counted = format::counted(asset.objects, "object", "objects");
    let (_, said) = asset.summary.split_once(", ").unwrap_or(("", &asset.summary));
    said == counted || said == "empty"
}

pub fn row(asset: &Asset) -> Row {
    let id = asset.id();
    let kind = if asset.kind == "model" && !asset.summary.to_lowercase().starts_with("model") { "Model, " } else { "" };
    let row = json!({
        "name": asset.name,
        "project": asset.project,
        "modified": asset.modified,
        "summary": format!("{kind}{}", asset.summary),
        "tags": asset.tags,
        "size": asset.size,
        "address": id,
        "$is": asset.kind,
        "$open": cell(&at(&id)),
    });
    row.as_object().cloned().unwrap_or_default()
}

/// The rows, when they are few and small enough to travel with the view.
pub fn inline(rows: impl ExactSizeIterator<Item = Row>) -> Option<Vec<Row>> {
    if rows.len() > INLINE {
        return None;
    }
    let rows: Vec<_> = rows.collect();
    let bytes: usize = rows.iter().map(|row| json!(row).to_string().len()).sum();
    (bytes <= BYTES).then_some(rows)
}

/// The assets of a window, in its order, and how many match.
pub fn window(assets: &[Asset], window: &Window) -> (Vec<Row>, u64) {
    let wanted = window.filter.trim().to_lowercase();
    let matches = |asset: &&Asset| {
        let texts = [&asset.name, &asset.project, &asset.summary];
        texts.into_iter().chain(&asset.tags).any(|text| text.to_lowercase().contains(&wanted))
    };
    let mut found: Vec<_> = assets.iter().filter(matches).collect();
    found.sort_by(|a, b| {
        let asked = window.sort.iter().map(|(key, down)| {
            let order = match key.as_str() {
                "name" => a.name.cmp(&b.name),
                "project" => a.project.cmp(&b.project),
                "modified" => a.modified.cmp(&b.modified),
                "size" => a.size.cmp(&b.size),
                _ => Ordering::Equal,
            };
            if *down { order.reverse() } else { order }
        });
        asked.fold(Ordering::Equal, Ordering::then)
    });
    let start = usize::try_from(window.start).unwrap_or(usize::MAX);
    let total = found.len() as u64;
    (found.into_iter().skip(start).take(window.count as usize).map(row).collect(), total)
}

/// What is in an asset, such as `12 files: 8 CSV, 4 PNG`; `types` are the media types of all of them.
pub fn mix<'a>(types: impl IntoIterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for media_type in types {
        *counts.entry(type_of(media_type)).or_default() += 1;
    }
    let all: u64 = counts.values().sum();
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let (named, others) = counts.split_at(counts.len().min(KINDS));
    let mut parts: Vec<_> = named.iter().map(|(kind, count)| format!("{} {kind}", format::count(*count))).collect();
    let others: u64 = others.iter().map(|(_, count)| count).sum();
    if others > 0 {
        parts.push(format::counted(others, "other", "others"));
    }
    match &counts[..] {
        [] => "Empty".into(),
        [(kind, count)] => format!("{} {kind} {}", format::count(*count), if *count == 1 { "file" } else { "files" }),
        _ => format!("{}: {}", format::counted(all, "file", "files"), parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn words(view: View) -> String {
        view.flatten().into_iter().map(|node| node.props).collect::<Vec<_>>().join("\n")
    }

    fn shown(project: Option<&str>, assets: &[Asset], projects: bool) -> View {
        Area { project, assets, usage: &Usage::of(assets, Some(52_000_000_000)), projects }.view()
    }

    #[test]
    fn a_project_is_the_sentence_one_green_button_and_the_table() {
        let assets: Vec<_> = (0..6).map(|n| samples::asset(&format!("a{n}"), "dataset", 86_666_667)).collect();
        let view = shown(Some("birds"), &assets, true);
        let nodes = view.clone().flatten();
        let table = nodes.iter().find(|node| node.kind == "table").unwrap();
        let props: serde_json::Value = serde_json::from_str(&table.props).unwrap();
        let labels: Vec<_> =
            props["columns"].as_array().unwrap().iter().map(|c| c["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["Name", "Modified", "Summary", "Tags", "Size"]);
        assert_eq!(props["rows"][0]["$open"]["address"], "birds/a0");
        assert_eq!((&props["holds"], &props["rows"][0]["$is"]), (&json!("assets"), &json!("dataset")));
        assert_eq!(nodes.iter().filter(|node| node.props.contains("\"primary\"")).count(), 1);
        let words = words(view);
        assert!(words.contains("You have 6 datasets with overall ~520 MB size (1 % of capacity)"), "{words}");
        assert!(words.contains("birds/"), "the form knows the project");
    }

    #[test]
    fn all_projects_are_told_apart() {
        let words = words(shown(None, &[samples::asset("a", "model", 1)], true));
        assert!(words.contains("\"label\":\"Project\"") && words.contains("Model, 3 objects"), "{words}");
    }

    #[test]
    fn every_empty_screen_has_a_way_on() {
        for (project, projects, says) in
            [(Some("birds"), true, "asset"), (None, true, "asset"), (None, false, "project")]
        {
            let words = words(shown(project, &[], projects));
            assert!(words.contains(&format!("[\"{says}\",\"create\"]")), "{words}");
            assert!(words.contains("[\"sample\",\"add\"]"), "{words}");
        }
    }

    #[test]
    fn very_many_assets_are_fetched_as_they_are_seen() {
        let assets: Vec<_> = (0..500).map(|n| samples::asset(&format!("a{n:03}"), "dataset", n)).collect();
        let words = words(shown(Some("birds"), &assets, true));
        assert!(words.contains("\"source\":{\"rows\":\"assets\"}"), "{words}");
        let asked = Window { start: 2, count: 3, sort: vec![("size".into(), true)], filter: "A1".into() };
        let (rows, total) = window(&assets, &asked);
        let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!((names, total), (vec!["a197", "a196", "a195"], 100));
    }

    #[test]
    fn a_summary_that_only_counts_is_known_as_one() {
        for (summary, counts) in [
            ("3 objects", true),
            ("dataset, 3 objects", true),
            ("model, empty", true),
            ("empty", true),
            ("strikes of 2019, 3 objects and more", false),
            ("4 objects", false),
        ] {
            let asset = Asset { summary: summary.into(), ..samples::asset("a", "dataset", 1) };
            assert_eq!(is_counted(&asset), counts, "{summary}");
        }
    }

    #[test]
    fn what_is_in_an_asset_is_said_by_kinds() {
        assert_eq!(mix(["text/csv", "text/csv", "image/png"]), "3 files: 2 CSV, 1 PNG");
        assert_eq!(mix(["text/csv"]), "1 CSV file");
        assert_eq!(mix([]), "Empty");
        let many = ["text/csv", "image/png", "image/gif", "text/plain", "application/pdf"];
        assert_eq!(mix(many), "5 files: 1 CSV, 1 GIF, 1 PNG, 2 others");
    }
}
