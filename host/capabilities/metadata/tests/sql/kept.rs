//! Tables and results that are looked at a window at a time.

use crate::memory::{Memory, Only, config, run, strikes};
use arrow::{
    array::{ArrayRef, DictionaryArray, Int64Array, RecordBatch},
    datatypes::Int32Type,
    ipc::writer::FileWriter,
};
use futures::TryStreamExt;
use kamld_metadata::sql::{Arrangement, Config, Everything, Output, Owner, Sql, Window, WindowQuery};
use kamld_types::{Kind, Problem};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use std::{
    fmt::Write,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// Long enough for a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

fn asked(start: u64, count: u64) -> WindowQuery {
    WindowQuery { start, count, wait: PATIENCE, ..WindowQuery::default() }
}

fn arranged(start: u64, count: u64, keys: &[&str], filter: &str) -> WindowQuery {
    WindowQuery { arrangement: Arrangement::new(keys.iter().copied(), filter).unwrap(), ..asked(start, count) }
}

fn numbers(rows: usize) -> String {
    let mut body = String::from("n,text\n");
    for n in 0..rows {
        writeln!(body, "{n},some text to make it larger {}", n * 7919 % rows).unwrap();
    }
    body
}

fn one(body: String) -> Memory {
    let mut memory = Memory::default();
    memory.put("birds/big", "main", "n.csv", body);
    memory
}

fn on_disk(folder: &Path, memory: Memory) -> Sql {
    Sql::new(Config { spill: Some(folder.join("spill")), ..config() }, Arc::new(memory)).unwrap()
}

async fn table(sql: &Sql, asked: &WindowQuery) -> Result<Window, Problem> {
    sql.table_window(&"birds/big/n.csv".parse().unwrap(), &Everything, asked).await
}

fn owner() -> Owner {
    Owner { person: "anna".into(), plugin: "kamld/sql".parse().unwrap() }
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::task::yield_now().await;
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("spill/kept")).map_or(0, Iterator::count)
}

