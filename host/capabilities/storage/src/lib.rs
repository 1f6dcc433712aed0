//! Storage of KAML-D: versioned assets of immutable objects, durable and content-addressed.
//!
//! In reading order: `model` (what comes out), `store` (opening), `assets`, `branches`, `objects`, `history`,
//! `view` and `reader` (looking), `uploads` and `writer` (bytes coming in), `edit` (one round of writing),
//! `tree` and `pack` (how it lies on the disk), `records` and `refstore` (what moves), `host` (the contract).
//! Must not live here: projects, tags, search; which back end a server uses.
//! Invariants: acknowledged means durable; bytes are written before what points at them; what a commit
//! reaches never changes; bytes that are not what they were are an error and never an answer.

mod activity;
mod assets;
mod backing;
mod branches;
mod buffers;
mod check;
pub mod conformance;
mod damage;
mod edit;
pub mod embedded;
pub mod error;
mod folder;
mod follower;
pub mod gc;
mod history;
pub mod host;
pub mod layers;
mod layout;
mod leases;
mod mark;
pub mod media;
mod model;
mod objects;
mod pack;
pub mod policy;
mod reader;
mod records;
pub mod refstore;
mod relocate;
mod repair;
pub mod s3;
mod seen;
mod spool;
mod store;
mod token;
mod tree;
mod upload_files;
mod uploads;
mod view;
mod writer;

pub use assets::{DEFAULT_BRANCH, Usage};
pub use branches::Found;
pub use check::{CheckReport, Damage};
pub use error::{Error, Result};
pub use follower::Follower;
pub use model::{
    Asset, AssetKind, Branch, Change, ChangePage, Changed, Commit, CommitWords, ListOptions, Listed, Millis, Object,
    Page, Version, now,
};
pub use objects::{KnownObject, NewBody, NewObject, SMALL};
pub use reader::ObjectReader;
pub use refstore::RefStore;
pub use spool::Spooled;
pub use store::{AssetStore, Backends};
pub use uploads::{EXPIRES_AFTER, Upload, UploadId, UploadSpec, Uploads};
pub use view::{MAX_PAGE, View};
pub use writer::{Destination, ObjectWriter};
