//! Projects: the noun and the contract of a back end that keeps them.
//!
//! Must not live here: rights of the current call (policy), assets (storage).
//! Invariant: a project always has an owner, and its name never changes.

use crate::error::Result;
use async_trait::async_trait;
use kamld_types::{ProjectName, Right};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest title of a project, in characters: one line on any screen.
pub const MAX_TITLE: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub name: ProjectName,
    pub title: String,
    /// Milliseconds since 1970.
    pub created: u64,
    /// The id of the person who created it.
    pub owner: String,
}

/// What a back end for projects writes. Every change is durable when its call returns.
#[async_trait]
pub trait Projects: Send + Sync {
    /// `Exists` when the name is taken; the owner becomes its first member. Atomic against other creators.
    async fn create(&self, name: &ProjectName, title: &str, owner: &str) -> Result<Project>;

    /// `Missing` when there is none.
    async fn get(&self, name: &ProjectName) -> Result<Project>;

    /// All of them, by name.
    async fn list(&self) -> Result<Vec<Project>>;

    /// `Missing` when there is none. Whether it is empty, the caller has checked.
    async fn remove(&self, name: &ProjectName) -> Result<()>;

    /// Everybody with a right in it, by id.
    async fn members(&self, name: &ProjectName) -> Result<BTreeMap<String, Right>>;

    /// Gives a person a right, or takes it with `None`. `Invalid` when no owner would be left.
    async fn set_member(&self, name: &ProjectName, person: &str, right: Option<Right>) -> Result<()>;

    /// The rights of one person, project by project: what a call carries.
    async fn rights(&self, person: &str) -> Result<BTreeMap<ProjectName, Right>>;
}
