//! SQL through the whole product (command line, server, plug-in, worker, objects in place) beside DuckDB on the same
//! files: whole commands, each with as many threads as the machine has cores. The answers have to agree. Beside it DataFusion in
//! this process, of the same profile: what of a ratio is the engine, and what is the way to it.

use crate::{
    process::{binary, resident, start, until},
    table::{Table, short},
};
use anyhow::{Context, ensure};
use datafusion::{
    arrow::{
        array::{Float64Array, Int64Array, StringArray, TimestampMillisecondArray},
        csv::WriterBuilder,
        record_batch::RecordBatch,
    },
    parquet::arrow::ArrowWriter,
    prelude::{CsvReadOptions, ParquetReadOptions, SessionContext},
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Arc,
    time::{Duration, Instant},
};

const ROWS: i64 = 5_000_000;
const BATCH: i64 = 100_000;
/// Of each command; the median counts.
const RUNS: usize = 3;

/// What people ask, over the table `t`.
const QUESTIONS: [(&str, &str); 7] = [
    (
        "group by",
        "select species, count(*) n, round(avg(weight), 6) w, max(seen) s from t group by species order by species",
    ),
    ("distinct", "select count(distinct ring) n from t"),
    ("window", "select sum(r) s from (select row_number() over (partition by species order by weight, id) r from t) x"),
    (
        "many groups",
        "select ring, count(*) n, round(sum(weight), 6) w from t group by ring order by n desc, ring limit 10",
    ),
    (
        "filter",
        "select count(*) n, round(sum(weight), 6) w from t where id % 7 = 3 and species = 'owl' and weight > 20",
    ),
    ("top-k", "select id, species, weight from t order by weight desc, id limit 100"),
    ("join", "select count(*) n from t a join (select ring, max(id) newest from t group by ring) b on a.id = b.newest"),
];

fn batch(from: i64, to: i64) -> anyhow::Result<RecordBatch> {
    let species = ["gull", "kestrel", "owl", "robin", "wren"];
    // Spread over the whole of the range, the same in every run.
    let mixed = |n: i64, by: u64| (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) % by;
    Ok(RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(from..to)) as _),
        ("species", Arc::new(StringArray::from_iter_values((from..to).map(|n| species[mixed(n, 5) as usize]))) as _),
        (
            "ring",
            Arc::new(StringArray::from_iter_values((from..to).map(|n| format!("R{:07}", mixed(n, 1_000_003))))) as _,
        ),
        ("weight", Arc::new(Float64Array::from_iter_values((from..to).map(|n| mixed(n, 100_000) as f64 / 100.0))) as _),
        (
            "seen",
            Arc::new(TimestampMillisecondArray::from_iter_values(
                (from..to).map(|n| 1_700_000_000_000 + mixed(n, 86_400_000) as i64),
            )) as _,
        ),
    ])?)
}

fn write(folder: &Path) -> anyhow::Result<()> {
    let mut parquet =
        ArrowWriter::try_new(std::fs::File::create(folder.join("birds.parquet"))?, batch(0, 1)?.schema(), None)?;
    let text = std::io::BufWriter::new(std::fs::File::create(folder.join("birds.csv"))?);
    let mut text = WriterBuilder::new().with_header(true).build(text);
    for from in (0..ROWS).step_by(usize::try_from(BATCH)?) {
        let batch = batch(from, from + BATCH)?;
        parquet.write(&batch)?;
        text.write(&batch)?;
    }
    parquet.close()?;
    Ok(())
}

/// The same question, asked of another name.
fn of(question: &str, table: &str) -> String {
    question.replace("from t", &format!("from {table}"))
}

struct DuckDb {
    python: PathBuf,
}

impl DuckDb {
    fn find() -> anyhow::Result<Self> {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/duckdb");
        let cache =
            std::env::var("KAMLD_CACHE").or_else(|_| std::env::var("HOME").map(|home| home + "/.cache/kamld"))?;
        let found = Command::new(peers).arg(cache).output()?;
        ensure!(found.status.success(), "DuckDB cannot be installed: {}", String::from_utf8_lossy(&found.stderr));
        Ok(Self { python: String::from_utf8(found.stdout)?.trim().into() })
    }

    fn command(&self, file: &Path, question: &str) -> Command {
        let mut command = Command::new(&self.python);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/ask_duckdb.py");
        command.args([script, &of(question, &format!("'{}'", file.display()))]);
        command
    }
}

/// The median of the times, and what the last run printed.
fn timed(mut command: impl FnMut() -> Command) -> anyhow::Result<(Duration, String, String)> {
    let mut times = Vec::new();
    let (mut out, mut said) = Default::default();
    for _ in 0..RUNS {
        let began = Instant::now();
        let done = command().output()?;
        times.push(began.elapsed());
        said = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(done.status.success(), "{said}");
        out = String::from_utf8(done.stdout)?;
    }
    times.sort();
    Ok((times[RUNS / 2], out, said))
}

