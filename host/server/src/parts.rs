//! What the server needs of the rest of the host, as traits that the binary implements.
//!
//! Lives here: the seams and the plain data that crosses them. Must not live here: anything of HTTP, any back end.
//! Invariant: the server has authenticated the person and checked the right that a method's documentation
//! names before it calls the method.

use crate::{caller::Caller, page::changes::Changes};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use kamld_policy::Rights;
use kamld_types::{
    Address, AssetId, BranchName, Hash, ObjectPath, Person, PluginId, Problem, RefName,
    command::{Command, Effect, Outcome},
    problem::Result,
    surface::{Place, PluginOffer, Reaction, RowPage, Screen, Window},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{ops::Range, sync::Arc, time::SystemTime};

/// Bytes on their way out. An error ends the stream and cuts the answer, so that nobody takes a part for the whole.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;
/// Bytes on their way in that may simply end too early: what arrived counts.
pub type ArrivingBytes = BoxStream<'static, Bytes>;
/// Progress and results as JSON values, sent to the person line by line.
pub type LineStream = BoxStream<'static, Result<Value>>;

/// Everything that a server is built from.
#[derive(Clone)]
pub struct Parts {
    pub commands: Arc<dyn Commands>,
    pub objects: Arc<dyn Objects>,
    pub uploads: Arc<dyn Uploads>,
    pub results: Arc<dyn Results>,
    pub tables: Arc<dyn Tables>,
    pub plugins: Arc<dyn Plugins>,
    pub audit: Arc<dyn Audit>,
    pub maintenance: Arc<dyn Maintenance>,
    pub health: Arc<dyn Health>,
    pub surfaces: Arc<dyn Surfaces>,
    pub crossings: Arc<dyn Crossings>,
    pub finder: Arc<dyn Finder>,
    pub pages: Arc<dyn Pages>,
    /// What changed, for the pages that are open.
    pub changes: Changes,
}

/// A command with the plug-in that declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginCommand {
    pub plugin: PluginId,
    #[serde(flatten)]
    pub command: Command,
}

/// All commands of the active plug-ins; the generation changes whenever the list does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommandList {
    pub generation: u64,
    pub commands: Vec<PluginCommand>,
}

/// The commands of plug-ins.
#[async_trait]
pub trait Commands: Send + Sync {
    /// Asked at every command: answers from memory.
    fn list(&self) -> Arc<CommandList>;

    /// Why a command of this name is not offered although a plug-in declares it; none when none does.
    async fn withheld(&self, name: &[String]) -> Option<Problem>;

    /// Waits, not for long, until what is loaded at the start is there.
    async fn settled(&self);

    /// Runs a command whose arguments have been checked against its declaration.
    ///
    /// When the client goes away the future is dropped and `caller.cancelled` fires; work that was moved to
    /// another runtime has to watch the token.
    async fn run(&self, caller: Caller, name: &[String], arguments: Map<String, Value>) -> Result<Outcome>;
}

/// A command of one plug-in that a view of another asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossing {
    /// The plug-in whose view asks.
    pub asks: PluginId,
    /// The plug-in that has the command.
    pub of: PluginId,
    pub command: String,
    pub arguments: Map<String, Value>,
    pub effect: Effect,
    pub person: String,
    pub trace: String,
}

/// Commands of one plug-in that views of others ask for: what such a question needs, and the record of its answer.
#[async_trait]
pub trait Crossings: Send + Sync {
    /// What a plug-in is called; empty where that is not known. Asked at every connection: answers from memory.
    fn title(&self, plugin: &PluginId) -> String;

    /// A person confirmed it. Durable on return; when this fails the command does not run.
    async fn confirmed(&self, crossing: Crossing) -> Result<()>;

    /// It was refused. A plug-in can cause this as often as it likes.
    fn refused(&self, crossing: Crossing, why: &str);
}

/// Screens of plug-ins. The person has been recognised; what they may see is decided with every host call.
#[async_trait]
pub trait Surfaces: Send + Sync {
    /// Asked at every connection: answers from memory.
    fn list(&self) -> Arc<Vec<PluginOffer>>;

