//! `kamld:storage/space`.
//!
//! Invariant: nothing is walked. An asset's size is in the record of its default branch; what the store holds is
//! counted once and kept up by each write.

use super::{Answer, Narrow, StorageHost, answer};
use crate::{
    model::{Asset, AssetKind},
    policy,
};
use kamld_bindings::imports::kamld::storage::space::{Host, Share, Usage};
use kamld_types::{AssetId, Problem};

impl Host for StorageHost<'_> {
    async fn get(&mut self) -> Answer<Usage> {
        let host = self.narrow();
        answer(
            async move {
                host.admit(policy::SPACE_GET, "")?;
                let call = host.call.clone();
                let counts = move |asset: &AssetId| call.may_see(policy::SPACE_GET.interface, &asset.to_string());
                let usage = host.store.usage(counts).await?;
                Ok(Usage { logical: usage.logical, stored: usage.stored, capacity: usage.capacity, free: host.free() })
            }
            .await,
        )
    }

    async fn by_project(&mut self) -> Answer<Vec<Share>> {
        let host = self.narrow();
        answer(host.shares().await)
    }
}

impl Narrow<'_> {
    async fn shares(&self) -> Result<Vec<Share>, Problem> {
        let needs = policy::SPACE_BY_PROJECT;
        self.call.admit_listing(needs.interface, needs.verb)?;
        let assets = self.store.list_assets(None).await?;
        Ok(shares(assets.into_iter().filter(|asset| self.call.may_see(needs.interface, &asset.id.to_string()))))
    }

    /// Room on the disk under the store. The spool of a store on a local disk lies on that disk; beside a
    /// remote store it says nothing about it.
    fn free(&self) -> Option<u64> {
        let inner = &self.store.inner;
        inner.backing().local.as_ref().and_then(|_| inner.spool.room())
    }
}

