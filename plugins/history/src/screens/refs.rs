//! The tab Branches and versions: both, starting a branch, naming a commit, taking a branch away.

use super::here::{Here, line};
use crate::shape::short;
use kamld_sdk::{
    Place, Result, Screen, row,
    storage::{refs, types::Commit},
    view::{self, Column, Icon, Item, MenuItem, Node, Rows, Target, Tone, ValueType, View, at, cell_of, going, run},
};
use kamld_sdk::{format, storage::types::Branch};
use std::time::{SystemTime, UNIX_EPOCH};

/// Branches whose last commit is looked up.
const LOOKED_UP: usize = 50;
/// Versions in the table; the command line has the rest.
const SHOWN: usize = 1000;

pub fn draw(place: &Place) -> Result<Screen> {
    let here = Here::fetch(place)?;
    let heads = here.branches.iter().take(LOOKED_UP).map(|branch| match &branch.head {
        Some(head) => refs::resolve(&here.project, &here.asset, head).map(Some),
        None => Ok(None),
    });
    let heads = heads.collect::<Result<Vec<_>, _>>()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    Ok(screen(&here, &heads, now))
}

fn screen(here: &Here, heads: &[Option<Commit>], now: u64) -> Screen {
    View::new()
        .show(Node::from(branches(here, heads, now)).named("branches"))
        .show(Node::from(versions(here)).named("versions"))
        .into()
}

fn branches(here: &Here, heads: &[Option<Commit>], now: u64) -> view::Section {
    let create = run("branch create")
        .with("asset", here.id())
        .ask(["name", "from"])
        .done("Branch {name} is there")
        .then(at(format!("{}@{{name}}", here.id())))
        .taken_back_by(run("branch remove").with("asset", here.id()).with("name", "{name}"));
    let items = here
        .branches
        .iter()
        .enumerate()
        .map(|(place, branch)| branch_item(here, branch, heads.get(place).and_then(Option::as_ref), now));
    view::section("Branches")
        .note("A branch is a line of work of its own. Nothing is copied, and others are left alone.")
        .actions([MenuItem::new("New branch", create).icon(Icon::Add)])
        .show(view::list(items).label("Branches"))
}

fn branch_item(here: &Here, branch: &Branch, head: Option<&Commit>, now: u64) -> Item {
    let Branch { name, changed, .. } = branch;
    let mut tags = Vec::new();
    if *name == here.default {
        tags.push("default");
    }
    if *changed {
        tags.push("not committed");
    }
    let mut item = Item::new(name)
        .icon(Icon::Branch)
        .open(at(here.at(name)))
        .current(name == here.name())
        .tags(tags)
        .actions(branch_actions(here, branch));
    item = match head {
        Some(commit) => {
            item.note(format!("{} · {}", line(&commit.message), commit.author)).end(format::ago(commit.created, now))
        }
        None if branch.head.is_none() => item.note("no commit yet"),
        None => item,
    };
    item
}

fn branch_actions(here: &Here, branch: &Branch) -> Vec<MenuItem> {
    let Branch { name, head, changed } = branch;
    let mut items = vec![MenuItem::new("History", going(at(here.at(name)).tab("history"))).icon(Icon::History)];
    if *changed {
        items.push(MenuItem::new("What is not committed", going(at(here.at(name)).tab("changes"))).icon(Icon::Edit));
    }
    if *name == here.default {
        return items;
    }
    let compare = going(at(here.id()).tab("history").with("from", here.default.as_str()).with("to", name.as_str()));
    items.push(MenuItem::new(format!("Compare with {}", here.default), compare).icon(Icon::Split));
    let remove = run("branch remove").with("asset", here.id()).with("name", name.as_str());
    let remove = remove.done(format!("Branch {name} is removed"));
    let remove = match (head, changed) {
        (_, true) => remove
            .with("force", true)
            .confirm(format!("Branch {name} has changes that are not committed: they are lost for good.")),
        // Without working changes, a branch is nothing but a name for its last commit.
        (Some(head), false) => remove.taken_back_by(
            run("branch create").with("asset", here.id()).with("name", name.as_str()).with("from", head.as_str()),
        ),
        (None, false) => remove,
    };
    items.push(MenuItem::new("Remove", remove).icon(Icon::Delete).tone(Tone::Bad));
    items
}

