//! The API over real sockets; what lies behind the traits is kept in memory.
//!
//! Lives here: tests of what the network sees. Must not live here: tests of the host behind the traits.

mod access;
mod admin;
mod asking;
mod batches;
mod commands;
mod description;
mod fakes;
mod fuzz;
mod limits;
mod objects;
mod page;
mod proxies;
mod running;
mod sessions;
mod socket;
mod tls;
mod uploads;
