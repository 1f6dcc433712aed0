//! One table in every format gives the same counts and sums.

use crate::memory::{Memory, answer, problem, sql};
use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray},
    ipc::writer::{FileWriter, StreamWriter},
};
use kamld_metadata::sql::{Everything, Format};
use kamld_types::Kind;
use parquet::arrow::ArrowWriter;
use std::{fmt::Write as _, sync::Arc};

const ROWS: usize = 50_000;

fn batch(rows: usize) -> RecordBatch {
    let ids: ArrayRef = Arc::new((0..rows as i64).collect::<Int64Array>());
    let values: ArrayRef =
        Arc::new((0..rows).map(|n| (n % 7 != 0).then_some(n as f64 / 4.0)).collect::<Float64Array>());
    let names: ArrayRef =
        Arc::new((0..rows).map(|n| Some(format!("name, \"{}\"\n{n}", n % 11))).collect::<StringArray>());
    RecordBatch::try_from_iter([("id", ids), ("value", values), ("name", names)]).unwrap()
}

pub fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// The same rows in every format.
fn everywhere() -> Memory {
    let batch = batch(ROWS);
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    for (path, delimiter) in [("t.csv", ','), ("t.tsv", '\t')] {
        let mut text = format!("id{delimiter}value{delimiter}name\n");
        for n in 0..ROWS {
            let value = if n % 7 == 0 { String::new() } else { (n as f64 / 4.0).to_string() };
            writeln!(text, "{n}{delimiter}{value}{delimiter}\"name, \"\"{}\"\"\n{n}\"", n % 11).unwrap();
        }
        files.push((path, text.into_bytes()));
    }
    let mut lines = Vec::new();
    for n in 0..ROWS {
        let value = if n % 7 == 0 { serde_json::Value::Null } else { serde_json::json!(n as f64 / 4.0) };
        lines.push(
            serde_json::json!({"id": n, "value": value, "name": format!("name, \"{}\"\n{n}", n % 11)}).to_string(),
        );
    }
    files.push(("t.jsonl", lines.join("\n").into_bytes()));
    files.push(("t.json", format!("[{}]", lines.join(",\n")).into_bytes()));
    files.push(("t.parquet", parquet(&batch)));
    let mut file = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    file.write(&batch).unwrap();
    file.finish().unwrap();
    files.push(("t.arrow", file.into_inner().unwrap()));
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    stream.finish().unwrap();
    files.push(("t.arrows", stream.into_inner().unwrap()));
    let mut memory = Memory::default();
    for (path, body) in files {
        memory.put("birds/all", "main", path, body);
    }
    memory
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_and_sums_are_the_same_in_every_format() {
    let sql = sql(everywhere());
    let expected = format!(
        "[{ROWS},1249975000,{:?},{},11]",
        (0..ROWS).filter(|n| n % 7 != 0).map(|n| n as f64 / 4.0).sum::<f64>(),
        ROWS.div_ceil(7)
    );
    for path in ["t.csv", "t.tsv", "t.json", "t.jsonl", "t.parquet", "t.arrow", "t.arrows"] {
        let text = format!(
            "select count(*), sum(id), sum(value), count(*) - count(value), count(distinct split_part(name, '\"', 2)) from all_.\"{path}\""
        );
        let text = text.replace("all_", "\"all\"");
        assert_eq!(answer(&sql, &text).await, expected, "{path}");
        let filtered = format!("select id, value, name from \"all\".\"{path}\" where id in (14, 49999) order by id");
        assert_eq!(
            answer(&sql, &filtered).await,
            "[14,null,\"name, \\\"3\\\"\\n14\"]\n[49999,12499.75,\"name, \\\"4\\\"\\n49999\"]",
            "{path}"
        );
        let shape = sql.describe(&format!("birds/all/{path}").parse().unwrap(), Arc::new(Everything)).await.unwrap();
        let types: Vec<&str> = shape.columns.iter().map(|column| column.r#type.as_str()).collect();
        assert_eq!((shape.rows, types), (ROWS as u64, vec!["BIGINT", "DOUBLE", "VARCHAR"]), "{path}");
        let page = sql.rows(&format!("birds/all/{path}").parse().unwrap(), 20_000, 1, Arc::new(Everything)).await;
        assert_eq!(page.unwrap().next_json(5).await.unwrap(), ["[20000,5000.0,\"name, \\\"2\\\"\\n20000\"]"], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_media_type_decides_before_the_ending() {
    let mut memory = Memory::default();
    memory.put_as("birds/x", "main", "a", "text/csv; charset=utf-8", "n\n1\n");
    memory.put_as("birds/x", "main", "b.csv", "text/tab-separated-values", "n\tm\n1\t2\n");
    memory.put_as("birds/x", "main", "c.csv", "text/plain", "n\n3\n");
    memory.put_as("birds/x", "main", "d.jsonl", "application/json", "{\"n\":4}\n");
    let sql = sql(memory);
    for (path, expected) in [("a", "[1]"), ("b.csv", "[1]"), ("c.csv", "[3]"), ("d.jsonl", "[4]")] {
        assert_eq!(answer(&sql, &format!("select n from x.\"{path}\"")).await, expected);
    }
    let shape = sql.describe(&"birds/x/b.csv".parse().unwrap(), Arc::new(Everything)).await.unwrap();
    assert_eq!(shape.format, Format::Tsv);
}

#[tokio::test(flavor = "multi_thread")]
async fn types_of_text_are_found_out() {
    let mut memory = Memory::default();
    memory.put(
        "birds/x",
        "main",
        "t.csv",
        "i,f,b,d,t,z,s,e\n1,1.5,true,2020-02-29,2020-02-29 10:00:00,2020-02-29T10:00:00Z,x,\n2,2,false,2020-03-01,2020-03-01T11:30:00.5,2020-02-29T10:00:00+02:00,1,\n",
    );
    let sql = sql(memory);
    let types = answer(&sql, r#"describe x."t.csv""#).await;
    let types: Vec<String> = types
        .lines()
        .map(|row| serde_json::from_str::<Vec<serde_json::Value>>(row).unwrap()[1].as_str().unwrap().into())
        .collect();
    assert_eq!(
        types,
        ["BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "VARCHAR", "VARCHAR"]
    );
    assert_eq!(
        answer(&sql, r#"select * from x."t.csv" where d > '2020-02-29'"#).await,
        "[2,2.0,false,\"2020-03-01\",\"2020-03-01T11:30:00.500\",\"2020-02-29T08:00:00Z\",\"1\",null]"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_that_lies_about_itself_is_invalid_and_never_more() {
    let sound = parquet(&batch(20_000));
    let footer = sound.len() - 8;
    let mut lies: Vec<(String, Vec<u8>)> = Vec::new();
    let mut longer = sound.clone();
    longer[footer..footer + 4].copy_from_slice(&0x7fff_fff0_u32.to_le_bytes());
    lies.push(("footer-length.parquet".into(), longer));
    let mut short = sound.clone();
    short[footer..footer + 4].copy_from_slice(&5_u32.to_le_bytes());
    lies.push(("footer-short.parquet".into(), short));
    lies.push(("cut.parquet".into(), sound[..sound.len() / 2].to_vec()));
    let mut headless = sound[1000..].to_vec();
    headless[..4].copy_from_slice(b"PAR1");
    lies.push(("shifted.parquet".into(), headless));
    // Every page header and many values changed.
    for step in [97, 331, 1009] {
        let mut dirty = sound.clone();
        for at in (4..footer / 2).step_by(step) {
            dirty[at] ^= 0xff;
        }
        lies.push((format!("pages-{step}.parquet"), dirty));
    }
    // The footer itself, at each of its bytes.
    let length = u32::from_le_bytes(sound[footer..footer + 4].try_into().unwrap()) as usize;
    for at in (footer - length..footer).step_by(23) {
        let mut dirty = sound.clone();
        dirty[at] ^= 0x55;
        lies.push((format!("footer-{at}.parquet"), dirty));
    }
    let mut memory = Memory::default();
    for (path, body) in &lies {
        memory.put("birds/lies", "main", path, body.clone());
    }
    let sql = sql(memory);
    for (path, _) in &lies {
        let text = format!("select count(id), sum(id), max(value), max(name) from\nlies.\"{path}\"");
        match crate::memory::rows(&sql, &text).await {
            // A changed byte may be one that says nothing.
            Ok(_) => assert!(path.starts_with("footer-"), "{path}"),
            Err(problem) => {
                assert!(matches!(problem.kind, Kind::Invalid | Kind::Limit), "{path}: {problem}");
                assert_eq!(problem.at.map(|at| at.line), Some(2), "{path}: {problem}");
                assert!(problem.message.contains(path.as_str()), "{path}: {problem}");
            }
        }
        let _ = sql.describe(&format!("birds/lies/{path}").parse().unwrap(), Arc::new(Everything)).await;
    }
    assert_eq!(answer(&sql, "select 1").await, "[1]");
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_of_one_pattern_must_fit_together() {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let mut memory = Memory::default();
    memory
        .put("birds/p", "main", "a/1.parquet", parquet(&RecordBatch::try_from_iter([("id", ids.clone())]).unwrap()))
        .put(
            "birds/p",
            "main",
            "a/2.parquet",
            parquet(&RecordBatch::try_from_iter([("name", names.clone()), ("id", ids)]).unwrap()),
        )
        .put("birds/p", "main", "b/1.parquet", parquet(&batch(1)))
        .put("birds/p", "main", "b/2.parquet", parquet(&RecordBatch::try_from_iter([("id", names)]).unwrap()));
    let sql = sql(memory);
    assert_eq!(answer(&sql, r#"select sum(id), max(name) from p."a/*.parquet""#).await, "[2,\"x\"]");
    let problem = problem(&sql, r#"select * from p."b/*.parquet""#).await;
    assert!(problem.message.contains("birds/p/b/2.parquet does not fit"), "{problem}");
}
