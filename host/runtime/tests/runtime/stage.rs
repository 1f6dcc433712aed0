//! A runtime to test, and the guest programs, built once for all tests.

use async_trait::async_trait;
use kamld_bindings::{Error, imports::kamld::metadata::kv};
use kamld_linkages_wasi::WasiLinkage;
use kamld_policy::{Call, Gate, Grant, Manifest, Rights, Verb};
use kamld_runtime::{
    Caller, Compiler, Config, Guest, HostCall, Limits, Linkage, Parts, Previews, Runtime, Status, Version,
};
use kamld_types::{Address, Hash, Kind, Node, Person, PluginId, Problem, command::Outcome};
use kamld_worker::Launch;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use wasmtime::component::{HasData, Linker};

pub fn programs_source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs/examples")
}

/// The folder of the built programs.
fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // TARGET/debug/deps/runtime-HASH
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "-p", "kamld-programs", "--examples"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .env("CARGO_TARGET_DIR", &target)
            .status()
            .unwrap();
        assert!(built.success(), "the guest programs do not build");
        target.join("wasm32-wasip2/release/examples")
    })
}

pub fn program(name: &str) -> PathBuf {
    programs().join(format!("{name}.wasm"))
}

/// Compiled programs, shared by all tests so that each is compiled once.
fn shared_cache() -> &'static Path {
    static CACHE: OnceLock<TempDir> = OnceLock::new();
    CACHE.get_or_init(|| TempDir::new().unwrap()).path()
}

pub fn digest(path: &Path) -> Hash {
    Hash(Sha256::digest(std::fs::read(path).unwrap()).into())
}

pub fn version(path: &Path, gate: Gate) -> Version {
    Version {
        digest: digest(path),
        component: path.to_owned(),
        gate: Arc::new(gate),
        generation: Arc::new(AtomicU64::new(1)),
    }
}

pub fn id(name: &str) -> PluginId {
    PluginId::new(format!("test/{}", name.replace('_', "-"))).unwrap()
}

/// A gate of a plug-in that may run and is allowed nothing.
pub fn nothing(name: &str) -> Gate {
    let manifest = format!(
        "id = \"{}\"\nversion = \"0.1.0\"\ntitle = \"T\"\nsummary = \"S\"\nlicence = \"Apache-2.0\"\n",
        id(name)
    );
    Gate::compile(&Manifest::parse(&manifest).unwrap(), Some(&Grant::nothing(id(name))), 1)
}

pub fn caller() -> Caller {
    Caller {
        person: Person { id: "anna".into(), roles: Vec::new() },
        rights: Rights::Everything,
        project: None,
        trace: "0123456789abcdef0123456789abcdef".into(),
        locale: "de".into(),
        deadline: None,
    }
}

/// A capability as the product has them: linked once, its state opened for each call, each step admitted first.
pub struct Drawer;

struct DrawerHost<'a> {
    call: &'a Arc<Call>,
    values: &'a Values,
}

/// What the capability keeps for one call.
struct Values(BTreeMap<String, Vec<u8>>);

struct HasDrawer;

impl HasData for HasDrawer {
    type Data<'a> = DrawerHost<'a>;
}

impl Linkage for Drawer {
    fn link(&self, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        kv::add_to_linker::<_, HasDrawer>(linker, |guest| {
            let HostCall { call, parts, .. } = guest.host_call();
            DrawerHost { call, values: parts.of() }
        })
    }

    fn open(&self, parts: &mut Parts) {
        parts.insert(Values([("colour".to_owned(), b"red".to_vec())].into()));
    }

    fn offers(&self) -> Vec<String> {
        vec!["kamld:metadata/kv".into()]
    }
}

impl kv::Host for DrawerHost<'_> {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<kv::Item>, Error>> {
        if let Err(problem) = self.call.admit("kamld:metadata/kv", Verb::Read, "") {
            return Ok(Err(problem.into()));
        }
        Ok(Ok(self.values.0.get(&key).map(|value| kv::Item { value: value.clone(), revision: 1 })))
    }

    async fn put(&mut self, _: String, _: Vec<u8>, _: Option<u64>) -> wasmtime::Result<Result<u64, Error>> {
        Ok(Err(Problem::denied("this drawer is locked").into()))
    }

    async fn remove(&mut self, _: String, _: Option<u64>) -> wasmtime::Result<Result<bool, Error>> {
        Ok(Err(Problem::denied("this drawer is locked").into()))
    }

    async fn list(&mut self, _: String, _: Option<String>, _: u32) -> wasmtime::Result<Result<Vec<String>, Error>> {
        Ok(Ok(self.values.0.keys().cloned().collect()))
    }
}

