//! Who asks, and what they may do in a project.

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
