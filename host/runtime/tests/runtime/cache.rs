//! Compiled plug-ins: taken from the cache, and never when somebody else has touched them.

use crate::stage::{caller, config, digest, id, limits, linkages, program, version};
use kamld_policy::Gate;
use kamld_runtime::{Caller, Limits, Previews, Runtime};
use kamld_types::{Address, Kind, Node, Problem};
use serde_json::Map;
use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use wasm_encoder::{
    CodeSection, ComponentBuilder, Function, FunctionSection, Instruction, Module, TypeSection, ValType,
};

struct NoPreviews;

#[async_trait::async_trait]
impl Previews for NoPreviews {
    async fn open(&self, _: Caller, address: &Address, _: u64, _: u32) -> Result<Vec<Node>, Problem> {
        Err(Problem::not_found(format!("nobody draws {address}")))
    }
}

fn runtime(cache: &Path) -> Runtime {
    Runtime::new(config(limits(), cache), linkages(), Arc::new(NoPreviews)).unwrap()
}

async fn load(cache: &Path) -> Runtime {
    let runtime = runtime(cache);
    runtime.load(id("answers"), version(&program("calls_answers"), Gate::open())).await.unwrap();
    let words = ["program".to_owned(), "count".to_owned()];
    assert_eq!(runtime.run_command(&id("answers"), caller(), &words, Map::new()).await.unwrap().data, 1);
    runtime
}

fn only(cache: &Path, ending: &str) -> PathBuf {
    let mut found = std::fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    found.find(|path| path.extension().is_some_and(|there| there == ending)).unwrap()
}

#[tokio::test]
async fn a_plugin_is_compiled_once_and_then_loaded() {
    let cache = tempfile::tempdir().unwrap();
    load(cache.path()).await;
    let artifact = only(cache.path(), "cwasm");
    let written = std::fs::metadata(&artifact).unwrap().modified().unwrap();
    let again = runtime(cache.path());
    let began = Instant::now();
    again.load(id("answers"), version(&program("calls_answers"), Gate::open())).await.unwrap();
    println!("load from the cache, with the question for its commands: {:?}", began.elapsed());
    assert_eq!(std::fs::metadata(&artifact).unwrap().modified().unwrap(), written);
}

#[tokio::test]
async fn an_artifact_that_was_tampered_with_is_made_again() {
    let cache = tempfile::tempdir().unwrap();
    load(cache.path()).await;
    let artifact = only(cache.path(), "cwasm");
    let good = std::fs::read(&artifact).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&artifact, &bad).unwrap();
    load(cache.path()).await;
    assert!(std::fs::read(&artifact).unwrap() != bad, "the tampered artifact is still there");
}

#[tokio::test]
async fn a_code_under_another_key_is_worth_nothing() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    load(ours.path()).await;
    load(theirs.path()).await;
    let code = only(ours.path(), "mac");
    let genuine = std::fs::read(&code).unwrap();
    std::fs::copy(only(theirs.path(), "cwasm"), only(ours.path(), "cwasm")).unwrap();
    std::fs::copy(only(theirs.path(), "mac"), &code).unwrap();
    load(ours.path()).await;
    assert_eq!(std::fs::read(&code).unwrap(), genuine);
}

#[tokio::test]
async fn key_and_folder_are_closed_to_others() {
    let cache = tempfile::tempdir().unwrap();
    load(cache.path()).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(cache.path()), mode(&cache.path().join("key"))), (0o700, 0o600));
    let drafts = std::fs::read_dir(cache.path()).unwrap();
    assert_eq!(drafts.filter(|entry| entry.as_ref().unwrap().path().to_string_lossy().contains("draft")).count(), 0);
}

#[tokio::test]
async fn what_is_no_component_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let junk = folder.path().join("junk.wasm");
    std::fs::write(&junk, b"this is not WebAssembly").unwrap();
    let runtime = runtime(&folder.path().join("cache"));
    let problem = runtime.load(id("junk"), version(&junk, Gate::open())).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Invalid, "{problem:?}");
    assert!(problem.message.starts_with("plug-in test/junk cannot be loaded: it cannot be compiled"), "{problem}");
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_digest_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime(&folder.path().join("cache"));
    let mut other = version(&program("calls_answers"), Gate::open());
    other.digest.0[0] ^= 1;
    let problem = runtime.load(id("answers"), other).await.unwrap_err();
    assert!(problem.message.contains("not what its digest says"), "{problem}");
    assert!(runtime.plugins().is_empty());
}

/// A component that keeps a compiler busy: many functions, each with a long body.
fn laborious() -> Vec<u8> {
    let (mut types, mut functions, mut codes) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([ValType::I64, ValType::I64], [ValType::I64]);
    for number in 0..1000i64 {
        let mut function = Function::new([(64, ValType::I64)]);
        for step in 0..3000u32 {
            function.instruction(&Instruction::LocalGet(step % 60));
            function.instruction(&Instruction::LocalGet(step * 7 % 60));
            function.instruction(&Instruction::I64Const(number + i64::from(step)));
            function.instruction(&Instruction::I64RemS);
            function.instruction(&Instruction::I64Xor);
            function.instruction(&Instruction::LocalSet(step * 5 % 60));
        }
        function.instruction(&Instruction::LocalGet(0));
        function.instruction(&Instruction::End);
        functions.function(0);
        codes.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&codes);
    let mut builder = ComponentBuilder::default();
    builder.core_module(None, &module);
    builder.finish()
}

