//! The tab History of an object: the commits in which it changed, and bringing one of its states back.

use super::here::{Here, line};
use crate::shape::short;
use kamld_sdk::{
    Error, Kind, Place, Result, Screen, row,
    storage::{
        objects, refs,
        types::{ChangeKind, Commit, Object},
    },
    view::{
        self, Align, Column, Gap, Icon, MenuItem, Node, Rows, Target, Tone, ValueType, View, Weight, at, cell_of,
        going, run,
    },
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Commits that are looked through at once: each costs a look at the object as it was then.
const LOOKED: u32 = 100;

pub fn draw(place: &Place) -> Result<Screen> {
    let here = Here::fetch(place)?;
    let path = place.asset()?.need_path()?.to_owned();
    let before = place.param("before");
    let commits = refs::log(&here.project, &here.asset, before.or(here.at.as_deref()), LOOKED)?;
    let states = commits.iter().map(|commit| find(&here, Some(&commit.id), &path));
    let states = states.collect::<Result<Vec<_>>>()?;
    let now = match here.working_branch() {
        Some(branch) => find(&here, Some(&branch.name), &path)?,
        None => None,
    };
    let head = match here.working_branch().and_then(|branch| branch.head.as_deref()) {
        Some(head) if before.is_none() && commits.first().is_some_and(|commit| commit.id == head) => states[0].clone(),
        Some(head) => find(&here, Some(head), &path)?,
        None => None,
    };
    let changed = now.as_ref().map(|object| &object.hash) != head.as_ref().map(|object| &object.hash);
    Ok(screen(&here, &path, &steps(&commits, &states), changed, before.is_some()))
}

/// The object at a ref; none when it is not there.
pub fn find(here: &Here, at: Option<&str>, path: &str) -> Result<Option<Object>> {
    match objects::stat(&here.project, &here.asset, at, path).map_err(Error::from) {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A commit in which the object changed.
struct Step<'a> {
    commit: &'a Commit,
    kind: ChangeKind,
    size: Option<u64>,
}

struct Steps<'a> {
    found: Vec<Step<'a>>,
    looked: usize,
    /// Where to look on; none when the first commit was among them.
    next: Option<&'a str>,
}

fn steps<'a>(commits: &'a [Commit], states: &[Option<Object>]) -> Steps<'a> {
    let known: HashMap<&str, Option<&Object>> =
        commits.iter().zip(states).map(|(commit, state)| (commit.id.as_str(), state.as_ref())).collect();
    let mut found = Vec::new();
    for (commit, state) in commits.iter().zip(states) {
        let before = match commit.parents.first() {
            None => None,
            // The oldest that was looked at: what was before it is not known.
            Some(parent) => match known.get(parent.as_str()) {
                Some(before) => *before,
                None => continue,
            },
        };
        let kind = match (before, state) {
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(before), Some(after)) if before.hash != after.hash => ChangeKind::Modified,
            _ => continue,
        };
        found.push(Step { commit, kind, size: state.as_ref().map(|object| object.size) });
    }
    // The last one was compared with nothing, so looking on begins with it.
    let last = commits.last().filter(|last| last.parents.first().is_some_and(|p| !known.contains_key(p.as_str())));
    Steps { found, looked: commits.len(), next: last.map(|commit| commit.id.as_str()) }
}

fn screen(here: &Here, path: &str, steps: &Steps<'_>, changed: bool, older: bool) -> Screen {
    let branch = here.working_branch();
    let callout = branch.filter(|_| changed && !older).map(|branch| {
        let text = format!("This file has changes on branch {} that are not committed yet.", branch.name);
        let item = MenuItem::new("See them", going(at(here.object(&branch.name, path)).tab("diff"))).icon(Icon::Edit);
        view::callout(text).actions([item])
    });
    let next = steps.next.map(|next| {
        view::button("Look further back", going(Target::new().with("before", short(next)))).weight(Weight::Quiet)
    });
    let first =
        older.then(|| view::button("Newest", going(Target::new().with("before", Value::Null))).weight(Weight::Quiet));
    let pages = (first.is_some() || next.is_some())
        .then(|| Node::from(view::row().gap(Gap::Small)).with(first.into_iter().chain(next)));
    View::new()
        .show_some(callout)
        .show(Node::from(table(here, path, steps, changed)).named("commits"))
        .show(view::text(looked(steps)).tone(Tone::Muted))
        .show_some(pages)
        .into()
}

fn looked(steps: &Steps<'_>) -> String {
    match (steps.next, steps.looked) {
        (_, 0) => "Nothing has been committed yet.".into(),
        (None, looked) => {
            format!(
                "The whole history was looked at: {}.",
                kamld_sdk::format::counted(looked as u64, "commit", "commits")
            )
        }
        (Some(_), looked) => format!("The last {looked} commits were looked at. There are older ones."),
    }
}