/// Assets come in the order of their keys, so that those of a project stand together.
fn shares(assets: impl Iterator<Item = Asset>) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    for asset in assets {
        let project = asset.id.project.as_str();
        if shares.last().is_none_or(|share| share.project != project) {
            shares.push(Share { project: project.to_owned(), datasets: 0, models: 0, objects: 0, size: 0 });
        }
        if let Some(share) = shares.last_mut() {
            match asset.kind {
                AssetKind::Dataset => share.datasets += 1,
                AssetKind::Model => share.models += 1,
            }
            share.objects += asset.objects;
            share.size += asset.size;
        }
    }
    shares.sort_by(|a, b| a.project.cmp(&b.project));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AssetStore, Backends, embedded::RecordRefs, host::StorageHost};
    use kamld_bindings::{Error, imports::kamld::storage::objects};
    use kamld_policy::{Call, Gate, Rights};
    use kamld_types::{Person, PluginId, ProjectName, Right};
    use std::{
        collections::BTreeMap,
        sync::{Arc, atomic::AtomicU64},
        time::{Duration, Instant},
    };
    use wasmtime::component::{Resource, ResourceTable};

    fn call(gate: Gate, rights: Rights) -> Arc<Call> {
        Arc::new(Call {
            plugin: PluginId::new("kamld/test").unwrap(),
            person: Person::local(),
            rights,
            project: None,
            trace: "0".repeat(32),
            deadline: Instant::now() + Duration::from_secs(60),
            gate: Arc::new(gate),
            generation: 0,
            current_generation: Arc::new(AtomicU64::new(0)),
            denials: None,
            allowance: kamld_policy::Allowance::unlimited(),
        })
    }

    async fn put(store: &Arc<AssetStore>, asset: &str, path: &str, size: usize) {
        let (call, mut table) = (call(Gate::open(), Rights::Everything), ResourceTable::new());
        let mut host = StorageHost { table: &mut table, call: &call, store };
        let (project, asset) = asset.split_once('/').unwrap();
        let made = objects::Host::create(&mut host, project.into(), asset.into(), None, path.into(), None);
        let writer = made.await.unwrap().unwrap().rep();
        let write = objects::HostWriter::write(&mut host, Resource::new_own(writer), vec![b'x'; size]);
        write.await.unwrap().unwrap();
        objects::HostWriter::finish(&mut host, Resource::new_own(writer)).await.unwrap().unwrap();
    }

    async fn filled(backends: Backends) -> Arc<AssetStore> {
        let store = Arc::new(AssetStore::open(backends).unwrap());
        for (asset, kind) in [
            ("bees/hives", AssetKind::Dataset),
            ("birds/strikes", AssetKind::Dataset),
            ("birds/classifier", AssetKind::Model),
            ("birds-2/empty", AssetKind::Dataset),
        ] {
            let (project, name) = asset.split_once('/').unwrap();
            store.create_asset(&AssetId::new(project, name).unwrap(), kind).await.unwrap();
        }
        put(&store, "bees/hives", "a.csv", 10).await;
        put(&store, "birds/strikes", "a.csv", 20).await;
        put(&store, "birds/strikes", "b/c.csv", 30).await;
        put(&store, "birds/classifier", "weights.bin", 500).await;
        store
    }

    fn held(shares: &[Share]) -> Vec<(&str, u64, u64, u64, u64)> {
        shares.iter().map(|s| (s.project.as_str(), s.datasets, s.models, s.objects, s.size)).collect()
    }

    #[tokio::test]
    async fn each_project_has_the_sums_of_its_assets() {
        let spool = tempfile::tempdir().unwrap();
        let store = filled(Backends::memory(Arc::new(RecordRefs::memory().unwrap()), spool.path().into())).await;
        let (call, mut table) = (call(Gate::open(), Rights::Everything), ResourceTable::new());
        let mut host = StorageHost { table: &mut table, call: &call, store: &store };
        let shares = host.by_project().await.unwrap().unwrap();
        assert_eq!(held(&shares), [("bees", 1, 0, 1, 10), ("birds", 1, 1, 3, 550), ("birds-2", 1, 0, 0, 0)]);
        let usage = Host::get(&mut host).await.unwrap().unwrap();
        assert_eq!((usage.logical, usage.capacity, usage.free), (560, None, None), "memory has no known end");
    }

    #[tokio::test]
    async fn what_a_person_may_not_see_counts_for_nothing() {
        let spool = tempfile::tempdir().unwrap();
        let store = filled(Backends::memory(Arc::new(RecordRefs::memory().unwrap()), spool.path().into())).await;
        let rights = BTreeMap::from([(ProjectName::new("bees").unwrap(), Right::Viewer)]);
        let (call, mut table) = (call(Gate::open(), Rights::Projects(rights)), ResourceTable::new());
        let mut host = StorageHost { table: &mut table, call: &call, store: &store };
        assert_eq!(held(&host.by_project().await.unwrap().unwrap()), [("bees", 1, 0, 1, 10)]);
        assert_eq!(Host::get(&mut host).await.unwrap().unwrap().logical, 10);
    }

    #[tokio::test]
    async fn a_plug_in_without_a_grant_learns_nothing() {
        let spool = tempfile::tempdir().unwrap();
        let store = filled(Backends::memory(Arc::new(RecordRefs::memory().unwrap()), spool.path().into())).await;
        let (call, mut table) = (call(Gate::default(), Rights::Everything), ResourceTable::new());
        let mut host = StorageHost { table: &mut table, call: &call, store: &store };
        assert!(matches!(host.by_project().await.unwrap(), Err(Error::Denied(_))));
        assert!(matches!(Host::get(&mut host).await.unwrap(), Err(Error::Denied(_))));
    }

    #[tokio::test]
    async fn a_local_disk_says_what_it_holds_and_what_it_has_left() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(Backends::local(folder.path(), Arc::new(RecordRefs::memory().unwrap())).unwrap()).await;
        let (call, mut table) = (call(Gate::open(), Rights::Everything), ResourceTable::new());
        let mut host = StorageHost { table: &mut table, call: &call, store: &store };
        let usage = Host::get(&mut host).await.unwrap().unwrap();
        let (capacity, free) = (usage.capacity.unwrap(), usage.free.unwrap());
        assert!(usage.stored >= 560 && free <= capacity && capacity > 0, "{usage:?}");
    }
}
