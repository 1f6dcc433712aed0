//! Search follows storage, and asks plug-ins what is in an object.

use crate::up::installed::Installed;
use async_trait::async_trait;
use kamld_metadata::{
    AssetState, Change, ChangePage, DescribeRequest, Describer, Description, ObjectState, Source, Told, index::Assets,
};
use kamld_policy::Rights;
use kamld_runtime::{Caller, Runtime};
use kamld_storage::{Asset, AssetKind, AssetStore, Change as Stored, Error, Object};
use kamld_types::{Address, AssetId, ObjectPath, Person, problem::Result};
use std::sync::Weak;

pub struct IndexedAssets(pub AssetStore);

impl IndexedAssets {
    async fn state(&self, asset: Asset) -> Result<Option<AssetState>> {
        let view = match self.0.view(&asset.id, None).await {
            Err(Error::NotFound(_)) => return Ok(None),
            view => view?,
        };
        Ok(Some(AssetState {
            kind: match asset.kind {
                AssetKind::Dataset => "dataset".into(),
                AssetKind::Model => "model".into(),
            },
            // Two assets of one name are never made in the same millisecond: making one flushes the disk.
            incarnation: asset.created.to_string(),
            root: view.token(),
            modified: asset.modified,
            objects: view.objects(),
            size: view.size(),
            asset: asset.id,
        }))
    }
}

fn object(object: Object) -> ObjectState {
    ObjectState { hash: object.hash, size: object.size, media_type: object.media_type, modified: object.modified }
}

#[async_trait]
impl Assets for IndexedAssets {
    async fn list_assets(&self) -> Result<Vec<AssetState>> {
        let mut states = Vec::new();
        for asset in self.0.list_assets(None).await? {
            states.extend(self.state(asset).await?);
        }
        Ok(states)
    }

    async fn asset(&self, asset: &AssetId) -> Result<Option<AssetState>> {
        match self.0.asset(asset).await {
            Err(Error::NotFound(_)) => Ok(None),
            found => self.state(found?).await,
        }
    }

    async fn changes(
        &self,
        asset: &AssetId,
        from: Option<&[u8]>,
        to: &[u8],
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage> {
        let from = self.0.view_of_token(asset, from.unwrap_or_default()).await?;
        let to = self.0.view_of_token(asset, to).await?;
        let page = from.diff(&to, after, limit).await?;
        let changes = page
            .changes
            .into_iter()
            .map(|change| match change {
                Stored::Added { after } | Stored::Modified { after, .. } => {
                    Change { path: after.path.clone(), object: Some(object(after)) }
                }
                Stored::Removed { before } => Change { path: before.path, object: None },
            })
            .collect();
        Ok(ChangePage { changes, next: page.next })
    }

    async fn object(&self, asset: &AssetId, path: &ObjectPath) -> Result<Option<ObjectState>> {
        let found = async { self.0.view(asset, None).await?.stat(path).await };
        match found.await {
            Err(Error::NotFound(_)) => Ok(None),
            found => Ok(Some(object(found?))),
        }
    }
}

/// Describes through the plug-in that fits the media type best, in the name of the host itself.
pub struct PluginDescriber {
    pub runtime: Weak<Runtime>,
    pub installed: Installed,
}

#[async_trait]
impl Describer for PluginDescriber {
    async fn describe(&self, request: DescribeRequest) -> Option<Told> {
        let runtime = self.runtime.upgrade()?;
        let caller = Caller {
            // Nobody asked: the indexer looks at what everybody who may see the asset will be shown.
            person: Person { id: "indexer".into(), roles: Vec::new() },
            rights: Rights::Everything,
            project: Some(request.asset.project.clone()),
            trace: uuid::Uuid::new_v4().simple().to_string(),
            locale: "en".into(),
            deadline: None,
        };
        let address = Address { asset: request.asset, at: None, path: Some(request.path.into()) };
        let told = runtime.describe_object(caller, &address, &request.media_type, request.size).await?;
        let by = told.by.into_iter().map(|(plugin, digest)| Source { plugin: plugin.to_string(), digest }).collect();
        let column = |column: kamld_runtime::Column| kamld_metadata::Column {
            name: column.name,
            r#type: column.type_,
            nullable: column.nullable,
        };
        let result = told.answer.map(|found| Description {
            summary: found.summary,
            rows: found.rows,
            columns: found.columns.into_iter().map(column).collect(),
            facts: found.facts,
            text: found.text,
        });
        Some(Told { by, result })
    }

    fn counts(&self, source: &Source, failed: bool) -> bool {
        self.installed.still_counts(&source.plugin, &source.digest, failed)
    }
}
