//! In-memory parts: enough behaviour to see what the server asks of them.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use kamld_policy::Rights;
use kamld_server::{
    Caller, Parts,
    page::changes::Changes,
    parts::{
        ArrivingBytes, Audit, AuditPage, Backup, BatchDone, BatchObject, ByteStream, Collect, CommandList, Commands,
        Crossing, Crossings, Finder, Found, Health, Install, LineStream, Listing, ListingQuery, Maintenance, NewObject,
        ObjectInfo, Objects, OpenObject, PageFile, Pages, PartHealth, Plugins, ResultBody, ResultFormat, Results,
        RowsQuery, RowsWindow, Surfaces, Tables, UploadSpec, UploadState, Uploads,
    },
};
use kamld_types::{
    Address, AssetId, BranchName, Hash, Node, Person, PluginId, Problem, RefName,
    command::Outcome,
    problem::Result,
    surface::{Offer, Place, PluginOffer, Reaction, RowPage, Screen, Window},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::sync::watch;

#[derive(Default)]
pub struct Host {
    pub objects: Mutex<BTreeMap<(String, String), (ObjectInfo, Bytes)>>,
    pub uploads: Mutex<BTreeMap<String, (UploadSpec, Vec<u8>)>>,
    finished: Mutex<BTreeMap<String, (UploadSpec, ObjectInfo)>>,
    next: AtomicU64,
    /// What was asked for, in order.
    pub asked: Mutex<Vec<String>>,
    pub callers: Mutex<Vec<Caller>>,
    pub unwell: AtomicBool,
    pub fail_finish: AtomicBool,
    /// How many commands `wait` began, and how many ended by being dropped.
    pub waiting: watch::Sender<(u32, u32)>,
    pub release: watch::Sender<bool>,
    /// Bytes that an append has seen so far.
    pub arrived: watch::Sender<u64>,
    pub changes: Changes,
    /// What a surface shows, so that it can change.
    pub said: Mutex<String>,
    pub gone: AtomicBool,
    pub with_page: AtomicBool,
}

impl Host {
    pub fn parts(self: &Arc<Self>) -> Parts {
        Parts {
            commands: self.clone(),
            objects: self.clone(),
            uploads: self.clone(),
            results: self.clone(),
            tables: self.clone(),
            plugins: self.clone(),
            audit: self.clone(),
            maintenance: self.clone(),
            health: self.clone(),
            surfaces: self.clone(),
            crossings: self.clone(),
            finder: self.clone(),
            pages: self.clone(),
            changes: self.changes.clone(),
        }
    }

    pub fn ask(&self, what: impl Into<String>) {
        self.asked.lock().push(what.into());
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }

    pub fn keep(&self, asset: &str, path: &str, media: Option<&str>, bytes: &[u8]) -> ObjectInfo {
        let object = NewObject {
            path: path.parse().unwrap(),
            media_type: media.map(str::to_owned),
            modified: Some(1_700_000_000_123),
        };
        self.store(&asset.parse().unwrap(), object, Bytes::copy_from_slice(bytes))
    }

    fn store(&self, asset: &AssetId, object: NewObject, bytes: Bytes) -> ObjectInfo {
        let info = ObjectInfo {
            path: object.path.clone(),
            size: bytes.len() as u64,
            hash: Hash(Sha256::digest(&bytes).into()),
            media_type: object.media_type,
            modified: object.modified,
        };
        self.objects.lock().insert((asset.to_string(), object.path.to_string()), (info.clone(), bytes));
        info
    }

    fn find(&self, address: &Address) -> Result<(ObjectInfo, Bytes)> {
        let key = (address.asset.to_string(), address.object()?.to_string());
        let found = self.objects.lock().get(&key).cloned();
        found.ok_or_else(|| {
            Problem::not_found(format!("there is no object '{address}'")).help("kamld ls shows what there is")
        })
    }
}

fn known(asset: &AssetId) -> Result<()> {
    match asset.name.as_str() {
        "missing" => {
            Err(Problem::not_found(format!("there is no asset '{asset}'")).help("kamld asset create makes one"))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Commands for Host {
    fn list(&self) -> Arc<CommandList> {
        let command = |name: Value, effect: &str, arguments: Value| {
            json!({
                "plugin": "acme/tools", "name": name, "summary": "does a thing", "about": "At length.",
                "arguments": arguments, "effect": effect, "output": {"type": "object"},
                "examples": [{"line": "kamld thing", "says": "does it"}],
            })
        };
        let argument = |name: &str, kind: &str, place: &str, required: bool, repeated: bool| json!({"name": name, "help": "h", "type": kind, "place": place, "required": required, "repeated": repeated});
        let list = json!({"generation": 7, "commands": [
            command(json!(["echo"]), "read", json!([
                argument("text", "text", "positional", true, false),
                argument("tag", "text", "option", false, true),
            ])),
            command(json!(["tag", "add"]), "write", json!([argument("asset", "asset", "positional", true, false)])),
            command(json!(["tag", "remove"]), "destroy", json!([argument("asset", "asset", "positional", true, false)])),
            command(json!(["tag", "list"]), "read", json!([])),
            command(json!(["wait"]), "read", json!([])),
            command(json!(["panic"]), "destroy", json!([])),
            command(json!(["fail"]), "read", json!([])),
        ]});
        Arc::new(serde_json::from_value(list).unwrap())
    }

    async fn withheld(&self, name: &[String]) -> Option<Problem> {
        (name[0] == "withheld").then(|| Problem::denied("plug-in acme/new waits for a grant"))
    }

    async fn settled(&self) {}

    async fn run(&self, caller: Caller, name: &[String], arguments: Map<String, Value>) -> Result<Outcome> {
        self.ask(format!("run {}", name.join(" ")));
        self.callers.lock().push(caller);
        match name[0].as_str() {
            "panic" => panic!("on purpose"),
            "fail" => {
                Err(Problem::invalid("the query has no table 'strikse'").help("did you mean 'strikes'").at(3, 14))
            }
            "wait" => {
                let _ended = Ended(self.waiting.clone());
                self.waiting.send_modify(|counts| counts.0 += 1);
                self.release.subscribe().wait_for(|released| *released).await.unwrap();
                Ok(Outcome { data: json!("released"), view: Vec::new() })
            }
            _ => Ok(Outcome { data: Value::Object(arguments), view: Vec::new() }),
        }
    }
}

struct Ended(watch::Sender<(u32, u32)>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.send_modify(|counts| counts.1 += 1);
    }
}

struct Open(ObjectInfo, Bytes);

#[async_trait]
impl OpenObject for Open {
    fn info(&self) -> &ObjectInfo {
        &self.0
    }

    async fn stream(&self, range: Range<u64>) -> Result<ByteStream> {
        let bytes = self.1.slice(range.start as usize..range.end as usize);
        let rotten = || Err(Problem::corrupt("the bytes are not what was written"));
        match self.0.path.as_str() {
            "rotten.bin" => return Ok(stream::iter([Ok(bytes.slice(..1)), rotten()]).boxed()),
            "dust.bin" => return Ok(stream::iter([rotten()]).boxed()),
            _ => {}
        }
        let chunks: Vec<_> = bytes.chunks(3).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        Ok(stream::iter(chunks).boxed())
    }
}

#[async_trait]
impl Objects for Host {
    async fn kind(&self, asset: &AssetId) -> Result<String> {
        Ok(if asset.name.as_str() == "classifier" { "model" } else { "dataset" }.into())
    }

    async fn stat(&self, object: &Address) -> Result<ObjectInfo> {
        self.ask(format!("stat {object}"));
        self.find(object).map(|found| found.0)
    }

    async fn open(&self, object: &Address) -> Result<Box<dyn OpenObject>> {
        self.ask(format!("open {object}"));
        let (info, bytes) = self.find(object)?;
        Ok(Box::new(Open(info, bytes)))
    }

    async fn put(
        &self,
        asset: &AssetId,
        branch: Option<&BranchName>,
        object: NewObject,
        size: Option<u64>,
        mut body: ByteStream,
    ) -> Result<ObjectInfo> {
        known(asset)?;
        self.ask(format!("put {asset} {branch:?} {} {size:?}", object.path));
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk?);
            self.arrived.send_replace(bytes.len() as u64);
        }
        Ok(self.store(asset, object, bytes.into()))
    }

    async fn batch(
        &self,
        asset: &AssetId,
        _branch: Option<&BranchName>,
        objects: Vec<BatchObject>,
    ) -> Result<BatchDone> {
        known(asset)?;
        self.ask(format!("batch {asset} {}", objects.len()));
        let bytes = objects.iter().map(|object| object.body.len() as u64).sum();
        let done = BatchDone { objects: objects.len() as u64, bytes };
        for object in objects {
            self.store(asset, object.object, object.body);
        }
        Ok(done)
    }

    async fn list(&self, asset: &AssetId, at: Option<&RefName>, query: ListingQuery) -> Result<Listing> {
        known(asset)?;
        self.ask(format!("list {asset} {at:?} {query:?}"));
        let objects = self.objects.lock();
        let mut found: Vec<ObjectInfo> = objects
            .iter()
            .filter(|((of, path), _)| *of == asset.to_string() && path.starts_with(&query.prefix))
            .filter(|((_, path), _)| query.after.as_ref().is_none_or(|after| path > after))
            .map(|(_, (info, _))| info.clone())
            .collect();
        let next = found.get(query.limit).and(found.get(query.limit - 1)).map(|info| info.path.to_string());
        found.truncate(query.limit);
        Ok(Listing { objects: found, next })
    }
}

#[async_trait]
impl Uploads for Host {
    async fn create(&self, spec: UploadSpec) -> Result<(String, UploadState)> {
        known(&spec.asset)?;
        let id = format!("u{}", self.next.fetch_add(1, Ordering::Relaxed));
        self.uploads.lock().insert(id.clone(), (spec, Vec::new()));
        let state = self.state(&id).await?;
        Ok((id, state))
    }

    async fn state(&self, id: &str) -> Result<UploadState> {
        let uploads = self.uploads.lock();
        let expires = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000));
        if let Some((spec, info)) = self.finished.lock().get(id).cloned() {
            return Ok(UploadState { offset: spec.size, spec, expires, finished: Some(info) });
        }
        let (spec, bytes) = uploads.get(id).ok_or_else(|| Problem::not_found("there is no such upload"))?;
        Ok(UploadState { spec: spec.clone(), offset: bytes.len() as u64, expires, finished: None })
    }

    async fn append(&self, id: &str, offset: u64, mut bytes: ArrivingBytes) -> Result<u64> {
        self.ask(format!("append {id} {offset}"));
        while let Some(chunk) = bytes.next().await {
            let mut uploads = self.uploads.lock();
            let kept = &mut uploads.get_mut(id).ok_or_else(|| Problem::not_found("gone"))?.1;
            kept.extend_from_slice(&chunk);
            self.arrived.send_replace(kept.len() as u64);
        }
        self.ask(format!("appended {id}"));
        Ok(self.state(id).await?.offset)
    }

    async fn finish(&self, id: &str) -> Result<ObjectInfo> {
        self.ask(format!("finish {id}"));
        if self.fail_finish.load(Ordering::Relaxed) {
            return Err(Problem::conflict("the branch moved"));
        }
        let (spec, bytes) = self.uploads.lock().remove(id).ok_or_else(|| Problem::not_found("gone"))?;
        let info = self.store(&spec.asset, spec.object.clone(), bytes.into());
        self.finished.lock().insert(id.to_owned(), (spec, info.clone()));
        Ok(info)
    }

    async fn abort(&self, id: &str) -> Result<()> {
        self.uploads.lock().remove(id);
        Ok(())
    }

    fn max_size(&self) -> Option<u64> {
        Some(1 << 40)
    }
}

