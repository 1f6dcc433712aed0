//! The index agrees with storage and the catalogue, whatever happened in between.

mod world;

use kamld_metadata::{Described, search::Request};
use kamld_types::Problem;
use std::{sync::atomic::Ordering, time::Instant};
use world::{PATIENCE, World, addresses, asset, hash};

/// Everything that the index has, in an order of its own.
async fn everything(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let start = u32::try_from(all.len()).unwrap();
        let request = Request { query: String::new(), project: None, start, limit: 200 };
        let answer = world.search.find(request, &|_, _| true).await.unwrap();
        if answer.hits.is_empty() {
            break;
        }
        all.extend(answer.hits.iter().map(|hit| {
            format!(
                "{}/{}/{} {} {:?} {} {}",
                hit.project, hit.asset, hit.path, hit.summary, hit.tags, hit.size, hit.modified
            )
        }));
    }
    all.sort();
    all
}

#[tokio::test]
async fn one_changed_object_is_found_within_the_bound() {
    let world = World::new();
    world.store.change("a/big", |objects| {
        for n in 0..5000_u64 {
            let object = kamld_metadata::ObjectState {
                hash: hash(n),
                size: n,
                media_type: "application/octet-stream".into(),
                modified: n,
            };
            objects.insert(format!("part-{n:05}.bin"), object);
        }
    });
    world.settle().await;
    let mut slowest = 0;
    for round in 0..5_u64 {
        world.store.put("a/big", &format!("new-{round}.bin"), 100_000 + round, "application/octet-stream");
        let before = Instant::now();
        assert!(world.search.wait_until_current(Some(&asset("a/big")), PATIENCE).await);
        slowest = slowest.max(before.elapsed().as_millis());
        assert_eq!(world.found(&format!("name:new-{round}.bin")).await.len(), 1);
    }
    println!("slowest of 5 incremental updates among 5,000 objects: {slowest} ms");
}

#[tokio::test]
async fn removed_objects_and_assets_are_found_no_more_and_an_asset_of_the_same_name_is_another() {
    let world = World::new();
    world.store.put("a/one", "x.csv", 1, "text/csv");
    world.store.put("a/one", "y.csv", 2, "text/csv");
    world.store.put("a/two", "z.csv", 3, "text/csv");
    world.settle().await;
    assert_eq!(world.find("").await.total, 5);
    world.store.remove("a/one", "x.csv");
    world.store.remove_asset("a/two");
    world.search.notify(&asset("a/one"));
    world.search.notify(&asset("a/two"));
    world.settle().await;
    assert_eq!(world.found("csv").await, ["a/one/y.csv"]);
    world.store.remove_asset("a/one");
    world.store.put("a/one", "new.csv", 4, "text/csv");
    world.settle().await;
    assert_eq!(world.found("csv").await, ["a/one/new.csv"]);
}

#[tokio::test]
async fn tags_are_found_soon_after_they_were_written() {
    let world = World::new();
    world.store.put("a/one", "x.csv", 1, "text/csv");
    world.settle().await;
    world.tag("a/one/x.csv", &["fresh"]).await;
    world.tag("a/one", &["fresh"]).await;
    assert!(world.search.wait_until_current(Some(&asset("a/one")), PATIENCE).await);
    assert_eq!(world.find("tag:fresh").await.total, 2);
}

#[tokio::test]
async fn tags_written_just_before_a_stop_are_indexed_after_the_start() {
    let world = World::new();
    world.store.put("a/one", "x.csv", 1, "text/csv");
    world.settle().await;
    world.search.stop().await;
    world.tag("a/one/x.csv", &["late"]).await;
    let world = world.again().await;
    world.settle().await;
    assert_eq!(world.found("tag:late").await, ["a/one/x.csv"]);
}

#[tokio::test]
async fn after_a_start_only_what_changed_is_read_again() {
    let world = World::new();
    for n in 0..50 {
        world.store.put("a/one", &format!("{n}.csv"), n, "text/csv");
    }
    world.settle().await;
    let told = world.store.told.load(Ordering::Relaxed);
    let world = world.again().await;
    world.store.put("a/one", "7.csv", 1007, "text/csv");
    world.settle().await;
    assert_eq!(world.store.told.load(Ordering::Relaxed) - told, 1);
    assert_eq!(world.find("").await.total, 51);
}

#[tokio::test]
async fn a_root_that_storage_forgot_is_no_obstacle() {
    let world = World::new();
    world.store.put("a/one", "x.csv", 1, "text/csv");
    world.settle().await;
    world.store.put("a/one", "y.csv", 2, "text/csv");
    world.store.remove("a/one", "x.csv");
    world.store.forget();
    world.settle().await;
    assert_eq!(world.found("csv").await, ["a/one/y.csv"]);
}

