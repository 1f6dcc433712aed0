//! The beginning of TLS on a connection.
//!
//! Lives here: how long it may take and how many there may be. Must not live here: the certificate (`tls`).
//! Invariant: who is silent or slow holds nobody else up. One handshake too many ends the oldest of the address that has
//! the most: whoever opens many loses their own.

use crate::Tls;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
pub(crate) struct Handshakes(Arc<Open>);

struct Open {
    most: usize,
    all: Mutex<Numbered>,
}

#[derive(Default)]
struct Numbered {
    next: u64,
    /// In the order in which they began.
    open: BTreeMap<u64, (IpAddr, CancellationToken)>,
}

/// One of them; dropped when it has ended.
pub(crate) struct Handshake {
    of: Handshakes,
    number: u64,
    given_up: CancellationToken,
}

impl Handshakes {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Open { most: most.max(1), all: Mutex::default() }))
    }

    pub(crate) fn begin(&self, peer: IpAddr) -> Handshake {
        let given_up = CancellationToken::new();
        let mut all = self.0.all.lock();
        let Numbered { next, open } = &mut *all;
        let number = *next;
        *next += 1;
        open.insert(number, (peer, given_up.clone()));
        while open.len() > self.0.most {
            let mut counts = HashMap::<IpAddr, usize>::new();
            open.values().for_each(|(peer, _)| *counts.entry(*peer).or_default() += 1);
            let most = counts.values().max().copied();
            // Among equals the one whose handshake is the oldest.
            let Some(oldest) = open.iter().find(|(_, (peer, _))| counts.get(peer).copied() == most).map(|(n, _)| *n)
            else {
                break;
            };
            if let Some((_, given_up)) = open.remove(&oldest) {
                given_up.cancel();
            }
        }
        drop(all);
        Handshake { of: self.clone(), number, given_up }
    }
}

impl Handshake {
    /// The connection as it goes on; none when it is no TLS, took too long, or made room.
    pub(crate) async fn shake(self, tls: &Tls, stream: TcpStream, most: Duration) -> Option<TlsStream<TcpStream>> {
        tokio::select! {
            shaken = tokio::time::timeout(most, tls.acceptor().accept(stream)) => match shaken {
                Ok(Ok(stream)) => Some(stream),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a connection did not begin TLS");
                    None
                }
                Err(_) => {
                    tracing::debug!("a connection was too slow to begin TLS");
                    None
                }
            },
            () = self.given_up.cancelled() => {
                tracing::debug!("a connection that had not begun TLS made room for another");
                None
            }
        }
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.of.0.all.lock().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_ends_the_oldest_of_the_address_that_has_the_most() {
        let all = Handshakes::new(3);
        let [alone, other, many] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|ip| ip.parse().unwrap());
        let first = all.begin(alone);
        let flood: Vec<_> = (0..5).map(|_| all.begin(many)).collect();
        let ended = || flood.iter().map(|one| one.given_up.is_cancelled()).collect::<Vec<_>>();
        assert_eq!(ended(), [true, true, true, false, false]);
        let second = all.begin(other);
        assert_eq!(ended(), [true, true, true, true, false]);
        assert!(!first.given_up.is_cancelled() && !second.given_up.is_cancelled());
        // Those that ended count no more.
        drop(second);
        assert_eq!(all.0.all.lock().open.len(), 2);
        let _third = all.begin(other);
        assert!(!first.given_up.is_cancelled());
        drop((first, flood));
        assert_eq!(all.0.all.lock().open.len(), 1);
    }
}
