//! What a call of a plug-in costs: a fresh instance with a call, and a host call with its policy check.

use crate::table::{Samples, Table, rate, short};
use anyhow::Context;
use async_trait::async_trait;
use kamld_bindings::{Error, imports::kamld::metadata::kv};
use kamld_linkages::StorageLinkage;
use kamld_linkages_wasi::WasiLinkage;
use kamld_policy::{Call, Gate, Rights, Verb};
use kamld_runtime::{Caller, Compiler, Config, Guest, HostCall, Limits, Linkage, Parts, Previews, Runtime, Version};
use kamld_storage::{AssetKind, AssetStore, Destination};
use kamld_types::{Address, AssetId, Hash, Node, ObjectPath, Person, PluginId, Problem};
use kamld_worker::Launch;
use serde_json::Map;
use sha2::{Digest, Sha256};
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};
use wasmtime::component::{HasData, Linker};

/// A capability with one answer, so that what is measured is the way to it.
struct Drawer;

struct DrawerHost<'a>(&'a Arc<Call>);

struct HasDrawer;

impl HasData for HasDrawer {
    type Data<'a> = DrawerHost<'a>;
}

impl Linkage for Drawer {
    fn link(&self, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        kv::add_to_linker::<_, HasDrawer>(linker, |guest| {
            let HostCall { call, .. } = guest.host_call();
            DrawerHost(call)
        })
    }

    fn open(&self, _: &mut Parts) {}
}

impl kv::Host for DrawerHost<'_> {
    async fn get(&mut self, _: String) -> wasmtime::Result<Result<Option<kv::Item>, Error>> {
        if let Err(problem) = self.0.admit("kamld:metadata/kv", Verb::Read, "") {
            return Ok(Err(problem.into()));
        }
        Ok(Ok(Some(kv::Item { value: b"red".to_vec(), revision: 1 })))
    }

    async fn put(&mut self, _: String, _: Vec<u8>, _: Option<u64>) -> wasmtime::Result<Result<u64, Error>> {
        Ok(Err(Problem::denied("this drawer is locked").into()))
    }

    async fn remove(&mut self, _: String, _: Option<u64>) -> wasmtime::Result<Result<bool, Error>> {
        Ok(Err(Problem::denied("this drawer is locked").into()))
    }

    async fn list(&mut self, _: String, _: Option<String>, _: u32) -> wasmtime::Result<Result<Vec<String>, Error>> {
        Ok(Ok(Vec::new()))
    }
}

struct Nothing;

#[async_trait]
impl Previews for Nothing {
    async fn open(&self, _: Caller, _: &Address, _: u64, _: u32) -> Result<Vec<Node>, Problem> {
        Ok(Vec::new())
    }
}

/// Builds the guest programs and answers their folder.
fn programs() -> anyhow::Result<PathBuf> {
    let target = std::env::current_exe()?.ancestors().nth(2).context("no target folder")?.to_owned();
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "-q", "--release", "--target", "wasm32-wasip2", "-p", "kamld-programs", "--examples"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env("CARGO_TARGET_DIR", &target)
        .status()?;
    anyhow::ensure!(built.success(), "the guest programs do not build");
    Ok(target.join("wasm32-wasip2/release/examples"))
}

fn version(component: PathBuf) -> anyhow::Result<Version> {
    Ok(Version {
        digest: Hash(Sha256::digest(std::fs::read(&component)?).into()),
        component,
        gate: Arc::new(Gate::open()),
        generation: Arc::new(AtomicU64::new(1)),
    })
}

fn caller() -> Caller {
    Caller {
        person: Person::local(),
        rights: Rights::Everything,
        project: None,
        trace: "0".repeat(32),
        locale: "en".into(),
        deadline: None,
    }
}

pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let compiler = std::env::current_exe()?.with_file_name("kamld");
    let config = Config {
        limits: Limits::default(),
        cache: folder.path().join("cache"),
        compiler: Compiler::child(Launch::new(compiler, ["worker", "compile"])),
        denials: None,
    };
    let store = Arc::new(crate::store::open(folder.path())?);
    let linkages: Vec<Arc<dyn Linkage>> =
        vec![Arc::new(WasiLinkage), Arc::new(Drawer), Arc::new(StorageLinkage(store.clone()))];
    let runtime = Runtime::new(config, linkages, Arc::new(Nothing))?;
    let programs = programs()?;
    let version = version(programs.join("calls_answers.wasm"))?;
    let id = PluginId::new("bench/answers")?;
    let start = Instant::now();
    runtime.load(id.clone(), version.clone()).await?;
    let compiled = start.elapsed();
    let start = Instant::now();
    runtime.load(id.clone(), version).await?;
    table.row(
        "load a plug-in, asking for its commands",
        "1",
        short(start.elapsed()),
        format!("compiling first {}", short(compiled)),
        "5 ms for the load alone",
    );
    let run = async |what: &str| -> anyhow::Result<()> {
        runtime.run_command(&id, caller(), &["program".into(), what.into()], Map::new()).await?;
        Ok(())
    };
    let calls = Samples::take(2000, async |_| run("count").await).await?;
    table.row("fresh instance + call", "1", calls.show(), "-".into(), "p50 below 150 us");
    let thousands = Samples::take(100, async |_| run("ask").await).await?;
    let each = thousands.at(50).saturating_sub(calls.at(50)) / 1000;
    table.row("host call with policy, list answered", "1,000 a call", short(each), "-".into(), "below 2.5 us");
    reads(table, &runtime, &store, programs.join("bench_reads.wasm"), folder.path()).await
}

const MIB: usize = 1 << 20;
const SIZE: usize = 512 * MIB;

/// An object read through a guest in 1 MiB steps, beside the same bytes read from a plain file in the same steps.
async fn reads(
    table: &mut Table,
    runtime: &Runtime,
    store: &AssetStore,
    program: PathBuf,
    folder: &Path,
) -> anyhow::Result<()> {
    let asset = AssetId::new("bench", "reads")?;
    store.create_asset(&asset, AssetKind::Dataset).await?;
    let chunk = bytes::Bytes::from((0..MIB).map(|n| (n * 31 % 251) as u8).collect::<Vec<_>>());
    let to = Destination { asset, branch: None, path: ObjectPath::new("large.bin")?, media_type: None, modified: None };
    let parts = std::iter::repeat_n(chunk.clone(), SIZE / MIB).map(Ok::<_, std::convert::Infallible>);
    store.put_stream(to, futures::stream::iter(parts)).await?;
    let plain = folder.join("plain");
    std::fs::write(&plain, chunk.repeat(SIZE / MIB))?;
    let id = PluginId::new("bench/reads")?;
    runtime.load(id.clone(), version(program)?).await?;
    let name = ["program".to_owned(), "read".to_owned()];
    let ours = Samples::take(5, async |_| {
        let outcome = runtime.run_command(&id, caller(), &name, Map::new()).await?;
        anyhow::ensure!(outcome.data == SIZE, "the guest read {}", outcome.data);
        Ok(())
    })
    .await?;
    let floor = Samples::take(5, async |_| {
        let mut file = std::fs::File::open(&plain)?;
        let mut buffer = vec![0; MIB];
        while file.read(&mut buffer)? > 0 {
            std::hint::black_box(&buffer);
        }
        Ok(())
    })
    .await?;
    let share = 100.0 * floor.at(50).as_secs_f64() / ours.at(50).as_secs_f64();
    table.row(
        "read through a guest, 1 MiB steps",
        "512 MiB",
        format!("{}, {share:.0} %", rate(SIZE as u64, ours.at(50))),
        format!("plain file, same steps {}", rate(SIZE as u64, floor.at(50))),
        "above 60 %",
    );
    Ok(())
}