/// Draws through the runtime itself, as the product does: media type by the ending of the path.
#[derive(Default)]
pub struct Drawing {
    pub runtime: OnceLock<Weak<Runtime>>,
    pub panics: bool,
    pub asked: AtomicUsize,
}

#[async_trait]
impl Previews for Drawing {
    async fn open(&self, caller: Caller, address: &Address, start: u64, window: u32) -> Result<Vec<Node>, Problem> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "host code has a fault");
        let runtime = self.runtime.get().and_then(Weak::upgrade).unwrap();
        let media_type = match address.path.as_deref() {
            Some("mirror") => "text/x-mirror",
            _ => "text/csv",
        };
        runtime.preview(caller, address, media_type, 1, start, window).await.unwrap()
    }
}

pub struct Stage {
    pub runtime: Arc<Runtime>,
    pub drawing: Arc<Drawing>,
}

pub fn config(limits: Limits, cache: &Path) -> Config {
    let compiler = Compiler::child(Launch::new(env!("CARGO_BIN_EXE_kamld-compile"), [] as [&str; 0]));
    Config { limits, cache: cache.to_owned(), compiler, denials: None }
}

/// Limits under which the tests are quick, and nothing is paused.
pub fn limits() -> Limits {
    Limits { instances: 64, guest_threads: 2, faults: 1000, backoff_ms: 0, backoff_max_ms: 0, ..Limits::default() }
}

/// What the programs import.
pub fn linkages() -> Vec<Arc<dyn Linkage>> {
    vec![Arc::new(WasiLinkage), Arc::new(Drawer)]
}

impl Stage {
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, Drawing::default())
    }

    pub fn with(limits: Limits, drawing: Drawing) -> Self {
        let drawing = Arc::new(drawing);
        let runtime = Arc::new(Runtime::new(config(limits, shared_cache()), linkages(), drawing.clone()).unwrap());
        drawing.runtime.set(Arc::downgrade(&runtime)).unwrap();
        Self { runtime, drawing }
    }

    /// A stage with one program loaded under the open gate.
    pub async fn playing(limits: Limits, name: &str) -> Self {
        let stage = Self::new(limits);
        stage.load(name, Gate::open()).await;
        stage
    }

    pub async fn load(&self, name: &str, gate: Gate) {
        self.runtime.load(id(name), version(&program(name), gate)).await.unwrap();
    }

    pub async fn run(&self, name: &str, word: &str) -> Result<Outcome, Problem> {
        let words = ["program".to_owned(), word.to_owned()];
        self.runtime.run_command(&id(name), caller(), &words, Map::new()).await
    }

    pub async fn data(&self, name: &str, word: &str) -> Value {
        self.run(name, word).await.unwrap().data
    }

    /// Runs on a task of its own, as a server would.
    pub fn start(&self, name: &'static str, word: &'static str) -> tokio::task::JoinHandle<Result<Outcome, Problem>> {
        let (runtime, words) = (self.runtime.clone(), ["program".to_owned(), word.to_owned()]);
        tokio::spawn(async move { runtime.run_command(&id(name), caller(), &words, Map::new()).await })
    }

    pub fn status(&self, name: &str) -> Status {
        self.runtime.plugins().into_iter().find(|status| status.plugin == id(name)).unwrap()
    }

    /// Waits until something is so; a minute without it is a failure.
    pub async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !so(self) {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "never came to be: {what}");
    }
}

/// The problem is of this kind, and says this in its message or help.
#[track_caller]
pub fn assert_problem(result: Result<Outcome, Problem>, kind: Kind, says: &str) {
    let problem = result.unwrap_err();
    assert_eq!(problem.kind, kind, "{problem:?}");
    let text = format!("{} | {}", problem.message, problem.help.as_deref().unwrap_or_default());
    assert!(text.contains(says), "{text}");
}
