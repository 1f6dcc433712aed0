//! Files that are not what they promise: clear words with a place, never a panic.

use crate::memory::{Memory, answer, problem, sql, strikes};
use bytes::Bytes;
use kamld_metadata::sql::Everything;
use kamld_types::{Kind, Problem};
use std::sync::Arc;

/// Described and queried, a bad object says the same.
async fn refused(path: &str, body: impl Into<Bytes>) -> Problem {
    let mut memory = Memory::default();
    memory.put("birds/bad", "main", path, body);
    let sql = sql(memory);
    let described =
        sql.describe(&format!("birds/bad/{path}").parse().unwrap(), Arc::new(Everything)).await.unwrap_err();
    let queried = problem(&sql, &format!("select *\nfrom bad.\"{path}\"")).await;
    assert_eq!(described.kind, queried.kind, "{described} / {queried}");
    assert_eq!(queried.at.map(|at| (at.line, at.column)), Some((2, 6)), "{queried}");
    assert!(described.message.contains(&format!("birds/bad/{path}")), "{described}");
    assert!(queried.message.contains(&format!("birds/bad/{path}")), "{queried}");
    described
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_no_table_says_at_which_line() {
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend("a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes));
    let cases: Vec<(&str, Vec<u8>, Option<u32>, &str)> = vec![
        ("ragged.csv", b"a,b\n1,2\n3\n4,5\n".to_vec(), Some(3), "line 3 has 1 values, but the header names 2"),
        ("wide.csv", b"a,b\n1,2\n3,4,5\n".to_vec(), Some(3), "line 3 has 3 values"),
        ("quote.csv", b"a,b\n1,\"x\n2,3\n".to_vec(), Some(2), "line 2, column 3 never closes"),
        ("latin1.csv", b"a,b\n1,ok\n2,caf\xe9\n".to_vec(), Some(3), "byte 14 (0xe9) is not UTF-8"),
        ("latin1-header.csv", b"caf\xe9,b\n1,2\n".to_vec(), Some(1), "byte 3 (0xe9)"),
        ("utf16.csv", utf16, Some(1), "UTF-16"),
        ("zipped.csv", vec![0x1f, 0x8b, 8, 0, 0], Some(1), "gzip"),
        ("empty.csv", Vec::new(), None, "is empty"),
        ("empty.json", Vec::new(), None, "is empty"),
        ("none.json", b"[]".to_vec(), None, "no rows"),
        ("blank.csv", b"\n\n".to_vec(), None, "no header"),
        ("cut.json", b"[{\"a\": 1},\n {\"a\": ".to_vec(), Some(2), "ends on line 2, column 8 in the middle of a value"),
        ("cut.jsonl", b"{\"a\": 1}\n{\"a\": ".to_vec(), Some(2), "line 2"),
        ("garbage.json", b"[{\"a\": 1},\n {\"a\": nope}]".to_vec(), Some(2), "line 2"),
        ("comma.json", b"[{\"a\": 1}\n {\"a\": 2}]".to_vec(), Some(2), "expected ',' or ']'"),
        ("behind.json", b"[{\"a\": 1}]\nx".to_vec(), Some(2), "nothing behind the array"),
        ("lines.jsonl", b"{\"a\": 1}\n[1]\n".to_vec(), Some(2), "no row"),
        ("shapes.json", b"[{\"a\": {\"b\": 1}},\n{\"a\": 1}]".to_vec(), None, "a"),
        ("not.parquet", b"hello, I am a text".to_vec(), None, "not sound Parquet"),
        ("empty.parquet", Vec::new(), None, "is empty"),
        ("not.arrow", b"hello, I am a text of some length".to_vec(), None, "not sound Arrow"),
    ];
    for (path, body, line, message) in cases {
        let problem = refused(path, body).await;
        assert_eq!(problem.kind, Kind::Invalid, "{path}: {problem}");
        assert!(problem.message.contains(message), "{path}: {problem}");
        if line.is_some() {
            assert_eq!(problem.at.map(|at| at.line), line, "{path}: {problem}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_strange_is_read() {
    let mut memory = Memory::default();
    let long = "x".repeat(10 << 20);
    memory
        .put("birds/odd", "main", "bom.csv", "\u{feff}a,b\n1,2\n")
        .put("birds/odd", "main", "quotes.csv", "a,b\r\n\"1\n2\",\"say \"\"hi\"\", ok\"\r\n5\" pipe,z\r\n")
        .put("birds/odd", "main", "names.csv", "a,,a,Some Name\n1,2,3,4\n")
        .put("birds/odd", "main", "missing.csv", "n,t\n1,NA\nNA,x\n 3,\nnan,y\n")
        .put("birds/odd", "main", "long.csv", format!("a,b\n1,{long}\n2,y\n"))
        .put("birds/odd", "main", "header.csv", "a,b\n")
        .put("birds/odd", "main", "no-end.csv", "a\n1\n\n2")
        .put("birds/odd", "main", "ids.csv", "id\n12345678901234567890\n")
        .put("birds/odd", "main", "scalars.json", "[1, 2.5, null]")
        .put("birds/odd", "main", "lists.json", "[[1,2],[3]]")
        .put("birds/odd", "main", "one.json", "{\"a\": 1,\n \"b\": {\"c\": [1, 2]}}")
        .put("birds/odd", "main", "more.json", "{\"a\": 1}\n{\"a\": 2, \"b\": \"x\"}");
    let sql = sql(memory);
    for (text, expected) in [
        (r#"select a + b from odd."bom.csv""#, "[3]"),
        (r#"select * from odd."quotes.csv""#, "[\"1\\n2\",\"say \\\"hi\\\", ok\"]\n[\"5\\\" pipe\",\"z\"]"),
        (r#"select a, column_2, a_2, "Some Name" from odd."names.csv""#, "[1,2,3,4]"),
        (r#"select sum(n), count(n), count(*) from odd."missing.csv""#, "[4,2,4]"),
        (r#"select t from odd."missing.csv""#, "[\"NA\"]\n[\"x\"]\n[null]\n[\"y\"]"),
        (r#"select a, length(b) from odd."long.csv""#, "[1,10485760]\n[2,1]"),
        (r#"select count(*) from odd."header.csv""#, "[0]"),
        (r#"select sum(a) from odd."no-end.csv""#, "[3]"),
        (r#"select id from odd."ids.csv""#, "[\"12345678901234567890\"]"),
        (r#"select sum(value), count(*) from odd."scalars.json""#, "[3.5,3]"),
        (r#"select value from odd."lists.json""#, "[[1,2]]\n[[3]]"),
        (r#"select a, b, b['c'][2] from odd."one.json""#, "[1,{\"c\":[1,2]},2]"),
        (r#"select sum(a), max(b) from odd."more.json""#, "[3,\"x\"]"),
    ] {
        assert_eq!(answer(&sql, text).await, expected, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_fit_the_first_ones_is_read_when_nothing_was_shown_yet() {
    let mut body = String::from("n,x\n");
    for n in 0..400_000 {
        body += &format!("{n},{n}\n");
    }
    body += "1.5,oops\n";
    let mut memory = strikes();
    memory.put("birds/late", "main", "late.csv", body.clone());
    memory.put("birds/late", "main", "late-too.csv", body + "2,x\n");
    let sql = sql(memory);
    assert_eq!(answer(&sql, r#"select count(*), max(x) from late."late.csv""#).await, "[400001,\"oops\"]");
    // Where rows were shown already, the row is named.
    let problem = problem(&sql, r#"select * from late."late-too.csv""#).await;
    assert!(
        problem.message.contains("line 400002, column 1: 'n' was BIGINT in all rows before, but here it is '1.5'"),
        "{problem}"
    );
    let shape = sql.describe(&"birds/late/late-too.csv".parse().unwrap(), Arc::new(Everything)).await.unwrap();
    let types: Vec<&str> = shape.columns.iter().map(|column| column.r#type.as_str()).collect();
    assert_eq!((shape.rows, types), (400_002, vec!["DOUBLE", "VARCHAR"]));
    assert_eq!(answer(&sql, r#"select count(x) from late."late-too.csv" where x in ('oops', 'x')"#).await, "[2]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_comes_late_in_json_is_found() {
    let mut body = String::new();
    for n in 0..400_000 {
        body += &format!("{{\"n\": {n}}}\n");
    }
    body += "{\"n\": 1, \"late\": 7}\n";
    let mut memory = strikes();
    memory.put("birds/late", "main", "late.jsonl", body);
    let sql = sql(memory);
    assert_eq!(answer(&sql, r#"select sum(late) from late."late.jsonl""#).await, "[7]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_an_end_is_a_limit() {
    let mut memory = Memory::default();
    memory.put("birds/bad", "main", "line.csv", format!("a,b\n1,{}\n", "x".repeat(40 << 20)));
    memory.put("birds/bad", "main", "quote.csv", format!("a,b\n1,\"{}\n", "x\n".repeat(20 << 20)));
    memory.put("birds/bad", "main", "value.json", format!("[{{\"a\": \"{}\"}}]", "x".repeat(40 << 20)));
    let sql = sql(memory);
    for (path, kind, message) in [
        ("line.csv", Kind::Limit, "line 2 is longer than 32 MiB"),
        ("quote.csv", Kind::Invalid, "line 2, column 3 never closes within 32 MiB"),
        ("value.json", Kind::Limit, "line 1 is longer than 32 MiB"),
    ] {
        let problem = problem(&sql, &format!("select count(*) from bad.\"{path}\"")).await;
        assert_eq!(problem.kind, kind, "{problem}");
        assert!(problem.message.contains(message), "{problem}");
    }
}