fn values(window: &Window) -> Vec<Value> {
    window.rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_drawn_once_and_read_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let memory = one(numbers(400_000));
    let reads = memory.reads.clone();
    let sql = on_disk(folder.path(), memory);
    let first = table(&sql, &asked(0, 3)).await.unwrap();
    assert_eq!(values(&first)[2], json!([2, "some text to make it larger 15838"]));
    assert_eq!(first.columns.iter().map(|column| column.r#type.as_str()).collect::<Vec<_>>(), ["BIGINT", "VARCHAR"]);
    // A jump draws on, and the rows there are those that are there.
    let far = table(&sql, &asked(399_998, 10)).await.unwrap();
    assert_eq!(far.rows.len(), 2);
    assert_eq!(values(&far)[1][0], 399_999);
    assert_eq!((far.total, far.complete, far.start), (400_000, true, 399_998));
    assert!(files(folder.path()) == 1 && sql.kept_bytes().1 > 0, "{:?}", sql.kept_bytes());
    let drawn = reads.load(Ordering::SeqCst);
    for start in [0, 123_456, 4095, 399_900, 222_222] {
        let window = table(&sql, &asked(start, 200)).await.unwrap();
        assert_eq!(values(&window)[0][0], start);
        assert!(window.complete && window.tag.is_some() && window.bytes > 0);
    }
    assert_eq!(reads.load(Ordering::SeqCst), drawn, "the object is read once");
    // Behind the end is nothing, and it is known to be.
    let behind = table(&sql, &asked(500_000, 10)).await.unwrap();
    assert!(behind.rows.is_empty() && behind.complete);
    // A window has a bound.
    assert_eq!(table(&sql, &asked(0, 5000)).await.unwrap().rows.len(), 200);
    drop(sql);
    assert_eq!(files(folder.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_in_time_is_left_out() {
    let mut memory = one("a,b\nx,y\n".into());
    memory.endless = 1 << 40;
    let folder = tempfile::tempdir().unwrap();
    let sql = on_disk(folder.path(), memory);
    let window = table(&sql, &WindowQuery { wait: Duration::ZERO, ..asked(1 << 35, 10) }).await.unwrap();
    assert!(window.rows.is_empty() && !window.complete && window.tag.is_none());
    // Who is at the start again is not made to wait.
    assert_eq!(table(&sql, &asked(0, 10)).await.unwrap().rows.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_rows_of_an_endless_table_do_not_copy_it() {
    let mut memory = one("a,b\nx,y\n".into());
    memory.endless = 1 << 40;
    let folder = tempfile::tempdir().unwrap();
    let sql = on_disk(folder.path(), memory);
    assert_eq!(table(&sql, &asked(0, 100)).await.unwrap().rows.len(), 100);
    // Nor does a jump whose person went away.
    let far = asked(1 << 40, 100);
    tokio::select! {
        window = table(&sql, &far) => panic!("{window:?}"),
        () = until("it draws", || sql.kept_bytes().1 > 0) => {}
    }
    // It comes to rest: the same for as long as other queries take.
    let (mut last, mut same) = ((0, 0), 0);
    let deadline = Instant::now() + PATIENCE;
    while same < 20 {
        assert!(Instant::now() < deadline, "it draws on and on: {last:?}");
        crate::memory::answer(&sql, "select count(*) from generate_series(1, 100000)").await;
        let now = sql.kept_bytes();
        same = if now == last && now != (0, 0) { same + 1 } else { 0 };
        last = now;
    }
    assert!(last.0 + last.1 < 160 << 20, "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_far_down_is_told_where_it_is_and_hides_nothing() {
    let mut body = numbers(1_000_000);
    let line = body.match_indices('\n').nth(899_998).unwrap().0 + 1;
    body.insert_str(line, "ragged,");
    let folder = tempfile::tempdir().unwrap();
    let sql = on_disk(folder.path(), one(body));
    assert_eq!(table(&sql, &asked(0, 100)).await.unwrap().rows.len(), 100);
    let problem = table(&sql, &asked(950_000, 100)).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Invalid);
    assert!(problem.message.contains("line 900000") && problem.message.contains("birds/big/n.csv"), "{problem}");
    // The rows before it stay, up to the very last.
    let window = table(&sql, &asked(899_900, 200)).await.unwrap();
    assert_eq!(values(&window).last().unwrap()[0], 899_997);
    assert_eq!((window.rows.len(), window.complete), (98, false));
    assert!(window.problem.unwrap().message.contains("line 900000"));
    assert_eq!(table(&sql, &asked(500_000, 100)).await.unwrap().rows.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_a_later_row_breaks_is_widened_for_all() {
    let mut body = numbers(300_000);
    body.push_str("many,x\n");
    let sql = Sql::new(Config { spill: None, ..config() }, Arc::new(one(body))).unwrap();
    let window = table(&sql, &asked(299_999, 10)).await.unwrap();
    assert_eq!(values(&window)[1][0], "many");
    assert_eq!((window.columns[0].r#type.as_str(), window.total, window.complete), ("VARCHAR", 300_001, true));
    assert_eq!(values(&table(&sql, &asked(5, 1)).await.unwrap())[0][0], "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readers_share_one_drawing() {
    let folder = tempfile::tempdir().unwrap();
    let memory = one(numbers(200_000));
    let reads = memory.reads.clone();
    let sql = on_disk(folder.path(), memory);
    let id = sql.hand_over(run(&sql, r#"select n, text from big."n.csv""#).await.unwrap(), owner()).unwrap();
    let stream = async |output| {
        let stream = sql.result_stream(&id, "anna", output).unwrap();
        stream.try_fold(0, async |sum, piece| Ok(sum + piece.len())).await.unwrap()
    };
    let windows = async {
        for start in [199_990, 0, 100_000] {
            let window = sql.result_window(&id, "anna", &asked(start, 10)).await.unwrap();
            assert_eq!(values(&window)[0][0], start);
        }
    };
    let (csv, lines, ()) = tokio::join!(stream(Output::Csv), stream(Output::JsonLines), windows);
    assert_eq!(csv, numbers(200_000).len());
    assert!(lines > csv);
    let drawn = reads.load(Ordering::SeqCst);
    assert_eq!(stream(Output::Csv).await, csv);
    assert_eq!(reads.load(Ordering::SeqCst), drawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_result_stops_its_query_and_tells_who_waits() {
    let mut memory = one("a,b\nx,y\n".into());
    memory.endless = 1 << 40;
    let reads = memory.reads.clone();
    let folder = tempfile::tempdir().unwrap();
    let sql = on_disk(folder.path(), memory);
    let id = sql.hand_over(run(&sql, r#"select a, b from big."n.csv""#).await.unwrap(), owner()).unwrap();
    let far = asked(1 << 40, 10);
    let (waited, ()) = tokio::join!(sql.result_window(&id, "anna", &far), async {
        until("nothing is drawn", || sql.kept_bytes().1 > 0).await;
        let began = Instant::now();
        sql.cancel(&id, "anna").unwrap();
        until("it is kept", || sql.kept_bytes() == (0, 0) || began.elapsed() > Duration::from_secs(2)).await;
    });
    assert_eq!(waited.unwrap_err().kind, Kind::Cancelled);
    until("its rows are kept", || sql.kept_bytes() == (0, 0) && files(folder.path()) == 0).await;
    // Nothing reads any more: it stays so while something else works.
    let before = reads.load(Ordering::SeqCst);
    crate::memory::answer(&sql, "select count(*) from generate_series(1, 1000000)").await;
    assert!(reads.load(Ordering::SeqCst) <= before + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_asks_for_expires_with_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("spill/kept");
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("left-by-a-crash.arrow"), "rows").unwrap();
    let life = Duration::from_millis(400);
    let settings = Config { spill: Some(folder.path().join("spill")), result_life: life, ..config() };
    let sql = Sql::new(settings, Arc::new(one(numbers(400_000)))).unwrap();
    assert_eq!(files(folder.path()), 0, "what a crash left is gone at start");
    let id = sql.hand_over(run(&sql, r#"select * from big."n.csv""#).await.unwrap(), owner()).unwrap();
    until("nothing on disk", || files(folder.path()) == 1).await;
    until("it is still there", || sql.waiting() == 0).await;
    until("its file is still there", || files(folder.path()) == 0 && sql.kept_bytes() == (0, 0)).await;
    let problem = sql.result_window(&id, "anna", &asked(0, 1)).await.unwrap_err();
    assert_eq!(problem.kind, Kind::NotFound);
    assert!(problem.help.unwrap().contains("again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_a_table_gets_none_of_what_another_drew() {
    let sql = Sql::new(config(), Arc::new(strikes())).unwrap();
    let address = "birds/strikes/2019.csv".parse().unwrap();
    let all = sql.table_window(&address, &Everything, &asked(0, 10)).await.unwrap();
    assert_eq!(all.rows.len(), 3);
    let problem = sql.table_window(&address, &Only(&["planes"]), &asked(0, 10)).await.unwrap_err();
    assert!(matches!(problem.kind, Kind::Denied | Kind::NotFound), "{problem}");
    let missing = "birds/strikes/2020.csv".parse().unwrap();
    assert_eq!(sql.table_window(&missing, &Everything, &asked(0, 1)).await.unwrap_err().kind, Kind::NotFound);
    let no_table = "birds/strikes/notes.txt".parse().unwrap();
    let problem = sql.table_window(&no_table, &Everything, &asked(0, 1)).await.unwrap_err();
    assert!(problem.message.starts_with("birds/strikes/notes.txt is not a table"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_elsewhere_are_not_drawn_again_and_keep_their_own_name() {
    let mut memory = Memory::default();
    let body = "a,b\n1,2\n3,4,5\n";
    memory.put("birds/mine", "main", "a.csv", body).put("planes/theirs", "main", "b.csv", body);
    let reads = memory.reads.clone();
    let sql = Sql::new(config(), Arc::new(memory)).unwrap();
    let mine = sql.table_window(&"birds/mine/a.csv".parse().unwrap(), &Everything, &asked(0, 9)).await.unwrap();
    assert_eq!(mine.rows, ["[1,2]"]);
    assert!(mine.problem.unwrap().message.contains("birds/mine/a.csv"));
    let drawn = reads.load(Ordering::SeqCst);
    let theirs = sql.table_window(&"planes/theirs/b.csv".parse().unwrap(), &Everything, &asked(0, 9)).await.unwrap();
    assert_eq!(reads.load(Ordering::SeqCst), drawn);
    let problem = theirs.problem.unwrap();
    assert!(problem.message.contains("planes/theirs/b.csv") && !problem.message.contains("mine"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_sorted_and_filtered_by_what_they_show() {
    let folder = tempfile::tempdir().unwrap();
    let sql = on_disk(folder.path(), one(numbers(100_000)));
    let last = table(&sql, &arranged(0, 2, &["-n"], "")).await.unwrap();
    assert_eq!((values(&last)[0][0].clone(), last.total, last.complete), (json!(99_999), 100_000, true));
    let found = table(&sql, &arranged(0, 200, &["n"], "LARGER 777")).await.unwrap();
    assert!(values(&found).iter().all(|row| row[1].as_str().unwrap().contains("larger 777")));
    assert_eq!((found.total, found.complete), (111, true));
    let second = table(&sql, &arranged(10, 10, &["n"], "LARGER 777")).await.unwrap();
    assert_eq!(second.rows, found.rows[10..20]);
    // Letters that patterns know are letters here; numbers are found too.
    assert_eq!(table(&sql, &arranged(0, 10, &[], "%")).await.unwrap().total, 0);
    assert_eq!(table(&sql, &arranged(0, 10, &[], "99999")).await.unwrap().total, 2);
    // A missing value is neither found nor in the way.
    let text = "select * from (values (1, null), (2, 'Gull'), (null, 'owl')) t(n, name)";
    let id = sql.hand_over(run(&sql, text).await.unwrap(), owner()).unwrap();
    assert_eq!(sql.result_window(&id, "anna", &arranged(0, 9, &[], "GU")).await.unwrap().rows, [r#"[2,"Gull"]"#]);
    let sorted = sql.result_window(&id, "anna", &arranged(0, 9, &["-n"], "")).await.unwrap();
    assert_eq!(sorted.rows, [r#"[2,"Gull"]"#, "[1,null]", r#"[null,"owl"]"#]);
    let problem = table(&sql, &arranged(0, 1, &["m"], "")).await.unwrap_err();
    assert!(problem.message.contains("no column 'm'"), "{problem}");
    // Of a join whose columns share a name, each is sorted by under its own.
    let text = "select a.x, b.x from (values (1), (2)) a(x) join (values (3), (4)) b(x) on true";
    let id = sql.hand_over(run(&sql, text).await.unwrap(), owner()).unwrap();
    let window = sql.result_window(&id, "anna", &arranged(0, 9, &["-x_2", "x"], "")).await.unwrap();
    assert_eq!(window.rows, ["[1,4]", "[2,4]", "[1,3]", "[2,3]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_tell_what_columns_are_like() {
    let folder = tempfile::tempdir().unwrap();
    let mut body = String::from("n,kind,day,gap,word\n");
    for n in 0..50_000 {
        let kind = ["gull", "owl", "wren", "gull"][n % 4];
        let gap = if n % 2 == 0 { "" } else { "7" };
        writeln!(body, "{n},{kind},2020-01-{:02},{gap},w{n}", n % 28 + 1).unwrap();
    }
    let sql = on_disk(folder.path(), one(body));
    table(&sql, &asked(49_999, 1)).await.unwrap();
    let window = table(&sql, &WindowQuery { statistics: true, ..asked(0, 1) }).await.unwrap();
    let statistics = window.statistics.unwrap();
    assert_eq!(statistics.rows, 50_000);
    let [n, kind, day, gap, word] = &statistics.columns[..] else { panic!("{statistics:?}") };
    assert_eq!((n.min.clone(), n.max.clone(), n.nulls), (json!(0), json!(49_999), 0));
    assert!((47_000..=53_000).contains(&n.distinct), "{}", n.distinct);
    assert_eq!((n.bars.len(), n.bars.iter().sum::<u64>()), (20, 50_000));
    assert!(n.bars.iter().all(|bar| *bar == 2500), "{:?}", n.bars);
    assert_eq!(
        (kind.distinct, kind.top.clone(), kind.bars.clone()),
        (3, vec!["gull".into(), "owl".into(), "wren".into()], vec![25_000, 12_500, 12_500])
    );
    assert_eq!((day.distinct, day.min.clone(), day.bars.len()), (28, json!("2020-01-01"), 20));
    assert!(word.top.is_empty() && word.bars.is_empty(), "what occurs once is not frequent: {word:?}");
    assert_eq!((gap.nulls, gap.distinct, gap.bars.clone()), (25_000, 1, vec![25_000]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_of_tables_is_looked_at_alike() {
    let many = 30_000;
    let numbers = Arc::new(Int64Array::from_iter_values(0..many));
    let words = (0..many).map(|n| ["gull", "owl"][n as usize % 2]).collect::<DictionaryArray<Int32Type>>();
    let batch =
        RecordBatch::try_from_iter([("n", numbers as ArrayRef), ("word", Arc::new(words) as ArrayRef)]).unwrap();
    let mut parquet = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    parquet.write(&batch).unwrap();
    let mut arrow = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    arrow.write(&batch).unwrap();
    let line = |start: &str, between: &str, end: &str| {
        (0..many).map(|n| format!("{start}{n}{between}{}{end}\n", ["gull", "owl"][n as usize % 2])).collect::<String>()
    };
    let mut memory = Memory::default();
    memory
        .put("birds/all", "main", "a.parquet", parquet.into_inner().unwrap())
        .put("birds/all", "main", "a.arrow", arrow.into_inner().unwrap())
        .put("birds/all", "main", "a.tsv", format!("n\tword\n{}", line("", "\t", "")))
        .put("birds/all", "main", "a.jsonl", line(r#"{"n":"#, r#","word":""#, r#""}"#));
    let folder = tempfile::tempdir().unwrap();
    let sql = on_disk(folder.path(), memory);
    for ending in ["parquet", "arrow", "tsv", "jsonl"] {
        let address = format!("birds/all/a.{ending}").parse().unwrap();
        let window = async |asked| sql.table_window(&address, &Everything, &asked).await.unwrap();
        let first = window(asked(0, 2)).await;
        assert_eq!(values(&first), [json!([0, "gull"]), json!([1, "owl"])], "{ending}");
        if ending == "parquet" {
            assert_eq!((first.total, first.complete), (30_000, true), "its footer says so before it is drawn");
        }
        let last = window(asked(29_999, 100)).await;
        assert_eq!(
            (values(&last), last.total, last.complete),
            (vec![json!([29_999, "owl"])], 30_000, true),
            "{ending}"
        );
        assert_eq!(values(&window(arranged(0, 1, &["-word", "-n"], "o")).await), [json!([29_999, "owl"])], "{ending}");
        let statistics = window(WindowQuery { statistics: true, ..asked(0, 1) }).await.statistics.unwrap();
        assert_eq!((statistics.columns[1].top.len(), statistics.columns[1].distinct), (2, 2), "{ending}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn very_large_rows_come_a_few_at_a_time() {
    let large = "x".repeat(3 << 20);
    let body = (0..10).fold(String::from("n,text\n"), |body, n| format!("{body}{n},{large}\n"));
    let folder = tempfile::tempdir().unwrap();
    let sql = on_disk(folder.path(), one(body));
    let mut seen = 0;
    while seen < 10 {
        let window = table(&sql, &asked(seen, 100)).await.unwrap();
        assert_eq!(values(&window)[0][0], seen);
        assert!((1..=2).contains(&window.rows.len()), "{}", window.rows.len());
        seen += window.rows.len() as u64;
        assert_eq!(window.complete, seen == 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_have_a_bound_and_what_was_kept_stays() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Config { spill: Some(folder.path().join("spill")), results: Some(2 << 20), ..config() };
    let sql = Sql::new(settings, Arc::new(one(numbers(400_000)))).unwrap();
    let problem = table(&sql, &asked(399_999, 1)).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Limit);
    assert!(problem.message.contains("2 MiB") && problem.help.unwrap().contains("are kept"));
    assert_eq!(table(&sql, &asked(0, 100)).await.unwrap().rows.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_digit_is_lost_on_the_way_to_a_browser() {
    let sql = Sql::new(config(), Arc::new(strikes())).unwrap();
    let text = "select 9007199254740993, 9007199254740992, cast(1.10 as decimal(5,2)), x'00ff', [1, 2], 18446744073709551615, null";
    let id = sql.hand_over(run(&sql, text).await.unwrap(), owner()).unwrap();
    let window = sql.result_window(&id, "anna", &asked(0, 1)).await.unwrap();
    let expected =
        json!(["9007199254740993", 9_007_199_254_740_992_i64, "1.10", "00ff", [1, 2], "18446744073709551615", null]);
    assert_eq!(values(&window)[0], expected);
}