#[tokio::test]
async fn contents_are_described_once_and_found_by_what_is_in_them() {
    let world = World::new();
    world.teller.tell(1, "CSV, 2 columns, 10 rows", &["albatross", "x"], "");
    world.store.put("a/one", "x.csv", 1, "text/csv");
    world.settle().await;
    assert_eq!(world.found("albatross").await, ["a/one/x.csv"]);
    assert_eq!(world.find("albatross").await.hits[0].summary, "CSV, 2 columns, 10 rows");
    let asked = world.teller.asked.load(Ordering::Relaxed);
    world.store.put("a/two", "copy.csv", 1, "text/csv");
    world.store.remove("a/one", "x.csv");
    world.store.put("a/one", "renamed.csv", 1, "text/csv");
    world.settle().await;
    let mut found = world.found("albatross").await;
    found.sort();
    assert_eq!(found, ["a/one/renamed.csv", "a/two/copy.csv"]);
    assert_eq!(world.teller.asked.load(Ordering::Relaxed), asked, "the same bytes are not described twice");
}

#[tokio::test]
async fn a_describer_that_hangs_or_fails_holds_up_nothing() {
    let world = World::new();
    let held = world.teller.held.write().await;
    let broken = Problem::invalid("line 3 has 4 fields instead of 2").at(3, 1);
    world.teller.known.lock().insert(hash(1), Err(broken));
    world.teller.known.lock().insert(hash(2), Err(Problem::unavailable("not now")));
    world.store.put("a/one", "ragged.csv", 1, "text/csv");
    world.store.put("a/one", "later.csv", 2, "text/csv");
    world.search.notify_all();
    while world.find("ragged").await.total == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!world.search.status().await.current, "it is found, and its content still to be described");
    drop(held);
    world.settle().await;
    assert_eq!(world.find("ragged").await.hits[0].summary, "CSV, cannot be read as a table");
    let kept = world.embedded.descriptions.describe(hash(1), "text/csv").await.unwrap();
    assert!(matches!(kept, Some(Described::Failed { problem, .. }) if problem.contains("line 3")));
    assert_eq!(world.embedded.descriptions.describe(hash(2), "text/csv").await.unwrap(), None);

    world.teller.tell(2, "CSV, 1 column", &["later"], "");
    let world = world.again().await;
    world.settle().await;
    assert_eq!(world.find("name:later.csv").await.hits[0].summary, "CSV, 1 column", "asked again after the next start");
}

#[tokio::test]
async fn a_describer_that_comes_later_describes_what_is_there() {
    let world = World::new();
    world.store.put("a/one", "x.csv", 1, "text/csv");
    world.settle().await;
    world.teller.tell(1, "CSV, 1 column", &["condor"], "");
    assert_eq!(world.find("condor").await.total, 0);
    world.search.describe_again().unwrap();
    world.settle().await;
    assert_eq!(world.found("condor").await, ["a/one/x.csv"]);
}

#[tokio::test]
async fn what_a_describer_said_goes_with_it_and_the_next_one_is_asked() {
    let world = World::new();
    *world.teller.name.lock() = "evil/one".into();
    world.teller.tell(1, "a lie", &["lie"], "");
    world.teller.known.lock().insert(hash(2), Err(Problem::limit("it used more than 10 s")));
    world.store.put("a/one", "x.csv", 1, "text/csv");
    world.store.put("a/one", "y.csv", 2, "text/csv");
    world.settle().await;
    assert_eq!(world.find("name:y.csv").await.hits[0].summary, "CSV, cannot be read as a table");
    world.search.describers_changed(b"evil/one").await.unwrap();

    *world.teller.name.lock() = "good/two".into();
    world.teller.tell(1, "CSV, 1 column", &["condor"], "");
    world.teller.tell(2, "CSV, 2 columns", &["heron"], "");
    world.search.describers_changed(b"good/two").await.unwrap();
    world.settle().await;
    assert_eq!(world.find("name:x.csv").await.hits[0].summary, "CSV, 1 column");
    assert_eq!(world.find("name:y.csv").await.hits[0].summary, "CSV, 2 columns");
    assert_eq!((world.find("lie").await.total, world.found("heron").await.len()), (0, 1));

    let asked = world.teller.asked.load(Ordering::Relaxed);
    world.search.describers_changed(b"good/two").await.unwrap();
    world.settle().await;
    assert_eq!(world.teller.asked.load(Ordering::Relaxed), asked, "nobody is asked twice by the same describers");
}

#[tokio::test]
async fn building_anew_asks_again_for_what_could_not_be_described() {
    let world = World::new();
    world.teller.known.lock().insert(hash(1), Err(Problem::internal("it gave up")));
    world.store.put("a/one", "x.csv", 1, "text/csv");
    world.settle().await;
    assert_eq!(world.find("name:x.csv").await.hits[0].summary, "CSV, cannot be read as a table");
    world.teller.tell(1, "CSV, 1 column", &["condor"], "");
    world.search.rebuild(|_| ()).await.unwrap();
    world.settle().await;
    assert_eq!(world.find("name:x.csv").await.hits[0].summary, "CSV, 1 column");
}

