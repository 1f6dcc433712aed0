//! The first screen: the projects with what they hold, or the ways in for a newcomer. Pure.

use super::{Project, side};
use kamld_sdk::{
    format, row,
    storage::types::{Asset, AssetKind},
    view::{self, Align, Column, Icon, Node, Rows, Size, Tone, ValueType, View, Weight, at, going},
};
use std::collections::BTreeMap;

/// Cards are for choosing among a few; what is older stands in a table below.
const CARDS: usize = 12;
/// As many rows as a view may carry.
const ROWS: usize = 200;

const WHAT: &str = "Datasets and models in one place, each with its whole history: look into them, search and query \
                    them, and go back to any state.";

/// What a project holds.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    datasets: u64,
    models: u64,
    size: u64,
    modified: u64,
}

impl Held {
    fn words(&self) -> String {
        let datasets = format::counted(self.datasets, "dataset", "datasets");
        let models = format::counted(self.models, "model", "models");
        let what = match (self.datasets, self.models) {
            (0, 0) => return "Nothing in it yet".into(),
            (_, 0) => datasets,
            (0, _) => models,
            _ => format!("{datasets} and {models}"),
        };
        format!("{what}, {}", format::bytes(self.size))
    }
}

/// `assets` are those of all projects; none when nobody may tell.
pub fn view(projects: &[Project], assets: Option<&[Asset]>, now: u64) -> View {
    if projects.is_empty() {
        return newcomer();
    }
    let held = assets.map(held);
    let of = |project: &Project| held.as_ref().map(|held| held.get(project.name.as_str()).copied().unwrap_or_default());
    let mut shown: Vec<_> = projects.iter().map(|project| (project, of(project))).collect();
    // What somebody worked on last is what they come back for.
    shown.sort_by_key(|(project, held)| std::cmp::Reverse(changed(project, held)));
    let (first, rest) = shown.split_at(shown.len().min(CARDS));
    let cards = first.iter().fold(view::grid().cell(Size::Medium), |grid, (project, held)| {
        grid.show(Node::from(card(project, held, now)).named(&project.name))
    });
    let head = view::row()
        .spread(true)
        .show(view::heading("Projects").level(1))
        .show(view::button("New project", side::create()).icon(Icon::Add).weight(Weight::Primary));
    View::new()
        .show(head)
        .show(view::text(WHAT).tone(Tone::Muted))
        .show(Node::from(cards).named("projects"))
        .show_some((!rest.is_empty()).then(|| older(rest)))
}

fn held(assets: &[Asset]) -> BTreeMap<&str, Held> {
    let mut by_project: BTreeMap<&str, Held> = BTreeMap::new();
    for asset in assets {
        let held = by_project.entry(&asset.project).or_default();
        match asset.kind {
            AssetKind::Dataset => held.datasets += 1,
            AssetKind::Model => held.models += 1,
        }
        held.size += asset.size;
        held.modified = held.modified.max(asset.modified);
    }
    by_project
}

/// The last change of what is in it, else of itself.
fn changed(project: &Project, held: &Option<Held>) -> u64 {
    held.map_or(0, |held| held.modified).max(project.created)
}

fn card(project: &Project, held: &Option<Held>, now: u64) -> view::Card {
    let when = changed(project, held);
    let card = view::card().title(project.title()).action(going(at(&project.name)));
    let card = match held {
        Some(held) => card.show(view::text(held.words())),
        None => card,
    };
    let verb = if when == project.created { "Created" } else { "Changed" };
    card.show(view::text(format!("{verb} {}", format::ago(when, now))).tone(Tone::Muted))
}

fn older(rest: &[(&Project, Option<Held>)]) -> view::Section {
    let mut rows = Rows::new([
        Column::new("title", "Name").open(true).sortable(true),
        Column::new("changed", "Modified").r#type(ValueType::Time).sortable(true),
        Column::new("assets", "Assets").r#type(ValueType::Count).align(Align::End).sortable(true),
        Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End).sortable(true),
    ]);
    for (project, held) in rest.iter().take(ROWS) {
        let when = changed(project, held);
        rows.push(row![
            project.title(),
            when,
            held.map(|held| held.datasets + held.models),
            held.map(|held| held.size),
        ]);
        rows.lead(at(&project.name));
    }
    let table = view::Table::from(rows).label("Other projects").filter("Filter by name");
    let section = view::section("Other projects").show(table);
    if rest.len() > ROWS {
        section.note(format!("{ROWS} of {}; search finds all of them", format::count(rest.len() as u64)))
    } else {
        section
    }
}

