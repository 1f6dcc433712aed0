//! The part Lately of the first screen: the newest commits, each leading to its asset.

use crate::shape::short;
use kamld_sdk::{
    Place, Result, Screen,
    storage::activity::{self, Event},
    view::{self, MenuItem, Node, View, at, going},
};

/// Enough to find again what one worked on, few enough to take in at a glance.
const SHOWN: u32 = 8;

pub fn draw(_: &Place) -> Result<Screen> {
    Ok(Screen::from(screen(&activity::recent(None, SHOWN)?)).watch(""))
}

/// Nothing at all where nothing happened: the first screen says elsewhere how to begin.
fn screen(events: &[Event]) -> View {
    if events.is_empty() {
        return View::new();
    }
    let commits = events.iter().map(|event| {
        let asset = format!("{}/{}", event.project, event.asset);
        let then = format!("{asset}@{}", short(&event.commit.id));
        view::Commit::from(&event.commit)
            .names([asset.clone()])
            .action(going(at(asset.as_str()).tab("history")))
            .actions([
                MenuItem::new("Open it as it is now", going(at(asset.as_str()))),
                MenuItem::new("Open it as it was then", going(at(then))),
            ])
    });
    View::new().show(view::heading("Lately").level(2)).show(Node::from(view::commits(commits)).named("lately"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::storage::types::{AssetKind, Commit};

    #[test]
    fn each_commit_says_where_it_happened_and_leads_there() {
        let commit = Commit {
            id: "c".repeat(64),
            parents: vec![],
            author: "anna".into(),
            message: "strikes of 2019".into(),
            created: 1,
            objects: 2,
            size: 3,
            properties: vec![],
        };
        let event = Event { project: "birds".into(), asset: "strikes".into(), kind: AssetKind::Dataset, commit };
        let nodes = Screen::from(screen(&[event])).nodes();
        let commits = nodes.iter().find(|node| node.kind == "commits").unwrap();
        assert!(commits.props.contains(r#""names":["birds/strikes"]"#), "{}", commits.props);
        assert!(commits.props.contains("birds/strikes@cccccccccccc\""), "{}", commits.props);
        assert!(commits.props.contains(r#""tab":"history""#), "{}", commits.props);
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert!(screen(&[]).nodes().is_empty());
    }
}
