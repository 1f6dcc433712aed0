//! `kamld:storage/activity`.

use super::{Answer, Narrow, StorageHost, answer, limit};
use crate::policy;
use kamld_bindings::imports::kamld::storage::activity::{Event, Host};
use kamld_types::{Problem, ProjectName};

impl Host for StorageHost<'_> {
    async fn recent(&mut self, project: Option<String>, most: u32) -> Answer<Vec<Event>> {
        let host = self.narrow();
        answer(host.recent(project, most).await)
    }
}

impl Narrow<'_> {
    async fn recent(&self, project: Option<String>, most: u32) -> Result<Vec<Event>, Problem> {
        let needs = policy::ACTIVITY_RECENT;
        self.call.admit_listing(needs.interface, needs.verb)?;
        let (project, most) = (project.map(ProjectName::new).transpose()?, limit(most)?);
        let mut assets = self.store.list_assets(project.as_ref()).await?;
        assets.retain(|asset| self.call.may_see(needs.interface, &asset.id.to_string()));
        let recent = self.store.recent(&assets, most).await?;
        Ok(recent
            .into_iter()
            .map(|(asset, commit)| Event {
                project: asset.id.project.to_string(),
                asset: asset.id.name.to_string(),
                kind: asset.kind.into(),
                commit: commit.into(),
            })
            .collect())
    }
}
