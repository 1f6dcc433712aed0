//! Projects in sled: one record a project, its members inside it.
//!
//! Must not live here: the checks of the contract, which every back end shares.

use super::{flush::Flush, record};
use crate::{
    Project, Projects,
    error::{Error, Result},
    project::MAX_TITLE,
};
use async_trait::async_trait;
use kamld_types::{ProjectName, Right};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) struct SledProjects {
    tree: sled::Tree,
    flush: Flush,
    /// Read, decide, write is one step.
    change: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    project: Project,
    members: BTreeMap<String, Right>,
}

impl SledProjects {
    pub(super) fn open(db: &sled::Db, flush: &Flush) -> Result<Self> {
        Ok(Self { tree: db.open_tree("metadata/projects")?, flush: flush.clone(), change: Mutex::new(()) })
    }

    fn read(&self, name: &ProjectName) -> Result<Stored> {
        let key = name.as_str().as_bytes();
        let record = self.tree.get(key)?.ok_or_else(|| missing(name))?;
        record::read(key, &record)
    }

    fn write(&self, stored: &Stored) -> Result<()> {
        let key = stored.project.name.as_str().as_bytes();
        self.tree.insert(key, record::write(key, stored)?)?;
        Ok(())
    }

    fn all(&self) -> impl Iterator<Item = Result<Stored>> {
        self.tree.iter().map(|entry| {
            let (key, record) = entry?;
            record::read(&key, &record)
        })
    }
}

fn missing(name: &ProjectName) -> Error {
    Error::Missing(format!("project '{name}'"))
}

#[async_trait]
impl Projects for SledProjects {
    async fn create(&self, name: &ProjectName, title: &str, owner: &str) -> Result<Project> {
        if title.chars().count() > MAX_TITLE || title.chars().any(char::is_control) {
            return Err(Error::Invalid {
                message: format!("the title of project '{name}' is not one line of at most {MAX_TITLE} characters"),
                help: "shorten it; nothing was created".into(),
            });
        }
        let project = Project {
            name: name.clone(),
            title: title.to_owned(),
            created: u64::try_from(chrono::Utc::now().timestamp_millis()).unwrap_or_default(),
            owner: owner.to_owned(),
        };
        {
            let _change = self.change.lock();
            if self.tree.contains_key(name.as_str())? {
                return Err(Error::Exists(format!("project '{name}'")));
            }
            let members = BTreeMap::from([(owner.to_owned(), Right::Owner)]);
            self.write(&Stored { project: project.clone(), members })?;
        }
        self.flush.flush().await?;
        Ok(project)
    }

    async fn get(&self, name: &ProjectName) -> Result<Project> {
        Ok(self.read(name)?.project)
    }

    async fn list(&self) -> Result<Vec<Project>> {
        self.all().map(|stored| Ok(stored?.project)).collect()
    }

    async fn remove(&self, name: &ProjectName) -> Result<()> {
        // Removing must stay possible when the record is damaged: nothing of it is read.
        self.tree.remove(name.as_str())?.ok_or_else(|| missing(name))?;
        self.flush.flush().await
    }

    async fn members(&self, name: &ProjectName) -> Result<BTreeMap<String, Right>> {
        Ok(self.read(name)?.members)
    }

    async fn set_member(&self, name: &ProjectName, person: &str, right: Option<Right>) -> Result<()> {
        {
            let _change = self.change.lock();
            let mut stored = self.read(name)?;
            match right {
                Some(right) => stored.members.insert(person.to_owned(), right),
                None => stored.members.remove(person),
            };
            if !stored.members.values().any(|right| *right == Right::Owner) {
                return Err(Error::Invalid {
                    message: format!("project '{name}' would be without an owner"),
                    help: "make somebody else an owner first".into(),
                });
            }
            self.write(&stored)?;
        }
        self.flush.flush().await
    }

    async fn rights(&self, person: &str) -> Result<BTreeMap<ProjectName, Right>> {
        let mut rights = BTreeMap::new();
        for stored in self.all() {
            let stored = stored?;
            if let Some(right) = stored.members.get(person) {
                rights.insert(stored.project.name, *right);
            }
        }
        Ok(rights)
    }
}