fn table(here: &Here, path: &str, steps: &Steps<'_>, changed: bool) -> view::Table {
    let mut rows = Rows::new([
        Column::new("message", "Commit").open(true),
        Column::new("kind", "What happened"),
        Column::new("author", "Who"),
        Column::new("created", "When").r#type(ValueType::Time),
        Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End),
    ])
    .empty("The file did not change in these commits.");
    for step in &steps.found {
        let Commit { id, message, author, created, parents, .. } = step.commit;
        let kind = match step.kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "changed",
            ChangeKind::Removed => "removed",
        };
        rows.push(row![line(message), kind, author, created, step.size]);
        rows.also("id", id.as_str());
        rows.lead(match (step.kind, parents.first()) {
            // What a commit removed is not in it: it is looked at where it still is.
            (ChangeKind::Removed, Some(parent)) => {
                at(here.object(short(parent), path)).tab("diff").with("from", short(parent)).with("to", short(id))
            }
            _ => at(here.object(short(id), path)).tab("diff"),
        });
    }
    let table = view::Table::from(rows).label("Commits in which the file changed").key("id");
    match here.working_branch() {
        Some(branch) => table.row_actions([bring_back(here, &branch.name, path, changed)]),
        None => table,
    }
}

fn bring_back(here: &Here, branch: &str, path: &str, changed: bool) -> MenuItem {
    let restore = run("restore").with("asset", here.at(branch)).with("path", json!([path]));
    let action = restore
        .clone()
        .with("ref", cell_of("id"))
        .done(format!("The file is as it was then, on {branch}; commit to make it part of the history"));
    let action = if changed {
        action.confirm(format!("What changed in this file on {branch} since its last commit is lost for good."))
    } else {
        action.taken_back_by(restore)
    };
    MenuItem::new(format!("Bring this state back to {branch}"), action).icon(Icon::Restore)
}

#[cfg(test)]
mod tests {
    use super::{super::here::tests::here, *};

    fn commit(id: &str, parent: Option<&str>) -> Commit {
        Commit {
            id: id.into(),
            parents: parent.into_iter().map(Into::into).collect(),
            author: "anna".into(),
            message: format!("commit {id}\nmore"),
            created: 1,
            objects: 1,
            size: 1,
            properties: vec![],
        }
    }

    fn object(hash: &str) -> Option<Object> {
        Some(Object { path: "a.csv".into(), size: 7, hash: hash.into(), media_type: "text/csv".into(), modified: 1 })
    }

    fn four() -> (Vec<Commit>, Vec<Option<Object>>) {
        let commits =
            vec![commit("c4", Some("c3")), commit("c3", Some("c2")), commit("c2", Some("c1")), commit("c1", None)];
        (commits, vec![None, object("two"), object("one"), object("one")])
    }

    #[test]
    fn only_commits_that_changed_the_object_are_shown() {
        let (commits, states) = four();
        let steps = steps(&commits, &states);
        let found: Vec<_> = steps.found.iter().map(|step| (step.commit.id.as_str(), step.kind)).collect();
        assert_eq!(found, [("c4", ChangeKind::Removed), ("c3", ChangeKind::Modified), ("c1", ChangeKind::Added)]);
        assert_eq!(steps.next, None);
        assert_eq!(looked(&steps), "The whole history was looked at: 4 commits.");
    }

    #[test]
    fn what_was_not_looked_at_is_said_and_looked_at_next() {
        let (commits, states) = four();
        let steps = steps(&commits[..2], &states[..2]);
        assert_eq!(steps.found.len(), 1, "what c3 changed is not known without c2");
        assert_eq!(steps.next, Some("c3"));
        assert!(looked(&steps).contains("There are older ones"));
    }

    #[test]
    fn a_removed_object_is_looked_at_where_it_still_is() {
        let (commits, states) = four();
        let nodes = screen(&here(None), "a.csv", &steps(&commits, &states), true, false).nodes();
        let table = nodes.iter().find(|node| node.kind == "table").unwrap();
        assert!(table.props.contains("birds/strikes@c3/a.csv"), "{}", table.props);
        assert!(nodes.iter().any(|node| node.kind == "callout"));
    }

    #[test]
    fn bringing_back_can_be_taken_back_or_asks_first() {
        let clean = bring_back(&here(None), "main", "a.csv", false).action;
        let undo = clean.undo.unwrap();
        assert_eq!(undo.arguments["path"], json!(["a.csv"]));
        assert!(!undo.arguments.contains_key("ref"), "without a ref it is the last commit");
        assert!(bring_back(&here(None), "main", "a.csv", true).action.confirm.is_some());
    }
}
