//! The command line against a server that imitates the HTTP API: the real binary, real sockets, no plug-ins.
//!
//! Lives here: what a person types and sees. Must not live here: the host itself (see the end-to-end tests).

mod bytes;
mod commands;
mod host;
mod imitation;
mod person;
