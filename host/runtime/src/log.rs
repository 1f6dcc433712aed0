//! Standard output and error of a guest: lines of the host's log, under caps of lines and of bytes.
//!
//! Lives here: cutting bytes into lines, the rate that all calls of a plug-in share, the streams for WASI 0.2 and 0.3.
//! Invariants: a write never waits and never fails: a guest cannot be stopped, or slowed, through its own log; what it
//! wrote is one line of the log, whatever characters are in it.

use crate::{ledger::Ledger, limits::Limits, meter::Meter};
use bytes::Bytes;
use kamld_policy::Call;
use kamld_types::text;
use parking_lot::Mutex;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

/// How much of what a guest wrote last is shown with its fault, in bytes.
const LAST_WORDS: usize = 1024;

/// What a line takes in the log beside its text: the time, the plug-in, the trace. Empty lines fill a disk too.
const AROUND_A_LINE: usize = 256;

/// What one plug-in may still write: so many lines in a second, and so many bytes over time.
#[derive(Debug)]
pub struct Rate {
    lines: Allowance,
    bytes: Allowance,
    state: Mutex<State>,
}

/// An amount that is used up at once or bit by bit, and comes back with time.
#[derive(Debug)]
struct Allowance {
    most: f64,
    per_second: f64,
}

#[derive(Debug)]
struct State {
    lines: f64,
    bytes: f64,
    at: Instant,
    /// That lines are dropped was told, and the plug-in has not been quiet since.
    told: bool,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Written,
    Dropped,
    /// The first one that was dropped since the plug-in had all of its allowance of bytes.
    DroppedFirst,
}

impl Allowance {
    fn refilled(&self, left: f64, seconds: f64) -> f64 {
        (left + seconds * self.per_second).min(self.most)
    }
}

impl Rate {
    pub fn new(limits: &Limits) -> Self {
        let lines = f64::from(limits.log_lines_per_s);
        // No number of KiB that somebody sets is too large for it.
        let (burst, minute) = (limits.log_burst_kib as f64 * 1024.0, limits.log_kib_per_minute as f64 * 1024.0);
        Self {
            lines: Allowance { most: lines, per_second: lines },
            bytes: Allowance { most: burst, per_second: minute / 60.0 },
            state: Mutex::new(State { lines, bytes: burst, at: Instant::now(), told: false }),
        }
    }

    fn take(&self, bytes: usize) -> Verdict {
        self.take_at(bytes, Instant::now())
    }

    fn take_at(&self, bytes: usize, now: Instant) -> Verdict {
        let mut state = self.state.lock();
        let seconds = now.saturating_duration_since(state.at).as_secs_f64();
        state.at = now;
        state.lines = self.lines.refilled(state.lines, seconds);
        state.bytes = self.bytes.refilled(state.bytes, seconds);
        let quiet = state.bytes >= self.bytes.most;
        let needed = (bytes + AROUND_A_LINE) as f64;
        if state.lines >= 1.0 && state.bytes >= needed {
            state.lines -= 1.0;
            state.bytes -= needed;
            state.told &= !quiet;
            return Verdict::Written;
        }
        if std::mem::replace(&mut state.told, true) { Verdict::Dropped } else { Verdict::DroppedFirst }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Out,
    Error,
}

/// One of the two streams of one call.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

struct Shared {
    channel: Channel,
    line_bytes: usize,
    rate: Arc<Rate>,
    ledger: Arc<Ledger>,
    call: Arc<Call>,
    meter: Arc<Meter>,
    line: Mutex<Vec<u8>>,
}

impl Log {
    pub fn new(
        channel: Channel,
        line_bytes: usize,
        rate: Arc<Rate>,
        ledger: Arc<Ledger>,
        call: Arc<Call>,
        meter: Arc<Meter>,
    ) -> Self {
        Self(Arc::new(Shared { channel, line_bytes, rate, ledger, call, meter, line: Mutex::new(Vec::new()) }))
    }

