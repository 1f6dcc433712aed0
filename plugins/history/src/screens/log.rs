//! The tab History: commits, and what can be done from each. With `from` and `to` it compares (module `compare`).

use super::{compare, here::Here};
use crate::shape::{Names, short};
use kamld_sdk::{
    Place, Result, Screen,
    storage::{refs, types::Commit},
    view::{self, Gap, Icon, MenuItem, Node, Target, Tone, View, Weight, at, going, run},
};
use serde_json::Value;

/// Commits on one screen.
const PAGE: u32 = 50;

pub fn draw(place: &Place) -> Result<Screen> {
    let here = Here::fetch(place)?;
    if let (Some(from), Some(to)) = (place.param("from"), place.param("to")) {
        return compare::draw(&here, from, to, place.param("after"));
    }
    let before = place.param("before");
    let start = before.or(here.at.as_deref());
    let commits = refs::log(&here.project, &here.asset, start, PAGE)?;
    Ok(screen(&here, &commits, before.is_some()))
}

fn screen(here: &Here, commits: &[Commit], older: bool) -> Screen {
    let top = view::row().gap(Gap::Small).show(here.menu("history"));
    if commits.is_empty() {
        let hint = view::hint("from a terminal").command(format!("kamld commit {} -m 'as collected'", here.id()));
        return View::new().show(top).show(nothing()).show(hint).into();
    }
    let names = Names::new(&here.branches, &here.versions);
    let list = commits.iter().map(|commit| {
        view::Commit::from(commit)
            .names(names.of(&commit.id))
            .action(going(at(here.at(short(&commit.id)))))
            .actions(actions(here, commit))
    });
    let next = (commits.len() == PAGE as usize).then(|| commits.last()?.parents.first()).flatten();
    let next = next.map(|next| view::button("Older", going(Target::new().with("before", short(next)))));
    let first = older.then(|| view::button("Newest", going(Target::new().with("before", Value::Null))));
    let pages = (next.is_some() || first.is_some()).then(|| {
        let buttons = first.into_iter().chain(next).map(|button| button.weight(Weight::Quiet));
        Node::from(view::row().gap(Gap::Small)).with(buttons)
    });
    View::new()
        .show(top)
        .show_some(changed(here))
        .show(Node::from(view::commits(list)).named("commits"))
        .show_some(pages)
        .into()
}

fn nothing() -> view::Empty {
    view::empty("Nothing has been committed yet")
        .text("A commit keeps the files as they are now, for good. Every commit is listed here.")
        .icon(Icon::Commit)
        .actions([MenuItem::new("See what can be committed", going(Target::new().tab("changes"))).icon(Icon::Edit)])
}

fn changed(here: &Here) -> Option<view::Callout> {
    let branch = here.branch().filter(|branch| branch.changed)?;
    let text = format!("Branch {} has changes that are not committed yet.", branch.name);
    let item = MenuItem::new("See them", going(Target::new().tab("changes"))).icon(Icon::Edit);
    Some(view::callout(text).tone(Tone::Normal).actions([item]))
}

fn actions(here: &Here, commit: &Commit) -> Vec<MenuItem> {
    let id = commit.id.as_str();
    let name = run("version create")
        .with("asset", here.id())
        .with("ref", id)
        .ask(["name", "message"])
        .done("Version {name} is there; it never moves");
    let branch = run("branch create")
        .with("asset", here.id())
        .with("from", id)
        .ask(["name"])
        .done("Branch {name} is there")
        .then(at(format!("{}@{{name}}", here.id())))
        .taken_back_by(run("branch remove").with("asset", here.id()).with("name", "{name}"));
    let mut items = vec![MenuItem::new("Name this version", name).icon(Icon::Version)];
    items.push(MenuItem::new("Branch from here", branch).icon(Icon::Branch));
    let compare = |from: &str, to: &str| going(Target::new().with("from", short(from)).with("to", short(to)));
    if let Some(parent) = commit.parents.first() {
        items.push(MenuItem::new("What it changed", compare(parent, id)).icon(Icon::List));
    }
    let working = here.working_branch();
    if let Some(head) = working.and_then(|branch| branch.head.as_deref()).filter(|head| *head != id) {
        items.push(MenuItem::new("What changed since", compare(id, head)).icon(Icon::Split));
        items.extend(working.map(|branch| set_back(here, &branch.name, branch.changed, head, id)));
    }
    items.push(MenuItem::new("Copy its id", view::Action::new().copy(id)).icon(Icon::Copy));
    items
}

