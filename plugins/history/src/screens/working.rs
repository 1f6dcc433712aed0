//! The tab Changes: what is not committed yet, committing it, and giving it up.

use super::here::{Here, capital};
use crate::shape::short;
use kamld_sdk::{
    Place, Result, Screen, format,
    storage::{
        history,
        types::{Change, ChangeKind, ChangePage},
    },
    view::{self, Action, Gap, Icon, MenuItem, Node, Target, Tone, Validation, View, Weight, at, data_at, going, run},
};
use serde_json::{Value, json};

/// Changes on one screen.
const PAGE: u32 = 200;

pub fn draw(place: &Place) -> Result<Screen> {
    let here = Here::fetch(place)?;
    let Some(branch) = here.branch() else { return Ok(fixed(&here)) };
    let after = place.param("after");
    let page = history::changes(&here.project, &here.asset, Some(&branch.name), after, PAGE)?;
    let message = place.data::<String>("/message").unwrap_or_default();
    Ok(screen(&here, &branch.name, branch.head.as_deref(), &page, after.is_some(), &message))
}

/// What is committed has no working changes.
fn fixed(here: &Here) -> Screen {
    let main = &here.default;
    view::empty(format!("{} never changes", capital(&here.called(here.name()))))
        .text("What you change is kept on a branch until you commit it.")
        .icon(Icon::Version)
        .actions([
            MenuItem::new(format!("Changes of {main}"), going(at(here.at(main)).tab("changes"))).icon(Icon::Branch)
        ])
        .into()
}

fn screen(here: &Here, branch: &str, head: Option<&str>, page: &ChangePage, later: bool, message: &str) -> Screen {
    let top = view::row().show(here.menu("changes")).gap(Gap::Small);
    if page.changes.is_empty() && !later {
        let put = format!("kamld put ~/data/*.csv {}", here.at(branch));
        let hint = view::hint("put files there from a terminal").command(put);
        return Screen::from(View::new().show(top).show(nothing(here, branch, head)).show(hint)).data("message", "");
    }
    let count = page.changes.len() as u64;
    let said = match (&page.next, later) {
        (None, false) => format!("{} not committed yet.", format::counted(count, "change is", "changes are")),
        (Some(_), false) => format!("More than {count} changes are not committed yet. These are the first."),
        (_, true) => format!("{} more.", format::counted(count, "change", "changes")),
    };
    let list = view::changes(page.changes.iter().map(|change| shown(here, branch, head, change)));
    let more = page.next.as_ref().map(|next| {
        view::button("More changes", going(Target::new().with("after", next.as_str()))).weight(Weight::Quiet)
    });
    let first = later.then(|| {
        view::button("Back to the first", going(Target::new().with("after", Value::Null))).weight(Weight::Quiet)
    });
    let pages = (more.is_some() || first.is_some())
        .then(|| Node::from(view::row().gap(Gap::Small)).with(first.into_iter().chain(more)));
    let view = View::new()
        .show(top)
        .show(view::text(said))
        .show(Node::from(commit(here, branch)).named("commit"))
        .show(Node::from(list).named("changes"))
        .show_some(pages)
        .show_some(head.map(|_| discard(here, branch, page)));
    Screen::from(view).data("message", message)
}

fn nothing(here: &Here, branch: &str, head: Option<&str>) -> view::Empty {
    let files = MenuItem::new("Look at the files", going(at(here.at(branch)).tab(""))).icon(Icon::File);
    if head.is_none() {
        return view::empty("There is nothing to commit yet")
            .text("Put files into it: they are listed here until you commit them.")
            .icon(Icon::Upload)
            .actions([files]);
    }
    view::empty("Nothing has changed since the last commit")
        .text("Files that you add, change or remove are listed here until you commit them.")
        .icon(Icon::Check)
        .actions([MenuItem::new("See the history", going(Target::new().tab("history"))).icon(Icon::History), files])
}

fn commit(here: &Here, branch: &str) -> view::Form {
    let action =
        run("commit").with("asset", here.at(branch)).with("message", data_at("/message")).done("Committed: {message}");
    view::form(action, "Commit").show(
        view::input("What changed, and why", "/message")
            .placeholder("such as: strikes of 2019, cleaned")
            .check(Validation::new().required(true)),
    )
}

/// The bytes of working changes are in no commit, so that nothing can bring them back.
fn discard(here: &Here, branch: &str, page: &ChangePage) -> Node {
    let action = run("restore")
        .with("asset", here.at(branch))
        .confirm(lost(page))
        .done(format!("{branch} is as it was at its last commit"));
    view::details("Give these changes up")
        .show(view::text(lost(page)))
        .show(view::button("Discard all changes", action).weight(Weight::Danger).icon(Icon::Restore))
        .into()
}

