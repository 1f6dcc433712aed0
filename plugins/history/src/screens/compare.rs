//! What differs between two states of an asset: a list of objects, each leading to its own difference.

use super::here::Here;
use crate::shape::short;
use kamld_sdk::{
    Result, Screen, format,
    storage::{
        history,
        types::{ChangeKind, ChangePage},
    },
    view::{self, Choice, Gap, Icon, Node, Target, Tone, View, Weight, at, data_at, do_, going},
};
use serde_json::Value;

/// Differences on one screen.
const PAGE: u32 = 200;

pub fn draw(here: &Here, from: &str, to: &str, after: Option<&str>) -> Result<Screen> {
    let page = history::diff(&here.project, &here.asset, from, to, after, PAGE)?;
    Ok(screen(here, from, to, &page, after.is_some()))
}

fn screen(here: &Here, from: &str, to: &str, page: &ChangePage, later: bool) -> Screen {
    let back = Target::new().with("from", Value::Null).with("to", Value::Null).with("after", Value::Null);
    let top = view::row()
        .gap(Gap::Small)
        .show(view::button("Back to the history", going(back)).weight(Weight::Quiet).icon(Icon::ChevronLeft));
    let turn = Target::new().with("from", to).with("to", from).with("after", Value::Null);
    let choose = view::form(do_("compare").with("from", data_at("/from")).with("to", data_at("/to")), "Compare")
        .show(view::combobox("From", "/from", choices(here, from)).free(true))
        .show(view::combobox("To", "/to", choices(here, to)).free(true));
    let said = said(here, from, to, page, later);
    let list = page.changes.iter().map(|change| {
        let side = if change.kind == ChangeKind::Removed { from } else { to };
        let target = at(here.object(side, &change.path)).tab("diff").with("from", from).with("to", to);
        view::Change::from(change).action(going(target))
    });
    let list = (!page.changes.is_empty()).then(|| Node::from(view::changes(list)).named("changes"));
    let more = page.next.as_ref().map(|next| {
        view::button("More differences", going(Target::new().with("after", next.as_str()))).weight(Weight::Quiet)
    });
    let unseen = [from, to].into_iter().find(|name| here.branch_named(name).is_some_and(|branch| branch.changed));
    let unseen = unseen.map(|name| {
        view::text(format!("What is not committed yet on branch {name} is not part of this.")).tone(Tone::Muted)
    });
    let view = View::new()
        .show(top)
        .show(view::heading(format!("From {} to {}", here.called(from), here.called(to))).level(2))
        .show(
            view::row()
                .gap(Gap::Small)
                .show(view::text(said))
                .show(view::button("The other way round", going(turn)).weight(Weight::Quiet).icon(Icon::Refresh)),
        )
        .show_some(list)
        .show_some(more)
        .show_some(unseen)
        .show(view::details("Compare something else").show(choose));
    Screen::from(view).data("from", from).data("to", to)
}

fn said(here: &Here, from: &str, to: &str, page: &ChangePage, later: bool) -> String {
    if page.changes.is_empty() && !later {
        return format!("Nothing differs: {} and {} hold the same files.", here.called(from), here.called(to));
    }
    let of = |kind| page.changes.iter().filter(|change| change.kind == kind).count() as u64;
    let count = |kind, word: &str| match of(kind) {
        0 => None,
        count => Some(format!("{} {word}", format::count(count))),
    };
    let parts = [
        count(ChangeKind::Added, "added"),
        count(ChangeKind::Modified, "changed"),
        count(ChangeKind::Removed, "removed"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    match (&page.next, later) {
        (None, false) => format!("Files: {}.", parts.join(", ")),
        (Some(_), false) => format!("Files, the first {}: {}; there are more.", page.changes.len(), parts.join(", ")),
        (_, true) => format!("Further files: {}.", parts.join(", ")),
    }
}

fn choices(here: &Here, now: &str) -> Vec<Choice> {
    let branches = here.branches.iter().map(|branch| Choice::new(&branch.name, &branch.name).note("branch"));
    let versions = here.versions.iter().rev().map(|version| Choice::new(&version.name, &version.name).note("version"));
    let mut all: Vec<_> = branches.chain(versions).take(200).collect();
    if all.iter().all(|choice| choice.value != now) {
        all.insert(0, Choice::new(now, short(now)).note("commit"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{super::here::tests::here, *};
    use kamld_sdk::storage::types::Change;

    fn page(kinds: &[ChangeKind], next: Option<&str>) -> ChangePage {
        let change = |(place, kind): (usize, &ChangeKind)| Change {
            path: format!("{place}.csv"),
            kind: *kind,
            before: None,
            after: None,
        };
        ChangePage { changes: kinds.iter().enumerate().map(change).collect(), next: next.map(Into::into) }
    }

    #[test]
    fn each_difference_leads_to_the_object_where_it_is() {
        let page = page(&[ChangeKind::Modified, ChangeKind::Removed], None);
        let nodes = screen(&here(None), "v1", "main", &page, false).nodes();
        let changes = nodes.iter().find(|node| node.kind == "changes").unwrap();
        assert!(changes.props.contains("birds/strikes/0.csv") && changes.props.contains("birds/strikes@v1/1.csv"));
        assert!(nodes.iter().any(|node| node.props.contains("Files: 1 changed, 1 removed.")));
    }

    #[test]
    fn the_same_on_both_sides_is_said() {
        let nodes = screen(&here(None), "v1", "cleaning", &page(&[], None), false).nodes();
        assert!(nodes.iter().any(|node| node.props.contains("hold the same files")));
        assert!(nodes.iter().any(|node| node.props.contains("not committed yet on branch cleaning")));
    }

    #[test]
    fn a_commit_is_among_the_choices_when_it_is_chosen() {
        let choices = choices(&here(None), "0123456789abcdef");
        assert_eq!(choices[0].label, "0123456789ab");
        assert_eq!(choices.len(), 4);
    }
}