#[async_trait]
impl Results for Host {
    async fn open(&self, id: &str, format: ResultFormat, person: &Person) -> Result<ResultBody> {
        self.ask(format!("result {id} {format:?} {}", person.id));
        let body: Vec<Result<Bytes>> = match id {
            "rows" => vec![Ok("a,b\n".into()), Ok("1,2\n".into())],
            "none" => Vec::new(),
            "late" => vec![Err(Problem::limit("the query needs more memory than it may have"))],
            "cut" => vec![Ok("a,b\n".into()), Err(Problem::corrupt("a file lies"))],
            _ => return Err(Problem::not_found("there is no such result")),
        };
        Ok(ResultBody { media_type: "text/csv".into(), body: stream::iter(body).boxed() })
    }

    async fn window(&self, id: &str, asked: &RowsQuery, person: &Person) -> Result<RowsWindow> {
        self.ask(format!("rows {id} {} {} {}", asked.start, asked.count, person.id));
        match id {
            "rows" => Ok(some_rows()),
            _ => Err(Problem::not_found("there is no such result")),
        }
    }

    async fn cancel(&self, id: &str, _person: &Person) -> Result<()> {
        self.ask(format!("cancel {id}"));
        Ok(())
    }
}

fn some_rows() -> RowsWindow {
    RowsWindow {
        columns: json!([{"name": "a", "type": "BIGINT", "nullable": true}]),
        rows: vec!["[1]".into(), "[2]".into()],
        total: Some(2),
        complete: true,
        tag: Some("rows.0-100".into()),
        ..RowsWindow::default()
    }
}

