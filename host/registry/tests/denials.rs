//! Denials in the audit log: counted, shortened, and bounded in memory and on disk.

mod building;

use building::{call, deny};
use kamld_policy::{Denials, Verb};
use kamld_registry::{
    Action, Audit,
    audit::{Options, Refusal},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const MINUTE: u64 = 60_000;

/// A log with a clock that the test sets.
fn clocked(data: &Path) -> (Audit, Arc<AtomicU64>) {
    let time = Arc::new(AtomicU64::new(1_000_000));
    let clock = time.clone();
    let options = Options { clock: Box::new(move || clock.load(Ordering::SeqCst)), ..Options::default() };
    (Audit::open_with(data, options).unwrap(), time)
}

fn text(data: &Path) -> String {
    std::fs::read_to_string(data.join("audit.log")).unwrap()
}

fn size(data: &Path) -> u64 {
    std::fs::metadata(data.join("audit.log")).unwrap().len()
}

#[test]
fn the_same_denial_again_is_counted_and_not_repeated() {
    let data = tempfile::tempdir().unwrap();
    let (audit, time) = clocked(data.path());
    for _ in 0..10_000 {
        deny(&audit, "acme/reader", "birds/strikes/a.csv");
    }
    deny(&audit, "acme/reader", "birds/strikes/b.csv");
    deny(&audit, "acme/reader", "birds/strikes/b.csv");
    assert_eq!(text(data.path()).lines().count(), 2, "each is seen at once, once");
    audit.flush().unwrap();
    assert_eq!(text(data.path()).lines().count(), 2, "counts are held back for a minute");
    time.fetch_add(MINUTE, Ordering::SeqCst);
    audit.flush().unwrap();
    let details: Vec<Value> = audit.export(0, 100).unwrap().into_iter().map(|record| record.detail).collect();
    let denial = |resource: &str, key: &str, value: Value| json!({"interface": "kamld:storage/objects", "verb": "read", "resource": resource, "reason": "its grant does not allow it", key: value});
    let trace = json!("0123456789abcdef0123456789abcdef");
    assert_eq!(
        details,
        [
            denial("birds/strikes/a.csv", "trace", trace.clone()),
            denial("birds/strikes/b.csv", "trace", trace),
            denial("birds/strikes/a.csv", "again", json!(9999)),
            denial("birds/strikes/b.csv", "again", json!(1)),
        ]
    );
    assert_eq!(audit.verify().unwrap().count, 4);
}

#[test]
fn a_plugin_that_tries_everything_cannot_flood_the_log_nor_hide_another() {
    let data = tempfile::tempdir().unwrap();
    let (audit, _) = clocked(data.path());
    for i in 0..5_000 {
        deny(&audit, "acme/noisy", &format!("birds/strikes/{i}.csv"));
    }
    deny(&audit, "acme/quiet", "birds/strikes/a.csv");
    assert_eq!(text(data.path()).lines().count(), 101);
    drop(audit);
    let audit = Audit::open(data.path()).unwrap();
    let records = audit.export(100, 10).unwrap();
    assert_eq!(records[0].plugin.as_ref().unwrap().as_str(), "acme/quiet");
    assert_eq!(
        records[1].detail, "4900 further denials within a minute, not listed one by one",
        "written when the log is closed"
    );
    assert_eq!(audit.verify().unwrap().count, 102);
}

/// What an id that is not valid looks like to the host: bytes that a guest chose.
fn flood(audit: &Audit, plugin: &str, times: usize) {
    for i in 0..times {
        let resource = format!("{i}-{}", "\u{1}鳥".repeat(20_000));
        let reason = format!("its grant does not allow {resource}");
        audit.denied(&call(plugin), &resource, Verb::Read, &resource, &reason);
    }
}

#[test]
fn what_a_guest_wrote_is_shortened_before_it_is_kept() {
    let data = tempfile::tempdir().unwrap();
    let (audit, _) = clocked(data.path());
    flood(&audit, "acme/noisy", 150);
    assert!(audit.denials_held() < 100 * 5_000, "{} bytes are held", audit.denials_held());
    let record = audit.newest(None, 1).unwrap().remove(0);
    let characters = |key: &str| record.detail[key].as_str().unwrap().chars().count();
    assert_eq!((characters("interface"), characters("resource"), characters("reason")), (129, 513, 513));
    assert!(record.detail["resource"].as_str().unwrap().ends_with('…'));
}

#[test]
fn many_plugins_together_cannot_flood_memory_or_disk() {
    let data = tempfile::tempdir().unwrap();
    let (audit, time) = clocked(data.path());
    let plugins: Vec<String> = (0..40).map(|i| format!("acme/noisy-{i:02}")).collect();
    let mut before = 0;
    for minute in 0..3 {
        for plugin in &plugins {
            flood(&audit, plugin, 30);
        }
        assert!(audit.denials_held() < 1 << 20, "{} bytes are held", audit.denials_held());
        let grown = size(data.path()) - before;
        assert!(grown < 1 << 20, "{grown} bytes were written in minute {minute}");
        before = size(data.path());
        time.fetch_add(MINUTE, Ordering::SeqCst);
    }
    drop(audit);
    let audit = Audit::open(data.path()).unwrap();
    // Nothing is lost: those that are listed and those that are counted are all there were.
    let mut denials = 0;
    for record in audit.export(0, usize::MAX).unwrap() {
        denials += match record.detail.as_str() {
            Some(text) => text.split_once(' ').unwrap().0.parse::<u64>().unwrap(),
            None => record.detail["again"].as_u64().unwrap_or(1),
        };
    }
    assert_eq!(denials, 3 * 40 * 30);
}

#[test]
fn a_log_that_is_flooded_for_a_day_stays_below_its_bound_and_counts_everything() {
    let data = tempfile::tempdir().unwrap();
    let (audit, time) = clocked(data.path());
    let plugins: Vec<String> = (0..5).map(|i| format!("acme/noisy-{i}")).collect();
    for minute in 0..24 * 60 {
        for plugin in &plugins {
            for i in 0..110 {
                let resource = format!("{minute}-{i}-{}", "x".repeat(600));
                audit.denied(
                    &call(plugin),
                    "kamld:storage/objects",
                    Verb::Read,
                    &resource,
                    "its grant does not allow it",
                );
            }
        }
        time.fetch_add(MINUTE, Ordering::SeqCst);
    }
    // The segment of today may have been closed; what counts is what was written.
    drop(audit);
    let audit = Audit::open(data.path()).unwrap();
    let (mut denials, mut bytes) = (0, 0);
    for record in audit.export(0, usize::MAX).unwrap() {
        bytes += serde_json::to_string(&record).unwrap().len();
        denials += match record.detail.as_str() {
            Some(text) => text.split_once(' ').unwrap().0.parse::<u64>().unwrap(),
            None => record.detail["again"].as_u64().unwrap_or(1),
        };
    }
    assert_eq!(denials, 24 * 60 * 5 * 110, "none is lost");
    assert!(bytes < 20 << 20, "{bytes} bytes in a day");
}

#[test]
fn what_deceives_an_eye_is_written_as_its_code() {
    let data = tempfile::tempdir().unwrap();
    let (audit, _) = clocked(data.path());
    deny(&audit, "acme/sly", "birds/gpj.\u{202e}exe\r\n\u{1b}[2J");
    let record = audit.newest(None, 1).unwrap().remove(0);
    assert_eq!(record.detail["resource"], "birds/gpj.\\u{202e}exe\\u{d}\\n\\u{1b}[2J");
}

#[test]
fn a_flood_by_others_does_not_hide_what_a_quiet_plugin_was_denied() {
    let data = tempfile::tempdir().unwrap();
    let (audit, _) = clocked(data.path());
    for i in 0..40 {
        flood(&audit, &format!("acme/noisy-{i:02}"), 30);
    }
    deny(&audit, "acme/quiet", "birds/strikes/a.csv");
    let newest = audit.newest(None, 1).unwrap().remove(0);
    assert_eq!(newest.plugin.unwrap().as_str(), "acme/quiet");
    assert_eq!(newest.detail["resource"], "birds/strikes/a.csv");
}

#[test]
fn what_a_plugin_tried_on_the_page_is_a_denial_within_the_same_bounds() {
    let data = tempfile::tempdir().unwrap();
    let (audit, _) = clocked(data.path());
    let plugin = "evil/twin".parse().unwrap();
    let try_on = |resource: &str| {
        let wanted = "'asset remove' of kamld/datasets";
        let reason = "the person did not confirm it";
        audit.refused(&plugin, &Refusal { person: "anna", wanted, verb: Verb::Delete, resource, reason, trace: "0a" });
    };
    for _ in 0..1000 {
        try_on("birds/strikes");
    }
    try_on(&"x".repeat(8 << 20));
    let records = audit.export(0, 100).unwrap();
    assert_eq!(records.len(), 2, "once for each");
    assert_eq!((records[0].action, records[0].actor.as_str()), (Action::Deny, "anna"));
    assert_eq!(records[0].plugin.as_ref(), Some(&plugin));
    let of = json!({"interface": "'asset remove' of kamld/datasets", "verb": "delete", "resource": "birds/strikes",
        "reason": "the person did not confirm it", "trace": "0a"});
    assert_eq!(records[0].detail, of);
    assert!(size(data.path()) < 4096, "what a plug-in wrote is shortened");
}
