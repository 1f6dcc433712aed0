//! What a query must never reach.

use crate::memory::{Only, answer, config, problem, rows, sql, strikes};
use kamld_metadata::sql::{Config, Sql};
use kamld_types::Kind;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_objects_can_be_read() {
    let folder = std::env::temp_dir().join(format!("kamld-sql-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("secret.csv");
    std::fs::write(&file, "secret\n42\n").unwrap();
    let path = file.display();
    let sql = sql(strikes());
    for text in [
        "select * from '/etc/passwd'".to_owned(),
        format!("select * from '{path}'"),
        format!("select * from \"{path}\""),
        format!("select * from 'file://{path}'"),
        format!("select * from read_csv('{path}')"),
        format!("select * from read_parquet('{path}')"),
        format!("select * from read_json('file://{path}')"),
        "select * from 'http://127.0.0.1/x.csv'".into(),
        "select * from 's3://bucket/x.csv'".into(),
        "select * from 'kamld://objects/x'".into(),
        format!("select * from strikes.\"{path}\""),
        "select * from strikes.\"../../etc/passwd\"".into(),
        format!("select * from strikes.\"file://{path}\""),
        "select * from information_schema.tables".into(),
        "select * from information_schema.df_settings".into(),
        "select * from datafusion.information_schema.df_settings".into(),
        "show all".into(),
        "show datafusion.execution.batch_size".into(),
        "show tables".into(),
        "select * from parquet_metadata('x')".into(),
        "select * from metadata_cache()".into(),
        "describe '/etc/passwd'".into(),
    ] {
        let problem = problem(&sql, &text).await;
        assert!(matches!(problem.kind, Kind::NotFound | Kind::Invalid), "{text}: {problem}");
        assert!(problem.at.is_some(), "{text}: {problem}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_refused_before_anything_is_opened() {
    let memory = strikes();
    let (opened, reads) = (memory.opened.clone(), memory.reads.clone());
    let sql = sql(memory);
    for text in [
        r#"select * from planes.fleet."all.csv""#,
        r#"select * from planes.fleet."not-there.csv""#,
        r#"select * from planes.nothing."x.csv""#,
        r#"describe planes.fleet."all.csv""#,
        r#"select 1 where exists (select * from planes.fleet."all.csv")"#,
    ] {
        let problem = sql.run(text, Some("birds"), Arc::new(Only(&["birds/"]))).await.err().unwrap();
        assert_eq!(problem.kind, Kind::Denied, "{text}: {problem}");
        assert!(problem.at.is_some());
    }
    assert_eq!((opened.load(Ordering::SeqCst), reads.load(Ordering::SeqCst)), (0, 0));
    // Of a pattern, every object counts, and nothing is read when one may not be.
    let some = Arc::new(Only(&["birds/strikes/2019/jan.csv"]));
    let problem = sql.run(r#"select * from strikes."2019/*.csv""#, Some("birds"), some).await.err().unwrap();
    assert_eq!(problem.kind, Kind::Denied);
    assert!(!format!("{problem:?}").contains("feb"), "{problem:?}");
    assert_eq!(reads.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_show_only_what_may_be_seen() {
    let sql = sql(strikes());
    let narrow = Arc::new(Only(&["birds/strikes/2019.csv", "birds/strikes/2018.csv"]));
    for text in [r#"select * from strikes."2018.csv""#, "select * from bird-call.\"x\"", "select * from fleet"] {
        let problem = sql.run(text, Some("birds"), narrow.clone()).await.err().unwrap();
        let told = format!("{problem:?}");
        assert!(!told.contains("jan.csv") && !told.contains("bird-calls") && !told.contains("planes"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_meant_to_hurt_ends_in_an_answer() {
    let sql = sql(strikes());
    let deep = format!("select {}1{}", "(".repeat(2000), ")".repeat(2000));
    let nots = format!("select {} true", "not ".repeat(5000));
    let adds = format!("select {}", vec!["1"; 1000].join(" + "));
    for text in [deep, nots, adds] {
        let _ = rows(&sql, &text).await;
    }
    // Each begins in a worker of its own, and takes it along.
    for text in [
        "select repeat('x', 2147483647) || repeat('y', 2147483647)",
        "select lpad('x', 2147483647)",
        "select sum(length(repeat(species, 100000000))) from strikes.\"2019.csv\"",
        "select range(0, 9000000000000000000)",
        "select generate_series(-9000000000000000000, 9000000000000000000, 2)",
        "select array_repeat(1, 9000000000000000000)",
        "select array_resize([1], 9000000000, 1)",
        "select repeat(arrow_cast('x', 'LargeUtf8'), 9000000000000)",
    ] {
        let problem = problem(&sql, text).await;
        assert!(matches!(problem.kind, Kind::Limit | Kind::Invalid), "{text}: {problem}");
        assert!(problem.at.is_some(), "{text}: {problem:?}");
    }
    for (text, expected) in [
        ("select repeat('ab', 3), lpad('x', 3), rpad('x', 2, '-')", "[\"ababab\",\"  x\",\"x-\"]"),
        ("select range(3), generate_series(1, 5, 2), array_repeat(7, 2)", "[[0,1,2],[1,3,5],[7,7]]"),
        ("select sum(length(repeat(species, cost))) from strikes.\"2019.csv\"", "[140]"),
    ] {
        assert_eq!(answer(&sql, text).await, expected);
    }
}

fn nested_unions(levels: usize) -> String {
    let first = "c0 as (select 1 a)".to_owned();
    let next = |n: usize| format!("c{n} as (select * from c{0} union all select * from c{0})", n - 1);
    let parts: Vec<String> = std::iter::once(first).chain((1..levels).map(next)).collect();
    format!("with {} select count(*) from c{}", parts.join(","), levels - 1)
}

/// MiB that this process holds.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

/// What planning, optimizing and functions may allocate and compute is bounded by what their process may, so it does not
/// matter which of them it is.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_query_costs_the_host_does_not_pay() {
    let config = Config { time: Duration::from_secs(10), memory: 64 << 20, workers: 4, ..config() };
    let sql = Sql::new(config, Arc::new(strikes())).unwrap();
    let many = |what: &str, by: &str, count: usize| vec![what; count].join(by);
    let columns = (0..20_000).map(|n| format!("{n} c{n}")).collect::<Vec<_>>().join(",");
    let texts = [
        nested_unions(24),
        format!("select {}", many("true", " and ", 20_000)),
        format!("select {}", many("1", "-", 5_000)),
        format!("select 1 where {}", many("1=0", " or ", 5_000)),
        format!("select {columns}"),
        many("select 1", " union all ", 3_000),
        format!("select * from (select 1){}", " x".repeat(80_000)),
        "select length(replace(repeat('a',1000000),'a',repeat('b',10000)))".into(),
        format!("select length(concat({}))", many("repeat('x',200000000)", ",", 20)),
        format!("select length({})", many("repeat('x',200000000)", "||", 20)),
        format!(
            "with a as (select repeat('x',1000000) s) select length(concat({})) from a, generate_series(1,1000)",
            many("s", ",", 20)
        ),
        "select array_repeat(array_repeat(1,10000),10000)".into(),
        "select string_to_array(repeat('a,',100000000),',')".into(),
        "select regexp_replace(repeat('a',1000000),'a',repeat('b',10000),'g')".into(),
        "select translate(repeat('a',400000000),'a','b')".into(),
        "select levenshtein(repeat('a',100000),repeat('b',100000))".into(),
        "select count(*) from generate_series(1,9000000000000)".into(),
        "select repeat('x', 70000000)".into(),
    ];
    let before = resident();
    let done = futures::future::join_all(texts.iter().map(async |text| (text, rows(&sql, text.as_str()).await))).await;
    for (text, done) in done {
        let text = &text[..text.len().min(60)];
        // What fits is answered, the rest is told in words; nothing else happens.
        if let Err(problem) = done {
            assert!(matches!(problem.kind, Kind::Limit | Kind::Invalid), "{text}: {problem:?}");
            assert!(problem.at.is_some(), "{text}: {problem:?}");
        }
    }
    assert!(resident() < before + 300, "{} MiB before, {} MiB after", before, resident());
    assert_eq!(answer(&sql, "select 1").await, "[1]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_waits_for_makes_room_whatever_it_is_doing() {
    let sql = Sql::new(Config { workers: 1, ..config() }, Arc::new(strikes())).unwrap();
    // One step of the engine that lets go of nothing.
    let mut stuck = Box::pin(rows(&sql, "select levenshtein(repeat('a',1000000),repeat('b',1000000))"));
    while sql.busy() == 0 {
        tokio::select! {
            done = &mut stuck => panic!("{done:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(stuck);
    assert_eq!(answer(&sql, "select 1").await, "[1]");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_the_query_is_known() {
    let sql = sql(strikes());
    let now = answer(&sql, "select now() > arrow_cast('2020-01-01', 'Timestamp(Second, Some(\"+00:00\"))')").await;
    assert_eq!(now, "[true]");
}