#[async_trait]
impl Tables for Host {
    async fn window(&self, table: &Address, asked: &RowsQuery) -> Result<RowsWindow> {
        self.ask(format!("table {table} {:?} {}", asked.sort, asked.filter));
        Ok(RowsWindow { complete: false, tag: None, ..some_rows() })
    }
}

#[async_trait]
impl Plugins for Host {
    async fn list(&self) -> Result<Vec<Value>> {
        Ok(vec![json!({"id": "acme/tools", "version": "1.0.0", "state": "active"})])
    }

    async fn show(&self, plugin: &PluginId) -> Result<Value> {
        match plugin.as_str() {
            "acme/tools" => Ok(json!({"id": plugin, "needs": []})),
            _ => Err(Problem::not_found(format!("no plug-in {plugin} is installed"))),
        }
    }

    async fn plan(&self, component: Bytes) -> Result<Value> {
        self.ask(format!("plan {}", component.len()));
        Ok(json!({"id": "acme/tools", "replaces": {"version": "0.9.0"}}))
    }

    async fn install(&self, component: Bytes, wish: Install, by: &Person) -> Result<Value> {
        let Install { grant_needs, replaces } = wish;
        let replaces = replaces.map(|digest| format!(" replacing {}", digest.short())).unwrap_or_default();
        self.ask(format!("install {} {grant_needs}{replaces} {}", component.len(), by.id));
        Ok(json!({"id": "acme/tools"}))
    }

