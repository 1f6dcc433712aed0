//! Proves at start that each limit bites, with a probe guest on the very path that every call takes.
//!
//! Lives here: what is tried and what must come of it. Invariant: a limit that does not bite makes the host unready.

use crate::{
    call::{Caller, Order, PROBE},
    guest::Guest,
    limits::Budget,
    plugin::{Exports, Loaded, Slot},
    probe,
    runtime::Runtime,
};
use kamld_types::{Hash, Kind, PluginId, Problem, problem::Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use wasmtime::{
    Store,
    component::{InstancePre, Linker},
};

/// Time for the two tests of time. Short, because every start waits for them: what is proven is that the clockwork
/// bites, which does not depend on the number.
const SHORT: Duration = Duration::from_millis(40);

/// One limit and whether it bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The key of the configuration, such as `limits.memory_mib`.
    pub limit: String,
    pub ok: bool,
    /// What was seen, in words.
    pub measured: String,
}

impl Runtime {
    /// Tries every limit of a call; takes about 0.1 s once the probe is compiled.
    pub async fn self_test(&self) -> Result<Vec<Report>> {
        let probe = self.probe().await?;
        let memory_bites =
            Budget { cpu: Duration::from_secs(5), wall: Duration::from_secs(20), ..self.limits().command() };
        let short_cpu = Budget { cpu: SHORT, ..memory_bites };
        let short_wall = Budget { wall: SHORT, ..memory_bites };
        let keys = self.limits().command();
        let tries = [
            (probe::SPIN, short_cpu, keys.cpu_key),
            (probe::WAIT, short_wall, keys.wall_key),
            (probe::GROW, memory_bites, "limits.memory_mib"),
            (probe::RECURSE, memory_bites, "limits.stack_kib"),
            (probe::LEAK, memory_bites, "limits.handles"),
            (probe::HAND_OVER, memory_bites, "limits.host_call_mib"),
        ];
        let mut reports = Vec::with_capacity(tries.len());
        for (export, budget, key) in tries {
            let began = Instant::now();
            let ended = self.provoke(&probe, export, budget).await;
            let ms = began.elapsed().as_millis();
            let bit = |problem: &Problem| {
                problem.kind == Kind::Limit && problem.help.as_deref().is_some_and(|help| help.contains(key))
            };
            let (ok, measured) = match ended {
                Ok(()) => (false, format!("nothing stopped it in {ms} ms")),
                Err(problem) => (bit(&problem), format!("{problem} after {ms} ms")),
            };
            if !ok {
                tracing::error!(limit = key, "a limit does not bite: {measured}");
            }
            reports.push(Report { limit: key.to_owned(), ok, measured });
        }
        Ok(reports)
    }

    /// The probe takes the path of every plug-in: compiled by the child, kept, authenticated, mapped.
    async fn probe(&self) -> Result<InstancePre<Guest>> {
        let too_much = self.limits().host_call_mib.saturating_add(1) << 20;
        let bytes = probe::component(too_much);
        let digest = Hash(Sha256::digest(&bytes).into());
        let source = self.cache.source("probe", &bytes)?;
        let stage = &self.stage;
        let component = self.cache.component(&stage.engine, &self.compiler, &stage.limits, &digest, &source).await?;
        let linked = || {
            let mut linker = Linker::<Guest>::new(&stage.engine);
            let mut root = linker.root();
            root.func_wrap(probe::NEW_HANDLE, |mut store, (): ()| {
                store.data_mut().host_call().table.push(())?;
                Ok(())
            })?;
            root.func_wrap(probe::TAKE, |_, (_bytes,): (Vec<u8>,)| Ok(()))?;
            root.func_wrap_async(probe::FOREVER, |_, (): ()| {
                Box::new(async {
                    std::future::pending::<()>().await;
                    Ok(())
                })
            })?;
            linker.instantiate_pre(&component)
        };
        linked().map_err(|error: wasmtime::Error| Problem::internal(format!("the probe cannot be linked: {error:#}")))
    }

    async fn provoke(&self, probe: &InstancePre<Guest>, export: &'static str, budget: Budget) -> Result<()> {
        // A slot of its own, thrown away after this try: the probe is meant to fail.
        let slot = Arc::new(Slot::new(PluginId::new(PROBE)?, self.limits(), &self.stage.memory));
        let order = Order { slot: &slot, caller: Caller::host(), doing: format!("probe '{export}'"), budget, bytes: 0 };
        let loaded = Arc::new(Loaded::silent(Hash::default(), Exports::default()));
        let probe = probe.clone();
        let work = async move |mut store: Store<Guest>, _: Arc<Loaded>| {
            let instance = probe.instantiate_async(&mut store).await?;
            let function = instance.get_typed_func::<(), ()>(&mut store, export)?;
            function.call_async(&mut store, ()).await
        };
        self.stage.call_version(order, loaded, work).await
    }
}
