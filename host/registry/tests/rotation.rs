//! The audit log in segments: rotation, retention, and reading across segments without reading everything.

mod building;

use building::call;
use kamld_policy::{Call, Denials, Verb};
use kamld_registry::{Action, Audit, Origin, Store, audit::Options};
use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

const DAY: u64 = 24 * 3600 * 1000;

#[derive(Clone)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_000 * DAY)))
    }

    fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

fn open(data: &Path, rotate: u64, keep_days: Option<u64>, clock: &Clock) -> Audit {
    let time = clock.0.clone();
    let clock = Box::new(move || time.load(Ordering::SeqCst));
    Audit::open_with(data, Options { rotate, keep: keep_days.map(|days| days * DAY), witness: None, clock }).unwrap()
}

fn fill(audit: &Audit, records: u64) {
    for i in 0..records {
        audit.record("anna", Action::Grant, None, format!("grant {i}")).unwrap();
    }
}

fn segments(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data.join("audit")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn numbers(records: &[kamld_registry::audit::Record]) -> Vec<u64> {
    records.iter().map(|record| record.seq).collect()
}

#[test]
fn a_log_that_grows_becomes_segments_of_one_chain() {
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let audit = open(data.path(), 2_000, None, &clock);
    fill(&audit, 100);
    let files = segments(data.path());
    assert!(files.len() >= 10, "{files:?}");
    assert!(files[0].ends_with("audit/00000000000000000001.log"));
    for file in files.iter().chain([&data.path().join("audit.log")]) {
        let length = std::fs::metadata(file).unwrap().len();
        assert!(length < 2_400, "{} has {length} bytes", file.display());
    }
    for audit in [audit, open(data.path(), 2_000, None, &clock)] {
        let verdict = audit.verify().unwrap();
        assert_eq!((verdict.first, verdict.count, verdict.broken_at), (1, 100, None));
        assert_eq!(numbers(&audit.export(0, usize::MAX).unwrap()), (1..=100).collect::<Vec<_>>());
        drop(audit);
    }
    let audit = open(data.path(), 2_000, None, &clock);
    fill(&audit, 1);
    assert_eq!(audit.verify().unwrap().count, 101);
}

#[test]
fn pages_are_the_same_whatever_the_segments() {
    let data = tempfile::tempdir().unwrap();
    let audit = open(data.path(), 1_500, None, &Clock::new());
    fill(&audit, 60);
    for after in 0..=61 {
        for limit in [0, 1, 7, 100] {
            let expected: Vec<u64> = (after + 1..=60).take(limit).collect();
            assert_eq!(numbers(&audit.export(after, limit).unwrap()), expected, "{limit} behind {after}");
            let expected: Vec<u64> = (1..after.min(61)).rev().take(limit).collect();
            assert_eq!(numbers(&audit.newest(Some(after), limit).unwrap()), expected, "{limit} before {after}");
        }
    }
    assert_eq!(numbers(&audit.newest(None, 3).unwrap()), [60, 59, 58]);
    assert_eq!(numbers(&audit.newest(None, 100).unwrap()).len(), 60);
}

#[test]
fn a_segment_that_is_missing_changed_or_swapped_is_noticed() {
    let damaged = |damage: &dyn Fn(&[PathBuf])| {
        let data = tempfile::tempdir().unwrap();
        let clock = Clock::new();
        let audit = open(data.path(), 1_500, None, &clock);
        fill(&audit, 40);
        assert_eq!(audit.verify().unwrap().broken_at, None);
        let files = segments(data.path());
        damage(&files);
        // Noticed while the server runs, and after a restart.
        let running = audit.verify().unwrap();
        drop(audit);
        let restarted = open(data.path(), 1_500, None, &clock).verify().unwrap();
        assert_eq!(running.broken_at, restarted.broken_at, "{running:?} {restarted:?}");
        running.broken_at
    };
    let first_of = |file: &PathBuf| file.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let place = std::cell::Cell::new(0);
    assert_eq!(damaged(&|files| std::fs::remove_file(&files[0]).unwrap()), Some(1));
    let removed = damaged(&|files| {
        place.set(first_of(&files[2]));
        std::fs::remove_file(&files[2]).unwrap();
    });
    assert_eq!(removed, Some(place.get()));
    let changed = damaged(&|files| {
        place.set(first_of(&files[1]));
        let file = File::options().write(true).open(&files[1]).unwrap();
        file.write_all_at(b"9", 7).unwrap();
    });
    assert_eq!(changed, Some(place.get()));
    let cut = damaged(&|files| {
        let length = std::fs::metadata(&files[1]).unwrap().len();
        File::options().write(true).open(&files[1]).unwrap().set_len(length - 40).unwrap();
        place.set(first_of(&files[2]) - 1);
    });
    assert_eq!(cut, Some(place.get()));
    let swapped = damaged(&|files| {
        place.set(first_of(&files[1]));
        let other = std::fs::read(&files[3]).unwrap();
        std::fs::write(&files[1], other).unwrap();
    });
    assert_eq!(swapped, Some(place.get()));
}

#[test]
fn old_segments_go_and_the_chain_says_so() {
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let audit = open(data.path(), 2_000, Some(30), &clock);
    fill(&audit, 50);
    clock.advance(20 * DAY);
    fill(&audit, 50);
    assert_eq!(audit.verify().unwrap().count, 100, "nothing is old enough");
    clock.advance(11 * DAY);
    audit.flush().unwrap();
    let verdict = audit.verify_all().unwrap();
    assert_eq!(verdict.problem, None);
    // Whole segments: the one in which the twentieth day begins stays.
    assert!((40..=51).contains(&verdict.first), "{verdict:?}");
    let first = verdict.first;
    let record = audit.newest(None, 1).unwrap().remove(0);
    assert_eq!((record.action, record.actor.as_str()), (Action::Expire, "host"));
    assert_eq!(record.detail["removed"], serde_json::json!({"first": 1, "last": first - 1}));
    assert_eq!(audit.export(0, 1).unwrap()[0].seq, first);
    assert_eq!(audit.newest(Some(first), 5).unwrap(), []);
    drop(audit);
    let audit = open(data.path(), 2_000, Some(30), &clock);
    assert_eq!(audit.verify().unwrap().first, first);
    // A later removal has its own record, and may take the record of the first one with it.
    let removed = audit.last();
    for _ in 0..2 {
        clock.advance(40 * DAY);
        fill(&audit, 1);
        audit.flush().unwrap();
    }
    let verdict = audit.verify_all().unwrap();
    assert!(verdict.problem.is_none() && verdict.first > removed, "{verdict:?}");
}

#[test]
fn a_small_log_expires_too() {
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let audit = open(data.path(), 16 << 20, Some(30), &clock);
    fill(&audit, 5);
    clock.advance(31 * DAY);
    audit.flush().unwrap();
    fill(&audit, 1);
    audit.flush().unwrap();
    clock.advance(2 * 3_600_000);
    audit.flush().unwrap();
    assert_eq!(audit.verify().unwrap().first, 6);
}

#[test]
fn segments_that_were_removed_by_hand_are_not_covered_by_what_retention_removed() {
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let audit = open(data.path(), 1_500, Some(30), &clock);
    fill(&audit, 50);
    clock.advance(31 * DAY);
    audit.flush().unwrap();
    fill(&audit, 50);
    let first = audit.verify().unwrap().first;
    assert!(first > 1);
    drop(audit);
    // Somebody removes one segment more and edits the head accordingly.
    let next = File::open(&segments(data.path())[1]).unwrap();
    let line = std::io::BufRead::lines(std::io::BufReader::new(next)).next().unwrap().unwrap();
    let record: serde_json::Value = serde_json::from_str(&line).unwrap();
    let start = serde_json::json!({"seq": record["seq"].as_u64().unwrap() - 1, "hash": record["prev"]});
    std::fs::remove_file(&segments(data.path())[0]).unwrap();
    let head = data.path().join("audit.head");
    let mut text: serde_json::Value = serde_json::from_slice(&std::fs::read(&head).unwrap()).unwrap();
    text["start"] = start;
    std::fs::write(&head, text.to_string()).unwrap();
    let verdict = open(data.path(), 1_500, None, &clock).verify().unwrap();
    let why = verdict.problem.unwrap().message;
    assert!(why.contains("no record says that they were removed"), "{why}");
}

#[test]
fn a_damaged_segment_is_evidence_and_does_not_expire() {
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let audit = open(data.path(), 1_500, Some(30), &clock);
    fill(&audit, 50);
    let before = segments(data.path());
    File::options().write(true).open(&before[1]).unwrap().write_all_at(b"9", 7).unwrap();
    clock.advance(31 * DAY);
    audit.flush().unwrap();
    let after = segments(data.path());
    assert!(!after.contains(&before[0]) && after.contains(&before[1]), "{after:?}");
}

#[test]
fn a_lost_head_does_not_lose_the_start_of_the_chain() {
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let audit = open(data.path(), 1_500, Some(30), &clock);
    fill(&audit, 50);
    clock.advance(31 * DAY);
    audit.flush().unwrap();
    let first = audit.verify().unwrap().first;
    drop(audit);
    std::fs::remove_file(data.path().join("audit.head")).unwrap();
    let verdict = open(data.path(), 1_500, None, &clock).verify().unwrap();
    assert_eq!((verdict.first, verdict.problem), (first, None));
}

#[test]
fn a_log_that_is_replaced_while_the_server_runs_is_noticed() {
    let data = tempfile::tempdir().unwrap();
    let audit = open(data.path(), 16 << 20, None, &Clock::new());
    fill(&audit, 3);
    let log = data.path().join("audit.log");
    std::fs::rename(&log, data.path().join("old")).unwrap();
    std::fs::copy(data.path().join("old"), &log).unwrap();
    assert!(audit.verify().unwrap().problem.unwrap().message.contains("removed or replaced"));
}

/// The store of a data folder with one plug-in, and its log.
fn installed(data: &Path) {
    let store = Store::open(data).unwrap();
    let audit = Arc::new(Audit::open_with(data, Options { witness: store.witness(), ..Options::default() }).unwrap());
    store.remember(audit.clone());
    fill(&audit, 4);
    store.install(&building::package("acme/reader", "1.0.0"), Origin::File).unwrap();
}

fn reopened(data: &Path) -> Audit {
    let store = Store::open(data).unwrap();
    Audit::open_with(data, Options { witness: store.witness(), ..Options::default() }).unwrap()
}

#[test]
fn a_log_that_was_removed_with_its_head_is_noticed_while_plugins_are_installed() {
    let data = tempfile::tempdir().unwrap();
    installed(data.path());
    assert_eq!(reopened(data.path()).verify().unwrap().problem, None);
    for name in ["audit.log", "audit.head"] {
        std::fs::remove_file(data.path().join(name)).unwrap();
    }
    for _ in 0..2 {
        // For good: not only at the first start.
        let audit = reopened(data.path());
        let verdict = audit.verify().unwrap();
        assert_eq!((verdict.count, verdict.broken_at), (0, Some(1)), "{verdict:?}");
        let note = audit.export(0, 1).unwrap().remove(0);
        assert_eq!((note.seq, note.action), (5, Action::Repair));
        assert_eq!(note.detail, "the audit log is missing, and the list of plug-ins shows that there was one");
    }
}

#[test]
fn an_older_copy_of_the_log_is_noticed() {
    let data = tempfile::tempdir().unwrap();
    let audit = reopened(data.path());
    fill(&audit, 2);
    drop(audit);
    let old: Vec<Vec<u8>> =
        ["audit.log", "audit.head"].iter().map(|name| std::fs::read(data.path().join(name)).unwrap()).collect();
    installed(data.path());
    for (name, bytes) in ["audit.log", "audit.head"].iter().zip(old) {
        std::fs::write(data.path().join(name), bytes).unwrap();
    }
    let audit = reopened(data.path());
    assert_eq!(audit.verify().unwrap().broken_at, Some(3));
    assert_eq!(
        audit.export(2, 1).unwrap()[0].detail,
        "records 3 to 6 are missing at the end, as the list of plug-ins shows"
    );
}

#[test]
fn a_list_of_plugins_of_an_earlier_version_remembers_at_least_that_there_was_a_log() {
    let data = tempfile::tempdir().unwrap();
    installed(data.path());
    let list = data.path().join("plugins/installed.json");
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
    assert!(json.as_object_mut().unwrap().remove("audit").is_some());
    std::fs::write(&list, json.to_string()).unwrap();
    assert_eq!(reopened(data.path()).verify().unwrap().problem, None);
    for name in ["audit.log", "audit.head"] {
        std::fs::remove_file(data.path().join(name)).unwrap();
    }
    assert_eq!(reopened(data.path()).verify().unwrap().broken_at, Some(1));
}

/// 200,000 records: pages cost what they give, and a second verification reads what is new.
#[test]
fn a_long_log_is_not_read_from_its_start() {
    const RECORDS: u64 = 200_000;
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let audit = open(data.path(), 16 << 20, None, &clock);
    let calls: Vec<Call> = (0..3).map(|n| call(&format!("acme/plugin-{n}"))).collect();
    // Denials are not synced one by one, so that the log is quickly written.
    for minute in 0..RECORDS / 240 + 1 {
        for call in &calls {
            for i in 0..80 {
                let resource = format!("birds/strikes/{minute}-{i}.csv");
                audit.denied(call, "kamld:storage/objects", Verb::Read, &resource, "its grant does not allow it");
            }
        }
        // Ten minutes, so that no day has more denials than are listed one by one.
        clock.advance(600_000);
        audit.flush().unwrap();
    }
    let records = audit.last();
    assert!(records >= RECORDS && segments(data.path()).len() >= 3, "{records} records");

    let measured = |what: &str, work: &dyn Fn()| {
        let (before, began) = (audit.bytes_read(), Instant::now());
        work();
        let read = audit.bytes_read() - before;
        println!("{what}: {:?}, {read} bytes read", began.elapsed());
        read
    };
    let all = measured("first verification", &|| assert_eq!(audit.verify().unwrap().read, records));
    let newest = measured("newest page", &|| assert_eq!(audit.newest(None, 1000).unwrap().len(), 1000));
    let older = measured("page in the middle", &|| {
        assert_eq!(audit.newest(Some(records / 2), 1000).unwrap()[0].seq, records / 2 - 1);
    });
    let exported = measured("exported page", &|| {
        assert_eq!(audit.export(records / 2, 1000).unwrap()[0].seq, records / 2 + 1);
    });
    let again = measured("second verification", &|| {
        let verdict = audit.verify().unwrap();
        assert!(verdict.count == records && verdict.read < records / 2, "{verdict:?}");
    });
    let full = measured("full verification", &|| assert_eq!(audit.verify_all().unwrap().read, records));
    println!("{records} records, {all} bytes");
    assert!(newest < 1 << 20 && older < 3 << 20 && exported < 3 << 20, "{newest} {older} {exported}");
    assert!(again <= 17 << 20, "{again}");
    assert_eq!(full, all);
}