    /// Not-found when the plug-in or its surface is not there (any more).
    async fn open(&self, caller: Caller, plugin: &PluginId, place: &Place, data: &Map<String, Value>)
    -> Result<Screen>;

    async fn act(
        &self,
        caller: Caller,
        plugin: &PluginId,
        place: &Place,
        name: &str,
        arguments: &Map<String, Value>,
        data: &Map<String, Value>,
    ) -> Result<Reaction>;

    async fn rows(
        &self,
        caller: Caller,
        plugin: &PluginId,
        place: &Place,
        name: &str,
        window: &Window,
        data: &Map<String, Value>,
    ) -> Result<RowPage>;

    /// Cells of the column that the place names, one for each address.
    async fn cells(&self, caller: Caller, plugin: &PluginId, place: &Place, addresses: &[String])
    -> Result<Vec<Value>>;

    /// Long work of a person: what runs, and what has just ended.
    fn tasks(&self, person: &Person) -> Vec<Value>;

    /// Asks a task of this person to stop.
    fn stop(&self, task: u64, person: &Person) -> Result<()>;
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub title: String,
    pub note: String,
    /// `PROJECT`, `PROJECT/ASSET` or `PROJECT/ASSET/PATH`.
    pub address: String,
}

/// Things by name.
#[async_trait]
pub trait Finder: Send + Sync {
    /// What these rights may see and fits best, at most so many.
    async fn by_name(&self, rights: &Rights, text: &str, most: usize) -> Result<Vec<Found>>;
}

/// A file of the web page.
#[derive(Clone, Debug)]
pub struct PageFile {
    pub media_type: &'static str,
    pub bytes: Bytes,
    /// The same, packed by gzip, when that is smaller.
    pub packed: Option<Bytes>,
    /// Whether its name changes with its content.
    pub lasting: bool,
}

/// The files of the web page.
pub trait Pages: Send + Sync {
    /// `index.html`, or a name that it refers to, without a leading `/`.
    fn file(&self, name: &str) -> Option<PageFile>;
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectInfo {
    pub path: ObjectPath,
    /// Bytes.
    pub size: u64,
    pub hash: Hash,
    pub media_type: Option<String>,
    /// Milliseconds since 1970.
    pub modified: Option<i64>,
}

/// An object at one moment: what is streamed later is what `info` describes, whatever happens to the branch.
#[async_trait]
pub trait OpenObject: Send + Sync {
    fn info(&self) -> &ObjectInfo;
    /// The range lies within the size.
    async fn stream(&self, range: Range<u64>) -> Result<ByteStream>;
}

/// What a new object is called and said to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewObject {
    pub path: ObjectPath,
    pub media_type: Option<String>,
    /// Milliseconds since 1970.
    pub modified: Option<i64>,
}

/// One small object of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchObject {
    pub object: NewObject,
    pub body: Bytes,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchDone {
    pub objects: u64,
    pub bytes: u64,
}

/// One page of all objects below a prefix, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    pub objects: Vec<ObjectInfo>,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListingQuery {
    pub prefix: String,
    /// Only paths that sort behind this one.
    pub after: Option<String>,
    /// 1 to 10,000.
    pub limit: usize,
}

/// Objects of assets. Reading needs `viewer` in the project, writing `editor`; both are checked before.
#[async_trait]
pub trait Objects: Send + Sync {
    async fn stat(&self, object: &Address) -> Result<ObjectInfo>;

    async fn open(&self, object: &Address) -> Result<Box<dyn OpenObject>>;

    /// Streams one object in; `size` is given when the client announced it. An error of the stream means that
    /// the client went away: nothing is kept. Durable on return.
    async fn put(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        object: NewObject,
        size: Option<u64>,
        body: ByteStream,
    ) -> Result<ObjectInfo>;

    /// All or nothing, durable on return. Paths are unique within the batch.
    async fn batch(&self, asset: &AssetId, branch: Option<&BranchName>, objects: Vec<BatchObject>)
    -> Result<BatchDone>;

