//! How the server is reached: where it listens, with or without TLS, and the links that lead there.
//!
//! Must not live here: requests. Invariants: files of TLS that cannot be used end a start before anything is opened; with
//! TLS nothing but loopback is served without it.
//!
//! With TLS the command lines of this machine go by a listener of their own, on loopback and without TLS. A certificate is
//! for the names that browsers use, and its authority need not be known here: a command line that trusted it would have to
//! leave out just these checks, and follow each renewal. What stays within the machine is read by nobody else, and goes as it
//! does without TLS.

use anyhow::{Context, bail};
use futures::FutureExt;
use kamld::{
    config::{Config, Http},
    links,
};
use kamld_server::{Proxies, Server, Settings, Tls, serve, tls::LOOK_AGAIN};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

/// What the configuration says of it, checked.
pub struct Reach {
    listen: SocketAddr,
    tls: Option<Arc<Tls>>,
    proxies: Proxies,
    http: Http,
}

impl Reach {
    pub fn check(config: &Config) -> anyhow::Result<Self> {
        let http = config.http.clone();
        let tls = match (http.tls_certificate.as_str(), http.tls_key.as_str()) {
            ("", "") => None,
            ("", _) => bail!("http.tls_key is set and http.tls_certificate is not: TLS takes both"),
            (_, "") => bail!("http.tls_certificate is set and http.tls_key is not: TLS takes both"),
            (certificate, key) => Some(Arc::new(Tls::open(Path::new(certificate), Path::new(key))?)),
        };
        let proxies = Proxies::parse(&http.trusted_proxies).context("http.trusted_proxies cannot be used")?;
        Ok(Self { listen: config.listen, tls, proxies, http })
    }

    pub async fn listen(self) -> anyhow::Result<Listening> {
        let main = TcpListener::bind(self.listen).await.with_context(|| {
            format!(
                "cannot listen on {}: another program may hold the port; --listen 127.0.0.1:0 takes a free one",
                self.listen
            )
        })?;
        let loopback = match &self.tls {
            Some(_) => Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen on loopback")?),
            None => None,
        };
        if let Some(tls) = &self.tls {
            // For as long as the process lives: from the first link on a signal must not end it.
            tokio::spawn(tls.clone().follow(LOOK_AGAIN, hangups()?));
        }
        let address = main.local_addr()?;
        let url = links::link(address, self.tls.is_some(), &self.http.hosts);
        let here = match &loopback {
            Some(loopback) => format!("http://{}", loopback.local_addr()?),
            None => url.clone(),
        };
        Ok(Listening { main, loopback, address, url, here, of: self })
    }
}

/// A server that is bound to its addresses.
pub struct Listening {
    main: TcpListener,
    loopback: Option<TcpListener>,
    address: SocketAddr,
    /// For people.
    pub url: String,
    /// For command lines on this machine.
    pub here: String,
    of: Reach,
}

impl Listening {
    /// What has to be said about it at the start.
    pub fn warning(&self) -> Option<String> {
        links::warning(self.address, self.of.tls.is_some(), &self.of.http)
    }

    /// What the server has to know of it.
    pub fn settings(&self) -> Settings {
        let mut hosts = self.of.http.hosts.clone();
        // No name can be bent to an address that stands in the link itself.
        if !self.address.ip().is_unspecified() {
            hosts.push(self.address.ip().to_canonical().to_string());
        }
        Settings {
            version: env!("CARGO_PKG_VERSION").into(),
            hosts,
            secure_cookies: self.of.http.secure_cookies,
            proxies: self.of.proxies.clone(),
            ..Default::default()
        }
    }

    /// Serves at all of its addresses until it is told to stop.
    pub async fn serve(self, server: Server, stopped: impl Future<Output = ()>) -> io::Result<()> {
        let Self { main, loopback, of, .. } = self;
        let stopped = stopped.shared();
        let here = async {
            match loopback {
                Some(loopback) => serve(loopback, None, server.clone(), stopped.clone()).await,
                None => Ok(()),
            }
        };
        tokio::try_join!(serve(main, of.tls, server.clone(), stopped.clone()), here).map(drop)
    }
}

/// Told of each SIGHUP, which says that files have changed.
fn hangups() -> io::Result<Arc<Notify>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let told = Arc::new(Notify::new());
    let tell = Arc::downgrade(&told);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match tell.upgrade() {
                Some(told) => told.notify_one(),
                None => return,
            }
        }
    });
    Ok(told)
}