fn newcomer() -> View {
    let way = |title: &str, text: &str| view::card().title(title).show(view::text(text).tone(Tone::Muted));
    let own = way(
        "Start with your files",
        "A project is a place for people, datasets and models. Create one, then drop files into it.",
    );
    let own = own.show(view::button("New project", side::create()).icon(Icon::Add).weight(Weight::Primary));
    let sample = way("Look around first", "Real data about birds, cars and the weather, to try everything on.");
    let sample = sample.show(view::button("Add sample data", side::sample()));
    let terminal = way("Use a terminal", "Whatever the page does is a command too. This one lists them:");
    let terminal = terminal.show(view::code("kamld --help").language("shell"));
    let ways = view::grid().cell(Size::Medium).show(own).show(sample).show(terminal);
    View::new()
        .show(view::heading("Welcome to KAML-D").level(1))
        .show(view::text(WHAT))
        .show(Node::from(ways).named("ways"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn project(name: &str, created: u64) -> Project {
        Project { name: name.into(), title: String::new(), created, owner: "me".into(), right: "owner" }
    }

    fn asset(project: &str, kind: AssetKind, size: u64, modified: u64) -> Asset {
        let name = format!("a{size}");
        Asset {
            project: project.into(),
            name,
            kind,
            created: 1,
            modified,
            objects: 1,
            size,
            default_branch: "main".into(),
        }
    }

    fn words(view: View) -> String {
        view.flatten().into_iter().map(|node| node.props).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_project_says_what_it_holds_and_the_last_one_worked_on_comes_first() {
        let projects = [project("birds", 1), project("cars", 2), project("empty", 3)];
        let assets = [
            asset("birds", AssetKind::Dataset, 500_000_000, 8 * DAY),
            asset("birds", AssetKind::Model, 20_000_000, 2 * DAY),
            asset("cars", AssetKind::Dataset, 9, 9 * DAY),
        ];
        let view = view(&projects, Some(&assets), 10 * DAY);
        let nodes = view.clone().flatten();
        let grid = nodes.iter().find(|node| node.kind == "grid").unwrap();
        assert_eq!(grid.children, ["projects.cars", "projects.birds", "projects.empty"]);
        let words = words(view);
        assert!(words.contains("1 dataset and 1 model, 520 MB") && words.contains("Changed 2 days ago"), "{words}");
        assert!(words.contains("Nothing in it yet") && words.contains("Created 9 days ago"), "{words}");
        assert_eq!(nodes.iter().filter(|node| node.props.contains("\"primary\"")).count(), 1);
    }

    #[test]
    fn projects_are_shown_without_numbers_when_nobody_may_tell() {
        let words = words(view(&[project("birds", 1)], None, DAY));
        assert!(words.contains("birds") && !words.contains("Nothing in it"), "{words}");
    }

    #[test]
    fn many_projects_are_a_few_cards_and_a_table() {
        let projects: Vec<_> = (0..300).map(|n| project(&format!("p{n}"), n)).collect();
        let nodes = view(&projects, Some(&[]), DAY).flatten();
        assert_eq!(nodes.iter().filter(|node| node.kind == "card").count(), CARDS);
        let table = nodes.iter().find(|node| node.kind == "table").unwrap();
        assert_eq!(table.props.matches("$open").count(), ROWS);
        assert!(nodes.iter().any(|node| node.props.contains("200 of 288")));
    }

    #[test]
    fn a_newcomer_has_three_ways_and_one_stands_out() {
        let nodes = view(&[], Some(&[]), DAY).flatten();
        assert_eq!(nodes.iter().filter(|node| node.kind == "card").count(), 3);
        assert_eq!(nodes.iter().filter(|node| node.props.contains("\"primary\"")).count(), 1);
        let words: String = nodes.into_iter().map(|node| node.props).collect();
        assert!(
            ["[\"project\",\"create\"]", "[\"sample\",\"add\"]", "kamld --help"]
                .iter()
                .all(|word| words.contains(word))
        );
    }
}
