//! The HTTP API: who asks, may they, then bytes straight to storage and calls straight to plug-ins.
//!
//! Lives here: routes, sessions, tus, ranges, OpenAPI, metrics of requests. Must not live here: a back end, a feature,
//! the id of a plug-in; what the host does is behind the traits of `parts`, which the binary implements.
//! Invariants: a request is authenticated and authorised before anything behind a trait is called; bytes of objects,
//! tokens and query strings never reach a log; every refusal is a problem body with what was kept and what to do.
//!
//! Reading order: `parts`, `server`, then the life of a request: `serve`, `reached`, `observe`, `guard`, `admission`, `auth`,
//! `routes`, `refusal`.

pub mod admission;
pub mod auth;
pub mod body;
pub mod caller;
mod drawing;
mod guard;
mod handshakes;
mod markdown;
mod metrics;
mod observe;
pub mod openapi;
pub mod page;
pub mod parts;
mod reached;
pub mod refusal;
mod routes;
mod serve;
pub mod server;
pub mod settings;
pub mod signin;
pub mod tls;

pub use auth::{Authenticator, TokenAuthenticator};
pub use caller::{Caller, Identity, Trace};
pub use openapi::openapi;
pub use parts::Parts;
pub use reached::Proxies;
pub use serve::serve;
pub use server::Server;
pub use settings::{Limits, Settings};
pub use signin::{Lifetime, SignInRecords, SignIns};
pub use tls::Tls;
