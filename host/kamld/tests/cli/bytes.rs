//! Moving bytes: `put` and `get`, with cuts, restarts and files that must not be touched.

use super::{
    imitation::{Held, Server},
    person::{Person, empty},
};
use kamld_types::Kind;
use parking_lot::Mutex;
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Bytes that repeat nowhere near a chunk's length.
fn noise(length: usize) -> Vec<u8> {
    (0..length as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// Waits for a condition; a test that waits this long has failed.
fn until(condition: impl Fn() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("it did not come to be within 20 s");
}

#[test]
fn files_and_folders_of_any_size_are_put_and_put_again_only_when_they_changed() {
    let person = Person::new();
    let server = Server::with(&person, Held::default());
    for n in 0..5 {
        person.file(&format!("data/deep/{n}.csv"), format!("{n}\n").as_bytes());
    }
    person.file("data/empty", b"");
    let large = noise(20_000_000);
    person.file("big.bin", &large);
    let said = person.says(&["put", "data", "big.bin", "birds/strikes"]);
    assert!(said.starts_with("put 7 files, 20.0 MB in ") && !said.contains("unchanged"), "{said}");
    {
        let held = server.held.lock();
        assert_eq!(held.objects.len(), 7);
        assert_eq!(held.objects["data/deep/3.csv"], b"3\n");
        assert_eq!(held.objects["big.bin"], large);
        // Small files share a request; the large one goes in chunks of 8 MiB.
        assert_eq!(held.requests.iter().filter(|r| r.starts_with("POST /api/v1/batches/birds/strikes")).count(), 1);
        assert_eq!(held.patches, 3);
    }
    assert!(empty(&person.home.path().join("cache/kamld/uploads")));

    person.file("data/deep/3.csv", b"4\n");
    let said = person.json(&["put", "data", "big.bin", "birds/strikes", "--json"]);
    assert_eq!((&said["files"], &said["bytes"], &said["unchanged"]), (&json!(1), &json!(2), &json!(6)));
    assert_eq!(server.held.lock().objects["data/deep/3.csv"], b"4\n");
}

#[test]
fn an_upload_goes_on_after_its_connection_broke() {
    let person = Person::new();
    let server = Server::with(&person, Held { break_at_patch: Some(2), ..Held::default() });
    let large = noise(20_000_000);
    person.file("big.bin", &large);
    let said = person.says(&["put", "big.bin", "birds/strikes@try/raw/"]);
    assert!(said.starts_with("put 1 file, 20.0 MB"), "{said}");
    let held = server.held.lock();
    assert_eq!(held.objects["raw/big.bin"], large);
    assert_eq!(held.requests.iter().filter(|r| *r == "POST /api/v1/uploads").count(), 1, "{:?}", held.requests);
}

#[test]
fn an_upload_goes_on_when_the_server_comes_back_at_another_port() {
    let person = Person::new();
    let held = Arc::new(Mutex::new(Held { break_at_patch: Some(2), ..Held::default() }));
    let server = Server::start(&person, held.clone());
    let large = noise(20_000_000);
    person.file("big.bin", &large);
    let child = person.start(&["put", "big.bin", "birds/strikes"]);
    until(|| held.lock().patches == 2);
    drop(server);
    let _server = Server::start(&person, held.clone());
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(held.lock().objects["big.bin"], large);
}

#[test]
fn putting_again_after_giving_up_sends_only_what_is_missing() {
    let person = Person::new();
    let held = Arc::new(Mutex::new(Held { break_at_patch: Some(2), ..Held::default() }));
    let server = Server::start(&person, held.clone());
    let large = noise(20_000_000);
    person.file("big.bin", &large);
    let child = person.start(&["put", "big.bin", "birds/strikes", "--retry-for", "0"]);
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(i32::from(Kind::Unavailable.exit_code())), "{err}");
    assert!(err.contains("putting again goes on from there"), "{err}");
    drop(server);

    let _server = Server::start(&person, held.clone());
    person.says(&["put", "big.bin", "birds/strikes"]);
    let held = held.lock();
    assert_eq!(held.objects["big.bin"], large);
    assert_eq!(held.requests.iter().filter(|r| *r == "POST /api/v1/uploads").count(), 1, "{:?}", held.requests);
}

#[cfg(unix)]
#[test]
fn stopping_by_hand_says_what_is_stored_and_can_be_gone_on_with() {
    let person = Person::new();
    let server = Server::with(&person, Held { break_at_patch: Some(2), ..Held::default() });
    let held = server.held.clone();
    person.file("big.bin", &noise(20_000_000));
    person.file("small.csv", b"1\n");
    let child = person.start(&["put", "big.bin", "small.csv", "birds/strikes"]);
    until(|| held.lock().patches == 2 && held.lock().objects.contains_key("small.csv"));
    // The server is away, so the upload waits; now the person has had enough.
    drop(server);
    std::fs::remove_file(person.data().join("server.json")).unwrap();
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(i32::from(Kind::Cancelled.exit_code())), "{err}");
    assert!(err.contains("1 of 2 files are stored; putting again goes on from there"), "{err}");
    assert!(!empty(&person.home.path().join("cache/kamld/uploads")));
}

