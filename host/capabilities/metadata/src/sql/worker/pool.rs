//! Workers: how many there are, what each may have, and those that wait for their next task.
//!
//! Must not live here: what is said to them. Invariants: all tasks together have at most twice the memory of one, besides
//! what a process needs for itself; a worker whose task was given up is killed, never used again; a folder for what does
//! not fit into memory goes with its worker.

use super::{super::config::Config, super::layout::Layouts, wire::Settings};
use kamld_types::{Problem, problem::Result};
use kamld_worker::{Launch, Process};
use parking_lot::Mutex;
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tokio::{
    runtime::{Handle, Runtime},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Bytes that a process may allocate beside what sorting, joining and grouping hold: chunks of text, pages of Parquet,
/// batches on their way.
const OVERHEAD: u64 = 256 << 20;
/// The smallest part of the memory that a task begins with.
const PARTS: u64 = 16;
/// Workers that wait for a next task: one for a person who works, one for what is described meanwhile.
const IDLE: usize = 2;
/// How long they wait. After that all of their memory is back.
const IDLE_LIFE: Duration = Duration::from_secs(30);
/// One that allocated more than this is not kept: the system's allocator gives little of it back.
const LEAN: u64 = 128 << 20;
/// How long a task waits for a worker while all are busy.
const PATIENCE: Duration = Duration::from_secs(30);

type MakeWay = Box<dyn Fn() + Send + Sync>;

pub(crate) struct Workers {
    pub config: Config,
    pub layouts: Layouts,
    launch: Launch,
    slots: Arc<Semaphore>,
    state: Mutex<State>,
    /// Called when all workers are busy: stops what nobody looks at.
    make_way: OnceLock<MakeWay>,
    /// The host's end of tasks, and what is done with rows, beside the threads that serve.
    threads: Option<Runtime>,
}

#[derive(Default)]
struct State {
    idle: Vec<(Instant, Worker)>,
    memory: u64,
    spill: u64,
    started: u64,
}

struct Worker {
    process: Process,
    folder: Option<PathBuf>,
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl Workers {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let fail =
            |what: &str, error: std::io::Error| Problem::internal(format!("queries cannot start: {what}: {error}"));
        if let Some(spill) = &config.spill {
            // What workers of an earlier process left when it was killed.
            std::fs::create_dir_all(spill).map_err(|error| fail("the folder for large queries", error))?;
            for left in std::fs::read_dir(spill).map_err(|error| fail("the folder for large queries", error))? {
                let left = left.map_err(|error| fail("the folder for large queries", error))?.path();
                let name = left.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                if name.starts_with("worker-") || name.starts_with("datafusion-") {
                    std::fs::remove_dir_all(&left).map_err(|error| fail("what a former process left", error))?;
                }
            }
        }
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(config.cores.max(1) + 1)
            .thread_name("kamld-sql")
            .enable_all()
            .build()
            .map_err(|error| fail("threads", error))?;
        Ok(Self {
            launch: config.worker.clone(),
            slots: Arc::new(Semaphore::new(config.workers.max(1))),
            layouts: Layouts::default(),
            state: Mutex::default(),
            make_way: OnceLock::new(),
            threads: Some(threads),
            config,
        })
    }

    pub(crate) fn handle(&self) -> Result<&Handle> {
        self.threads.as_ref().map(Runtime::handle).ok_or_else(|| Problem::unavailable("the host is stopping"))
    }

    /// Workers that have a task.
    pub(crate) fn busy(&self) -> usize {
        self.config.workers.max(1) - self.slots.available_permits()
    }

    pub(crate) fn when_short(&self, make_way: impl Fn() + Send + Sync + 'static) {
        let _ = self.make_way.set(Box::new(make_way));
    }

    /// Ends workers that have waited long enough.
    pub(crate) fn retire(&self) {
        let retired: Vec<_> = {
            let mut state = self.state.lock();
            state.idle.extract_if(.., |(since, _)| since.elapsed() >= IDLE_LIFE).collect()
        };
        for (_, worker) in retired {
            self.end(worker);
        }
    }

    /// A worker for one task.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let slot = match self.slots.clone().try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => {
                if let Some(make_way) = self.make_way.get() {
                    make_way();
                }
                match tokio::time::timeout(PATIENCE, self.slots.clone().acquire_owned()).await {
                    Ok(Ok(slot)) => slot,
                    _ => {
                        return Err(Problem::limit(format!("{} queries run already", self.config.workers))
                            .help("wait until one of them is done, or stop one, and run this query again"));
                    }
                }
            }
        };
        let (idle, memory, spill) = {
            let mut state = self.state.lock();
            let most = self.config.memory;
            let memory = (most.saturating_mul(2).saturating_sub(state.memory) / 2).clamp(most / PARTS, most);
            let spill = self.config.spill_limit.saturating_sub(state.spill) / 2;
            state.memory += memory;
            state.spill += spill;
            (state.idle.pop().map(|(_, worker)| worker), memory, spill)
        };
        let mut lease = Lease { workers: self.clone(), worker: idle, memory, spill, _slot: slot };
        if lease.worker.is_none() {
            lease.worker = Some(self.start()?);
        }
        Ok(lease)
    }

    fn start(&self) -> Result<Worker> {
        let number = {
            let mut state = self.state.lock();
            state.started += 1;
            state.started
        };
        let folder = self.config.spill.as_ref().map(|spill| spill.join(format!("worker-{number}")));
        let settings = Settings {
            cores: self.config.cores,
            max_row: self.config.max_row,
            time: self.config.time,
            spill: folder.clone(),
        };
        let settings = serde_json::to_string(&settings).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(Worker { process: self.launch.start(&[settings])?, folder })
    }

    /// Kills a worker and removes its folder.
    fn end(&self, worker: Worker) {
        let Worker { process, folder } = worker;
        let ended = async move {
            process.kill().await;
            if let Some(folder) = folder
                && let Err(error) = tokio::fs::remove_dir_all(&folder).await
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, folder = %folder.display(), "the folder of a query could not be removed");
            }
        };
        // Without threads the host is stopping: the process is killed when it is dropped.
        if let Ok(handle) = self.handle() {
            handle.spawn(ended);
        }
    }
}

