//! Compiled plug-ins: taken from the cache, and never when somebody else has touched them.

use crate::stage::{caller, config, id, limits, linkages, program, version};
use kamld_policy::Gate;
use kamld_runtime::{Caller, Limits, Previews, Runtime};
use kamld_types::{Address, Kind, Node, Problem};
use serde_json::Map;
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
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