async fn in_process(file: &Path, question: &str) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    let path = file.to_str().context("path")?;
    for _ in 0..RUNS {
        let began = Instant::now();
        let context = SessionContext::new();
        match path.ends_with("csv") {
            true => context.register_csv("t", path, CsvReadOptions::default()).await?,
            false => context.register_parquet("t", path, ParquetReadOptions::default()).await?,
        }
        std::hint::black_box(context.sql(question).await?.collect().await?);
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times[RUNS / 2])
}

/// Cell by cell; numbers are compared as such, since programs print them each in their way.
fn agree(ours: &str, theirs: &str) -> bool {
    let same = |(a, b): (&str, &str)| {
        a == b
            || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if (a - b).abs() <= 1e-6 * a.abs().max(1.0))
            // A time: with a T and a zone, or with a space and none.
            || a.get(..19).zip(b.get(..19)).is_some_and(|(a, b)| a.replace('T', " ") == b.replace('T', " "))
    };
    let rows = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (rows(ours), rows(theirs));
    ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|(ours, theirs)| {
            let (ours, theirs): (Vec<_>, Vec<_>) = (ours.split(',').collect(), theirs.split(',').collect());
            ours.len() == theirs.len() && ours.into_iter().zip(theirs).all(same)
        })
}

/// The server and all of its workers.
fn memory(server: &Child) -> anyhow::Result<u64> {
    let mut all = resident(server)?;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        if field("PPid:") == Some(server.id().into()) {
            all += field("VmRSS:").unwrap_or_default() << 10;
        }
    }
    Ok(all)
}

pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    write(folder.path())?;
    let duckdb = DuckDb::find()?;
    let data = folder.path().join("data");
    let (mut server, _) = start(&data)?;
    let measured = compare(table, &duckdb, folder.path(), &data, &server);
    server.kill()?;
    server.wait()?;
    measured
}

fn compare(table: &mut Table, duckdb: &DuckDb, folder: &Path, data: &Path, server: &Child) -> anyhow::Result<()> {
    let binary = binary()?;
    let kamld = |words: &[&str]| {
        let mut command = Command::new(&binary);
        command.args(words).env("KAMLD_DATA", data);
        command
    };
    let run = |words: &[&str]| -> anyhow::Result<()> {
        let done = kamld(words).output()?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    };
    run(&["project", "create", "bench"])?;
    run(&["asset", "create", "bench/birds"])?;
    let tokio = tokio::runtime::Runtime::new()?;
    let (mut most, mut after_each) = (0, 0);
    for file in ["birds.parquet", "birds.csv"] {
        let path = folder.join(file);
        run(&["put", path.to_str().context("path")?, "bench/birds"])?;
        let ours = |question: &str| of(question, &format!("birds.\"{file}\""));
        // The first time a text is looked through for its layout; what is repeated is what is compared.
        run(&["sql", &ours("select count(*) from t"), "--project", "bench"])?;
        let mut ratios = Vec::new();
        for (name, question) in QUESTIONS {
            let words = ours(question);
            let (mine, answer, _) = timed(|| kamld(&["sql", &words, "--project", "bench", "--format", "csv"]))?;
            after_each = memory(server)?;
            most = most.max(after_each);
            let (theirs, expected, inside) = timed(|| duckdb.command(&path, question))?;
            ensure!(agree(&answer, &expected), "{name} over {file}: {answer} is not {expected}");
            let floor = tokio.block_on(in_process(&path, question))?;
            let ratio = mine.as_secs_f64() / theirs.as_secs_f64();
            ratios.push(ratio);
            table.row(
                &format!("{name} over {file}"),
                "5 M rows",
                format!("{}, {ratio:.2}x", short(mine)),
                format!(
                    "DuckDB {} ({} without its start); DataFusion here {}",
                    short(theirs),
                    short(Duration::from_secs_f64(inside.trim().parse()?)),
                    short(floor)
                ),
                "within 2x",
            );
        }
        let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
        table.row(
            &format!("all over {file}, geometric mean"),
            "5 M rows",
            format!("{mean:.2}x"),
            "DuckDB".into(),
            "within 1.2x",
        );
    }
    // A server that nobody asks gives back what it held.
    let mut rests = 0;
    let took = until(Duration::from_secs(60), || {
        rests = memory(server)?;
        Ok(rests <= 300_000_000)
    })?;
    table.row(
        "resident memory of server and workers after it",
        "14 questions",
        format!("{} MB after {:.0} s", rests / 1_000_000, took.as_secs_f64()),
        format!("{} MB at once after a question, at most {} MB", after_each / 1_000_000, most / 1_000_000),
        "300 MB in 60 s",
    );
    Ok(())
}