    async fn list(&self, asset: &AssetId, at: Option<&RefName>, query: ListingQuery) -> Result<Listing>;

    /// The kind of an asset, `dataset` or `model`.
    async fn kind(&self, asset: &AssetId) -> Result<String>;
}

/// What a resumable upload is to become.
#[derive(Clone, Debug, PartialEq)]
pub struct UploadSpec {
    pub asset: AssetId,
    pub branch: Option<BranchName>,
    pub object: NewObject,
    /// Bytes.
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UploadState {
    pub spec: UploadSpec,
    /// Bytes that are durable.
    pub offset: u64,
    /// After this an unfinished upload is forgotten.
    pub expires: Option<SystemTime>,
    /// The object that came of it: then nothing is left to do.
    pub finished: Option<ObjectInfo>,
}

/// Resumable uploads. They need `editor` in the project of their asset, checked at every request.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Fails with not-found when the asset or branch is missing, before a byte is sent.
    async fn create(&self, spec: UploadSpec) -> Result<(String, UploadState)>;

    /// Not-found when the upload never was, was aborted or expired. A finished one stays known until it would expire, so
    /// that a client that missed the answer learns that it is done, after a restart of the host too.
    async fn state(&self, id: &str) -> Result<UploadState>;

    /// Appends at `offset`, conflict when that is not the current one. The stream ends early when the connection is
    /// cut: what arrived is kept. Answers the new offset, durable. The server never runs two at once for one upload,
    /// never sends beyond the size, and lets it run to its end even when the client is gone.
    async fn append(&self, id: &str, offset: u64, bytes: ArrivingBytes) -> Result<u64>;

    /// Turns a complete upload into an object, durable on return. When it fails the upload stays, complete.
    async fn finish(&self, id: &str) -> Result<ObjectInfo>;

    async fn abort(&self, id: &str) -> Result<()>;

    /// The largest upload that is accepted, in bytes, when there is a bound.
    fn max_size(&self) -> Option<u64> {
        None
    }
}

/// How the rows of a result are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultFormat {
    #[default]
    Json,
    Jsonl,
    Csv,
    Parquet,
    Arrow,
}

/// Rows on their way to a person.
pub struct ResultBody {
    pub media_type: String,
    pub body: ByteStream,
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowsQuery {
    pub start: u64,
    /// 1 to 200.
    pub count: u64,
    /// Names of columns, with `-` before those that count downwards.
    pub sort: Vec<String>,
    /// Only rows with this text in one of their columns; empty for all.
    pub filter: String,
    pub statistics: bool,
}

/// Some rows, as `wit/ui/page.md` describes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowsWindow {
    /// A list of `{"name", "type", "nullable"}`.
    pub columns: Value,
    /// One JSON array each.
    pub rows: Vec<String>,
    /// The number of rows so far known.
    pub total: Option<u64>,
    /// Whether that is the last word, and what was asked is here.
    pub complete: bool,
    /// Bytes that were read.
    pub bytes: u64,
    /// Why rows behind these cannot be had.
    pub problem: Option<Problem>,
    /// Over how many rows, and one object a column.
    pub statistics: Option<(u64, Value)>,
    /// Always names the same rows; none while they may still change.
    pub tag: Option<String>,
}

/// Objects that are tables. Reading needs `viewer` in the project, checked before.
#[async_trait]
pub trait Tables: Send + Sync {
    async fn window(&self, table: &Address, asked: &RowsQuery) -> Result<RowsWindow>;
}

/// Results of queries that a plug-in handed over. Only the person whose call made a result gets it: the
/// implementation answers not-found to others.
#[async_trait]
pub trait Results: Send + Sync {
    /// As often as one likes while it is kept; the query runs once.
    async fn open(&self, id: &str, format: ResultFormat, person: &Person) -> Result<ResultBody>;

    async fn window(&self, id: &str, asked: &RowsQuery, person: &Person) -> Result<RowsWindow>;

    async fn cancel(&self, id: &str, person: &Person) -> Result<()>;
}