/// With working changes they are lost, so the page asks; without, the last commit brings everything back.
fn set_back(here: &Here, branch: &str, changed: bool, head: &str, id: &str) -> MenuItem {
    let asset = here.at(branch);
    let action = run("restore").with("asset", asset.as_str()).with("ref", id).done(format!(
        "Files of {branch} that are as they were then: {{changed}}. Commit to make it part of the history"
    ));
    let action = if changed {
        action.confirm(format!("Branch {branch} has changes that are not committed: they are lost for good."))
    } else {
        action.taken_back_by(run("restore").with("asset", asset).with("ref", head))
    };
    MenuItem::new(format!("Set {branch} back to this"), action).icon(Icon::Restore)
}

#[cfg(test)]
mod tests {
    use super::{super::here::tests::here, *};

    fn commit(id: &str, parents: &[&str]) -> Commit {
        Commit {
            id: id.into(),
            parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
            author: "anna".into(),
            message: "strikes of 2019".into(),
            created: 1,
            objects: 2,
            size: 3,
            properties: vec![],
        }
    }

    fn labels(here: &Here, commit: &Commit) -> Vec<String> {
        actions(here, commit).into_iter().map(|item| item.label).collect()
    }

    #[test]
    fn each_commit_leads_to_the_asset_as_it_was() {
        let nodes = screen(&here(None), &[commit("c3", &["c1"]), commit("c1", &[])], false).nodes();
        let commits = nodes.iter().find(|node| node.kind == "commits").unwrap();
        assert!(commits.props.contains(r#""open":{"address":"birds/strikes@c1"}"#), "{}", commits.props);
        assert!(commits.props.contains(r#""names":["v1"]"#), "{}", commits.props);
    }

    #[test]
    fn going_back_is_offered_where_it_changes_something() {
        assert!(labels(&here(None), &commit("c1", &[])).contains(&"Set main back to this".into()));
        assert!(!labels(&here(None), &commit("c3", &["c1"])).contains(&"Set main back to this".into()));
        assert!(!labels(&here(None), &commit("c1", &[])).contains(&"What it changed".into()));
    }

    #[test]
    fn going_back_can_be_taken_back_or_asks_first() {
        let clean = set_back(&here(None), "main", false, "c3", "c1").action;
        assert_eq!(clean.undo.unwrap().arguments["ref"], "c3");
        assert!(clean.confirm.is_none());
        let changed = set_back(&here(None), "main", true, "c3", "c1").action;
        assert!(changed.undo.is_none() && changed.confirm.unwrap().contains("lost"));
    }

    #[test]
    fn working_changes_are_said_and_an_empty_history_leads_on() {
        let nodes = screen(&here(Some("cleaning")), &[commit("c2", &[])], false).nodes();
        assert!(nodes.iter().any(|node| node.kind == "callout"));
        let nodes = screen(&here(None), &[], false).nodes();
        assert!(nodes.iter().any(|node| node.kind == "empty"));
    }

    #[test]
    fn older_commits_are_one_step_away() {
        let full: Vec<_> = (0..PAGE).map(|_| commit("c2", &["0123456789abcdef"])).collect();
        let nodes = screen(&here(None), &full, true).nodes();
        assert!(nodes.iter().any(|node| node.props.contains(r#""before":"0123456789ab""#)));
        assert!(nodes.iter().any(|node| node.props.contains(r#""before":null"#)));
    }
}