fn lost(page: &ChangePage) -> String {
    let of = |kind| page.changes.iter().filter(|change| change.kind == kind).count() as u64;
    let (added, modified, removed) = (of(ChangeKind::Added), of(ChangeKind::Modified), of(ChangeKind::Removed));
    if page.next.is_some() {
        return "All changes since the last commit are lost for good: new files, and what was changed in others. \
                Removed files come back."
            .into();
    }
    let mut parts = Vec::new();
    if added > 0 {
        parts.push(format!("{} for good", format::counted(added, "new file is lost", "new files are lost")));
    }
    if modified > 0 {
        parts.push(format!("what changed in {} is lost for good", format::counted(modified, "file", "files")));
    }
    if removed > 0 {
        parts.push(format::counted(removed, "removed file comes back", "removed files come back"));
    }
    format!("{}.", capital(&parts.join("; ")))
}

fn shown(here: &Here, branch: &str, head: Option<&str>, change: &Change) -> view::Change {
    let path = change.path.as_str();
    // What is removed is not on the branch any more: it is looked at where it still is.
    let target = match (change.kind, head) {
        (ChangeKind::Removed, Some(head)) => {
            at(here.object(short(head), path)).tab("diff").with("from", short(head)).with("to", branch)
        }
        _ => at(here.object(branch, path)).tab("diff"),
    };
    let back = head.map(|_| put_back(here, branch, change));
    let shown = view::Change::from(change).action(going(target));
    match back {
        Some(item) => shown.actions([item]),
        None => shown,
    }
}

fn put_back(here: &Here, branch: &str, change: &Change) -> MenuItem {
    let path = &change.path;
    let action = |done: &str| -> Action {
        run("restore").with("asset", here.at(branch)).with("path", json!([path])).done(format!("{path} {done}"))
    };
    match change.kind {
        ChangeKind::Added => MenuItem::new(
            "Remove it again",
            action("is removed").confirm(format!("{path} is new and was never committed: it is lost for good.")),
        )
        .icon(Icon::Delete)
        .tone(Tone::Bad),
        ChangeKind::Modified => MenuItem::new(
            "Back to the last commit",
            action("is as it was").confirm(format!("What changed in {path} since the last commit is lost for good.")),
        )
        .icon(Icon::Restore)
        .tone(Tone::Bad),
        ChangeKind::Removed => MenuItem::new("Bring it back", action("is back")).icon(Icon::Restore),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::here::tests::here, *};
    use kamld_sdk::storage::types::Object;

    pub fn change(path: &str, kind: ChangeKind) -> Change {
        let object =
            Object { path: path.into(), size: 9, hash: "ab".into(), media_type: "text/csv".into(), modified: 1 };
        let (before, after) = match kind {
            ChangeKind::Added => (None, Some(object)),
            ChangeKind::Modified => (Some(object.clone()), Some(object)),
            ChangeKind::Removed => (Some(object), None),
        };
        Change { path: path.into(), kind, before, after }
    }

    fn page(next: Option<&str>) -> ChangePage {
        let changes = vec![
            change("a.csv", ChangeKind::Added),
            change("b.csv", ChangeKind::Modified),
            change("c.csv", ChangeKind::Removed),
        ];
        ChangePage { changes, next: next.map(Into::into) }
    }

    #[test]
    fn one_primary_button_commits_with_what_was_typed() {
        let screen = screen(&here(None), "main", Some("c3"), &page(None), false, "half a mess");
        let nodes = screen.nodes();
        let form = nodes.iter().find(|node| node.kind == "form").unwrap();
        assert!(form.props.contains(r#""message":{"$data":"/message"}"#), "{}", form.props);
        assert!(nodes.iter().all(|node| !node.props.contains(r#""weight":"primary""#)), "the form has the one");
        assert!(nodes.iter().any(|node| node.props.contains("3 changes are not committed yet")));
    }

    #[test]
    fn giving_up_says_what_is_lost() {
        assert_eq!(
            lost(&page(None)),
            "1 new file is lost for good; what changed in 1 file is lost for good; 1 removed file comes back."
        );
        assert!(lost(&page(Some("c.csv"))).starts_with("All changes"));
        let nodes = screen(&here(None), "main", Some("c3"), &page(None), false, "").nodes();
        let button = nodes.iter().find(|node| node.props.contains("Discard all changes")).unwrap();
        assert!(button.props.contains("confirm") && !button.props.contains("undo"));
    }

    #[test]
    fn what_is_removed_is_looked_at_where_it_still_is() {
        let change = shown(&here(None), "main", Some("c3"), &change("c.csv", ChangeKind::Removed));
        let target = change.action.unwrap().open.unwrap();
        assert_eq!(target.address.as_deref(), Some("birds/strikes@c3/c.csv"));
        assert_eq!(target.params.unwrap()["to"], "main");
    }

    #[test]
    fn before_the_first_commit_nothing_can_be_put_back() {
        let nodes = screen(&here(None), "main", None, &page(None), false, "").nodes();
        assert!(nodes.iter().all(|node| !node.props.contains("restore")));
    }

    #[test]
    fn where_nothing_changed_there_is_a_way_on_and_the_message_is_gone() {
        let none = ChangePage { changes: vec![], next: None };
        for head in [None, Some("c3")] {
            let nodes = screen(&here(None), "main", head, &none, false, "old").nodes();
            assert!(nodes.iter().any(|node| node.kind == "empty" && node.props.contains("actions")));
        }
        assert_eq!(fixed(&here(Some("v1"))).nodes()[0].kind, "empty");
    }
}
