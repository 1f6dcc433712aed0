//! What of `kamld` needs no back end: the command line, the configuration, the data folder, building plug-ins.
//!
//! A library beside the binary, so that its tests do not compile what the binary joins together.
//! Reading order: `cli` (everything over HTTP), `config` and `first_party` (what a server starts with), `folder`,
//! `links` and `browse` (the way to its page), `framing` (records in backups), `workshop` and `template` (building
//! plug-ins).

pub mod browse;
pub mod cli;
pub mod config;
pub mod first_party;
pub mod folder;
pub mod framing;
pub mod links;
pub mod template;
pub mod workshop;
