//! The server as a value: its parts, its state, its table of routes.
//!
//! Lives here: `Server` and the order of the layers. Must not live here: handlers.
//! Invariant: the order is observe, guard, admission, auth, route; each may answer, none is skipped.

use crate::{
    Authenticator, Settings, SignIns, admission, auth,
    drawing::Drawing,
    guard,
    metrics::Metrics,
    observe,
    page::{Keys, Sessions},
    parts::Parts,
    routes::{self, turns::Uploading},
};
use axum::{Router, middleware};
use std::{sync::Arc, time::SystemTime};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Cheap to clone; all clones are one server.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

pub struct Inner {
    pub(crate) parts: Parts,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) sign_ins: SignIns,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) refused: observe::Refused,
    pub(crate) requests: Arc<Semaphore>,
    /// In KiB, since permits are counted in 32 bits.
    pub(crate) held: Arc<Semaphore>,
    pub(crate) drawing: Drawing,
    pub(crate) uploading: Uploading,
    /// Tabs that are open, or were a moment ago.
    pub(crate) pages: Sessions,
    pub(crate) keys: Keys,
    /// Told when the server begins to stop: sockets would keep it waiting.
    pub(crate) stopping: CancellationToken,
    /// Work that goes on when its client is gone; a stop waits for it.
    pub(crate) tasks: TaskTracker,
    pub(crate) started: SystemTime,
}

impl std::ops::Deref for Server {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Server {
    pub fn new(parts: Parts, authenticator: Arc<dyn Authenticator>, sign_ins: SignIns, settings: Settings) -> Self {
        let limits = &settings.limits;
        Self(Arc::new(Inner {
            requests: Arc::new(Semaphore::new(limits.requests)),
            held: Arc::new(Semaphore::new(limits.held >> 10)),
            parts,
            authenticator,
            sign_ins,
            settings,
            metrics: Metrics::default(),
            refused: observe::Refused::default(),
            drawing: Drawing::default(),
            uploading: Uploading::default(),
            pages: Sessions::default(),
            keys: Keys::default(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            started: SystemTime::now(),
        }))
    }

    /// Everything that the server answers.
    pub fn router(&self) -> Router {
        // The last layer is the first that a request meets.
        routes::table()
            .layer(middleware::from_fn_with_state(self.clone(), auth::authenticate))
            .layer(middleware::from_fn_with_state(self.clone(), admission::admit))
            .layer(middleware::from_fn_with_state(self.clone(), guard::check_host))
            .layer(middleware::from_fn_with_state(self.clone(), observe::observe))
            .with_state(self.clone())
    }
}
