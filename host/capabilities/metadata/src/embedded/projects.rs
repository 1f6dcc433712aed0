//! Projects among the records: one record a project, its members inside it.
//!
//! Must not live here: the checks of the contract, which every back end shares.

use super::record;
use crate::{
    Project, Projects,
    error::{Error, Result},
    project::MAX_TITLE,
};
use async_trait::async_trait;
use kamld_records::{Range, Records, Table};
use kamld_types::{ProjectName, Right};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

pub const TABLE: Table = Table("metadata/projects");

pub(super) struct RecordProjects {
    records: Arc<dyn Records>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    project: Project,
    members: BTreeMap<String, Right>,
}

fn key(name: &ProjectName) -> &[u8] {
    name.as_str().as_bytes()
}

fn missing(name: &ProjectName) -> Error {
    Error::Missing(format!("project '{name}'"))
}

impl RecordProjects {
    pub(super) fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    fn read(&self, name: &ProjectName) -> Result<Stored> {
        let record = self.records.get(TABLE, key(name))?.ok_or_else(|| missing(name))?;
        record::parse(key(name), &record)
    }

    fn all(&self) -> Result<Vec<Stored>> {
        let all = self.records.scan(TABLE, &Range::prefix(""))?;
        all.iter().map(|(key, record)| record::parse(key, record)).collect()
    }
}

#[async_trait]
impl Projects for RecordProjects {
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
        let members = BTreeMap::from([(owner.to_owned(), Right::Owner)]);
        let record = record::json(&Stored { project: project.clone(), members })?;
        let name = name.clone();
        self.records
            .write(move |transaction| {
                if transaction.get(TABLE, key(&name))?.is_some() {
                    return Err(Error::Exists(format!("project '{name}'")));
                }
                Ok(transaction.put(TABLE, key(&name), record)?)
            })
            .await?;
        Ok(project)
    }

    async fn get(&self, name: &ProjectName) -> Result<Project> {
        Ok(self.read(name)?.project)
    }

    async fn list(&self) -> Result<Vec<Project>> {
        Ok(self.all()?.into_iter().map(|stored| stored.project).collect())
    }

    async fn remove(&self, name: &ProjectName) -> Result<()> {
        let name = name.clone();
        self.records
            .write(move |transaction| {
                // Removing must stay possible when the record is damaged: nothing of it is read.
                if matches!(transaction.get(TABLE, key(&name)), Ok(None)) {
                    return Err(missing(&name));
                }
                transaction.remove(TABLE, key(&name));
                Ok(())
            })
            .await
    }

    async fn members(&self, name: &ProjectName) -> Result<BTreeMap<String, Right>> {
        Ok(self.read(name)?.members)
    }

    async fn set_member(&self, name: &ProjectName, person: &str, right: Option<Right>) -> Result<()> {
        let (name, person) = (name.clone(), person.to_owned());
        self.records
            .write(move |transaction| {
                let record = transaction.get(TABLE, key(&name))?.ok_or_else(|| missing(&name))?;
                let mut stored: Stored = record::parse(key(&name), &record)?;
                match right {
                    Some(right) => stored.members.insert(person, right),
                    None => stored.members.remove(&person),
                };
                if !stored.members.values().any(|right| *right == Right::Owner) {
                    return Err(Error::Invalid {
                        message: format!("project '{name}' would be without an owner"),
                        help: "make somebody else an owner first".into(),
                    });
                }
                Ok(transaction.put(TABLE, key(&name), record::json(&stored)?)?)
            })
            .await
    }

    async fn rights(&self, person: &str) -> Result<BTreeMap<ProjectName, Right>> {
        let all = self.all()?.into_iter();
        Ok(all.filter_map(|stored| Some((stored.project.name, *stored.members.get(person)?))).collect())
    }
}