    async fn remove(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.ask(format!("remove {plugin} {}", by.id));
        Ok(())
    }

    async fn enable(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.ask(format!("enable {plugin} {}", by.id));
        Ok(())
    }

    async fn disable(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.ask(format!("disable {plugin} {}", by.id));
        Ok(())
    }

    async fn rollback(&self, plugin: &PluginId, by: &Person) -> Result<Value> {
        self.ask(format!("rollback {plugin} {}", by.id));
        Ok(json!({"id": plugin}))
    }

    async fn grant_needs(&self, plugin: &PluginId, by: &Person) -> Result<()> {
        self.ask(format!("grant-needs {plugin} {}", by.id));
        Ok(())
    }

    async fn grant(&self, plugin: &PluginId) -> Result<String> {
        Ok(format!("# grant of {plugin}\n"))
    }

    async fn set_grant(&self, plugin: &PluginId, grant: &str, by: &Person) -> Result<()> {
        self.ask(format!("set-grant {plugin} {grant:?} {}", by.id));
        Ok(())
    }

    async fn ledger(&self) -> Result<Vec<Value>> {
        Ok(vec![json!({"id": "acme/tools", "cpu_ms": 3})])
    }
}

#[async_trait]
impl Audit for Host {
    async fn page(&self, after: u64, limit: usize) -> Result<AuditPage> {
        self.ask(format!("audit {after} {limit}"));
        Ok(AuditPage { entries: vec![json!({"number": after + 1})], next: None })
    }

    async fn verify(&self, all: bool) -> Result<Value> {
        self.ask(format!("verify {all}"));
        Ok(json!({"entries": 1}))
    }
}

#[async_trait]
impl Maintenance for Host {
    async fn storage_check(&self, repair: bool) -> Result<LineStream> {
        if repair {
            return Ok(stream::iter([Ok(json!({"repaired": 1}))]).boxed());
        }
        Ok(stream::iter([Ok(json!({"checked": 1})), Ok(json!({"checked": 2, "wrong": 0}))]).boxed())
    }

    async fn storage_gc(&self, order: Collect) -> Result<LineStream> {
        Ok(stream::iter([Ok(json!({"asked": order}))]).boxed())
    }

    async fn backup(&self, order: Backup) -> Result<LineStream> {
        Ok(stream::iter([Ok(json!({"asked": order}))]).boxed())
    }

    async fn index_rebuild(&self) -> Result<LineStream> {
        Ok(stream::iter([Ok(json!({"indexed": 1})), Err(Problem::unavailable("the index is locked"))]).boxed())
    }
}

#[async_trait]
impl Health for Host {
    async fn live(&self) -> bool {
        !self.unwell.load(Ordering::Relaxed)
    }

    async fn ready(&self) -> Vec<PartHealth> {
        let ok = !self.unwell.load(Ordering::Relaxed);
        vec![PartHealth { part: "storage".into(), ok, note: "a private note".into() }]
    }

    async fn status(&self) -> Map<String, Value> {
        json!({"data": "somewhere"}).as_object().unwrap().clone()
    }

    fn metrics(&self) -> String {
        "kamld_plugins 1\n".into()
    }
}

#[async_trait]
impl Crossings for Host {
    fn title(&self, plugin: &PluginId) -> String {
        format!("Title of {plugin}")
    }

