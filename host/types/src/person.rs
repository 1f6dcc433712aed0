//! Who asks, and what they may do in a project.

use crate::PluginId;
use serde::{Deserialize, Serialize};

/// Roles choose the home screen and the order of things; they give no rights, but `Admin` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    DataScientist,
    DataEngineer,
    Developer,
    Sre,
    Admin,
}

/// What a person may do in one project; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    Viewer,
    Editor,
    Owner,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// A short id, such as `anna`.
    pub id: String,
    pub roles: Vec<Role>,
}

impl Person {
    /// The one person of a laptop: everything on it is theirs.
    pub fn local() -> Self {
        Self {
            id: "me".into(),
            roles: vec![Role::DataScientist, Role::DataEngineer, Role::Developer, Role::Sre, Role::Admin],
        }
    }

    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }
}

/// Who asked for a change of plug-ins: a person, and the plug-in through which they did, if one asked for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The id of a person, or `host`.
    pub person: String,
    /// What a person does in a plug-in's screen looks to the host like a wish of the plug-in: both are named.
    pub plugin: Option<PluginId>,
}

impl By {
    pub fn through(person: &str, plugin: &PluginId) -> Self {
        Self { person: person.to_owned(), plugin: Some(plugin.clone()) }
    }
}

/// A person, with no plug-in between.
impl From<&str> for By {
    fn from(person: &str) -> Self {
        Self { person: person.to_owned(), plugin: None }
    }
}

impl From<&String> for By {
    fn from(person: &String) -> Self {
        Self::from(person.as_str())
    }
}

impl From<&Person> for By {
    fn from(person: &Person) -> Self {
        Self::from(person.id.as_str())
    }
}
