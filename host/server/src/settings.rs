//! What can be set about the server, with the reasons of the defaults.
//!
//! Lives here: plain values. Must not live here: where they are read from.

use crate::{Proxies, Trace};
use std::time::Duration;

/// How the server is reached and bounded.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The version that `/api/v1/status` tells.
    pub version: String,
    /// Names under which the server may be addressed beside loopback, without a port. Another `Host` is refused, since
    /// it may be a name that a stranger's page bent to this address.
    pub hosts: Vec<String>,
    /// Session cookies travel over TLS only, also where the server cannot see that TLS ends in front of it.
    pub secure_cookies: bool,
    /// Those whose headers tell where a request comes from.
    pub proxies: Proxies,
    pub limits: Limits,
    /// Told of each request's span and trace, so that an exporter can hang the span below the client's.
    pub join_trace: Option<fn(&tracing::Span, &Trace)>,
}

/// Bounds on what requests may ask of the server itself.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests at one time; more are answered 503 with `Retry-After`.
    pub requests: usize,
    /// Connections at one time; more wait to be accepted.
    pub connections: usize,
    /// Connections at one time that have not begun TLS yet.
    pub handshakes: usize,
    /// The time in which TLS has to begin.
    pub handshake_wait: Duration,
    /// The time in which the head of a request has to arrive, and how long an idle connection is kept.
    pub head_wait: Duration,
    /// Bytes of the head of a request.
    pub head: usize,
    /// The longest pause within a body.
    pub body_idle: Duration,
    /// Bytes of a JSON or TOML body.
    pub json: usize,
    /// Bytes of a tar batch: it is held in memory, and becomes one pack.
    pub batch: usize,
    /// Entries of a tar batch.
    pub batch_entries: usize,
    /// Bytes of a plug-in: a component with an interpreter inside has some 40 MB.
    pub component: usize,
    /// Bytes of one checksummed piece of an upload: it is held until its checksum is known.
    pub checked_chunk: usize,
    /// Bytes of all bodies that are held in memory at one time.
    pub held: usize,
    /// How long running requests may go on when the server stops.
    pub shutdown: Duration,
}

const MIB: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 256,
            connections: 1024,
            handshakes: 128,
            handshake_wait: Duration::from_secs(10),
            head_wait: Duration::from_secs(30),
            head: 64 << 10,
            body_idle: Duration::from_secs(60),
            json: MIB,
            batch: 64 * MIB,
            batch_entries: 20_000,
            component: 256 * MIB,
            checked_chunk: 64 * MIB,
            held: 512 * MIB,
            shutdown: Duration::from_secs(10),
        }
    }
}