fn versions(here: &Here) -> view::Section {
    let create = run("version create")
        .with("asset", here.id())
        .ask(["name", "ref", "message"])
        .done("Version {name} is there; it never moves");
    let section = view::section("Versions")
        .note("A version is a name that one commit keeps for good, such as v1.")
        .actions([MenuItem::new("New version", create.clone()).icon(Icon::Add)]);
    if here.versions.is_empty() {
        let empty = view::empty("No version yet")
            .text("Name the last commit once others should rely on it.")
            .icon(Icon::Version)
            .actions([
                MenuItem::new("Name the last commit", create).icon(Icon::Version),
                MenuItem::new("See the history", going(Target::new().tab("history"))).icon(Icon::History),
            ]);
        let hint = view::hint("from a terminal").command(format!("kamld version create {} v1", here.id()));
        return section.show(empty).show(hint);
    }
    let mut rows = Rows::new([
        Column::new("name", "Version").open(true),
        Column::new("message", "What it is"),
        Column::new("created", "Named").r#type(ValueType::Time),
        Column::new("short", "Commit"),
    ]);
    for version in here.versions.iter().rev().take(SHOWN) {
        rows.push(row![version.name, line(&version.message), version.created, short(&version.commit)]);
        rows.also("commit", version.commit.as_str());
        rows.lead(at(here.at(&version.name)));
    }
    let branch = run("branch create")
        .with("asset", here.id())
        .with("from", cell_of("commit"))
        .ask(["name"])
        .done("Branch {name} is there")
        .then(at(format!("{}@{{name}}", here.id())))
        .taken_back_by(run("branch remove").with("asset", here.id()).with("name", "{name}"));
    let table =
        view::Table::from(rows)
            .label("Versions")
            .key("name")
            .row_actions([MenuItem::new("Branch from here", branch).icon(Icon::Branch)]);
    section.show(table)
}

#[cfg(test)]
mod tests {
    use super::{
        super::here::tests::{branch, here},
        *,
    };

    #[test]
    fn the_default_branch_cannot_be_removed() {
        let here = here(None);
        let labels = |name: &str| -> Vec<_> {
            branch_actions(&here, here.branch_named(name).unwrap()).into_iter().map(|item| item.label).collect()
        };
        assert!(!labels("main").contains(&"Remove".into()));
        assert!(labels("cleaning").contains(&"Remove".into()));
    }

    #[test]
    fn removing_a_branch_can_be_taken_back_or_asks_first() {
        let remove = |branch| branch_actions(&here(None), &branch).pop().unwrap().action;
        assert_eq!(remove(branch("x", Some("c2"), false)).undo.unwrap().arguments["from"], "c2");
        let changed = remove(branch("x", Some("c2"), true));
        assert!(changed.undo.is_none() && changed.confirm.is_some());
        assert_eq!(changed.arguments.unwrap()["force"], true);
    }

    #[test]
    fn an_asset_without_versions_says_what_they_are_for() {
        let mut here = here(None);
        here.versions.clear();
        let nodes = screen(&here, &[], 0).nodes();
        assert!(nodes.iter().any(|node| node.kind == "empty"));
        assert!(nodes.iter().all(|node| node.kind != "table"));
    }

    #[test]
    fn a_version_leads_to_the_asset_as_it_was() {
        let nodes = screen(&here(None), &[], 0).nodes();
        let table = nodes.iter().find(|node| node.kind == "table").unwrap();
        assert!(table.props.contains(r#""$open":{"address":"birds/strikes@v1"}"#), "{}", table.props);
    }
}
