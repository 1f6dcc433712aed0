//! Connections: accepted, bounded, ended in order.
//!
//! Lives here: the accept loop. Must not live here: anything of a single request, the beginning of TLS (`handshakes`).
//! Invariants: a client that is slow with its head loses its connection; a stop lets running requests end, and waits
//! for work that must not be cut, but no longer than the limit.

use crate::{
    Server, Tls,
    handshakes::{Handshake, Handshakes},
    reached::Connection,
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Serves until `shutdown` completes and the running requests have ended, at most the limit longer. One server may be
/// served at several listeners.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    server: Server,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let door = Door { router: server.router(), server: server.clone(), stop: CancellationToken::new() };
    let slots = Arc::new(Semaphore::new(server.settings.limits.connections));
    let handshakes = Handshakes::new(server.settings.limits.handshakes);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer, slot) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => match accepted {
                Some(accepted) => accepted,
                None => continue,
            },
            Some(_) = connections.join_next() => continue,
        };
        let tls = tls.clone().map(|tls| (tls, handshakes.begin(peer.ip())));
        let door = door.clone();
        connections.spawn(async move {
            door.connection(stream, peer.ip(), tls).await;
            drop(slot);
        });
    }
    drop(listener);
    door.stop.cancel();
    server.stopping.cancel();
    server.tasks.close();
    let ended = async {
        while connections.join_next().await.is_some() {}
        server.tasks.wait().await;
    };
    if tokio::time::timeout(server.settings.limits.shutdown, ended).await.is_err() {
        tracing::warn!(requests = connections.len(), "stopped before every request had ended");
        connections.shutdown().await;
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) => {
            // A client that is gone already is its own affair; without file handles there is time to lose anyway.
            let client = matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset);
            if !client {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            None
        }
    }
}

/// What all connections of a listener share.
#[derive(Clone)]
struct Door {
    router: axum::Router,
    server: Server,
    stop: CancellationToken,
}

impl Door {
    async fn connection(self, stream: TcpStream, peer: IpAddr, tls: Option<(Arc<Tls>, Handshake)>) {
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        let Some((tls, handshake)) = tls else {
            return self.talk(stream, Connection { peer, tls: false }).await;
        };
        let wait = self.server.settings.limits.handshake_wait;
        let shaken = tokio::select! {
            shaken = handshake.shake(&tls, stream, wait) => shaken,
            () = self.stop.cancelled() => None,
        };
        if let Some(stream) = shaken {
            self.talk(stream, Connection { peer, tls: true }).await;
        }
    }

    async fn talk(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, connection: Connection) {
        let limits = &self.server.settings.limits;
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.head_wait).max_header_size(limits.head);
        let router = TowerToHyperService::new(self.router);
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(connection);
            router.call(request)
        });
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
        tokio::select! {
            ended = connection.as_mut() => log_end(ended),
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                log_end(connection.await);
            }
        }
    }
}

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
