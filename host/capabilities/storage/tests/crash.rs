//! The machine stops after any write: what was acknowledged is there, and no ref points at what is not.

use bytes::Bytes;
use kamld_storage::{
    AssetKind, AssetStore, Backends, CommitWords, Error, UploadSpec,
    conformance::{asset, at, content, noise, object, path, words},
    embedded::RecordRefs,
    layers::fault::{FaultyObjects, FaultyRefs, Plan},
};
use kamld_types::{BranchName, CommitId, VersionName};
use object_store::memory::InMemory;
use std::{collections::BTreeMap, sync::Arc};
use tempfile::TempDir;

/// What the store has acknowledged so far.
#[derive(Default)]
struct Acknowledged {
    objects: BTreeMap<String, Bytes>,
    commits: Vec<(CommitId, BTreeMap<String, Bytes>)>,
    version: Option<CommitId>,
    branch: bool,
    exists: bool,
    /// Written but not answered: may be there or not.
    open: Option<(String, Bytes)>,
}

async fn work(store: &AssetStore, done: &mut Acknowledged) -> Result<(), Error> {
    store.create_asset(&asset(), AssetKind::Dataset).await?;
    done.exists = true;
    for i in 0..3 {
        for (name, body) in
            [("small", noise(100, i)), ("large", noise(200_000, i)), ("same", Bytes::from_static(b"same"))]
        {
            let name = format!("{name}-{}", i % 2);
            done.open = Some((name.clone(), body.clone()));
            store.put(&asset(), None, vec![object(&name, body.clone())]).await?;
            done.open = None;
            done.objects.insert(name, body);
        }
        let commit = store.commit(&asset(), None, words("so far")).await?;
        done.commits.push((commit.id, done.objects.clone()));
    }
    store.create_version(&asset(), &VersionName::new("v1").unwrap(), None, "").await?;
    done.version = done.commits.last().map(|(id, _)| *id);
    store.create_branch(&asset(), &BranchName::new("try").unwrap(), Some(&at("v1"))).await?;
    done.branch = true;
    let body = noise(300_000, 77);
    let spec =
        UploadSpec { asset: asset(), branch: None, path: path("up"), size: 300_000, media_type: None, modified: None };
    let id = store.uploads().create(spec).await?;
    store.uploads().append(id, 0, futures::stream::iter([Ok::<_, Error>(body.clone())])).await?;
    done.open = Some(("up".into(), body.clone()));
    store.uploads().finish(id).await?;
    done.open = None;
    done.objects.insert("up".into(), body);
    let first = at(&done.commits[0].0.to_hex());
    // Going back may be done or not when it is not answered; it is the last step.
    store.restore(&asset(), None, Some(&first), &[]).await?;
    done.objects = done.commits[0].1.clone();
    store.commit(&asset(), None, CommitWords { message: "back".into(), ..Default::default() }).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_after_any_write_loses_nothing_acknowledged() {
    let mut stops = 0;
    loop {
        let spool = TempDir::new().unwrap();
        let (objects, refs) = (Arc::new(InMemory::new()), Arc::new(RecordRefs::memory().unwrap()));
        let plan = Plan::after(stops);
        let faulty = AssetStore::open(Backends {
            objects: Arc::new(FaultyObjects { inner: objects.clone(), plan: plan.clone() }),
            multipart: None,
            local: None,
            refs: Arc::new(FaultyRefs { inner: refs.clone(), plan: plan.clone() }),
            spool: spool.path().into(),
        })
        .unwrap();
        let mut done = Acknowledged::default();
        let result = work(&faulty, &mut done).await;
        drop(faulty);
        let store =
            AssetStore::open(Backends { objects, multipart: None, local: None, refs, spool: spool.path().into() })
                .unwrap();
        let report = store.check(|_| {}).await.unwrap();
        assert!(report.damaged.is_empty(), "stop after {stops}: {:?}", report.damaged);
        assert!(!done.exists || store.asset(&asset()).await.is_ok(), "stop after {stops}");
        for (id, then) in &done.commits {
            let id = at(&id.to_hex());
            let view = store.view(&asset(), Some(&id)).await.unwrap();
            assert_eq!(view.objects(), then.len() as u64);
            for (name, body) in then {
                assert_eq!(content(&store, Some(&id), name).await.unwrap(), *body, "stop after {stops}: {name}");
            }
        }
        // The restore at the end is the only step that takes objects away.
        let restoring = result.is_err() && done.objects.contains_key("up") && done.open.is_none();
        for (name, body) in done.objects.iter().filter(|_| !restoring) {
            if done.open.as_ref().is_some_and(|(open, _)| open == name) {
                continue;
            }
            assert_eq!(content(&store, None, name).await.unwrap(), *body, "stop after {stops}: {name}");
        }
        if let Some(version) = done.version {
            assert_eq!(store.resolve(&asset(), &at("v1")).await.unwrap().id, version);
        }
        assert!(!done.branch || store.view(&asset(), Some(&at("try"))).await.is_ok());
        // An upload that was not finished goes on.
        for upload in store.uploads().list().await.unwrap().into_iter().filter(|upload| upload.done.is_none()) {
            if store.uploads().offset(upload.id).await.unwrap() == upload.spec.size {
                store.uploads().finish(upload.id).await.unwrap();
                assert_eq!(content(&store, None, "up").await.unwrap(), noise(300_000, 77));
            }
        }
        if result.is_ok() {
            assert!(stops > 15, "the script makes more writes than that");
            return;
        }
        stops += 1;
    }
}