async fn compile_within(change: impl FnOnce(&mut Limits)) -> Problem {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(limits(), &folder.path().join("cache"));
    change(&mut config.limits);
    let runtime = Runtime::new(config, Vec::new(), Arc::new(NoPreviews)).unwrap();
    let laborious_one = folder.path().join("laborious.wasm");
    std::fs::write(&laborious_one, laborious()).unwrap();
    let problem = runtime.load(id("laborious"), version(&laborious_one, Gate::open())).await.unwrap_err();
    assert!(runtime.plugins().is_empty());
    problem
}

#[tokio::test]
async fn a_compilation_that_takes_too_long_is_stopped() {
    let problem = compile_within(|limits| limits.compile_cpu_s = 1).await;
    assert_eq!(problem.kind, Kind::Limit, "{problem:?}");
    assert!(problem.message.contains("more than 1 s of processor time"), "{problem}");
}

#[tokio::test]
async fn a_compilation_that_takes_too_much_memory_is_stopped() {
    let problem = compile_within(|limits| limits.compile_memory_mib = 64).await;
    assert_eq!(problem.kind, Kind::Limit, "{problem:?}");
    assert!(problem.message.contains("more than 64 MiB of memory"), "{problem}");
}

fn files(cache: &Path) -> BTreeSet<String> {
    std::fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The names of artifacts of this engine begin alike.
fn engine(cache: &Path) -> String {
    let artifact = only(cache, "cwasm");
    artifact.file_stem().unwrap().to_str().unwrap().split_once('-').unwrap().0.to_owned()
}

/// An artifact of `bytes` bytes that was used `age` seconds ago.
fn artifact(cache: &Path, name: &str, bytes: usize, age: u64) {
    std::fs::write(cache.join(format!("{name}.cwasm")), vec![0; bytes]).unwrap();
    std::fs::write(cache.join(format!("{name}.mac")), b"").unwrap();
    let mac = std::fs::File::options().write(true).open(cache.join(format!("{name}.mac"))).unwrap();
    mac.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
}

fn sizes(cache: &Path, keep: impl Fn(&str) -> bool) -> u64 {
    let kept = files(cache).into_iter().filter(|name| (name.ends_with("cwasm") || name.ends_with("mac")) && keep(name));
    kept.map(|name| std::fs::metadata(cache.join(name)).unwrap().len()).sum()
}

#[tokio::test]
async fn artifacts_that_nobody_needs_are_evicted_beyond_the_budget_the_oldest_first() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = load(cache.path()).await;
    let engine = engine(cache.path());
    let needed = sizes(cache.path(), |_| true);
    for (name, age) in [("b", 50), ("a", 100), ("c", 10)] {
        artifact(cache.path(), &format!("{engine}-{name}"), 1000, age);
    }
    let none = BTreeSet::new();
    let report = |budget, dry_run| {
        let report = runtime.collect_cache(&none, budget, dry_run).unwrap();
        (report.files, report.bytes)
    };
    assert_eq!(report(needed + 3000, false), (0, 0));
    let before = files(cache.path());
    assert_eq!(report(needed + 1500, true), (4, 2000), "a dry run says what it would do");
    assert_eq!(files(cache.path()), before);
    assert_eq!(report(needed + 1500, false), (4, 2000));
    let left = files(cache.path());
    assert!(left.contains(&format!("{engine}-c.cwasm")) && !left.contains(&format!("{engine}-b.cwasm")), "{left:?}");
    // What is loaded stays whatever the budget, and so does the key.
    assert_eq!(report(0, false), (2, 1000));
    assert_eq!(sizes(cache.path(), |_| true), needed);
    load(cache.path()).await;
    assert_eq!(sizes(cache.path(), |_| true), needed);
}

#[tokio::test]
async fn what_an_installed_plugin_needs_is_kept_and_using_it_counts() {
    let cache = tempfile::tempdir().unwrap();
    load(cache.path()).await;
    let mac = only(cache.path(), "mac");
    let ages_ago = SystemTime::now() - Duration::from_secs(1_000_000);
    std::fs::File::options().write(true).open(&mac).unwrap().set_modified(ages_ago).unwrap();
    // Not loaded in this runtime, as a plug-in that is switched off, or the package for a rollback.
    let idle = runtime(cache.path());
    let keep = BTreeSet::from([digest(&program("calls_answers"))]);
    assert_eq!(idle.collect_cache(&keep, 0, false).unwrap().files, 0);
    load(cache.path()).await;
    assert!(std::fs::metadata(&mac).unwrap().modified().unwrap() > ages_ago + Duration::from_secs(900_000));
    // The artifact, its code, and what it declares.
    assert_eq!(idle.collect_cache(&BTreeSet::new(), 0, false).unwrap().files, 3);
}

#[tokio::test]
async fn artifacts_of_other_engines_and_leftovers_go_at_once() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = load(cache.path()).await;
    let kept = files(cache.path());
    let engine = engine(cache.path());
    artifact(cache.path(), &format!("{}-x", "0".repeat(16)), 10, 0);
    artifact(cache.path(), &"ab".repeat(32), 10, 0);
    std::fs::write(cache.path().join(format!("{engine}-half.mac")), b"123").unwrap();
    let draft = cache.path().join("x.1-1.draft");
    std::fs::write(&draft, b"12345").unwrap();
    let of_now = cache.path().join("y.1-2.draft");
    std::fs::write(&of_now, b"12345").unwrap();
    let hours_ago = SystemTime::now() - Duration::from_secs(2 * 3600);
    std::fs::File::options().write(true).open(&draft).unwrap().set_modified(hours_ago).unwrap();
    let report = runtime.collect_cache(&BTreeSet::new(), u64::MAX, false).unwrap();
    assert_eq!((report.files, report.bytes), (6, 28));
    std::fs::remove_file(of_now).unwrap();
    assert_eq!(files(cache.path()), kept);
}
