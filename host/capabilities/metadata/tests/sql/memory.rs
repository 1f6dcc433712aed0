//! Assets in memory, and a few words to ask them.

use async_trait::async_trait;
use bytes::Bytes;
use kamld_metadata::sql::{Access, Config, Entry, Everything, Objects, RunningQuery, Snapshot, Sql};
use kamld_types::{AssetId, Hash, ObjectPath, Problem, RefName};
use kamld_worker::Launch;
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

type Files = BTreeMap<String, (Bytes, String)>;

#[derive(Default)]
pub struct Memory {
    /// By `PROJECT/ASSET` and ref.
    assets: BTreeMap<String, BTreeMap<String, Files>>,
    pub opened: Arc<AtomicU64>,
    pub reads: Arc<AtomicU64>,
    /// Bytes that every object seems to be longer: for tests that never come to an end.
    pub endless: u64,
}

impl Memory {
    pub fn put(&mut self, asset: &str, at: &str, path: &str, body: impl Into<Bytes>) -> &mut Self {
        self.put_as(asset, at, path, "", body)
    }

    pub fn put_as(&mut self, asset: &str, at: &str, path: &str, media_type: &str, body: impl Into<Bytes>) -> &mut Self {
        let refs = self.assets.entry(asset.into()).or_default();
        refs.entry(at.into()).or_default().insert(path.into(), (body.into(), media_type.into()));
        self
    }
}

struct State {
    files: Files,
    reads: Arc<AtomicU64>,
    endless: u64,
}

#[async_trait]
impl Objects for Memory {
    async fn snapshot(&self, asset: &AssetId, at: Option<&RefName>) -> Result<Arc<dyn Snapshot>, Problem> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let refs =
            self.assets.get(&asset.to_string()).ok_or_else(|| Problem::not_found(format!("no asset {asset}")))?;
        let at = at.map_or("main", RefName::as_str);
        let files = refs.get(at).ok_or_else(|| Problem::not_found(format!("no ref {at}")))?.clone();
        Ok(Arc::new(State { files, reads: self.reads.clone(), endless: self.endless }))
    }

    async fn projects(&self) -> Result<Vec<String>, Problem> {
        let projects: BTreeSet<String> =
            self.assets.keys().filter_map(|asset| Some(asset.split_once('/')?.0.to_owned())).collect();
        Ok(projects.into_iter().collect())
    }

    async fn assets(&self, project: &str) -> Result<Vec<String>, Problem> {
        let assets = self.assets.keys().filter_map(|asset| asset.strip_prefix(project)?.strip_prefix('/'));
        Ok(assets.map(str::to_owned).collect())
    }

    async fn refs(&self, asset: &AssetId) -> Result<Vec<String>, Problem> {
        Ok(self.assets.get(&asset.to_string()).map(|refs| refs.keys().cloned().collect()).unwrap_or_default())
    }
}

impl State {
    fn entry(&self, path: &str, body: &Bytes, media_type: &str) -> Entry {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        self.endless.hash(&mut hasher);
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&hasher.finish().to_be_bytes());
        Entry {
            path: ObjectPath::new(path).unwrap(),
            size: body.len() as u64 + self.endless,
            hash: Hash(hash),
            media_type: media_type.into(),
            modified: 0,
        }
    }
}

#[async_trait]
impl Snapshot for State {
    fn token(&self) -> String {
        "state".into()
    }

