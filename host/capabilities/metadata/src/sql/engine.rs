//! The engine of a worker: threads, memory, room on disk, and what is known about objects by their hash.
//!
//! Must not live here: the meaning of names. Invariants: memory and disk limits are those of the task; a session reads
//! the objects of its own query and nothing else; what is remembered is keyed by content.

use super::{
    layout::{Layout, Layouts},
    store::{OnlyStore, QueryStore},
    text::TextFile,
    worker::{Link, Settings},
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
        memory_pool::FairSpillPool,
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    object_store::memory::InMemory,
    prelude::SessionConfig,
};
use kamld_types::Problem;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::{Handle, Runtime};

/// Expressions are trees that are walked by recursion, and a person's text may nest them. Only what is used is paid for.
const STACK: usize = 64 << 20;

pub(crate) struct Engine {
    pub settings: Settings,
    runtime: Runtime,
    base: SessionState,
    limits: Mutex<Limits>,
    layouts: Layouts,
    link: Arc<Link>,
}

/// What the task of the moment may have.
struct Limits {
    env: Arc<RuntimeEnv>,
    /// Bytes.
    memory: u64,
}

fn fail(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::internal(format!("queries cannot start: {what}: {error}"))
}

fn environment(settings: &Settings, memory: u64, spill: u64) -> Result<Arc<RuntimeEnv>, Problem> {
    let pool = FairSpillPool::new(usize::try_from(memory).unwrap_or(usize::MAX));
    let mode = match &settings.spill {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| fail("the folder for large queries", &error))?;
            DiskManagerMode::Directories(vec![folder.clone()])
        }
        None => DiskManagerMode::Disabled,
    };
    let disk = DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(spill);
    let env = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(disk)
        .with_object_store_registry(Arc::new(OnlyStore(Arc::new(InMemory::new()))))
        .build();
    env.map(Arc::new).map_err(|error| fail("limits", &error))
}

impl Engine {
    pub(crate) fn new(settings: Settings, link: Arc<Link>) -> Result<Self, Problem> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // Two more than work: what the host answers is heard while they do.
            .worker_threads(settings.cores.max(1) + 2)
            .thread_name("kamld-sql")
            .thread_stack_size(STACK)
            .enable_all()
            .build()
            .map_err(|error| fail("threads", &error))?;
        // Until the first task begins it may have nothing.
        let env = environment(&settings, 0, 0)?;
        let base = SessionStateBuilder::new_with_default_features().with_runtime_env(env.clone()).build();
        let limits = Mutex::new(Limits { env, memory: 0 });
        Ok(Self { settings, runtime, base, limits, layouts: Layouts::default(), link })
    }

    /// A task begins, which may have so much memory and room on disk, in bytes.
    pub(crate) fn begin(&self, memory: u64, spill: u64) -> Result<(), Problem> {
        *self.limits.lock() = Limits { env: environment(&self.settings, memory, spill)?, memory };
        Ok(())
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// A session that knows these tables (catalog, schema, name) and reads from this store.
    pub(crate) fn session(
        &self,
        catalog: &str,
        tables: Vec<([String; 3], Arc<dyn TableProvider>)>,
        store: QueryStore,
    ) -> PlanResult<SessionState> {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.settings.cores.max(1))
            .with_information_schema(false)
            .with_create_default_catalog_and_schema(false)
            .with_default_catalog_and_schema(catalog, "public");
        let options = config.options_mut();
        options.sql_parser.collect_spans = true;
        let (env, memory) = {
            let limits = self.limits.lock();
            (limits.env.clone(), limits.memory)
        };
        // A share of what the task has; the default is meant for machines of one query.
        options.execution.sort_spill_reservation_bytes =
            usize::try_from(memory / 16).unwrap_or(usize::MAX).min(10 << 20);
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
        let env = RuntimeEnv { object_store_registry: Arc::new(OnlyStore(Arc::new(store))), ..env.as_ref().clone() };
        let mut state = SessionStateBuilder::new_from_existing(self.base.clone())
            .with_session_id(uuid::Uuid::new_v4().to_string())
            .with_config(config)
            .with_catalog_list(Arc::new(catalogs))
            .with_runtime_env(Arc::new(env))
            .build();
        // What now() is.
        state.mark_start_execution();
        Ok(state)
    }

    /// The layout of a text, from its first rows unless all of them were seen before.
    pub(crate) async fn layout(&self, file: &TextFile) -> Result<Layout, Problem> {
        let (hash, format) = (file.entry.hash, file.format);
        // Another worker may have read all of it since.
        let known = match self.layouts.get(hash, format) {
            Some(known) if known.complete => Some(known),
            known => self.link.layout(hash, format).await.or(known),
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let layout = file.sample().await?;
        self.remember(file, &layout);
        Ok(layout)
    }

    /// Reads the whole text: how many rows, and the layout that fits them all.
    pub(crate) async fn whole_layout(&self, file: &TextFile) -> Result<(u64, Layout), Problem> {
        let (rows, layout) = file.validate(self.settings.cores.max(1)).await?;
        self.remember(file, &layout);
        Ok((rows, layout))
    }

    /// Here, and in the host for the workers that come after this one.
    fn remember(&self, file: &TextFile, layout: &Layout) {
        self.layouts.put(file.entry.hash, layout.clone());
        self.link.tell_layout(file.entry.hash, layout);
    }
}
