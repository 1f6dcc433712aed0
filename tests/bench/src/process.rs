//! The binary as a whole: time to ready, and resident memory with the first-party plug-ins loaded.

use crate::table::{Table, short};
use anyhow::{Context, bail};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The product, beside this binary: `cargo build` makes it first.
pub fn binary() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("kamld");
    if !path.exists() {
        bail!("{} is missing: cargo build makes it", path.display());
    }
    Ok(path)
}

/// Starts it on a data folder and waits until it is ready; answers how long that took.
pub fn start(data: &std::path::Path) -> anyhow::Result<(Child, Duration)> {
    let began = Instant::now();
    let mut child = Command::new(binary()?)
        .args(["up", "--listen", "127.0.0.1:0", "--no-browser", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().context("no output")?;
    for line in BufReader::new(out).lines() {
        if line?.starts_with("ready ") {
            return Ok((child, began.elapsed()));
        }
    }
    bail!("kamld did not get ready")
}

/// Bytes that the system holds for it.
pub fn resident(child: &Child) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib << 10)
}

/// Asks until a condition holds, at most for so long; answers how long that was. No program tells when its memory shrinks.
pub fn until(most: Duration, mut holds: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    while !holds()? && began.elapsed() < most {
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(began.elapsed())
}

pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let folder = data.path().join("data");
    let (mut first, cold) = start(&folder)?;
    first.kill()?;
    first.wait()?;
    let mut times = Vec::new();
    let mut memory = 0;
    for _ in 0..3 {
        let (mut child, time) = start(&folder)?;
        memory = resident(&child)?;
        times.push(time);
        child.kill()?;
        child.wait()?;
    }
    times.sort();
    table.row("first start, plug-ins compiled", "9 plug-ins", short(cold), "-".into(), "-");
    table.row("later start", "9 plug-ins", short(times[1]), "-".into(), "2 s");
    table.row("resident memory after it", "9 plug-ins", format!("{} MB", memory / 1_000_000), "-".into(), "250 MB");
    Ok(())
}
