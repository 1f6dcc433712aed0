//! The path of one call of a plug-in, from the request to the answer.
//!
//! Lives here: turns, budgets, the store, the guest's own threads, and what becomes of a call that fails.
//! Must not live here: which export is called (`runtime`).
//! Invariants: an instance serves one call; whatever cuts a call off drops its store; guests run on threads of their
//! own, so that whoever waits for them is never one of those that they keep busy.

use crate::{
    budget::GuestMemory,
    diagnosis::{Diagnosis, Subject},
    guest::{Guest, Linkage, MadeOf},
    ledger::Ledger,
    limits::{Budget, Limits},
    log::{Channel, Log},
    meter::{self, Meter, Metered},
    parts::Parts,
    plugin::{Loaded, Slot},
    plugin_host::Services,
    threads::Guests,
    ticker::Ticker,
    turns::Turn,
};
use kamld_policy::{Allowance, Call, Rights, Verb, call::Denials};
use kamld_types::{Kind, Person, Problem, ProjectName, problem::Result};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtxBuilder;

/// On whose behalf a plug-in is called.
#[derive(Clone, Debug)]
pub struct Caller {
    pub person: Person,
    pub rights: Rights,
    pub project: Option<ProjectName>,
    /// W3C trace id, 32 hex digits.
    pub trace: String,
    /// BCP 47, such as `en`.
    pub locale: String,
    /// When the caller stops waiting; the limit of the clock may end the call before.
    pub deadline: Option<Instant>,
}

impl Caller {
    /// The host itself, for calls that nobody asked for and that need no right.
    pub fn host() -> Self {
        Self {
            person: Person { id: "host".into(), roles: Vec::new() },
            rights: Rights::Projects(BTreeMap::new()),
            project: None,
            trace: "0".repeat(32),
            locale: "en".into(),
            deadline: None,
        }
    }
}

/// The id under which the self-test runs its guest; no plug-in can have it, since it has no package.
pub const PROBE: &str = "host/probe";

tokio::task_local! {
    /// How many calls of plug-ins this task is inside of.
    static NESTING: usize;
}

/// What every call needs of the runtime.
pub struct Stage {
    pub engine: Engine,
    pub limits: Limits,
    pub ticker: Arc<Ticker>,
    pub guests: Guests,
    pub linkages: Vec<Arc<dyn Linkage>>,
    pub services: Arc<Services>,
    pub denials: Option<Arc<dyn Denials>>,
    /// What all guests share.
    pub memory: Arc<GuestMemory>,
}

/// A guest's task that ends when nobody waits for it any more.
struct Waited<T>(JoinHandle<T>, Arc<Ledger>);

impl<T> Drop for Waited<T> {
    fn drop(&mut self) {
        if !self.0.is_finished() {
            self.1.cancelled(1);
            self.0.abort();
        }
    }
}

/// How a call ended.
enum Ended<R> {
    /// By itself, or with the host.
    Itself(std::result::Result<wasmtime::Result<R>, JoinError>),
    Late,
    /// Its grant was changed, or its plug-in is gone.
    Revoked,
    /// Its version was replaced, and it went on for longer than such calls may.
    Replaced,
}

/// Waits until the grant of a call is another one, or until its version is replaced and the time for that is over.
async fn overtaken<R>(slot: &Slot, call: &Call, loaded: &Arc<Loaded>, drain: Duration) -> Ended<R> {
    let mut draining = None;
    loop {
        // Listening begins before the look, so that no change is missed.
        let changed = slot.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        if call.current_generation.load(Ordering::Acquire) != call.generation {
            return Ended::Revoked;
        }
        if draining.is_none() && slot.replaced(loaded) {
            draining = Some(tokio::time::Instant::now() + drain);
        }
        match draining {
            None => changed.await,
            Some(until) => {
                if tokio::time::timeout_at(until, changed).await.is_err() {
                    return Ended::Replaced;
                }
            }
        }
    }
}

/// Tells the ledger and whoever was told before.
struct Told {
    ledger: Arc<Ledger>,
    next: Option<Arc<dyn Denials>>,
}

impl Denials for Told {
    fn denied(&self, call: &Call, interface: &str, verb: Verb, resource: &str, reason: &str) {
        self.ledger.denials(1);
        if let Some(next) = &self.next {
            next.denied(call, interface, verb, resource, reason);
        }
    }
}

/// Charges what the call has used when its future goes away, however it goes.
struct Charge {
    meter: Arc<Meter>,
    ledger: Arc<Ledger>,
}

impl Drop for Charge {
    fn drop(&mut self) {
        let used = self.meter.settled();
        self.ledger.cpu_ns(u64::try_from(used.as_nanos()).unwrap_or(u64::MAX));
    }
}

/// One call that is about to be made.
pub struct Order<'a> {
    pub slot: &'a Arc<Slot>,
    pub caller: Caller,
    /// In words, such as `command 'history log'`.
    pub doing: String,
    pub budget: Budget,
    /// Bytes that are handed over with it.
    pub bytes: usize,
}

