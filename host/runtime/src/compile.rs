//! Compilation of components in a process of its own, with limits.
//!
//! Lives here: the parent's end (`Compiler`) and the child's end (`child_main`).
//! Invariant: the process that serves never compiles what a stranger wrote; the child writes one file and nothing else.

use crate::{engine, limits::Limits};
use kamld_types::{Hash, Problem, problem::Result};
use kamld_worker::{Confines, Ending, Launch};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

/// The largest component that is compiled at all, in bytes: Python ones have 22 MiB.
const LARGEST: u64 = 256 << 20;
/// The largest artifact that a child may write, in bytes.
const LARGEST_ARTIFACT: u64 = 1 << 30;

/// How the child is started: `EXE ARGS... --input FILE --output FILE ...`.
#[derive(Clone, Debug)]
pub struct Compiler(Launch);

impl Compiler {
    /// It must end in `child_main`, which is handed what follows.
    pub fn child(launch: Launch) -> Self {
        Self(launch)
    }

    /// Compiles `input`, whose bytes have this digest, to `output`, a file that is not there yet.
    pub(crate) async fn compile(&self, input: &Path, digest: &Hash, output: &Path, limits: &Limits) -> Result<()> {
        let mut command = self.0.command();
        command
            .arg("--input")
            .arg(input)
            .arg("--output")
            .arg(output)
            .args(["--digest", &digest.to_hex()])
            .args(["--cpu-seconds", &limits.compile_cpu_s.to_string()])
            .args(["--memory-mib", &limits.compile_memory_mib.to_string()])
            // Each thread reserves address space, which is what is limited.
            .env("RAYON_NUM_THREADS", "4");
        let child = command.spawn().map_err(|error| {
            Problem::unavailable(format!("the compiler did not start ({}): {error}", self.0.exe.display()))
        })?;
        // A child that waits uses no processor time; on a busy machine one that works gets little of it.
        let patience = Duration::from_secs(limits.compile_cpu_s.saturating_mul(10).max(60));
        let done = match tokio::time::timeout(patience, child.wait_with_output()).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => return Err(Problem::internal(format!("the compiler was lost: {error}"))),
            Err(_) => {
                return Err(Problem::limit(format!("compiling it took longer than {} s", patience.as_secs()))
                    .help("nothing was installed; try again when the machine is less busy"));
            }
        };
        if done.status.success() {
            return Ok(());
        }
        Err(failure(Ending::of(done.status, &String::from_utf8_lossy(&done.stderr)), limits))
    }
}

/// What the end of a child means. Signals are how the limits of the system are felt.
fn failure(ending: Ending, limits: &Limits) -> Problem {
    let kept = "nothing was installed, what ran before still runs";
    match ending {
        Ending::OutOfTime => {
            Problem::limit(format!("compiling it took more than {} s of processor time", limits.compile_cpu_s))
                .help(format!("{kept}; an admin can raise limits.compile_cpu_s"))
        }
        Ending::OutOfMemory => {
            Problem::limit(format!("compiling it took more than {} MiB of memory", limits.compile_memory_mib))
                .help(format!("{kept}; an admin can raise limits.compile_memory_mib"))
        }
        Ending::Killed => {
            Problem::unavailable("the compiler was killed, most likely because the machine has no memory left")
                .help(kept)
        }
        Ending::TooDeep => Problem::invalid("it cannot be compiled: it is nested too deeply").help(kept),
        Ending::Signal(signal) => Problem::internal(format!("the compiler died of signal {signal}")).help(kept),
        Ending::Failed(said) => Problem::invalid(format!("it cannot be compiled: {said}")).help(kept),
        Ending::Done => Problem::internal("the compiler ended without an artifact").help(kept),
    }
}

struct Args {
    input: PathBuf,
    output: PathBuf,
    digest: Option<Hash>,
    cpu_seconds: u64,
    memory_mib: u64,
}

impl Args {
    fn read(args: impl IntoIterator<Item = String>) -> Result<Self> {
        let limits = Limits::default();
        let (mut input, mut output, mut digest) = (None, None, None);
        let (mut cpu_seconds, mut memory_mib) = (limits.compile_cpu_s, limits.compile_memory_mib);
        let mut args = args.into_iter();
        while let Some(key) = args.next() {
            let value = args.next().ok_or_else(|| Problem::invalid(format!("{key} wants a value")))?;
            let number = || value.parse().map_err(|_| Problem::invalid(format!("{key} wants a number")));
            match key.as_str() {
                "--input" => input = Some(PathBuf::from(value)),
                "--output" => output = Some(PathBuf::from(value)),
                "--digest" => digest = Some(value.parse()?),
                "--cpu-seconds" => cpu_seconds = number()?,
                "--memory-mib" => memory_mib = number()?,
                _ => return Err(Problem::invalid(format!("there is no {key}"))),
            }
        }
        let missing = |key: &str| Problem::invalid(format!("{key} is missing"));
        Ok(Self {
            input: input.ok_or_else(|| missing("--input"))?,
            output: output.ok_or_else(|| missing("--output"))?,
            digest,
            cpu_seconds,
            memory_mib,
        })
    }
}

/// All that the compiling process does: `--input FILE --output FILE [--digest HEX] [--cpu-seconds N] [--memory-mib N]`.
/// It limits itself before it looks at the input. On an error the caller writes it to the standard error and ends with failure.
pub fn child_main(args: impl IntoIterator<Item = String>) -> Result<()> {
    let args = Args::read(args)?;
    Confines {
        cpu_seconds: Some(args.cpu_seconds),
        address_space: Some(args.memory_mib << 20),
        file_size: Some(LARGEST_ARTIFACT),
    }
    .apply()?;
    let cannot = |what: &str, path: &Path, error: &dyn std::fmt::Display| {
        Problem::unavailable(format!("{} cannot be {what}: {error}", path.display()))
    };
    let size = fs::metadata(&args.input).map_err(|error| cannot("read", &args.input, &error))?.len();
    if size > LARGEST {
        return Err(Problem::limit(format!("a component of {size} bytes is too large, {LARGEST} are allowed")));
    }
    let bytes = fs::read(&args.input).map_err(|error| cannot("read", &args.input, &error))?;
    if args.digest.is_some_and(|digest| digest.0 != <[u8; 32]>::from(Sha256::digest(&bytes))) {
        return Err(Problem::corrupt("its bytes are not what its digest says"));
    }
    let engine = engine::compiling().map_err(|error| Problem::internal(format!("no engine: {error:#}")))?;
    let artifact = engine.precompile_component(&bytes).map_err(|error| Problem::invalid(format!("{error:#}")))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.output)
        .map_err(|error| cannot("written", &args.output, &error))?;
    file.write_all(&artifact).and_then(|()| file.sync_all()).map_err(|error| cannot("written", &args.output, &error))
}
