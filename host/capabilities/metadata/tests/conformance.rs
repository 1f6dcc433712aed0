//! The embedded back end passes the suite, and keeps what it acknowledged.

use kamld_metadata::{Derived, Embedded, Error, conformance, embedded::tables, kv::QUOTA};
use kamld_records::{Records, RedbRecords};
use kamld_types::{PluginId, ProjectName};
use std::{path::Path, sync::Arc};

fn open(folder: &Path) -> (Arc<dyn Records>, Embedded) {
    let records: Arc<dyn Records> = Arc::new(RedbRecords::open(&folder.join("records.redb")).unwrap());
    let derived = Arc::new(Derived::open(&folder.join("derived")).unwrap());
    let embedded = Embedded::new(&records, &derived);
    (records, embedded)
}

fn embedded() -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let (_, embedded) = open(folder.path());
    (folder, embedded)
}

#[tokio::test]
async fn projects_are_kept_as_the_contract_says() {
    let (_folder, embedded) = embedded();
    conformance::projects(&*embedded.projects).await;
}

#[tokio::test]
async fn the_catalogue_is_kept_as_the_contract_says() {
    let (_folder, embedded) = embedded();
    conformance::catalog(&*embedded.catalog).await;
}

#[tokio::test]
async fn descriptions_are_kept_as_the_contract_says() {
    let (_folder, embedded) = embedded();
    conformance::descriptions(&*embedded.descriptions).await;
}

#[tokio::test]
async fn key_values_are_kept_as_the_contract_says() {
    let (_folder, embedded) = embedded();
    conformance::kv(&*embedded.kv).await;
}

/// Copies the folder of a running database, as a machine that stops hard would leave it.
fn as_after_a_kill(folder: &std::path::Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder, copy.path());
    copy
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_hard_stop() {
    let (folder, embedded) = embedded();
    let space = PluginId::new("kamld/search").unwrap();
    let subject = "birds/strikes/2019.csv".parse().unwrap();
    embedded.projects.create(&ProjectName::new("birds").unwrap(), "Birds", "me").await.unwrap();
    for round in 0..20_u32 {
        let tag = format!("tag-{round}");
        let document = embedded.catalog.change_tags(&subject, std::slice::from_ref(&tag), &[]).await.unwrap();
        let revision = embedded.kv.put(&space, "round", &round.to_le_bytes(), None, QUOTA).await.unwrap();

        let copy = as_after_a_kill(folder.path());
        let (_, reopened) = open(copy.path());
        assert_eq!(reopened.catalog.documents(std::slice::from_ref(&subject)).await.unwrap(), [document]);
        let item = reopened.kv.get(&space, "round").await.unwrap().unwrap();
        assert_eq!((item.value, item.revision), (round.to_le_bytes().to_vec(), revision));
        assert_eq!(reopened.projects.list().await.unwrap().len(), 1);
        assert_eq!(reopened.catalog.tags(Some("birds"), &|_: &str| true).await.unwrap().len(), round as usize + 1);
        assert_eq!(reopened.catalog.changed(10).await.unwrap().len(), 1);
        let next = reopened.kv.put(&space, "round", b"", Some(revision), QUOTA).await.unwrap();
        assert!(next > revision, "revisions grow also over a hard stop");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_an_error_that_names_it_and_can_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (records, embedded) = open(folder.path());
    let birds = ProjectName::new("birds").unwrap();
    embedded.projects.create(&birds, "Birds", "me").await.unwrap();
    let cut = |t: &mut kamld_records::Transaction<'_>| t.put(tables::PROJECTS, *b"birds", *b"{\"na");
    records.write::<_, kamld_records::Error>(cut).await.unwrap();
    let error = embedded.projects.get(&birds).await.unwrap_err();
    assert!(matches!(&error, Error::Damaged(what) if what.contains("birds")), "{error}");
    assert_eq!(kamld_types::Problem::from(error).kind, kamld_types::Kind::Corrupt);
    embedded.projects.remove(&birds).await.unwrap();
}

#[tokio::test]
async fn derived_metadata_that_is_damaged_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    for file in std::fs::read_dir(folder.path().join("derived")).unwrap().flatten() {
        if file.file_type().unwrap().is_file() {
            std::fs::write(file.path(), b"not what it was").unwrap();
        }
    }
    let (_, embedded) = open(folder.path());
    conformance::descriptions(&*embedded.descriptions).await;
}

#[tokio::test]
async fn two_writers_of_one_key_never_both_win() {
    let (_folder, embedded) = embedded();
    let space = PluginId::new("kamld/search").unwrap();
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (kv, space) = (embedded.kv.clone(), space.clone());
        tasks.push(tokio::spawn(async move {
            let mut won = 0_u32;
            while won < 20 {
                let now = kv.get(&space, "count").await.unwrap();
                let (count, revision) =
                    now.map_or((0, 0), |item| (u32::from_le_bytes(item.value.try_into().unwrap()), item.revision));
                match kv.put(&space, "count", &(count + 1).to_le_bytes(), Some(revision), QUOTA).await {
                    Ok(_) => won += 1,
                    Err(Error::Changed(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let item = embedded.kv.get(&space, "count").await.unwrap().unwrap();
    assert_eq!(item.value, 160_u32.to_le_bytes());
}

#[tokio::test]
async fn many_writers_at_once_are_all_acknowledged() {
    let (_folder, embedded) = embedded();
    let writers = (0..64_u32).map(|n| {
        let (kv, catalog) = (embedded.kv.clone(), embedded.catalog.clone());
        tokio::spawn(async move {
            let space = PluginId::new(format!("acme/p{n}")).unwrap();
            let subject = format!("birds/a{n}").parse().unwrap();
            for round in 0..5 {
                kv.put(&space, &format!("{round}"), b"x", None, QUOTA).await.unwrap();
                catalog.change_tags(&subject, &[format!("t{round}")], &[]).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(
        embedded.catalog.tags(None, &|_: &str| true).await.unwrap(),
        (0..5).map(|n| (format!("t{n}"), 64)).collect::<Vec<_>>()
    );
}
