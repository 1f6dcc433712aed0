//! The five verbs. There are no others, and a new function of the contract maps to one of them.

use crate::document::nearest;
use kamld_types::{Problem, Right};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    Read,
    List,
    Create,
    Modify,
    Delete,
}

impl Verb {
    pub const ALL: [Verb; 5] = [Verb::Read, Verb::List, Verb::Create, Verb::Modify, Verb::Delete];

    /// The least right in a project that a person needs for it, when it is about something in the project.
    pub fn right(self) -> Right {
        match self {
            Verb::Read | Verb::List => Right::Viewer,
            Verb::Create | Verb::Modify | Verb::Delete => Right::Editor,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Read => "read",
            Verb::List => "list",
            Verb::Create => "create",
            Verb::Modify => "modify",
            Verb::Delete => "delete",
        }
    }

    /// Its place in [`Verb::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Verb {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        Verb::ALL.into_iter().find(|verb| verb.as_str() == text).ok_or_else(|| {
            let problem = Problem::invalid(format!("'{text}' is not a verb"));
            match nearest(text, Verb::ALL.iter().map(|verb| verb.as_str())) {
                Some(near) => problem.help(format!("did you mean '{near}'?")),
                None => problem.help("the verbs are read, list, create, modify, delete"),
            }
        })
    }
}
