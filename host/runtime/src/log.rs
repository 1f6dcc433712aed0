//! Standard output and error of a guest: lines of the host's log, under two caps.
//!
//! Lives here: cutting bytes into lines, the rate that all calls of a plug-in share, the streams for WASI 0.2 and 0.3.
//! Invariants: a write never waits and never fails: a guest cannot be stopped, or slowed, through its own log; what it
//! wrote is one line of the log, whatever characters are in it.

use crate::{ledger::Ledger, meter::Meter};
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

/// The log lines of one plug-in that are left for this second.
#[derive(Debug)]
pub struct Rate {
    per_second: u32,
    left: Mutex<(f64, Instant)>,
}

impl Rate {
    pub fn new(per_second: u32) -> Self {
        Self { per_second, left: Mutex::new((f64::from(per_second), Instant::now())) }
    }

    fn take(&self) -> bool {
        let mut left = self.left.lock();
        let now = Instant::now();
        let full = f64::from(self.per_second);
        left.0 = (left.0 + now.duration_since(left.1).as_secs_f64() * full).min(full);
        left.1 = now;
        if left.0 < 1.0 {
            return false;
        }
        left.0 -= 1.0;
        true
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
        if !self.rate.take() {
            self.ledger.log_dropped(1);
            return;
        }
        let (plugin, trace) = (&self.call.plugin, self.call.trace.as_str());
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