/// A worker and what it may have, for one task. Dropped before the task is done, the worker is killed.
pub(super) struct Lease {
    workers: Arc<Workers>,
    worker: Option<Worker>,
    /// Bytes that sorting, joining and grouping may hold.
    pub memory: u64,
    /// Bytes that may lie in its folder.
    pub spill: u64,
    _slot: OwnedSemaphorePermit,
}

impl Lease {
    /// Bytes that the process may allocate.
    pub(super) fn most(&self) -> u64 {
        self.memory + OVERHEAD
    }

    pub(super) fn process(&mut self) -> Result<&mut Process> {
        let worker = self.worker.as_mut().ok_or_else(|| Problem::internal("the worker is gone"))?;
        Ok(&mut worker.process)
    }

    /// Its task is done: it may be used again.
    pub(super) fn done(mut self, peak: u64) {
        let Some(worker) = self.worker.take() else { return };
        let mut state = self.workers.state.lock();
        if peak <= LEAN && state.idle.len() < IDLE {
            state.idle.push((Instant::now(), worker));
        } else {
            drop(state);
            self.workers.end(worker);
        }
    }

    /// It stopped by itself: why.
    pub(super) async fn lost(mut self) -> kamld_worker::Ending {
        let Some(Worker { process, folder }) = self.worker.take() else {
            return kamld_worker::Ending::Failed("the worker is gone".into());
        };
        let ending = process.ending().await;
        if let Some(folder) = folder {
            let _ = tokio::fs::remove_dir_all(&folder).await;
        }
        ending
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.workers.state.lock();
        state.memory -= self.memory;
        state.spill -= self.spill;
        drop(state);
        if let Some(worker) = self.worker.take() {
            self.workers.end(worker);
        }
    }
}