    fn write(&self, bytes: &[u8]) {
        self.0.ledger.bytes_out(bytes.len() as u64);
        let mut line = self.0.line.lock();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            let room = self.0.line_bytes.saturating_sub(line.len());
            line.extend_from_slice(&text[..text.len().min(room)]);
            if ended {
                self.0.emit(&line);
                line.clear();
            }
        }
    }
}

impl Shared {
    fn emit(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text::plain(&text);
        if self.channel == Channel::Error {
            let mut words = self.meter.last_words.lock();
            if words.len() + text.len() > LAST_WORDS {
                words.clear();
            }
            if !words.is_empty() {
                words.push('\n');
            }
            words.push_str(&text);
        }
        let (plugin, trace) = (&self.call.plugin, self.call.trace.as_str());
        match self.rate.take(text.len()) {
            Verdict::Written => {}
            verdict => {
                self.ledger.log_dropped(1);
                if verdict == Verdict::DroppedFirst {
                    tracing::warn!(
                        { plugin.id = %plugin, trace.id = trace },
                        "plug-in {plugin} writes more to the log than it may: lines of it are dropped until it is quiet \
                         again, and its ledger counts them; limits.log_lines_per_s, limits.log_burst_kib and \
                         limits.log_kib_per_minute say how much it may"
                    );
                }
                return;
            }
        }
        match self.channel {
            Channel::Out => {
                tracing::info!(target: "kamld::plugin", { plugin.id = %plugin, trace.id = trace }, "{text}")
            }
            Channel::Error => {
                tracing::warn!(target: "kamld::plugin", { plugin.id = %plugin, trace.id = trace }, "{text}")
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let line = std::mem::take(self.line.get_mut());
        if !line.is_empty() {
            self.emit(&line);
        }
    }
}

impl IsTerminal for Log {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Log {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Log {
    async fn ready(&mut self) {}
}

impl OutputStream for Log {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        Log::write(self, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

impl AsyncWrite for Log {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Log::write(&self, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LINE: usize = 1024;

    /// What is written of a line of 1 KiB every so often, in KiB with what is around it; and how often dropping was told.
    fn written(rate: &Rate, from: Instant, every: Duration, count: u32) -> (u64, u32) {
        let (mut bytes, mut told) = (0, 0);
        for line in 0..count {
            match rate.take_at(LINE, from + every * line) {
                Verdict::Written => bytes += LINE + AROUND_A_LINE,
                Verdict::DroppedFirst => told += 1,
                Verdict::Dropped => {}
            }
        }
        (bytes as u64 >> 10, told)
    }

    #[test]
    fn what_a_plug_in_writes_in_a_day_is_bounded_in_bytes() {
        let limits = Limits::default();
        let (rate, start) = (Rate::new(&limits), Instant::now());
        let (kib, told) = written(&rate, start, Duration::from_millis(50), 20 * 86_400);
        let most = limits.log_burst_kib + limits.log_kib_per_minute * 60 * 24;
        assert!((most - 10..=most).contains(&kib), "{kib} KiB of at most {most}");
        assert_eq!(told, 1, "it is told once, however long it goes on");
    }

    #[test]
    fn what_was_quiet_may_say_much_at_once_and_is_told_of_again() {
        let (rate, start) = (Rate::new(&Limits::default()), Instant::now());
        assert_eq!(written(&rate, start, Duration::from_millis(5), 600), (750, 0), "600 lines in three seconds");
        assert_eq!(written(&rate, start, Duration::from_millis(5), 1000).1, 1);
        let later = start + Duration::from_secs(3600);
        assert_eq!(written(&rate, later, Duration::from_millis(5), 600), (750, 0));
        assert_eq!(written(&rate, later, Duration::from_millis(5), 1000).1, 1);
    }

    #[test]
    fn empty_lines_count_for_what_is_around_them() {
        let (rate, start) = (Rate::new(&Limits::default()), Instant::now());
        let lines = 200 * 3600;
        let written =
            (0..lines).filter(|line| rate.take_at(0, start + Duration::from_millis(5) * *line) == Verdict::Written);
        assert!(written.count() < 4096 + 4 * 60 * 60 + 10);
    }
}