impl Stage {
    /// Makes one call of the current version of a plug-in.
    pub async fn call<R, F, W>(&self, order: Order<'_>, work: W) -> Result<R>
    where
        R: Send + 'static,
        F: Future<Output = wasmtime::Result<R>> + Send + 'static,
        W: FnOnce(Store<Guest>, Arc<Loaded>) -> F + Send + 'static,
    {
        order.slot.admit().inspect_err(|_| order.slot.ledger.refused(1))?;
        let loaded = order.slot.loaded()?;
        self.call_version(order, loaded, work).await
    }

    /// Makes one call of a given version: the current one, or one that is being loaded.
    pub async fn call_version<R, F, W>(&self, order: Order<'_>, loaded: Arc<Loaded>, work: W) -> Result<R>
    where
        R: Send + 'static,
        F: Future<Output = wasmtime::Result<R>> + Send + 'static,
        W: FnOnce(Store<Guest>, Arc<Loaded>) -> F + Send + 'static,
    {
        let Order { slot, caller, doing, budget, bytes } = order;
        let began = Instant::now();
        let nesting = NESTING.try_with(|nesting| *nesting).unwrap_or(0);
        if nesting >= self.limits.nesting {
            let problem = Problem::limit(format!("{doing} would be call {} within a call", nesting + 1));
            return Err(problem.help("plug-ins call each other in a circle, or an admin has to raise limits.nesting"));
        }
        let wall = slot.grant().quota.wall_ms;
        let wall = budget.wall.min(Duration::from_millis(wall));
        let deadline = caller.deadline.unwrap_or(began + wall).min(began + wall);
        let turn = match self.turn(slot, &doing, deadline).await {
            Ok(turn) => turn,
            Err(problem) => {
                slot.ledger.refused(1);
                return Err(problem);
            }
        };
        // Only now, since it may have changed while the call waited for its turn.
        let grant = slot.grant();
        if slot.retired() {
            return Err(Problem::not_found(format!("plug-in {} is not loaded", slot.id)).help("nothing was done"));
        }
        let budget = budget.within(&grant.quota);
        let trace = caller.trace.clone();
        let meter = Arc::new(Meter::default());
        let call = Arc::new(Call {
            plugin: slot.id.clone(),
            person: caller.person,
            rights: caller.rights,
            project: caller.project,
            trace: caller.trace,
            deadline,
            gate: grant.gate,
            generation: grant.generation,
            current_generation: grant.current,
            denials: Some(Arc::new(Told { ledger: slot.ledger.clone(), next: self.denials.clone() })),
            allowance: Allowance::new(grant.quota, grant.sides, slot.share.clone()),
        });
        let span = tracing::info_span!(
            "plugin call",
            otel.name = %doing,
            otel.status_code = tracing::field::Empty,
            plugin.id = %slot.id,
            plugin.digest = %loaded.digest.short(),
            command = %doing,
            trace.id = %call.trace,
            cpu_us = tracing::field::Empty,
        );
        slot.ledger.calls(1);
        slot.ledger.bytes_in(bytes as u64);

        let store = self.store(slot, &call, caller.locale, meter.clone(), budget);
        let charge = Charge { meter: meter.clone(), ledger: slot.ledger.clone() };
        let running = self.ticker.running();
        let (inner, version) = (span.clone(), loaded.clone());
        let guest = async move {
            // The first is dropped last: another call gets its turn once the store of this one is gone.
            let _turn = turn;
            let _running = running;
            let _charge = charge;
            Metered::new(async move { work(store, loaded).await }, _charge.meter.clone()).await
        };
        let guest = NESTING.scope(nesting + 1, guest).instrument(inner);
        let mut waited = Waited(self.guests.spawn(guest, meter.clone()), slot.ledger.clone());
        let drain = Duration::from_millis(self.limits.drain_ms);
        let ended = tokio::select! {
            biased;
            ended = &mut waited.0 => Ended::Itself(ended),
            overtaken = overtaken(slot, &call, &version, drain) => overtaken,
            () = tokio::time::sleep_until(deadline.into()) => Ended::Late,
        };
        let subject = Subject {
            plugin: &slot.id,
            doing: &doing,
            limits: &self.limits,
            quota: &grant.quota,
            sides: &grant.sides,
            budget,
            meter: &meter,
        };
        let result = match ended {
            Ended::Itself(Ok(Ok(answer))) => {
                slot.faults.well();
                Ok(answer)
            }
            Ended::Itself(Ok(Err(error))) => {
                slot.ledger.traps(1);
                Err(subject.trapped(&error))
            }
            Ended::Itself(Err(lost)) => Err(match lost.try_into_panic() {
                Ok(panic) => {
                    slot.ledger.traps(1);
                    subject.panicked(&*panic)
                }
                Err(_) => Diagnosis {
                    problem: Problem::cancelled(format!("{doing} was stopped: the host is going down")),
                    fault: false,
                },
            }),
            Ended::Late => {
                slot.ledger.timeouts(1);
                waited.0.abort();
                Err(subject.late(deadline.duration_since(began)))
            }
            // Whatever it waits for: its instance goes now, not when that comes.
            Ended::Revoked => {
                slot.ledger.traps(1);
                waited.0.abort();
                Err(subject.revoked())
            }
            Ended::Replaced => {
                slot.ledger.timeouts(1);
                waited.0.abort();
                Err(subject.replaced(drain))
            }
        };
        slot.ledger.wall_ns(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        span.record("cpu_us", u64::try_from(meter.settled().as_micros()).unwrap_or(u64::MAX));
        result.map_err(|diagnosis| {
            span.record("otel.status_code", "ERROR");
            let words = meter.last_words.lock().clone();
            self.conclude(slot, &doing, &trace, words, diagnosis)
        })
    }

    fn conclude(
        &self,
        slot: &Slot,
        doing: &str,
        trace: &str,
        words: String,
        Diagnosis { problem, fault }: Diagnosis,
    ) -> Problem {
        if !matches!(problem.kind, Kind::Denied | Kind::Cancelled) {
            slot.troubles.note(doing, &problem.message, trace, words);
        }
        if fault {
            // The probe of the self-test is there to be stopped.
            match slot.id.as_str() == PROBE {
                true => tracing::debug!(plugin.id = %slot.id, "{problem}"),
                false => tracing::warn!(plugin.id = %slot.id, "{problem}"),
            }
            if slot.faults.strike(&self.limits, &problem.message) {
                tracing::error!(plugin.id = %slot.id, "in quarantine after {} faults", self.limits.faults);
            }
        }
        problem
    }

    /// Waits for a place among the calls of a second, and for one of those that run at one time.
    async fn turn(&self, slot: &Slot, doing: &str, deadline: Instant) -> Result<Turn> {
        let pause = slot.turns.pause();
        if pause.is_zero()
            && let Some(turn) = slot.turns.now()
        {
            return Ok(turn);
        }
        let (ahead, _waiting) = slot.turns.wait();
        let grant = slot.grant();
        let (id, most) = (&slot.id, grant.quota.concurrency);
        let full = |why: String| {
            let raise = grant.sides.raise("concurrency", "limits.concurrent_calls or limits.queued_calls");
            Problem::limit(format!("{doing}: plug-in {id} has {most} calls running and {why}"))
                .help(format!("nothing was done; try again; {raise}"))
        };
        if ahead >= self.limits.queued_calls {
            return Err(full(format!("{ahead} waiting")));
        }
        if !pause.is_zero() {
            let begins = Instant::now() + pause;
            if begins >= deadline {
                let rate = grant.quota.calls_per_second;
                let raise = grant.sides.raise("calls-per-second", "limits.calls_per_second");
                return Err(Problem::limit(format!("{doing}: plug-in {id} is called more than {rate} times a second"))
                    .help(format!("nothing was done; try again; {raise}")));
            }
            tokio::time::sleep_until(begins.into()).await;
        }
        slot.turns.by(deadline).await.ok_or_else(|| full("none of them ended in time".into()))
    }

    fn store(&self, slot: &Slot, call: &Arc<Call>, locale: String, meter: Arc<Meter>, budget: Budget) -> Store<Guest> {
        let log = |channel| {
            let (rate, ledger) = (slot.rate.clone(), slot.ledger.clone());
            Log::new(channel, self.limits.log_line_bytes, rate, ledger, call.clone(), meter.clone())
        };
        // No folders, no addresses, no variables: what is linked of WASI for them finds nothing.
        let wasi = WasiCtxBuilder::new()
            .stdout(log(Channel::Out))
            .stderr(log(Channel::Error))
            .max_random_size(self.limits.random_kib << 10)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut parts = Parts::default();
        for linkage in &self.linkages {
            linkage.open(&mut parts);
        }
        let made_of = MadeOf {
            wasi,
            call: call.clone(),
            parts,
            locale,
            services: self.services.clone(),
            meter: meter.clone(),
            ledger: slot.ledger.clone(),
            share: slot.share.clone(),
        };
        let mut store = Store::new(&self.engine, Guest::new(made_of, &self.limits));
        store.limiter_async(|guest| &mut guest.memory);
        store.set_hostcall_fuel(self.limits.host_call_bytes());
        meter::interrupt(&mut store, meter, call.clone(), budget);
        store
    }
}

/// Time that a plug-in has to say what it is.
pub const INTRODUCTION: Budget = Budget {
    cpu: Duration::from_secs(2),
    wall: Duration::from_secs(20),
    cpu_key: "nothing: it may take 2 s to declare itself",
    wall_key: "nothing: it may take 20 s to declare itself",
};
