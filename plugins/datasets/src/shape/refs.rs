//! Which state of an asset is looked at, and choosing another. Pure.

use kamld_sdk::{
    Address, format,
    storage::types::{Branch, Version},
    view::{self, Choice, MenuItem, Select, Tone, at, do_, going, typed},
};

/// What the data model keeps the choice under.
pub const KEY: &str = "ref";
/// Versions in the list; an asset that has more is looked through on the screen of its history.
const MOST: usize = 200;

/// The refs of an asset, and the one that is looked at.
#[derive(Clone, Debug)]
pub struct Refs {
    pub default: String,
    pub branches: Vec<Branch>,
    pub versions: Vec<Version>,
    /// As the address says it; none for the default branch.
    pub at: Option<String>,
}

/// What an address shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Branch {
        name: String,
        changed: bool,
        /// Whether anything was ever committed.
        committed: bool,
    },
    Version(String),
    Commit(String),
}

impl Refs {
    pub fn name(&self) -> &str {
        self.at.as_deref().unwrap_or(&self.default)
    }

    pub fn state(&self) -> State {
        let name = self.name();
        if let Some(branch) = self.branches.iter().find(|branch| branch.name == name) {
            return State::Branch { name: name.into(), changed: branch.changed, committed: branch.head.is_some() };
        }
        match self.versions.iter().any(|version| version.name == name) {
            true => State::Version(name.into()),
            false => State::Commit(name.into()),
        }
    }

    /// Only branches can be written.
    pub fn writable(&self) -> bool {
        matches!(self.state(), State::Branch { .. })
    }

    /// The list to choose another state from; `tab` is where the choice is made, and stays.
    pub fn chooser(&self, tab: &str) -> Select {
        let branches = self.branches.iter().map(|branch| {
            let choice = Choice::new(&branch.name, &branch.name);
            choice.note(if branch.changed { "branch, with changes" } else { "branch" })
        });
        // The newest first: what somebody looks for is rarely the oldest.
        let mut versions: Vec<_> = self.versions.iter().collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.created));
        let versions = versions.into_iter().take(MOST).map(|version| {
            Choice::new(&version.name, &version.name).note(format!("version of {}", format::date(version.created)))
        });
        let mut choices: Vec<_> = branches.chain(versions).collect();
        if !choices.iter().any(|choice| choice.value == self.name()) {
            choices.push(Choice::new(self.name(), self.short()).note("commit"));
        }
        let look = do_("look").with("ref", typed()).with("default", self.default.as_str()).with("tab", tab);
        view::select("Branch or version", format!("/{KEY}"), choices).change(look)
    }

    /// The name, a commit cut to what tells it from others.
    fn short(&self) -> String {
        self.name().chars().take(12).collect()
    }

    /// Why nothing can be changed here, and the way to where it can.
    pub fn read_only(&self, address: &Address) -> Option<view::Callout> {
        let what = match self.state() {
            State::Branch { .. } => return None,
            State::Version(name) => format!("You are looking at version {name}, which stays as it is."),
            State::Commit(_) => format!("You are looking at commit {}, which stays as it is.", self.short()),
        };
        let now = Address { at: None, ..address.clone() };
        let go = MenuItem::new(format!("Go to {}", self.default), going(at(now.to_string())));
        Some(view::callout(format!("{what} Files are changed on a branch.")).tone(Tone::Muted).actions([go]))
    }
}

/// The same place at another ref; the default branch needs no name.
pub fn looking_at(address: &Address, name: &str, default: &str) -> Address {
    Address { at: (name != default && !name.is_empty()).then(|| name.to_owned()), ..address.clone() }
}

#[cfg(test)]
pub mod samples {
    use super::*;

    pub fn refs(at: Option<&str>, changed: bool) -> Refs {
        let branch = |name: &str, changed| Branch { name: name.into(), head: Some("ab".repeat(32)), changed };
        let version = |name: &str, created| Version {
            name: name.into(),
            commit: "ab".repeat(32),
            created,
            message: String::new(),
        };
        Refs {
            default: "main".into(),
            branches: vec![branch("cleaning", false), branch("main", changed)],
            versions: vec![version("v1", 1), version("v2", 2)],
            at: at.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{samples::refs, *};

    #[test]
    fn only_a_branch_can_be_written() {
        assert_eq!(refs(None, true).state(), State::Branch { name: "main".into(), changed: true, committed: true });
        assert_eq!(refs(Some("v1"), true).state(), State::Version("v1".into()));
        assert_eq!(refs(Some("abababab"), true).state(), State::Commit("abababab".into()));
        assert!(refs(Some("cleaning"), false).writable() && !refs(Some("v2"), false).writable());
        let address = "birds/strikes@v1/2019/".parse().unwrap();
        assert!(refs(None, false).read_only(&address).is_none());
        let callout = refs(Some("v1"), false).read_only(&address).unwrap();
        assert!(callout.text.contains("version v1, which stays"), "{}", callout.text);
    }

    #[test]
    fn every_state_can_be_chosen_and_the_newest_version_comes_first() {
        let values = |refs: Refs| refs.chooser("files").options.into_iter().map(|o| o.value).collect::<Vec<_>>();
        assert_eq!(values(refs(None, false)), ["cleaning", "main", "v2", "v1"]);
        assert_eq!(values(refs(Some("0123456789abcdef"), false)).last().unwrap(), "0123456789abcdef");
    }

    #[test]
    fn the_default_branch_is_addressed_without_its_name() {
        let address: Address = "birds/strikes@v1/a.csv".parse().unwrap();
        assert_eq!(looking_at(&address, "main", "main").to_string(), "birds/strikes/a.csv");
        assert_eq!(looking_at(&address, "v2", "main").to_string(), "birds/strikes@v2/a.csv");
    }
}
