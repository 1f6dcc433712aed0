//! The printed table, and percentiles of samples.

use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 5]>,
}

impl Table {
    /// One row: what, how large it was, measured, the floor or peer, the target.
    pub fn row(&mut self, what: &str, size: &str, measured: String, beside: String, target: &str) {
        eprintln!("{what} ({size}): {measured}");
        self.rows.push([what.into(), size.into(), measured, beside, target.into()]);
    }

    pub fn print(&self) {
        let heads = ["what", "size", "measured", "floor or peer", "target"].map(str::to_owned);
        let all = || std::iter::once(&heads).chain(&self.rows);
        let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..5).map(width).collect();
        for (place, row) in all().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
            if place == 0 {
                println!("|{}|", widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("|"));
            }
        }
    }
}

/// Times of repeated work, in order.
pub struct Samples(Vec<Duration>);

impl Samples {
    pub async fn take(count: usize, mut work: impl AsyncFnMut(usize) -> anyhow::Result<()>) -> anyhow::Result<Self> {
        let mut times = Vec::with_capacity(count);
        for place in 0..count {
            let start = Instant::now();
            work(place).await?;
            times.push(start.elapsed());
        }
        times.sort();
        Ok(Self(times))
    }

    pub fn at(&self, percent: usize) -> Duration {
        let place = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(place).copied().unwrap_or_default()
    }

    pub fn show(&self) -> String {
        format!("p50 {}, p99 {}", short(self.at(50)), short(self.at(99)))
    }
}

/// A duration in the unit that reads best.
pub fn short(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.2} us", s * 1e6),
        s => format!("{:.0} ns", s * 1e9),
    }
}

/// Bytes in a time, per second.
pub fn rate(bytes: u64, time: Duration) -> String {
    format!("{:.2} GB/s", bytes as f64 / 1e9 / time.as_secs_f64())
}
