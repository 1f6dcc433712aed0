//! The audit log: what is in it after crashes, and what tampering with it shows.

mod building;

use building::deny;
use kamld_registry::{Action, Audit, Verdict};
use kamld_types::{Kind, PluginId};
use serde_json::{Value, json};
use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

fn id() -> PluginId {
    PluginId::new("acme/reader").unwrap()
}

fn log(data: &Path) -> PathBuf {
    data.join("audit.log")
}

fn text(data: &Path) -> String {
    std::fs::read_to_string(log(data)).unwrap()
}

fn filled(records: u64) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let audit = Audit::open(data.path()).unwrap();
    for i in 0..records {
        audit.record("anna", Action::Install, Some(&id()), format!("version 1.0.{i}")).unwrap();
    }
    data
}

fn verdict(data: &Path) -> Verdict {
    Audit::open(data).unwrap().verify().unwrap()
}

fn text_of(detail: &Value) -> &str {
    detail.as_str().unwrap()
}

/// A whole log of so many records, all of them read.
fn intact(count: u64) -> Verdict {
    Verdict { first: 1, count, read: count, broken_at: None, problem: None }
}

/// Where it breaks and why.
fn broken(verdict: Verdict) -> Option<(u64, String)> {
    let problem = verdict.problem?;
    assert!(problem.kind == Kind::Corrupt && problem.help.is_some());
    Some((verdict.broken_at?, problem.message.split_once(": ").unwrap().1.to_owned()))
}

fn broken_at(data: &Path) -> (u64, String) {
    broken(verdict(data)).expect("the chain is broken")
}

