//! Connections: accepted, bounded, ended in order.
//!
//! Lives here: the accept loop. Must not live here: anything of a single request.
//! Invariants: a client that is slow with its head loses its connection; a stop lets running requests end, and waits
//! for work that must not be cut, but no longer than the limit.

use crate::Server;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Serves until `shutdown` completes and the running requests have ended, at most the limit longer.
pub async fn serve(listener: TcpListener, server: Server, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let router = server.router();
    let slots = Arc::new(Semaphore::new(server.settings.limits.connections));
    let stop = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, slot) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => match accepted {
                Some(accepted) => accepted,
                None => continue,
            },
            Some(_) = connections.join_next() => continue,
        };
        let connection = connection(stream, router.clone(), server.clone(), stop.clone());
        connections.spawn(async move {
            connection.await;
            drop(slot);
        });
    }
    drop(listener);
    stop.cancel();
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

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
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

async fn connection(stream: TcpStream, router: axum::Router, server: Server, stop: CancellationToken) {
    // Small answers must not wait for more.
    let _ = stream.set_nodelay(true);
    let limits = &server.settings.limits;
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_wait).max_header_size(limits.head);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).with_upgrades());
    tokio::select! {
        ended = connection.as_mut() => log_end(ended),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            log_end(connection.await);
        }
    }
}

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
