//! What is counted about requests, in the text format of Prometheus.
//!
//! Lives here: counters by route. Must not live here: anything that names a person, a project or a path.
//! Invariant: labels come from the table of routes and from statuses only, so their number is bounded.

use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

/// Upper bounds in seconds: a page feels instant below 0.05, a call is slow above 1.
const BOUNDS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0];

#[derive(Default)]
pub struct Metrics {
    in_flight: AtomicI64,
    refused: Mutex<u64>,
    routes: Mutex<BTreeMap<(String, String), Route>>,
}

#[derive(Default)]
struct Route {
    statuses: BTreeMap<u16, u64>,
    buckets: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

impl Metrics {
    pub fn began(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub fn ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn overloaded(&self) {
        *self.refused.lock() += 1;
    }

    /// `method` and `route` come from the table of routes.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut routes = self.routes.lock();
        let route = routes.entry((route.to_owned(), method.to_owned())).or_default();
        let seconds = took.as_secs_f64();
        *route.statuses.entry(status).or_default() += 1;
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            route.buckets[bucket] += 1;
        }
        route.count += 1;
        route.seconds += seconds;
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# HELP kamld_http_requests_in_flight Requests whose answer is not complete.")?;
        writeln!(out, "# TYPE kamld_http_requests_in_flight gauge")?;
        writeln!(out, "kamld_http_requests_in_flight {}", self.in_flight.load(Ordering::Relaxed))?;
        writeln!(out, "# HELP kamld_http_overloaded_total Requests refused because too many were running.")?;
        writeln!(out, "# TYPE kamld_http_overloaded_total counter")?;
        writeln!(out, "kamld_http_overloaded_total {}", *self.refused.lock())?;
        let routes = self.routes.lock();
        writeln!(out, "# HELP kamld_http_requests_total Requests by route and status.")?;
        writeln!(out, "# TYPE kamld_http_requests_total counter")?;
        for ((route, method), counted) in routes.iter() {
            for (status, count) in &counted.statuses {
                let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
                writeln!(out, "kamld_http_requests_total{{{labels}}} {count}")?;
            }
        }
        writeln!(out, "# HELP kamld_http_request_seconds Time until an answer begins.")?;
        writeln!(out, "# TYPE kamld_http_request_seconds histogram")?;
        for ((route, method), counted) in routes.iter() {
            let labels = format!("method=\"{method}\",route=\"{route}\"");
            let mut below = 0;
            for (bound, count) in BOUNDS.iter().zip(counted.buckets) {
                below += count;
                writeln!(out, "kamld_http_request_seconds_bucket{{{labels},le=\"{bound}\"}} {below}")?;
            }
            writeln!(out, "kamld_http_request_seconds_bucket{{{labels},le=\"+Inf\"}} {}", counted.count)?;
            writeln!(out, "kamld_http_request_seconds_sum{{{labels}}} {}", counted.seconds)?;
            writeln!(out, "kamld_http_request_seconds_count{{{labels}}} {}", counted.count)?;
        }
        Ok(())
    }
}
