//! Where a screen is: an asset at a ref, and what the ref is.
//!
//! Invariant: an address of the default branch has no ref, so that links to it are the short ones.

use crate::shape::short;
use kamld_sdk::{
    Address, Place, Result, format,
    storage::{
        assets, refs,
        types::{Branch, Version},
    },
    view::{Icon, Menu, MenuItem, Target, at, going, menu},
};

/// Branches, and versions, that a menu offers: more would not be read but searched.
const OFFERED: usize = 30;

#[derive(Clone, Debug)]
pub struct Here {
    pub project: String,
    pub asset: String,
    /// As the address says it; none for the default branch.
    pub at: Option<String>,
    /// The default branch.
    pub default: String,
    pub branches: Vec<Branch>,
    pub versions: Vec<Version>,
}

impl Here {
    pub fn fetch(place: &Place) -> Result<Self> {
        let Address { project, asset, at, .. } = place.asset()?;
        let default = assets::get(&project, &asset)?.default_branch;
        let branches = refs::branches(&project, &asset)?;
        let versions = refs::versions(&project, &asset)?;
        Ok(Self { project, asset, at, default, branches, versions })
    }

    /// `PROJECT/ASSET`
    pub fn id(&self) -> String {
        format!("{}/{}", self.project, self.asset)
    }

    /// The ref that is looked at.
    pub fn name(&self) -> &str {
        self.at.as_deref().unwrap_or(&self.default)
    }

    /// The branch that is looked at; none for a version or a commit.
    pub fn branch(&self) -> Option<&Branch> {
        self.branch_named(self.name())
    }

    pub fn branch_named(&self, name: &str) -> Option<&Branch> {
        self.branches.iter().find(|branch| branch.name == name)
    }

    /// The branch that is looked at, else the default one: where going back leads.
    pub fn working_branch(&self) -> Option<&Branch> {
        self.branch().or_else(|| self.branch_named(&self.default))
    }

    /// The address of the asset at a ref.
    pub fn at(&self, name: &str) -> String {
        if name == self.default { self.id() } else { format!("{}@{name}", self.id()) }
    }

    /// The address of an object at a ref.
    pub fn object(&self, name: &str, path: &str) -> String {
        format!("{}/{path}", self.at(name))
    }

    /// What a ref is called in a sentence, such as `branch main` or `commit 0a1b2c3d4e5f`.
    pub fn called(&self, name: &str) -> String {
        if self.branch_named(name).is_some() {
            format!("branch {name}")
        } else if self.versions.iter().any(|version| version.name == name) {
            format!("version {name}")
        } else {
            format!("commit {}", short(name))
        }
    }

    /// A menu of branches and versions; each leads to this same tab.
    pub fn menu(&self, tab: &str) -> Menu {
        let item = |name: &str, icon| {
            let icon = if name == self.name() { Icon::Check } else { icon };
            MenuItem::new(name, going(at(self.at(name)).tab(tab))).icon(icon)
        };
        let branches = self.branches.iter().take(OFFERED).map(|branch| item(&branch.name, Icon::Branch));
        let newest = self.versions.iter().rev().take(OFFERED).map(|version| item(&version.name, Icon::Version));
        let more = (self.branches.len() > OFFERED || self.versions.len() > OFFERED)
            .then(|| MenuItem::new("All branches and versions", going(Target::new().tab("refs"))).icon(Icon::More));
        let icon = if self.branch().is_some() { Icon::Branch } else { Icon::Version };
        menu(capital(&self.called(self.name())), branches.chain(newest).chain(more)).icon(icon)
    }
}

/// With a capital letter in front, for what begins a sentence.
pub fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// The first line of a message, no longer than a line of a screen.
pub fn line(message: &str) -> String {
    format::shorten(message.lines().next().unwrap_or_default(), 120)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn branch(name: &str, head: Option<&str>, changed: bool) -> Branch {
        Branch { name: name.into(), head: head.map(Into::into), changed }
    }

    pub fn here(at: Option<&str>) -> Here {
        Here {
            project: "birds".into(),
            asset: "strikes".into(),
            at: at.map(Into::into),
            default: "main".into(),
            branches: vec![branch("main", Some("c3"), false), branch("cleaning", Some("c2"), true)],
            versions: vec![Version {
                name: "v1".into(),
                commit: "c1".into(),
                created: 1,
                message: "as published".into(),
            }],
        }
    }

    #[test]
    fn an_address_of_the_default_branch_is_the_short_one() {
        assert_eq!(here(None).at("main"), "birds/strikes");
        assert_eq!(here(None).object("v1", "2019.csv"), "birds/strikes@v1/2019.csv");
    }

    #[test]
    fn a_ref_is_called_what_it_is() {
        let here = here(Some("v1"));
        assert_eq!(here.called("main"), "branch main");
        assert_eq!(here.called("v1"), "version v1");
        assert_eq!(here.called("0123456789abcdef"), "commit 0123456789ab");
        assert!(here.branch().is_none());
        assert_eq!(here.working_branch().unwrap().name, "main");
    }

    #[test]
    fn the_menu_shows_where_one_is_and_keeps_the_tab() {
        let menu: kamld_sdk::view::Node = here(Some("cleaning")).menu("history").into();
        assert_eq!(menu.props["text"], "Branch cleaning");
        let items = menu.props["items"].as_array().unwrap();
        assert_eq!(items.len(), 3);
        assert_eq!(items[1]["icon"], "check");
        assert_eq!(items[0]["action"]["open"], serde_json::json!({"address": "birds/strikes", "tab": "history"}));
    }
}
