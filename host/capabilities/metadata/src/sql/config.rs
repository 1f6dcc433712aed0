//! The limits of queries, and how their workers are started.

use kamld_worker::Launch;
use std::{num::NonZero, path::PathBuf, time::Duration};

#[derive(Clone, Debug)]
pub struct Config {
    /// How a worker is started; it must end in [`super::worker_main`], which is handed what follows.
    pub worker: Launch,
    /// Bytes that sorting, joining and grouping of one query may hold in memory before they go to disk. While several run
    /// each has less, and all together have at most twice as much.
    pub memory: u64,
    /// Where they go; a folder of its own. None: they may not, and a query that needs to fails with `limit`.
    pub spill: Option<PathBuf>,
    /// Bytes that may lie there.
    pub spill_limit: u64,
    /// Queries that run, or wait for whoever takes their rows, at the same time.
    pub workers: usize,
    /// Cores that one query may use.
    pub cores: usize,
    /// How long one query may work; waiting for whoever takes its rows does not count.
    pub time: Duration,
    /// The longest row of text in bytes, of one object.
    pub max_row: usize,
    /// Results that are kept, and as many tables that are looked at.
    pub max_results: usize,
    /// How long one is kept after it was last asked for.
    pub result_life: Duration,
    /// Bytes on disk that kept rows may take; none for a tenth of what is free, at most 10 GiB.
    pub results: Option<u64>,
}

impl Config {
    pub fn new(worker: Launch) -> Self {
        Self {
            worker,
            memory: 512 << 20,
            spill: None,
            spill_limit: 16 << 30,
            workers: 12,
            cores: std::thread::available_parallelism().map_or(2, NonZero::get),
            time: Duration::from_secs(600),
            // Long geometries and documents fit; a quote that never closes is noticed before memory suffers.
            max_row: 32 << 20,
            max_results: 64,
            result_life: Duration::from_secs(900),
            results: None,
        }
    }
}
