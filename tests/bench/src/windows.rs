//! Rows a window at a time over HTTP, as the page scrolls them, beside `limit` and `offset` in DataFusion itself.
//!
//! What is measured: the first window of a table that nobody looked at, a jump before its rows are drawn, jumps after,
//! and what the server's memory grows by.

use crate::{
    process::{binary, resident, start, until},
    table::{Samples, Table, short},
};
use anyhow::{Context, bail, ensure};
use datafusion::{
    arrow::{
        array::{Float64Array, Int64Array, StringArray},
        record_batch::RecordBatch,
    },
    parquet::arrow::ArrowWriter,
    prelude::{CsvReadOptions, ParquetReadOptions, SessionContext},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

const ROWS: u64 = 1_000_000;

/// `kind` makes two files of the same rows differ in content, so that one is cold when the other was looked at.
fn batch(kind: &str, from: u64, to: u64) -> anyhow::Result<RecordBatch> {
    let ids = || (from..to).map(|n| n as i64);
    Ok(RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(ids())) as _),
        (
            "name",
            Arc::new(StringArray::from_iter_values(ids().map(|n| format!("{kind} {}", n * 7919 % 1_000_003)))) as _,
        ),
        ("weight", Arc::new(Float64Array::from_iter_values(ids().map(|n| (n * 7919 % 1000) as f64 / 10.0))) as _),
        ("seen", Arc::new(StringArray::from_iter_values(ids().map(|n| format!("2020-01-{:02}", n % 28 + 1)))) as _),
    ])?)
}

fn write(folder: &Path, kind: &str) -> anyhow::Result<()> {
    let schema = batch(kind, 0, 1)?.schema();
    let mut parquet =
        ArrowWriter::try_new(std::fs::File::create(folder.join(format!("{kind}.parquet")))?, schema, None)?;
    let mut csv = std::io::BufWriter::new(std::fs::File::create(folder.join(format!("{kind}.csv")))?);
    writeln!(csv, "id,name,weight,seen")?;
    for from in (0..ROWS).step_by(100_000) {
        parquet.write(&batch(kind, from, from + 100_000)?)?;
        for n in from..from + 100_000 {
            let (name, weight) = (n * 7919 % 1_000_003, (n * 7919 % 1000) as f64 / 10.0);
            writeln!(csv, "{n},{kind} {name},{weight},2020-01-{:02}", n % 28 + 1)?;
        }
    }
    parquet.close()?;
    csv.flush()?;
    Ok(())
}

/// One connection that stays open, as a browser's does.
struct Page {
    stream: BufReader<TcpStream>,
    host: String,
    token: String,
}

impl Page {
    fn open(data: &Path) -> anyhow::Result<Self> {
        let told: Value = serde_json::from_slice(&std::fs::read(data.join("server.json"))?)?;
        let word = |name: &str| told[name].as_str().map(str::to_owned).context("server.json");
        let host = word("url")?.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host, token: word("token")? })
    }

    fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let Self { stream, host, token } = self;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut length, mut first) = (String::new(), 0, String::new());
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            if first.is_empty() {
                first.clone_from(&line);
            }
            if let Some(given) = line.to_lowercase().strip_prefix("content-length:") {
                length = given.trim().parse()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let answer: Value = serde_json::from_slice(&body)?;
        if !first.contains(" 200 ") {
            bail!("{path}: {answer}");
        }
        Ok(answer)
    }

    fn window(&mut self, file: &str, start: u64, more: &str) -> anyhow::Result<Value> {
        let answer = self.get(&format!("/api/v1/tables/bench/birds/{file}?start={start}&count=100{more}"))?;
        ensure!(answer["rows"].as_array().is_some_and(|rows| !rows.is_empty()), "{file} at {start}: {answer}");
        Ok(answer)
    }
}

pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let kinds = ["gulls", "owls"];
    for kind in kinds {
        write(folder.path(), kind)?;
    }
    let (mut server, _) = start(&data)?;
    let measured = (|| -> anyhow::Result<()> {
        let run = |words: &[&str]| -> anyhow::Result<()> {
            let done = Command::new(binary()?).args(words).env("KAMLD_DATA", &data).output()?;
            ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            Ok(())
        };
        run(&["project", "create", "bench"])?;
        run(&["asset", "create", "bench/birds"])?;
        let mut page = Page::open(&data)?;
        for ending in ["parquet", "csv"] {
            for kind in kinds {
                run(&["put", folder.path().join(format!("{kind}.{ending}")).to_str().context("path")?, "bench/birds"])?;
            }
            one(table, &mut page, &server, folder.path(), ending)?;
        }
        Ok(())
    })();
    server.kill()?;
    server.wait()?;
    measured
}

/// What describes new objects in the background is not what is measured here.
fn described(page: &mut Page) -> anyhow::Result<()> {
    let mut index = Value::Null;
    let done = |index: &Value| index["undescribed"] == 0 && index["current"] == true;
    until(Duration::from_secs(120), || {
        index = page.get("/api/v1/status")?["index"].take();
        Ok(done(&index))
    })?;
    ensure!(done(&index), "objects are still being described: {index}");
    Ok(())
}

fn one(
    table: &mut Table,
    page: &mut Page,
    server: &std::process::Child,
    folder: &Path,
    ending: &str,
) -> anyhow::Result<()> {
    let tokio = tokio::runtime::Runtime::new()?;
    described(page)?;
    let (warm, cold) = (format!("gulls.{ending}"), format!("owls.{ending}"));
    let path = folder.join(&warm);
    let path = path.to_str().context("path")?;
    let peer = |count: usize| -> anyhow::Result<Samples> {
        tokio.block_on(Samples::take(count, async |place| {
            let context = SessionContext::new();
            match ending {
                "csv" => context.register_csv("t", path, CsvReadOptions::default()).await?,
                _ => context.register_parquet("t", path, ParquetReadOptions::default()).await?,
            }
            let start = if count == 1 { 0 } else { jump(place) };
            let rows = context.sql(&format!("select * from t limit 100 offset {start}")).await?.collect().await?;
            ensure!(rows.iter().map(RecordBatch::num_rows).sum::<usize>() == 100, "rows");
            Ok(())
        }))
    };
    let size = format!("1 M rows, {ending}");
    let before = resident(server)?;
    let began = Instant::now();
    let first = page.window(&warm, 0, "")?;
    let first_time = began.elapsed();
    let peer_first = peer(1)?;
    let note = format!("DataFusion limit 100: {}", short(peer_first.at(50)));
    table.row("first window", &size, format!("{}, total {}", short(first_time), first["total"]), note, "300 ms");
    let began = Instant::now();
    page.window(&cold, 900_000, "")?;
    let jumped = began.elapsed();
    let peers = peer(9)?;
    let beside = format!("DataFusion limit and offset: p50 {}, p95 {}", short(peers.at(50)), short(peers.at(95)));
    table.row("far jump before its rows are drawn", &size, short(jumped), beside.clone(), "-");
    // Drawn to the end by a jump there; what follows is the steady state.
    page.window(&warm, ROWS - 100, "")?;
    let jumps = tokio.block_on(Samples::take(200, async |place| {
        let start = jump(place);
        let window = page.window(&warm, start, "")?;
        ensure!(window["rows"][0][0] == start, "the rows of another place: {}", window["rows"][0]);
        Ok(())
    }))?;
    let ours = format!("p50 {}, p95 {}", short(jumps.at(50)), short(jumps.at(95)));
    table.row("far jump after", &size, ours, beside, "100 ms");
    let grown = resident(server)?.saturating_sub(before);
    table.row("memory after two such tables", &size, format!("+{} MB", grown / 1_000_000), "-".into(), "-");
    for (what, more) in [
        ("first window sorted", "&sort=-name"),
        ("first window filtered", "&filter=S%20999"),
        ("statistics", "&statistics=true"),
    ] {
        let began = Instant::now();
        page.window(&warm, 0, more)?;
        let once = began.elapsed();
        let began = Instant::now();
        page.window(&warm, 100, more)?;
        table.row(what, &size, format!("{}, then {}", short(once), short(began.elapsed())), "-".into(), "-");
    }
    Ok(())
}

/// All over the table, the same in each run.
fn jump(place: usize) -> u64 {
    (place as u64 + 1) * 618_033_989 % (ROWS - 100)
}
