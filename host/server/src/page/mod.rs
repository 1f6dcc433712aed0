//! What the web page talks to: one socket a tab, over which screens of plug-ins are drawn and kept up to date.
//!
//! Lives here: the protocol of `wit/ui/page.md`. Must not live here: what a screen shows, the files of the page.
//! Invariants: a message is answered under the rights of the person who opened the socket; what a plug-in draws has
//! been checked before it gets here; a lost connection loses no input and does nothing twice.
//!
//! Reading order: `message`, `changes`, `views`, `keys`, `session`, `asking`, `socket`.

mod asking;
pub mod changes;
mod keys;
mod message;
mod session;
pub(crate) mod socket;
mod views;

pub(crate) use keys::Keys;
pub(crate) use session::Sessions;