#[tokio::test]
async fn an_asset_that_storage_cannot_read_does_not_keep_the_others_from_being_found() {
    let world = World::new();
    *world.store.broken.lock() = Some(asset("a/bad"));
    world.store.put("a/bad", "x.csv", 1, "text/csv");
    world.store.put("a/good", "y.csv", 2, "text/csv");
    world.settle().await;
    assert_eq!(world.found("csv").await, ["a/good/y.csv"]);
    assert!(world.search.status().await.problem.is_some_and(|problem| problem.contains("a/bad")));
    *world.store.broken.lock() = None;
    world.settle().await;
    assert_eq!(world.find("csv").await.total, 2);
    assert_eq!(world.search.status().await.problem, None);
}

#[tokio::test]
async fn building_anew_gives_the_same_as_going_along() {
    let world = World::new();
    for n in 0..200 {
        world.teller.tell(n, &format!("CSV, {n} rows"), &["a", "b"], "some words");
        world.store.put(&format!("p{}/one", n % 3), &format!("{}/{n}.csv", n % 7), n, "text/csv");
        if n % 5 == 0 {
            world.store.remove(&format!("p{}/one", n % 3), &format!("{}/{n}.csv", n % 7));
            world.search.notify(&asset(&format!("p{}/one", n % 3)));
        }
    }
    world.tag("p1/one", &["kept"]).await;
    world.settle().await;
    let along = everything(&world).await;
    assert_eq!(along.len(), 163);
    let asked = world.teller.asked.load(Ordering::Relaxed);
    let (send, told) = std::sync::mpsc::channel();
    let done = world.search.rebuild(move |progress| send.send(progress).unwrap_or_default()).await.unwrap();
    assert_eq!((done.done, done.total), (163, 163));
    assert!(told.iter().count() > 0);
    assert_eq!(everything(&world).await, along);
    world.settle().await;
    assert_eq!(everything(&world).await, along);
    assert_eq!(world.teller.asked.load(Ordering::Relaxed), asked, "descriptions are kept with the contents");
    let world = world.again().await;
    world.settle().await;
    assert_eq!(everything(&world).await, along);
}

#[tokio::test]
async fn the_index_agrees_with_storage_after_stops_at_any_moment() {
    let mut world = World::new();
    let mut seed = 7_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..25 {
        for _ in 0..random(30) {
            let (id, path) =
                (format!("p/{}", ["one", "two", "three"][random(3) as usize]), format!("{}.csv", random(40)));
            match random(4) {
                0 => world.store.remove(&id, &path),
                1 if random(8) == 0 => world.store.remove_asset(&id),
                _ => world.store.put(&id, &path, random(1000), "text/csv"),
            }
            world.search.notify(&asset(&id));
            // Anything from nothing to a whole pass happens between two stops.
            for _ in 0..random(50) {
                tokio::task::yield_now().await;
            }
        }
        let tagged = format!("p/one/{}.csv", random(40));
        world.tag(&tagged, &[&format!("t{round}")]).await;
        world = world.again().await;
    }
    world.settle().await;
    let along = everything(&world).await;
    world.search.rebuild(|_| ()).await.unwrap();
    assert_eq!(everything(&world).await, along);
    assert!(!along.is_empty());
}

#[tokio::test]
async fn a_damaged_index_is_built_anew_by_itself() {
    for damage in ["meta", "segment", "current", "all"] {
        let world = World::new();
        for n in 0..20 {
            world.store.put("a/one", &format!("{n}.csv"), n, "text/csv");
        }
        world.settle().await;
        world.search.stop().await;
        let index = world.folder.join("index");
        let files: Vec<_> = std::fs::read_dir(&index)
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .flat_map(|entry| std::fs::read_dir(entry.path()).unwrap().flatten())
            .map(|entry| entry.path())
            .collect();
        match damage {
            "meta" => {
                let meta = files.iter().find(|file| file.ends_with("meta.json")).unwrap();
                std::fs::write(meta, b"{").unwrap();
            }
            "segment" => {
                for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "idx" || e == "store")) {
                    let mut bytes = std::fs::read(file).unwrap();
                    let middle = bytes.len() / 3;
                    bytes[middle] ^= 0xff;
                    std::fs::write(file, bytes).unwrap();
                }
            }
            "current" => std::fs::write(index.join("current.json"), b"\0\0").unwrap(),
            _ => std::fs::remove_dir_all(&index).unwrap(),
        }
        let world = world.again().await;
        world.settle().await;
        assert_eq!(world.find("").await.total, 21, "{damage}");
        assert_eq!(addresses(&world.find("name:7.csv").await), ["a/one/7.csv"], "{damage}");
    }
}