/// Installed plug-ins. Only admins get here; what changes something is told who did it, for the audit log.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// One object per plug-in, with at least `id`, `version` and `state`.
    async fn list(&self) -> Result<Vec<Value>>;

    /// Manifest, needs against actual imports, grant in force, versions kept.
    async fn show(&self, plugin: &PluginId) -> Result<Value>;

    /// What installing a component would change, above all what it would replace; changes nothing.
    async fn plan(&self, component: Bytes) -> Result<Value>;

    /// Installs a component. Answers as `show`.
    async fn install(&self, component: Bytes, wish: Install, by: &Person) -> Result<Value>;

    async fn remove(&self, plugin: &PluginId, by: &Person) -> Result<()>;

    async fn enable(&self, plugin: &PluginId, by: &Person) -> Result<()>;

    async fn disable(&self, plugin: &PluginId, by: &Person) -> Result<()>;

    /// Back to the version before. Answers as `show`.
    async fn rollback(&self, plugin: &PluginId, by: &Person) -> Result<Value>;

    /// The grant as TOML.
    async fn grant(&self, plugin: &PluginId) -> Result<String>;

    /// An empty text takes everything away.
    async fn set_grant(&self, plugin: &PluginId, grant: &str, by: &Person) -> Result<()>;

    /// Grants just what the manifest asks for.
    async fn grant_needs(&self, plugin: &PluginId, by: &Person) -> Result<()>;

    /// What each plug-in used: CPU, memory, host calls, bytes, denials.
    async fn ledger(&self) -> Result<Vec<Value>>;
}

/// What somebody who installs a plug-in agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Install {
    /// Grants what its manifest asks for.
    pub grant_needs: bool,
    /// The digest of the package of the same id that may be replaced; without it, none may.
    pub replaces: Option<Hash>,
}

/// One page of the audit log, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditPage {
    pub entries: Vec<Value>,
    /// What to pass as `after` for the next page.
    pub next: Option<u64>,
}

/// The audit log. Only admins get here.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Entries with a number greater than `after`; `limit` is 1 to 10,000.
    async fn page(&self, after: u64, limit: usize) -> Result<AuditPage>;

    /// Follows the chain of hashes from its start; corrupt when it is broken. With `all`, parts that have not changed
    /// since they were verified are read again too.
    async fn verify(&self, all: bool) -> Result<Value>;
}

/// How to collect garbage; what is not given is as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Collect {
    /// Only say what would be freed.
    pub dry_run: bool,
    /// Seconds that something must have been garbage before it goes.
    pub grace_s: Option<u64>,
    /// Seconds that what was removed stays in the bin.
    pub bin_s: Option<u64>,
}

/// Where a backup goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Backup {
    /// A whole path on the server's machine: an empty folder, or one that holds a backup.
    pub to: std::path::PathBuf,
}

/// Long work on the host's own stores. Only admins get here. Dropping the stream stops the work.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Verifies every hash, and with `repair` writes what is damaged again wherever a good copy is found; progress lines,
    /// the last one is the report.
    async fn storage_check(&self, repair: bool) -> Result<LineStream>;

    /// Gives the room of garbage back; progress lines, the last one is the report. `conflict` while it runs already.
    async fn storage_gc(&self, order: Collect) -> Result<LineStream>;

    /// Adds a snapshot to a backup in a folder of the server's machine; progress lines, the last one is the report.
    async fn backup(&self, order: Backup) -> Result<LineStream>;

    /// Builds the search index anew from storage; progress lines, the last one is the report.
    async fn index_rebuild(&self) -> Result<LineStream>;
}

/// How one part of the host is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartHealth {
    pub part: String,
    pub ok: bool,
    pub note: String,
}

#[async_trait]
pub trait Health: Send + Sync {
    /// Whether the process should go on; false makes a supervisor start it anew.
    async fn live(&self) -> bool;

    /// Whether work can be taken, part by part.
    async fn ready(&self) -> Vec<PartHealth>;

    /// Facts for `/api/v1/status` beside what the server knows itself.
    async fn status(&self) -> Map<String, Value>;

    /// Metrics of the host in Prometheus text format; appended to those of the server.
    fn metrics(&self) -> String;
}