#[test]
fn one_refused_file_takes_no_other_with_it() {
    let person = Person::new();
    let server = Server::with(&person, Held::default());
    for n in 0..6 {
        person.file(&format!("data/{n}"), b"x");
    }
    person.file("data/refused", b"x");
    let run = person.run(&["put", "data/", "birds/strikes"]);
    assert_eq!(run.code, 6, "{}", run.err);
    assert!(run.out.contains("put 6 files") && run.out.contains("1 failed"), "{}", run.out);
    assert!(run.err.contains("refused' was not put: 'refused' is a folder already"), "{}", run.err);
    assert_eq!(server.held.lock().objects.len(), 6);
}

#[test]
fn a_missing_asset_or_branch_says_how_to_make_it() {
    let person = Person::new();
    let server = Server::with(&person, Held::default());
    person.file("a.csv", b"x");
    let run = person.run(&["put", "a.csv", "birds/nests"]);
    assert_eq!(run.code, 4);
    assert!(
        run.err.contains("there is no asset birds/nests") && run.err.contains("kamld asset create birds/nests"),
        "{}",
        run.err
    );
    let run = person.run(&["put", "a.csv", "birds/strikes@gone"]);
    assert!(run.err.contains("kamld branch create birds/strikes gone"), "{}", run.err);
    assert!(server.held.lock().objects.is_empty());
    assert!(person.run(&["put", "none.csv", "birds/strikes"]).err.contains("nothing was sent yet"));
}

fn stored() -> Held {
    let objects = [
        ("a.csv", &b"1,2\n"[..]),
        ("deep/b.csv", b"3\n"),
        ("deep/er/c d.txt", b"4\n"),
        ("empty", b""),
        ("deeper", b"5"),
    ];
    Held { objects: objects.map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).into(), ..Held::default() }
}

#[test]
fn an_object_a_folder_or_the_whole_asset_is_fetched() {
    let person = Person::new();
    let _server = Server::with(&person, stored());
    assert_eq!(person.says(&["get", "birds/strikes/a.csv", "-"]), "1,2\n");
    person.says(&["get", "birds/strikes/a.csv", "renamed.csv"]);
    person.says(&["get", "birds/strikes/deep"]);
    let said = person.says(&["get", "birds/strikes@v1", "all"]);
    assert!(said.starts_with("got 5 files, 9 B in "), "{said}");
    assert_eq!(
        person.files(),
        [
            "all/a.csv",
            "all/deep/b.csv",
            "all/deep/er/c d.txt",
            "all/deeper",
            "all/empty",
            "deep/b.csv",
            "deep/er/c d.txt",
            "renamed.csv"
        ]
    );
    assert_eq!(person.read("all/deep/er/c d.txt"), b"4\n");
    let modified = std::fs::metadata(person.work().join("all/a.csv")).unwrap().modified().unwrap();
    assert_eq!(modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 1_000_000_000);
    let run = person.run(&["get", "birds/strikes/none"]);
    assert_eq!(run.code, 4, "{}", run.err);
}

#[test]
fn a_local_file_that_differs_is_kept_unless_forced() {
    let person = Person::new();
    let _server = Server::with(&person, stored());
    person.file("all/a.csv", b"mine");
    let run = person.run(&["get", "birds/strikes", "all"]);
    assert_eq!(run.code, 6);
    assert!(run.err.contains("is there and differs") && run.err.contains("--force"), "{}", run.err);
    assert!(run.out.contains("got 4 files") && run.out.contains("1 failed"), "{}", run.out);
    assert_eq!(person.read("all/a.csv"), b"mine");
    let said = person.json(&["get", "birds/strikes", "all", "--force", "--json"]);
    assert_eq!((&said["files"], &said["unchanged"]), (&json!(1), &json!(4)));
    assert_eq!(person.read("all/a.csv"), b"1,2\n");
}

#[test]
fn a_download_goes_on_where_it_was_cut() {
    let person = Person::new();
    let large = noise(3_000_000);
    let held = Held {
        objects: [("big.bin".to_owned(), large.clone())].into(),
        break_download_at: Some(1_000_000),
        ..Held::default()
    };
    let server = Server::with(&person, held);
    person.says(&["get", "birds/strikes/big.bin"]);
    assert_eq!(person.files(), ["big.bin"]);
    assert_eq!(person.read("big.bin"), large);
    assert_eq!(server.held.lock().ranges, ["bytes=1000000-"]);
}

#[test]
fn bytes_that_are_not_what_was_stored_are_not_kept() {
    let person = Person::new();
    let _server = Server::with(&person, Held { rotten: true, ..stored() });
    let run = person.run(&["get", "birds/strikes/a.csv"]);
    assert_eq!(run.code, 10);
    assert!(run.err.contains("did not arrive as it was stored"), "{}", run.err);
    assert!(person.files().is_empty());
}
