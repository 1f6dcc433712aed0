//! What a query must never reach.

use crate::memory::{Only, answer, problem, rows, sql, strikes};
use kamld_types::Kind;
use std::sync::{Arc, atomic::Ordering};

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
        assert!(problem.message.contains("MiB are the most"), "{text}: {problem}");
    }
    for (text, expected) in [
        ("select repeat('ab', 3), lpad('x', 3), rpad('x', 2, '-')", "[\"ababab\",\"  x\",\"x-\"]"),
        ("select range(3), generate_series(1, 5, 2), array_repeat(7, 2)", "[[0,1,2],[1,3,5],[7,7]]"),
        ("select sum(length(repeat(species, cost))) from strikes.\"2019.csv\"", "[140]"),
    ] {
        assert_eq!(answer(&sql, text).await, expected);
    }
}
