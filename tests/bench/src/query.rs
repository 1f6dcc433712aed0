//! SQL through the whole product (command line, server, plug-in, host, objects in place) beside DataFusion itself on
//! the same file: as a command line of its own, which is the peer, and in this process, which is the floor. All are built
//! with the same profile.

use crate::{
    process::{binary, start},
    table::{Samples, Table, short},
};
use anyhow::Context;
use datafusion::{
    arrow::{
        array::{Float64Array, Int64Array, StringArray},
        csv,
        record_batch::RecordBatch,
    },
    parquet::arrow::ArrowWriter,
    prelude::{CsvReadOptions, ParquetReadOptions, SessionContext},
};
use std::{io::Write, path::Path, process::Command, sync::Arc};

const ROWS: i64 = 3_000_000;

fn batch(from: i64, to: i64) -> anyhow::Result<RecordBatch> {
    let species = ["gull", "kestrel", "owl", "robin", "wren"];
    Ok(RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(from..to)) as _),
        ("species", Arc::new(StringArray::from_iter_values((from..to).map(|n| species[(n % 5) as usize]))) as _),
        ("weight", Arc::new(Float64Array::from_iter_values((from..to).map(|n| (n * 7919 % 1000) as f64 / 10.0))) as _),
    ])?)
}

fn write(folder: &Path) -> anyhow::Result<()> {
    let first = batch(0, 1)?;
    let mut parquet = ArrowWriter::try_new(std::fs::File::create(folder.join("birds.parquet"))?, first.schema(), None)?;
    for from in (0..ROWS).step_by(100_000) {
        parquet.write(&batch(from, from + 100_000)?)?;
    }
    parquet.close()?;
    let mut csv = std::io::BufWriter::new(std::fs::File::create(folder.join("birds.csv"))?);
    writeln!(csv, "id,species,weight")?;
    for n in 0..ROWS {
        writeln!(
            csv,
            "{n},{},{}",
            ["gull", "kestrel", "owl", "robin", "wren"][(n % 5) as usize],
            (n * 7919 % 1000) as f64 / 10.0
        )?;
    }
    csv.flush()?;
    Ok(())
}

/// The word that makes this binary a command line of DataFusion: a file, then a question about the table `t`.
pub const PEER: &str = "datafusion";

async fn datafusion(path: &str, question: &str) -> anyhow::Result<Vec<RecordBatch>> {
    let context = SessionContext::new();
    match path.ends_with("csv") {
        true => context.register_csv("t", path, CsvReadOptions::default()).await?,
        false => context.register_parquet("t", path, ParquetReadOptions::default()).await?,
    }
    Ok(context.sql(question).await?.collect().await?)
}

/// Runs a question and prints its rows as CSV.
pub fn peer(path: &str, question: &str) -> anyhow::Result<()> {
    let rows = tokio::runtime::Runtime::new()?.block_on(datafusion(path, question))?;
    let mut out = csv::Writer::new(std::io::stdout().lock());
    rows.iter().try_for_each(|batch| out.write(batch))?;
    Ok(())
}

pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    write(folder.path())?;
    let data = folder.path().join("data");
    let (mut server, _) = start(&data)?;
    let run = |words: &[&str]| -> anyhow::Result<()> {
        let done = Command::new(binary()?).args(words).env("KAMLD_DATA", &data).output()?;
        anyhow::ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    };
    let tokio = tokio::runtime::Runtime::new()?;
    let measured = (|| -> anyhow::Result<()> {
        run(&["project", "create", "bench"])?;
        run(&["asset", "create", "bench/birds"])?;
        for file in ["birds.parquet", "birds.csv"] {
            run(&["put", folder.path().join(file).to_str().context("path")?, "bench/birds"])?;
            let question = |table: &str| {
                format!("select species, count(*), avg(weight) from {table} where id % 3 = 0 group by species")
            };
            let ours = question(&format!("birds.\"{file}\""));
            // The first time a text is looked through for its layout; what is repeated is what is compared.
            run(&["sql", &ours, "--project", "bench", "--format", "csv"])?;
            let times = tokio
                .block_on(Samples::take(7, async |_| run(&["sql", &ours, "--project", "bench", "--format", "csv"])))?;
            let path = folder.path().join(file);
            let path = path.to_str().context("path")?;
            let question = question("t");
            let peer = tokio.block_on(Samples::take(7, async |_| {
                let done = Command::new(std::env::current_exe()?).args([PEER, path, &question]).output()?;
                anyhow::ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
                Ok(())
            }))?;
            let floor = tokio.block_on(Samples::take(7, async |_| {
                std::hint::black_box(datafusion(path, &question).await?);
                Ok(())
            }))?;
            let ratio = |of: &Samples| times.at(50).as_secs_f64() / of.at(50).as_secs_f64();
            table.row(
                &format!("SQL over {file}, whole product"),
                "3 M rows",
                format!("p50 {}, {:.2}x", short(times.at(50)), ratio(&peer)),
                format!(
                    "DataFusion's command line p50 {} ({:.2}x of it in process, {})",
                    short(peer.at(50)),
                    ratio(&floor),
                    short(floor.at(50))
                ),
                "within 1.2x",
            );
        }
        Ok(())
    })();
    server.kill()?;
    server.wait()?;
    measured
}
