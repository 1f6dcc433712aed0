//! Memory, time, room on disk, and what stops when nobody waits any more.

use crate::memory::{answer, config, numbers, problem, rows, run, sql};
use kamld_metadata::sql::{Config, Everything, Sql};
use kamld_types::Kind;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Reads come to an end: the counter stays the same while something else makes progress for a while.
async fn reads_stop(reads: &AtomicU64, sql: &Sql) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut last = reads.load(Ordering::SeqCst);
    let mut same = 0;
    while same < 20 {
        assert!(Instant::now() < deadline, "reads go on");
        answer(sql, "select count(*) from generate_series(1, 100000)").await;
        let now = reads.load(Ordering::SeqCst);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_query_stops_reading() {
    let mut memory = numbers(50_000);
    memory.endless = 1 << 40;
    let reads = memory.reads.clone();
    let sql = sql(memory);
    // Rows that are read and not taken: the query waits, and ends when it is dropped.
    let mut query = run(&sql, r#"select text from big."n.csv""#).await.unwrap();
    assert_eq!(query.next(10).await.unwrap().iter().map(|batch| batch.num_rows()).sum::<usize>(), 10);
    drop(query);
    reads_stop(&reads, &sql).await;
    // A sum that never ends, dropped while it is being planned and started.
    let before = reads.load(Ordering::SeqCst);
    let mut pending = Box::pin(rows(&sql, r#"select sum(length(text)) from big."n.csv""#));
    while reads.load(Ordering::SeqCst) < before + 20 {
        tokio::select! {
            done = &mut pending => panic!("{done:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(pending);
    reads_stop(&reads, &sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_works_too_long_is_stopped() {
    let mut memory = numbers(50_000);
    memory.endless = 1 << 40;
    let reads = memory.reads.clone();
    let sql = Sql::new(Config { time: Duration::from_millis(300), ..config() }, Arc::new(memory)).unwrap();
    for text in [
        r#"select sum(length(text)) from big."n.csv""#,
        "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b where a.value * b.value % 7 = 9",
    ] {
        let began = Instant::now();
        let problem = problem(&sql, text).await;
        assert_eq!(problem.kind, Kind::Limit, "{problem}");
        assert!(problem.message.contains("longer than 0.3 seconds"), "{problem}");
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    reads_stop(&reads, &sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sort_larger_than_memory_goes_to_disk() {
    let folder = tempfile::tempdir().unwrap();
    let rows_count = 600_000;
    let spill = folder.path().join("spill");
    let tight = Config { memory: 12 << 20, spill: Some(spill.clone()), spill_limit: 1 << 30, ..config() };
    let tight_sql = Sql::new(tight.clone(), Arc::new(numbers(rows_count))).unwrap();
    let text = r#"select n, text from big."n.csv" order by text desc, n"#;
    let mut query = run(&tight_sql, text).await.unwrap();
    let mut seen = 0;
    let mut first = None;
    while let Some(batch) = query.batch().await.unwrap() {
        seen += batch.num_rows();
        if first.is_none() {
            first = kamld_metadata::sql::json_rows(&batch).unwrap().into_iter().next();
        }
    }
    assert_eq!(seen, rows_count);
    assert!(first.unwrap().contains("larger 99999"));
    drop(query);
    // Nothing is left in the folder of a query that is over.
    let left: Vec<_> = walk(&spill);
    assert!(left.is_empty(), "{left:?}");
    // Without room on disk it is a limit, in words, with a place.
    for config in [Config { spill: None, ..tight.clone() }, Config { spill_limit: 1 << 20, ..tight }] {
        let sql = Sql::new(config, Arc::new(numbers(rows_count))).unwrap();
        let problem = problem(&sql, text).await;
        assert_eq!(problem.kind, Kind::Limit, "{problem}");
        assert!(problem.help.is_some() && problem.at.is_some(), "{problem:?}");
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_read_once_and_in_place() {
    let memory = numbers(200_000);
    let reads = memory.reads.clone();
    let sql = sql(memory);
    assert_eq!(answer(&sql, r#"select count(*) from big."n.csv""#).await, "[200000]");
    let first = reads.swap(0, Ordering::SeqCst);
    assert_eq!(answer(&sql, r#"select max(n) from big."n.csv""#).await, "[199999]");
    let second = reads.load(Ordering::SeqCst);
    assert!(second < first, "the layout is known by now: {first} then {second}");
    // A few rows cost a few reads.
    reads.store(0, Ordering::SeqCst);
    sql.rows(&"birds/big/n.csv".parse().unwrap(), 0, 5, Arc::new(Everything))
        .await
        .unwrap()
        .next_json(5)
        .await
        .unwrap();
    assert!(reads.load(Ordering::SeqCst) <= second.min(8));
}