    async fn confirmed(&self, crossing: Crossing) -> Result<()> {
        let Crossing { asks, of, command, arguments, person, .. } = crossing;
        let arguments = Value::Object(arguments);
        self.ask(format!("confirmed by {person}: {asks} ran {command} of {of} with {arguments}"));
        match self.unwell.load(Ordering::Relaxed) {
            true => Err(Problem::unavailable("the audit log cannot be written")),
            false => Ok(()),
        }
    }

    fn refused(&self, crossing: Crossing, why: &str) {
        let Crossing { asks, of, command, .. } = crossing;
        self.ask(format!("refused: {asks} wanted {command} of {of}: {why}"));
    }
}

fn text(id: &str, text: &str, children: &[&str]) -> Node {
    Node {
        id: id.into(),
        kind: "text".into(),
        props: json!({ "text": text }).as_object().cloned().unwrap(),
        children: children.iter().map(|child| (*child).to_owned()).collect(),
    }
}

#[async_trait]
impl Surfaces for Host {
    fn list(&self) -> Arc<Vec<PluginOffer>> {
        if self.gone.load(Ordering::Acquire) {
            return Arc::default();
        }
        let offer = json!({"name": "notes", "slot": "area", "title": "Notes", "order": 1, "fits": []});
        let offer: Offer = serde_json::from_value(offer).unwrap();
        Arc::new(vec![PluginOffer { plugin: "acme/tools".parse().unwrap(), offer }])
    }

    async fn open(&self, caller: Caller, _: &PluginId, place: &Place, data: &Map<String, Value>) -> Result<Screen> {
        self.ask(format!("open {} {}", place.surface, place.address));
        self.callers.lock().push(caller);
        if self.gone.load(Ordering::Acquire) {
            return Err(Problem::not_found("there is no plug-in acme/tools"));
        }
        let said = self.said.lock().clone();
        let nodes = vec![text("root", "", &["said", "q"]), text("said", &said, &[]), text("q", &place.param("q"), &[])];
        Ok(Screen { nodes, data: data.clone(), topics: vec!["fish".into()] })
    }

    async fn act(
        &self,
        _: Caller,
        _: &PluginId,
        _: &Place,
        name: &str,
        arguments: &Map<String, Value>,
        _: &Map<String, Value>,
    ) -> Result<Reaction> {
        self.ask(format!("act {name}"));
        if name == "then" {
            return Ok(Reaction { then: Some(Value::Object(arguments.clone())), ..Reaction::default() });
        }
        *self.said.lock() = arguments["say"].as_str().unwrap().to_owned();
        Ok(Reaction { note: "said".into(), ..Reaction::default() })
    }

    async fn rows(
        &self,
        _: Caller,
        _: &PluginId,
        _: &Place,
        name: &str,
        window: &Window,
        _: &Map<String, Value>,
    ) -> Result<RowPage> {
        let row = json!({ "name": name, "at": window.start });
        Ok(RowPage { rows: vec![row.as_object().cloned().unwrap()], total: Some(9) })
    }

    async fn cells(&self, caller: Caller, _: &PluginId, place: &Place, addresses: &[String]) -> Result<Vec<Value>> {
        self.ask(format!("cells {} {}", place.surface, place.address));
        self.callers.lock().push(caller);
        match place.surface.as_str() {
            "docs" => Ok(addresses.iter().map(|address| json!(address.len())).collect()),
            other => Err(Problem::not_found(format!("plug-in acme/tools has no surface '{other}'"))),
        }
    }

    fn tasks(&self, _: &Person) -> Vec<Value> {
        vec![json!({ "id": 1, "title": "counting" })]
    }

    fn stop(&self, task: u64, _: &Person) -> Result<()> {
        self.ask(format!("stop {task}"));
        Ok(())
    }
}

trait Param {
    fn param(&self, name: &str) -> String;
}

impl Param for Place {
    fn param(&self, name: &str) -> String {
        self.words().into_iter().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
    }
}

#[async_trait]
impl Finder for Host {
    async fn by_name(&self, _: &Rights, text: &str, _: usize) -> Result<Vec<Found>> {
        Ok(vec![Found { title: text.to_owned(), note: "project".into(), address: "birds".into() }])
    }
}

impl Pages for Host {
    fn file(&self, name: &str) -> Option<PageFile> {
        let media_type = match name {
            _ if !self.with_page.load(Ordering::Acquire) => return None,
            "index.html" => "text/html; charset=utf-8",
            "main-ABC.js" => "text/javascript; charset=utf-8",
            _ => return None,
        };
        let lasting = name != "index.html";
        let packed = Some(Bytes::from_static(b"packed"));
        Some(PageFile { media_type, bytes: Bytes::from_static(b"plain"), packed, lasting })
    }
}
