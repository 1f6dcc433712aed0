//! Results that were handed over, in every format.

use crate::memory::{answer, config, run, sql, strikes};
use arrow::{array::RecordBatch, ipc::reader::StreamReader};
use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use kamld_metadata::sql::{Config, Output, Owner, Sql, WindowQuery};
use kamld_types::Kind;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::{sync::Arc, time::Duration};

const TEXT: &str = r#"select a.species, a.cost, b.cost, [a.cost, 1] as pair, a.cost / 4.0 as part, date '2020-02-29' as day
    from strikes."2019.csv" a join strikes."2019.csv" b on a.cost = b.cost order by a.cost"#;

fn owner(person: &str) -> Owner {
    Owner { person: person.into(), plugin: "kamld/sql".parse().unwrap() }
}

async fn bytes(sql: &Sql, text: &str, output: Output) -> Bytes {
    let query = run(sql, text).await.unwrap();
    let id = sql.hand_over(query, owner("anna")).unwrap();
    let mut last = None;
    // As often as one likes, and the query runs once.
    for _ in 0..2 {
        let stream = sql.result_stream(&id, "anna", output).unwrap();
        let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
        let bytes: Bytes = pieces.concat().into();
        assert!(last.replace(bytes.clone()).is_none_or(|last: Bytes| last == bytes));
    }
    last.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_the_same_in_every_format() {
    let sql = sql(strikes());
    let json: Vec<serde_json::Value> = serde_json::from_slice(&bytes(&sql, TEXT, Output::Json).await).unwrap();
    assert_eq!(json.len(), 3);
    assert_eq!(
        json[0],
        serde_json::json!({"species": "gull", "cost": 5, "cost_2": 5, "pair": [5, 1], "part": 1.25, "day": "2020-02-29"})
    );
    let lines = bytes(&sql, TEXT, Output::JsonLines).await;
    let lines: Vec<serde_json::Value> =
        std::str::from_utf8(&lines).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, json);
    let csv = bytes(&sql, TEXT, Output::Csv).await;
    let csv = std::str::from_utf8(&csv).unwrap().to_owned();
    assert!(csv.starts_with("species,cost,cost_2,pair,part,day\ngull,5,5,\"[5,1]\",1.25,2020-02-29\n"), "{csv}");
    let parquet = bytes(&sql, TEXT, Output::Parquet).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap().build().unwrap();
    let parquet: Vec<RecordBatch> = reader.collect::<Result<_, _>>().unwrap();
    let arrow = bytes(&sql, TEXT, Output::Arrow).await;
    let arrow: Vec<RecordBatch> = StreamReader::try_new(&arrow[..], None).unwrap().collect::<Result<_, _>>().unwrap();
    for batches in [parquet, arrow] {
        let rows: Vec<String> =
            batches.iter().flat_map(|batch| kamld_metadata::sql::json_rows(batch).unwrap()).collect();
        assert_eq!(rows[0], r#"["gull",5,5,[5,1],1.25,"2020-02-29"]"#);
        assert_eq!(rows.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rows_are_a_sound_file_too() {
    let sql = sql(strikes());
    let text = r#"select species, cost from strikes."2019.csv" where cost > 1000"#;
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&bytes(&sql, text, Output::Json).await).unwrap(),
        serde_json::json!([])
    );
    assert_eq!(bytes(&sql, text, Output::JsonLines).await, "");
    assert_eq!(bytes(&sql, text, Output::Csv).await, "species,cost\n");
    assert_eq!(StreamReader::try_new(&bytes(&sql, text, Output::Arrow).await[..], None).unwrap().count(), 0);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes(&sql, text, Output::Parquet).await).unwrap();
    assert_eq!(reader.schema().fields().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_json_has_no_word_for_are_told_all_the_same() {
    let sql = sql(strikes());
    let text = "select cast('nan' as double), 9007199254740993, timestamp '2020-01-01T00:00:00', interval '1 day', x'ff', null, cast(1.10 as decimal(5,2))";
    assert_eq!(
        answer(&sql, text).await,
        r#"[null,9007199254740993,"2020-01-01T00:00:00",""#.to_owned() + r#"1 days","ff",null,1.10]"#
    );
    let csv = bytes(&sql, text, Output::Csv).await;
    assert!(csv.starts_with(b"\""), "{csv:?}");
}

fn first() -> WindowQuery {
    WindowQuery { count: 10, wait: Duration::from_secs(60), ..WindowQuery::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_its_persons_alone() {
    let sql = sql(strikes());
    let id = sql.hand_over(run(&sql, "select 1").await.unwrap(), owner("anna")).unwrap();
    assert_eq!(sql.result_window(&id, "bob", &first()).await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(sql.result_stream(&id, "bob", Output::Csv).err().unwrap().kind, Kind::NotFound);
    assert_eq!(sql.cancel(&id, "bob").unwrap_err().kind, Kind::NotFound);
    for _ in 0..2 {
        assert_eq!(sql.result_window(&id, "anna", &first()).await.unwrap().rows, ["[1]"]);
    }
    sql.cancel(&id, "anna").unwrap();
    assert_eq!(sql.result_window(&id, "anna", &first()).await.unwrap_err().kind, Kind::NotFound);
    let mut begun = run(&sql, "values (1), (2)").await.unwrap();
    begun.next_json(1).await.unwrap();
    assert_eq!(sql.hand_over(begun, owner("anna")).unwrap_err().kind, Kind::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_few_and_end() {
    let few = Sql::new(Config { max_results: 2, ..config() }, Arc::new(strikes())).unwrap();
    let hand_over = async || few.hand_over(run(&few, "select 1").await.unwrap(), owner("anna"));
    let (one, two) = (hand_over().await.unwrap(), hand_over().await.unwrap());
    assert_eq!(hand_over().await.unwrap_err().kind, Kind::Limit);
    // What was looked at makes way for what is new.
    few.result_window(&one, "anna", &first()).await.unwrap();
    hand_over().await.unwrap();
    assert_eq!(few.result_window(&one, "anna", &first()).await.unwrap_err().kind, Kind::NotFound);
    few.result_window(&two, "anna", &first()).await.unwrap();
    let short = Sql::new(Config { result_life: Duration::ZERO, ..config() }, Arc::new(strikes())).unwrap();
    let id = short.hand_over(run(&short, "select 1").await.unwrap(), owner("anna")).unwrap();
    assert_eq!(short.result_window(&id, "anna", &first()).await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(short.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_the_pieces_that_are_asked_for() {
    let sql = sql(strikes());
    let mut query = run(&sql, "select value from generate_series(1, 20000)").await.unwrap();
    let mut seen = 0;
    loop {
        let rows = query.next_json(777).await.unwrap();
        if rows.is_empty() {
            break;
        }
        seen += rows.len();
        assert!(rows.len() == 777 || seen == 20_000);
    }
    assert_eq!(seen, 20_000);
    assert_eq!(query.columns()[0].name, "value");
}

/// A result that is read as a file passes through the room that results have, however long it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_larger_than_the_room_is_exported_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Config { spill: Some(folder.path().join("spill")), results: Some(24 << 20), ..config() };
    let sql = Sql::new(settings, Arc::new(strikes())).unwrap();
    let text = "select value, repeat('x', 1000) from generate_series(1, 150000)";
    let id = sql.hand_over(run(&sql, text).await.unwrap(), owner("anna")).unwrap();
    // A reader that comes late finds rows that wait for it, and no query that ran out of room.
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while sql.kept_bytes().0 < 4 << 20 {
        assert!(std::time::Instant::now() < deadline, "nothing is drawn");
        tokio::task::yield_now().await;
    }
    let mut stream = sql.result_stream(&id, "anna", Output::Csv).unwrap();
    let (mut bytes, mut most) = (0, 0);
    while let Some(piece) = stream.next().await {
        bytes += piece.unwrap().len();
        most = most.max(sql.kept_bytes().1);
    }
    assert!(bytes > 150_000_000, "{bytes} bytes");
    assert!(most <= 24 << 20, "{most} bytes on disk");
    // Its first rows are gone, which is told.
    let problem = sql.result_window(&id, "anna", &first()).await.unwrap_err();
    assert!(problem.message.contains("are not kept"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_only_reader_went_away_is_stopped() {
    let sql = sql(strikes());
    let text = "select count(*) from generate_series(1,9000000000000)";
    let id = sql.hand_over(run(&sql, text).await.unwrap(), owner("anna")).unwrap();
    let stream = sql.result_stream(&id, "anna", Output::Csv).unwrap();
    assert_eq!((sql.waiting(), sql.busy()), (1, 1));
    drop(stream);
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while sql.busy() > 0 {
        assert!(std::time::Instant::now() < deadline, "it goes on");
        tokio::task::yield_now().await;
    }
    assert_eq!(sql.waiting(), 0);
    // One that somebody looks at goes on.
    let id = sql.hand_over(run(&sql, text).await.unwrap(), owner("anna")).unwrap();
    let window = sql.result_window(&id, "anna", &WindowQuery { wait: Duration::ZERO, ..first() }).await.unwrap();
    assert!(!window.complete);
    drop(sql.result_stream(&id, "anna", Output::Csv).unwrap());
    assert!(!sql.result_window(&id, "anna", &WindowQuery { wait: Duration::ZERO, ..first() }).await.unwrap().complete);
}
