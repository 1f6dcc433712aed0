//! The engine that all queries share: threads, memory, room on disk, and what is known about objects by their hash.
//!
//! Must not live here: the meaning of names. Invariants: memory and disk limits hold for all queries together; a
//! session reads the objects of its own query and nothing else; what is remembered is keyed by content.

use super::{
    layout::Layout,
    store::{OnlyStore, QueryStore},
    text::TextFile,
};
use datafusion::{
    catalog::{
        CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
        SchemaProvider, TableProvider,
    },
    error::Result as PlanResult,
    execution::{
        SessionState, SessionStateBuilder,
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        memory_pool::{FairSpillPool, MemoryPool},
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    object_store::memory::InMemory,
    prelude::SessionConfig,
};
use kamld_types::{Hash, Problem};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    num::NonZero,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::runtime::{Handle, Runtime};

/// The limits of queries. Each is one for all queries together unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bytes that sorting, joining and grouping may hold in memory before they go to disk.
    pub memory: u64,
    /// Where they go; a folder of its own. None: they may not, and a query that needs to fails with `limit`.
    pub spill: Option<PathBuf>,
    /// Bytes that may lie there.
    pub spill_limit: u64,
    /// Cores that one query may use.
    pub cores: usize,
    /// How long one query may work; waiting for whoever takes its rows does not count.
    pub time: Duration,
    /// The longest row of text in bytes, of one object.
    pub max_row: usize,
    /// Results that are kept, and as many tables that are looked at.
    pub max_results: usize,
    /// How long one is kept after it was last asked for.
    pub result_life: Duration,
    /// Bytes on disk that kept rows may take; none for a tenth of what is free, at most 10 GiB.
    pub results: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            spill: None,
            spill_limit: 16 << 30,
            cores: std::thread::available_parallelism().map_or(2, NonZero::get),
            time: Duration::from_secs(600),
            // Long geometries and documents fit; a quote that never closes is noticed before memory suffers.
            max_row: 32 << 20,
            max_results: 64,
            result_life: Duration::from_secs(900),
            results: None,
        }
    }
}

/// Expressions are trees that are walked by recursion, and a person's text may nest them. Only what is used is paid for.
const STACK: usize = 64 << 20;

/// Layouts of texts by content: a text is looked at once.
#[derive(Default)]
struct Layouts {
    known: HashMap<(Hash, super::Format), Layout>,
    order: VecDeque<(Hash, super::Format)>,
}

/// Entries are small (a name and a type a column).
const MAX_LAYOUTS: usize = 4096;

pub(crate) struct Engine {
    pub config: Config,
    /// Queries run on threads of their own, so that the rest of the host answers while all of them are busy.
    runtime: Option<Runtime>,
    base: SessionState,
    env: Arc<RuntimeEnv>,
    layouts: Mutex<Layouts>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Engine {
    pub(crate) fn new(config: Config) -> Result<Self, Problem> {
        let fail = |what: &str, error: &dyn std::fmt::Display| {
            Problem::internal(format!("queries cannot start: {what}: {error}"))
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // Two more than work: someone is there to stop those that do.
            .worker_threads(config.cores.max(1) + 2)
            .thread_name("kamld-sql")
            .thread_stack_size(STACK)
            .enable_all()
            .build()
            .map_err(|error| fail("threads", &error))?;
        let pool: Arc<dyn MemoryPool> =
            Arc::new(FairSpillPool::new(usize::try_from(config.memory).unwrap_or(usize::MAX)));
        let mode = match &config.spill {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| fail("the folder for large queries", &error))?;
                DiskManagerMode::Directories(vec![folder.clone()])
            }
            None => DiskManagerMode::Disabled,
        };
        let disk = DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(config.spill_limit);
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .with_disk_manager_builder(disk)
            .with_object_store_registry(Arc::new(OnlyStore(Arc::new(InMemory::new()))))
            .build()
            .map_err(|error| fail("limits", &error))?;
        let mut base = SessionStateBuilder::new_with_default_features().with_runtime_env(Arc::new(env.clone())).build();
        super::bounded::bound(&mut base).map_err(|error| fail("functions", &error))?;
        Ok(Self { config, runtime: Some(runtime), base, env: Arc::new(env), layouts: Mutex::default() })
    }

    pub(crate) fn handle(&self) -> Result<&Handle, Problem> {
        self.runtime.as_ref().map(Runtime::handle).ok_or_else(|| Problem::unavailable("the host is stopping"))
    }

    /// A session that knows these tables (catalog, schema, name) and reads from this store.
    pub(crate) fn session(
        &self,
        catalog: &str,
        tables: Vec<([String; 3], Arc<dyn TableProvider>)>,
        store: QueryStore,
    ) -> PlanResult<SessionState> {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.config.cores.max(1))
            .with_information_schema(false)
            .with_create_default_catalog_and_schema(false)
            .with_default_catalog_and_schema(catalog, "public");
        let options = config.options_mut();
        options.sql_parser.collect_spans = true;
        // A share of what all queries have; the default is meant for machines of one query.
        options.execution.sort_spill_reservation_bytes =
            usize::try_from(self.config.memory / 16).unwrap_or(usize::MAX).min(10 << 20);
        let catalogs = MemoryCatalogProviderList::new();
        let ensure = |name: &str| -> Arc<dyn CatalogProvider> {
            catalogs.catalog(name).unwrap_or_else(|| {
                let made: Arc<dyn CatalogProvider> = Arc::new(MemoryCatalogProvider::new());
                catalogs.register_catalog(name.to_owned(), made.clone());
                made
            })
        };
        ensure(catalog).register_schema("public", Arc::new(MemorySchemaProvider::new()))?;
        for ([catalog, schema, name], table) in tables {
            let catalog = ensure(&catalog);
            let schema_provider = match catalog.schema(&schema) {
                Some(known) => known,
                None => {
                    let made: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
                    catalog.register_schema(&schema, made.clone())?;
                    made
                }
            };
            schema_provider.register_table(name, table)?;
        }
        let env =
            RuntimeEnv { object_store_registry: Arc::new(OnlyStore(Arc::new(store))), ..self.env.as_ref().clone() };
        Ok(SessionStateBuilder::new_from_existing(self.base.clone())
            .with_session_id(uuid::Uuid::new_v4().to_string())
            .with_config(config)
            .with_catalog_list(Arc::new(catalogs))
            .with_runtime_env(Arc::new(env))
            .build())
    }

    /// The layout of a text, from its first rows unless all of them were seen before.
    pub(crate) async fn layout(&self, file: &TextFile) -> Result<Layout, Problem> {
        if let Some(known) = self.layouts.lock().known.get(&(file.entry.hash, file.format)) {
            return Ok(known.clone());
        }
        let layout = file.sample().await?;
        self.remember(file, &layout);
        Ok(layout)
    }

    /// Reads the whole text: how many rows, and the layout that fits them all.
    pub(crate) async fn whole_layout(&self, file: &TextFile) -> Result<(u64, Layout), Problem> {
        let (rows, layout) = file.validate(self.config.cores.max(1)).await?;
        self.remember(file, &layout);
        Ok((rows, layout))
    }

    fn remember(&self, file: &TextFile, layout: &Layout) {
        let key = (file.entry.hash, file.format);
        let mut layouts = self.layouts.lock();
        if layouts.known.insert(key, layout.clone()).is_none() {
            layouts.order.push_back(key);
            if layouts.order.len() > MAX_LAYOUTS
                && let Some(oldest) = layouts.order.pop_front()
            {
                layouts.known.remove(&oldest);
            }
        }
    }
}
