//! The one engine, and how it is set up.
//!
//! Lives here: engine settings, the size of the instance pool, what happens when the pool cannot be had.
//! Invariant: `compiling()` and `serving()` agree in everything that a compiled artifact depends on, and that
//! depends on no configuration, so that an artifact is good for every configuration.

use crate::limits::Limits;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Address space reserved for each memory: with all 4 GiB of it, compiled code needs no bounds checks.
const RESERVATION: u64 = 4 << 30;
/// Stack on which a guest and the host functions that it calls run. The guest has `stack_kib` of it; the rest is
/// for the host, whose query planner recurses. Only what is touched costs memory.
const FIBER: usize = 8 << 20;

fn base() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_reservation(RESERVATION)
        .memory_init_cow(true)
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        // Each of these has had escapes or unbounded costs of its own, and no plug-in needs one.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_gc(false)
        .wasm_stack_switching(false)
        .wasm_shared_everything_threads(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .shared_memory(false)
        .wasm_component_model_memory64(false)
        .wasm_component_model_gc(false)
        .wasm_component_model_threading(false);
    config
}

/// For the process that compiles: reserves nothing, runs nothing.
pub fn compiling() -> wasmtime::Result<Engine> {
    let mut config = base();
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&config)
}

/// An engine that runs guests, and how many instances are held ready: none when there is no pool.
pub struct Serving {
    pub engine: Engine,
    pub slots: Option<u32>,
}

/// The pool is taken when the address space allows it; without it every instance is allocated as it comes.
pub fn serving(limits: &Limits) -> wasmtime::Result<Serving> {
    let mut config = base();
    let stack = usize::try_from(limits.stack_kib << 10).unwrap_or(usize::MAX).min(FIBER / 2);
    config.max_wasm_stack(stack).async_stack_size(FIBER);
    let memory = machine_memory();
    let slots = match limits.instances {
        0 => u32::try_from((memory >> 25).clamp(8, 1000)).unwrap_or(1000),
        slots => slots,
    };
    let mut pooled = config.clone();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits, slots)));
    match Engine::new(&pooled) {
        Ok(engine) => {
            tracing::debug!(slots, memory, "instances come from a pool");
            Ok(Serving { engine, slots: Some(slots) })
        }
        Err(error) => {
            tracing::warn!(slots, "no pool of instances, each call allocates its own and starts slower: {error:#}");
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Ok(Serving { engine: Engine::new(&config)?, slots: None })
        }
    }
}

fn pool(limits: &Limits, slots: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    // A Rust component is four core instances with two tables and one memory; a Python one is many more but rare.
    let (cores, tables) = (slots.saturating_mul(6).max(limits.parts), slots.saturating_mul(4).max(limits.parts));
    pool.total_component_instances(slots)
        .total_core_instances(cores)
        .total_memories(slots.saturating_add(slots / 4))
        .total_tables(tables)
        .total_stacks(slots)
        .max_core_instances_per_component(limits.parts)
        .max_tables_per_component(limits.parts)
        .max_memories_per_component(4)
        .max_memory_size(limits.memory_bytes())
        .table_elements(limits.table_elements as usize)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(512 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// What this process may use: the limit of its container, else the memory of the machine. In bytes.
pub fn machine_memory() -> u64 {
    let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let contained = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .filter_map(|path| number(path))
        .min();
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
    });
    match (contained, machine) {
        (Some(contained), Some(machine)) => contained.min(machine),
        (Some(bytes), None) | (None, Some(bytes)) => bytes,
        // Neither is known away from Linux: a small laptop is a safe guess.
        (None, None) => 4 << 30,
    }
}