#[test]
fn records_are_numbered_chained_and_there_after_the_next_start() {
    let data = filled(3);
    let audit = Audit::open(data.path()).unwrap();
    assert_eq!(audit.verify().unwrap(), intact(3));
    audit.record("bob", Action::Grant, None, json!({"text": "two\nlines \"and\" more", "part": 0.1})).unwrap();
    let records = audit.export(0, 100).unwrap();
    assert_eq!(records.iter().map(|record| record.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(records.windows(2).all(|pair| pair[1].prev == pair[0].hash));
    assert_eq!(records[3].detail, json!({"text": "two\nlines \"and\" more", "part": 0.1}));
    assert_eq!(
        (records[0].actor.as_str(), records[0].action, &records[0].plugin),
        ("anna", Action::Install, &Some(id()))
    );
    assert_eq!(audit.export(1, 2).unwrap().iter().map(|record| record.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(text(data.path()).lines().count(), 4);
}

#[test]
fn a_line_torn_by_a_crash_is_cut_off_and_that_is_recorded() {
    let whole = filled(3);
    let log_text = text(whole.path());
    let last_line = log_text.trim_end().rfind('\n').unwrap() + 1;
    // A crash can leave any part of a fourth line behind, or zeros where the file had grown already.
    let fourth = log_text[last_line..].to_owned();
    let tails = (1..fourth.len())
        .step_by(3)
        .map(|end| fourth.as_bytes()[..end].to_vec())
        .chain([vec![0; 300], b"\0\0\0\n".to_vec()]);
    for tail in tails {
        let data = filled(3);
        OpenOptions::new().append(true).open(log(data.path())).unwrap().write_all(&tail).unwrap();
        let audit = Audit::open(data.path()).unwrap();
        assert_eq!(audit.verify().unwrap(), intact(4), "tail of {} bytes", tail.len());
        let repair = audit.export(3, 1).unwrap().remove(0);
        assert_eq!((repair.action, repair.actor.as_str()), (Action::Repair, "host"));
        assert!(text_of(&repair.detail).contains(&format!("{} bytes was torn", tail.len())), "{}", repair.detail);
        drop(audit);
        assert_eq!(verdict(data.path()).count, 4, "it is repaired once");
    }
}

#[test]
fn a_record_that_was_written_but_not_yet_in_the_head_counts() {
    let data = filled(2);
    let head = std::fs::read(data.path().join("audit.head")).unwrap();
    Audit::open(data.path()).unwrap().record("anna", Action::Remove, Some(&id()), "").unwrap();
    std::fs::write(data.path().join("audit.head"), head).unwrap();
    assert_eq!(verdict(data.path()), intact(3));
}

#[test]
fn every_changed_byte_breaks_the_chain_at_its_record() {
    let data = filled(4);
    let good = std::fs::read(log(data.path())).unwrap();
    let mut seq = 1;
    let audit = Audit::open(data.path()).unwrap();
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0x01;
        std::fs::write(log(data.path()), &bad).unwrap();
        let (at, why) = broken(audit.verify().unwrap()).unwrap_or_else(|| panic!("byte {place} was changed unnoticed"));
        assert_eq!(at, seq, "byte {place}: {why}");
        std::fs::write(log(data.path()), &good).unwrap();
        if good[place] == b'\n' {
            seq += 1;
        }
    }
}

#[test]
fn a_changed_removed_or_swapped_record_is_named() {
    let edit = |change: &dyn Fn(&mut Vec<String>)| {
        let data = filled(5);
        let mut lines: Vec<String> = text(data.path()).lines().map(str::to_owned).collect();
        change(&mut lines);
        std::fs::write(log(data.path()), lines.join("\n") + "\n").unwrap();
        broken_at(data.path())
    };
    assert_eq!(
        edit(&|lines| lines[2] = lines[2].replace("1.0.2", "6.6.6")),
        (3, "its hash does not fit what it says".into())
    );
    assert_eq!(edit(&|lines| drop(lines.remove(1))), (2, "record 3 follows record 1".into()));
    assert_eq!(edit(&|lines| drop(lines.remove(0))), (1, "record 2 follows record 0".into()));
    assert_eq!(edit(&|lines| lines.swap(1, 2)).0, 2);
    assert_eq!(edit(&|lines| lines.insert(1, lines[1].clone())), (3, "record 2 follows record 2".into()));
    assert_eq!(edit(&|lines| lines[1] = lines[1].replace("\"seq\"", "\"note\":1,\"seq\"")).0, 2);
}

#[test]
fn a_forged_record_with_a_hash_of_its_own_does_not_fit_the_chain() {
    let (data, other) = (filled(5), tempfile::tempdir().unwrap());
    let audit = Audit::open(other.path()).unwrap();
    for _ in 0..5 {
        audit.record("mallory", Action::Grant, Some(&id()), "everything").unwrap();
    }
    let forged: Vec<String> = text(other.path()).lines().map(str::to_owned).collect();
    let mut lines: Vec<String> = text(data.path()).lines().map(str::to_owned).collect();
    lines[2] = forged[2].clone();
    std::fs::write(log(data.path()), lines.join("\n") + "\n").unwrap();
    assert_eq!(broken_at(data.path()), (3, "it does not follow the record before it".into()));
    // A whole other chain does not end in what was sealed.
    std::fs::write(log(data.path()), text(other.path())).unwrap();
    assert_eq!(broken_at(data.path()).0, 6);
}

#[test]
fn a_log_that_was_cut_at_its_end_stays_broken_for_good() {
    let data = filled(5);
    let kept: String = text(data.path()).lines().take(3).map(|line| format!("{line}\n")).collect();
    std::fs::write(log(data.path()), &kept).unwrap();
    let audit = Audit::open(data.path()).unwrap();
    assert_eq!(broken(audit.verify().unwrap()), Some((4, "record 6 follows record 3".into())));
    let note = audit.export(3, 1).unwrap().remove(0);
    assert_eq!((note.seq, note.action), (6, Action::Repair));
    assert_eq!(note.detail, "records 4 to 5 are missing at the end");
    audit.record("anna", Action::Start, None, "").unwrap();
    drop(audit);
    assert_eq!(broken_at(data.path()).0, 4);
    assert!(text(data.path()).starts_with(&kept), "nothing of what is left was touched");
}

#[test]
fn a_removed_log_is_noticed() {
    let data = filled(2);
    std::fs::remove_file(log(data.path())).unwrap();
    assert_eq!(broken_at(data.path()), (1, "record 3 follows record 0".into()));
}

#[test]
fn a_log_that_is_cut_while_the_host_runs_is_noticed() {
    let data = filled(3);
    let audit = Audit::open(data.path()).unwrap();
    let kept: String = text(data.path()).lines().take(2).map(|line| format!("{line}\n")).collect();
    std::fs::write(log(data.path()), kept).unwrap();
    assert_eq!(broken(audit.verify().unwrap()), Some((3, "records up to 3 are missing at the end".into())));
}

#[test]
fn a_missing_or_changed_head_is_noticed() {
    let data = filled(3);
    let audit = Audit::open(data.path()).unwrap();
    std::fs::remove_file(data.path().join("audit.head")).unwrap();
    assert!(broken(audit.verify().unwrap()).unwrap().1.contains("audit.head"));
    drop(audit);
    for damage in [None, Some("{")] {
        let data = filled(3);
        match damage {
            None => std::fs::remove_file(data.path().join("audit.head")).unwrap(),
            Some(text) => std::fs::write(data.path().join("audit.head"), text).unwrap(),
        }
        let audit = Audit::open(data.path()).unwrap();
        let note = audit.export(3, 1).unwrap().remove(0);
        assert!(note.action == Action::Repair && text_of(&note.detail).contains("cannot be told"), "{note:?}");
        assert_eq!(audit.verify().unwrap(), intact(4));
    }
}

#[test]
fn many_threads_write_one_chain() {
    let data = tempfile::tempdir().unwrap();
    let audit = Audit::open(data.path()).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let audit = &audit;
            scope.spawn(move || {
                for i in 0..20 {
                    audit.record("anna", Action::Grant, None, format!("{worker} {i}")).unwrap();
                    deny(audit, "acme/reader", &format!("birds/strikes/{worker}-{i}"));
                    assert_eq!(audit.verify().unwrap().broken_at, None);
                }
            });
        }
    });
    assert_eq!(audit.verify().unwrap(), intact(160));
}

#[test]
fn details_of_any_length_and_kind_are_kept_within_bounds() {
    let data = tempfile::tempdir().unwrap();
    let audit = Audit::open(data.path()).unwrap();
    for detail in
        ["\u{1}".repeat(100_000), "}".into(), "\"}".into(), ",\"hash\":\"".into(), "é\u{202e}鳥".repeat(5_000)]
    {
        audit.record(&detail, Action::Grant, None, detail.as_str()).unwrap();
    }
    drop(audit);
    assert_eq!(verdict(data.path()), intact(5));
}
