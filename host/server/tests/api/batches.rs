//! Tar batches, and what strangers put into archives.

use crate::running::{Running, json, problem};
use kamld_server::Settings;
use reqwest::{Method, Response};
use tar::{Builder, EntryType, Header};

const TO: &str = "/api/v1/batches/birds/strikes";

async fn send(running: &Running, archive: Vec<u8>) -> Response {
    running.request(Method::POST, TO).header("content-type", "application/x-tar").body(archive).send().await.unwrap()
}

fn header(name: &[u8], kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mtime(1_700_000_000);
    header.set_mode(0o644);
    // Written as bytes: the library refuses names that a stranger does not.
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_cksum();
    header
}

fn archive(entries: &[(&[u8], EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, body) in entries {
        builder.append(&header(name, *kind, body.len() as u64), *body).unwrap();
    }
    builder.into_inner().unwrap()
}

#[tokio::test]
async fn an_archive_becomes_one_batch() {
    let running = Running::start().await;
    let mut builder = Builder::new(Vec::new());
    builder.append(&header(b"./", EntryType::Directory, 0), &b""[..]).unwrap();
    builder.append(&header(b"./2019/", EntryType::Directory, 0), &b""[..]).unwrap();
    builder.append(&header(b"./2019/a.csv", EntryType::Regular, 4), &b"x,y\n"[..]).unwrap();
    builder.append_pax_extensions([("mtime", &b"1700000000.5"[..]), ("KAMLD.media-type", b"text/csv")]).unwrap();
    let long = format!("{}/b.csv", "long".repeat(60));
    let mut plain = header(b"", EntryType::Regular, 600);
    builder.append_data(&mut plain, &long, &[7; 600][..]).unwrap();
    builder.append(&header(b"empty", EntryType::Regular, 0), &b""[..]).unwrap();

    let done = json(send(&running, builder.into_inner().unwrap()).await).await;
    assert_eq!(done, serde_json::json!({"objects": 3, "bytes": 604}));
    assert_eq!(running.host.asked(), ["batch birds/strikes 3"]);
    let objects = running.host.objects.lock();
    let (a, bytes) = &objects[&("birds/strikes".into(), "2019/a.csv".into())];
    assert_eq!((a.modified, &bytes[..]), (Some(1_700_000_000_000), &b"x,y\n"[..]));
    let (b, bytes) = &objects[&("birds/strikes".into(), long)];
    assert_eq!(bytes[..], [7; 600]);
    assert_eq!((b.media_type.as_deref(), b.modified), (Some("text/csv"), Some(1_700_000_000_500)));
}

#[tokio::test]
async fn entries_that_leave_the_asset_or_are_no_files_are_refused_by_name() {
    let running = Running::start().await;
    let good: (&[u8], EntryType, &[u8]) = (b"good.csv", EntryType::Regular, b"x");
    let cases: [(&[u8], EntryType, &str); 15] = [
        (b"../../etc/passwd", EntryType::Regular, "../../etc/passwd"),
        (b"a/../../b", EntryType::Regular, "a/../../b"),
        (b"/etc/passwd", EntryType::Regular, "/etc/passwd"),
        (b"a//b", EntryType::Regular, "a//b"),
        (b"a\\..\\b", EntryType::Regular, "a\\..\\b"),
        (b"../up/", EntryType::Directory, "../up"),
        (b"/", EntryType::Directory, "/"),
        (b"link", EntryType::Symlink, "'link' is a link"),
        (b"hard", EntryType::Link, "'hard' is a link"),
        (b"tty", EntryType::Char, "'tty' is a device"),
        (b"disk", EntryType::Block, "'disk' is a device"),
        (b"pipe", EntryType::Fifo, "'pipe' is a pipe"),
        (b"odd", EntryType::new(b'Z'), "'odd' is something unknown"),
        (b"\xff\xfe.csv", EntryType::Regular, "is not UTF-8"),
        (b"good.csv", EntryType::Regular, "'good.csv' is in the archive twice"),
    ];
    for (name, kind, why) in cases {
        let body = problem(send(&running, archive(&[good, (name, kind, b"")])).await, 400).await;
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains(why), "{why}: {detail}");
        assert!(body["help"].as_str().unwrap().contains("nothing was written"), "{body}");
    }
    assert!(running.host.asked().is_empty());
}

#[tokio::test]
async fn an_archive_that_lies_about_sizes_or_is_cut_writes_nothing() {
    let running = Running::start().await;
    let whole = archive(&[(b"a", EntryType::Regular, &[1; 700]), (b"b", EntryType::Regular, &[2; 700])]);
    let mut lying = Vec::from(*header(b"huge", EntryType::Regular, 1 << 40).as_bytes());
    lying.extend_from_slice(&[0; 2048]);
    let mut sparse = Vec::from(*header(b"sparse", EntryType::GNUSparse, 10).as_bytes());
    sparse.extend_from_slice(&[0; 2048]);
    let mut wrong_sum = whole.clone();
    wrong_sum[0] ^= 1;
    let cases = [
        whole[..100].to_vec(),
        whole[..512 + 100].to_vec(),
        // Cut between two files: only the missing end mark tells.
        whole[..512 + 1024].to_vec(),
        whole[..2 * (512 + 1024)].to_vec(),
        lying,
        sparse,
        wrong_sum,
        vec![0; 1024],
        Vec::new(),
        b"this is no archive at all".repeat(100),
    ];
    for (place, bytes) in cases.into_iter().enumerate() {
        let body = problem(send(&running, bytes).await, 400).await;
        assert!(body["help"].as_str().unwrap().contains("nothing was written"), "{place}: {body}");
    }
    assert!(running.host.asked().is_empty());
}

#[tokio::test]
async fn batches_have_limits_in_bytes_and_entries() {
    let mut settings = Settings::default();
    settings.limits.batch = 16 << 10;
    settings.limits.batch_entries = 5;
    let running = Running::with(kamld_server::Identity::local(), settings).await;
    let names: Vec<String> = (0..6).map(|n| format!("f{n}")).collect();
    let entries: Vec<(&[u8], EntryType, &[u8])> =
        names.iter().map(|name| (name.as_bytes(), EntryType::Regular, &b""[..])).collect();
    let body = problem(send(&running, archive(&entries)).await, 413).await;
    assert!(body["detail"].as_str().unwrap().contains("more than 5 entries"), "{body}");
    let body = problem(send(&running, archive(&[(b"a", EntryType::Regular, &[1; 20 << 10])])).await, 413).await;
    assert!(body["detail"].as_str().unwrap().contains("16384 bytes"), "{body}");
    assert!(running.host.asked().is_empty());
    assert_eq!(send(&running, archive(&entries[..5])).await.status(), 200);
}

#[tokio::test]
async fn a_batch_must_be_a_tar_to_an_asset_that_is_there() {
    let running = Running::start().await;
    let good = archive(&[(b"a", EntryType::Regular, b"x")]);
    let request = |path: &str, media: &'static str| {
        running.request(Method::POST, path).header("content-type", media).body(good.clone()).send()
    };
    problem(request(TO, "application/gzip").await.unwrap(), 415).await;
    problem(request("/api/v1/batches/birds/missing", "application/x-tar").await.unwrap(), 404).await;
    problem(request("/api/v1/batches/birds/strikes/folder", "application/x-tar").await.unwrap(), 400).await;
    assert_eq!(request("/api/v1/batches/birds/strikes@try", "application/x-tar").await.unwrap().status(), 200);
}