    async fn stat(&self, path: &ObjectPath) -> Result<Option<Entry>, Problem> {
        Ok(self.files.get(path.as_str()).map(|(body, media_type)| self.entry(path.as_str(), body, media_type)))
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Entry>, Problem> {
        let behind = |path: &&String| after.is_none_or(|after| path.as_str() > after);
        let paths = self.files.keys().filter(|path| path.starts_with(prefix)).filter(behind).take(limit);
        Ok(paths.map(|path| self.entry(path, &self.files[path].0, &self.files[path].1)).collect())
    }

    async fn read(&self, path: &ObjectPath, range: Range<u64>) -> Result<Bytes, Problem> {
        assert!(range.end - range.start <= 8 << 20, "a read of {} bytes", range.end - range.start);
        self.reads.fetch_add(1, Ordering::SeqCst);
        let body = &self.files[path.as_str()].0;
        if self.endless > 0 {
            // The body over and over.
            tokio::task::yield_now().await;
            let start = range.start as usize % body.len();
            return Ok(body.iter().cycle().skip(start).take((range.end - range.start) as usize).copied().collect());
        }
        Ok(body.slice(range.start as usize..range.end as usize))
    }
}

/// May read and see what begins with one of these.
pub struct Only(pub &'static [&'static str]);

impl Access for Only {
    fn may_read(&self, asset: &AssetId, path: &str) -> Result<(), Problem> {
        if self.may_see(&format!("{asset}/{path}")) {
            Ok(())
        } else {
            Err(Problem::denied("the grant does not allow it"))
        }
    }

    fn may_see(&self, resource: &str) -> bool {
        self.0.iter().any(|allowed| resource.starts_with(allowed) || allowed.starts_with(&format!("{resource}/")))
    }
}

pub fn config() -> Config {
    Config { cores: 2, ..Config::new(Launch::new(env!("CARGO_BIN_EXE_kamld-sql-worker"), [] as [&str; 0])) }
}

pub fn sql(memory: Memory) -> Sql {
    Sql::new(config(), Arc::new(memory)).unwrap()
}

pub async fn run(sql: &Sql, text: &str) -> Result<RunningQuery, Problem> {
    sql.run(text, Some("birds"), Arc::new(Everything)).await
}

/// All rows as JSON arrays, one a line.
pub async fn rows(sql: &Sql, text: &str) -> Result<String, Problem> {
    let mut query = run(sql, text).await?;
    let mut all = Vec::new();
    loop {
        let rows = query.next_json(1000).await?;
        if rows.is_empty() {
            return Ok(all.join("\n"));
        }
        all.extend(rows);
    }
}

pub async fn answer(sql: &Sql, text: &str) -> String {
    match rows(sql, text).await {
        Ok(rows) => rows,
        Err(problem) => panic!("{text}: {problem} ({:?}) at {:?}", problem.help, problem.at),
    }
}

pub async fn problem(sql: &Sql, text: &str) -> Problem {
    match rows(sql, text).await {
        Ok(rows) => panic!("{text} answered {rows}"),
        Err(problem) => problem,
    }
}

/// An asset as people have it.
pub fn strikes() -> Memory {
    let mut memory = Memory::default();
    let now = "species,cost,Damage Level\ngull,10,None\nhawk,20,Minor\ngull,5,Minor\n";
    memory
        .put("birds/strikes", "main", "2019.csv", now)
        .put("birds/strikes", "main", "2019/jan.csv", "species,cost\ngull,1\n")
        .put("birds/strikes", "main", "2019/feb.csv", "cost,species,note\n2.5,owl,x\n")
        .put("birds/strikes", "main", "notes.txt", "hello")
        .put("birds/strikes", "v1", "2019.csv", "species,cost\ngull,1\n")
        .put("birds/strikes", "before-cleaning", "2019.csv", "species,cost\ngull,2\nhawk,3\n")
        .put("birds/bird-calls", "main", "calls.csv", "species,hz\ngull,900\n")
        .put("planes/fleet", "main", "all.csv", "tail,seats\nN1,9\n");
    memory
}

/// Each number below `rows` once, in no order, beside a text.
pub fn numbers(rows: usize) -> Memory {
    let mut body = String::from("n,text\n");
    for n in 0..rows {
        body += &format!("{},some text to make it larger {n}\n", (n * 7919) % rows);
    }
    let mut memory = Memory::default();
    memory.put("birds/big", "main", "n.csv", body);
    memory
}
