//! `kamld:metadata/projects`.

use super::{
    MetadataHost,
    policy::PROJECTS,
    wit::projects::{Host, Project, Right},
};
use kamld_bindings::Error;
use kamld_policy::Verb;
use kamld_types::{Problem, ProjectName};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl MetadataHost<'_> {
    fn project(&self, project: crate::Project) -> Project {
        let right = match self.call.rights.in_project(project.name.as_str()) {
            Some(kamld_types::Right::Owner) => Right::Owner,
            Some(kamld_types::Right::Editor) => Right::Editor,
            // Just created, the rights of the call are older than the project.
            None if project.owner == self.call.person.id => Right::Owner,
            Some(kamld_types::Right::Viewer) | None => Right::Viewer,
        };
        Project {
            name: project.name.into(),
            title: project.title,
            created: project.created,
            owner: project.owner,
            right,
        }
    }

    async fn create_project(&mut self, name: String, title: String) -> Result<Project, Problem> {
        let name = ProjectName::new(name)?;
        self.call.admit(PROJECTS, Verb::Create, name.as_str())?;
        let project = self.projects.create(&name, &title, &self.call.person.id).await?;
        Ok(self.project(project))
    }

    async fn get_project(&mut self, name: String) -> Result<Project, Problem> {
        let name = ProjectName::new(name)?;
        self.call.admit(PROJECTS, Verb::Read, name.as_str())?;
        let project = self.projects.get(&name).await?;
        Ok(self.project(project))
    }

    async fn list_projects(&mut self) -> Result<Vec<Project>, Problem> {
        self.call.admit_listing(PROJECTS, Verb::List)?;
        let all = self.projects.list().await?;
        let seen = all.into_iter().filter(|project| self.call.may_see(PROJECTS, project.name.as_str()));
        Ok(seen.map(|project| self.project(project)).collect())
    }

    async fn remove_project(&mut self, name: String) -> Result<(), Problem> {
        let name = ProjectName::new(name)?;
        self.call.admit(PROJECTS, Verb::Delete, name.as_str())?;
        self.projects.get(&name).await?;
        let assets = self.search.assets().list_assets().await?;
        let left = assets.iter().filter(|state| state.asset.project == name).count();
        if left > 0 {
            let plural = if left == 1 { "" } else { "s" };
            return Err(Problem::conflict(format!("project '{name}' still has {left} asset{plural}"))
                .help("nothing was removed; remove its assets first"));
        }
        Ok(self.projects.remove(&name).await?)
    }
}

impl Host for MetadataHost<'_> {
    async fn create(&mut self, name: String, title: String) -> Answer<Project> {
        Ok(self.create_project(name, title).await.map_err(Error::from))
    }

    async fn get(&mut self, name: String) -> Answer<Project> {
        Ok(self.get_project(name).await.map_err(Error::from))
    }

    async fn list(&mut self) -> Answer<Vec<Project>> {
        Ok(self.list_projects().await.map_err(Error::from))
    }

    async fn remove(&mut self, name: String) -> Answer<()> {
        Ok(self.remove_project(name).await.map_err(Error::from))
    }
}
