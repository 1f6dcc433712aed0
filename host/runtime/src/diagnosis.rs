//! How a call that failed is told to a person, and whether the plug-in is to blame.
//!
//! Lives here: every way in which a call can end badly, in words: which limit, how much, what an admin can do.
//! Invariant: a person never sees an engine's error; the log of the host has it.

use crate::{
    budget,
    limits::{Budget, Limits},
    memory,
    meter::{Halt, Meter},
};
use kamld_policy::{Quota, Sides};
use kamld_types::{PluginId, Problem};
use std::{char::CharTryFromError, str::Utf8Error, string::FromUtf16Error, sync::atomic::Ordering, time::Duration};
use wasmtime::{Error, PoolConcurrencyLimitError, Trap, component::ResourceTableError};
use wasmtime_wasi::I32Exit;

/// A failed call.
#[derive(Debug)]
pub struct Diagnosis {
    pub problem: Problem,
    /// Counts towards quarantine: the plug-in did it, not the person, the host or the admin.
    pub fault: bool,
}

/// What a diagnosis needs to know of the call.
pub struct Subject<'a> {
    pub plugin: &'a PluginId,
    /// Such as `command 'history log'`.
    pub doing: &'a str,
    pub limits: &'a Limits,
    /// What the call may use, and who decided it.
    pub quota: &'a Quota,
    pub sides: &'a Sides,
    pub budget: Budget,
    pub meter: &'a Meter,
}

impl Subject<'_> {
    /// The guest or the engine ended the call.
    pub fn trapped(&self, error: &Error) -> Diagnosis {
        let limits = self.limits;
        if let Some(halt) = error.downcast_ref::<Halt>() {
            return match halt {
                Halt::Cpu => {
                    let what = format!("used more than {} of processor time", words(self.budget.cpu));
                    self.beyond(what, "cpu-ms", self.budget.cpu, self.quota.cpu_ms, self.budget.cpu_key)
                }
                Halt::Revoked => self.revoked(),
                Halt::Memory(short) => Diagnosis {
                    problem: Problem::limit(format!(
                        "{}: plug-in {} found no memory for {} s and was stopped: {short}",
                        self.doing,
                        self.plugin,
                        self.limits.memory_wait_ms.div_ceil(1000)
                    ))
                    .help(format!(
                        "what it had done before that is kept; try again later, or an admin can raise {}",
                        budget::KEY
                    )),
                    // Others may have taken it.
                    fault: false,
                },
            };
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            return self.over(format!("held more than {} open handles", limits.handles), "limits.handles");
        }
        if error.is::<PoolConcurrencyLimitError>() {
            let problem = Problem::limit(format!("{} found no free instance: {error}", self.doing))
                .help("nothing was done; try again, or raise limits.instances");
            return Diagnosis { problem, fault: false };
        }
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return self.fault(format!("ended itself with code {}", exit.0));
        }
        let chain = format!("{error:#}");
        // These two errors of the engine and of WASI have no type of their own.
        if chain.contains("fuel allocated for hostcalls") {
            return self.over(
                format!("handed more than {} MiB to the host at once", limits.host_call_mib),
                "limits.host_call_mib",
            );
        }
        if chain.contains("requested len") && chain.contains("exceeds limit") {
            return self.over(
                format!("asked for more than {} KiB of random bytes at once", limits.random_kib),
                "limits.random_kib",
            );
        }
        let trap = error.downcast_ref::<Trap>();
        if trap == Some(&Trap::StackOverflow) {
            return self.over(format!("needed a stack of more than {} KiB", limits.stack_kib), "limits.stack_kib");
        }
        let refused = self.meter.refused_memory.load(Ordering::Relaxed);
        if refused > 0 {
            // What follows a refused allocation is a trap of the guest's own making.
            let cap = memory::cap(limits, self.quota) >> 20;
            let asked = refused.div_ceil(1 << 20);
            let what = format!("needed more than {cap} MiB of memory (it asked for {asked} MiB)");
            return self.over_raised(what, &self.sides.raise("memory-mib", "limits.memory_mib"));
        }
        match (trap, broken_contract(error, &chain)) {
            (Some(trap), _) => self.fault(reason(*trap)),
            (None, Some(what)) => self.fault(what.to_owned()),
            (None, None) => {
                tracing::error!(plugin.id = %self.plugin, "{} failed in the host: {chain}", self.doing);
                Diagnosis {
                    problem: Problem::internal(format!("{} failed in the host", self.doing))
                        .help("the log of the host says more"),
                    fault: false,
                }
            }
        }
    }

    /// The clock ended the call, after this time: its own limit, or the earlier deadline of the caller.
    pub fn late(&self, allowed: std::time::Duration) -> Diagnosis {
        let how = if allowed < self.budget.wall {
            "the caller did not want to wait longer".to_owned()
        } else {
            self.raise("wall-ms", self.budget.wall, self.quota.wall_ms, self.budget.wall_key)
        };
        let problem = Problem::limit(format!("{} took longer than {} and was stopped", self.doing, words(allowed)))
            .help(format!("what it had done before that is kept; {how}"));
        // Slow back ends look the same, so the clock alone proves nothing against a plug-in.
        Diagnosis { problem, fault: false }
    }

    /// The grant was changed, or the plug-in was disabled or removed.
    pub fn revoked(&self) -> Diagnosis {
        let (doing, plugin) = (self.doing, self.plugin);
        let message = format!("{doing} was stopped: the grant of plug-in {plugin} was changed while it was running");
        let help = "what it had done before that is kept; run it again under the new grant";
        Diagnosis { problem: Problem::denied(message).help(help), fault: false }
    }

    /// Another version took the place of the one that ran, and it did not end in the time that is left for that.
    pub fn replaced(&self, drain: std::time::Duration) -> Diagnosis {
        let (doing, plugin, drain) = (self.doing, self.plugin, words(drain));
        let message = format!("{doing} was stopped: plug-in {plugin} was replaced by another version {drain} ago");
        let help = "what it had done before that is kept; run it again with the new version";
        Diagnosis { problem: Problem::cancelled(message).help(help), fault: false }
    }

    /// Host code panicked.
    pub fn panicked(&self, panic: &(dyn std::any::Any + Send)) -> Diagnosis {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        tracing::error!(plugin.id = %self.plugin, "{} made host code panic: {said}", self.doing);
        Diagnosis {
            problem: Problem::internal(format!("{} failed in the host", self.doing))
                .help("the log of the host says more"),
            fault: true,
        }
    }

    fn over(&self, what: String, key: &str) -> Diagnosis {
        self.over_raised(what, &format!("an admin can raise {key}"))
    }

    fn over_raised(&self, what: String, raise: &str) -> Diagnosis {
        let problem = Problem::limit(format!("{}: plug-in {} {what} and was stopped", self.doing, self.plugin))
            .help(format!("what it had done before that is kept; {raise}"));
        Diagnosis { problem, fault: true }
    }

    fn beyond(&self, what: String, name: &str, had: Duration, quota_ms: u64, key: &str) -> Diagnosis {
        self.over_raised(what, &self.raise(name, had, quota_ms, key))
    }

    /// What would give a call more time: the limit of the plug-in when that is what it had, else the host's for calls of
    /// this kind.
    fn raise(&self, name: &str, had: Duration, quota_ms: u64, key: &str) -> String {
        match had == Duration::from_millis(quota_ms) {
            true => self.sides.raise(name, key),
            false => format!("an admin can raise {key}"),
        }
    }

    fn fault(&self, what: String) -> Diagnosis {
        let message = format!("{}: plug-in {} failed: {what}", self.doing, self.plugin);
        // What it wrote last is for its author, who finds it there.
        let help = format!(
            "this is a fault of the plug-in; what it had done before that is kept; its author sees more: kamld plugin show {}",
            self.plugin
        );
        Diagnosis { problem: Problem::internal(message).help(help), fault: true }
    }
}

/// What a guest handed over that the contract does not have: the engine finds it while it reads arguments and results.
fn broken_contract(error: &Error, chain: &str) -> Option<&'static str> {
    if error.is::<Utf8Error>() || error.is::<FromUtf16Error>() || error.is::<CharTryFromError>() {
        return Some("it handed over text that is not valid Unicode");
    }
    if error.is::<ResourceTableError>() {
        return Some("it used a handle that it does not have");
    }
    // The rest has no type of its own in the engine.
    let says = |words: &[&str]| words.iter().any(|word| chain.contains(word));
    if says(&["invalid utf-8", "incomplete utf-8", "unpaired surrogate"]) {
        return Some("it handed over text that is not valid Unicode");
    }
    if says(&["out of bounds", "beyond end of memory", "not aligned", "size overflow", "byte length"]) {
        return Some("it handed over a place that is not in its memory");
    }
    const HANDLES: &[&str] = &[
        "handle index",
        "handle is ",
        "not a resource",
        "not an own resource",
        "resource type",
        "mismatched resource",
        "already consumed",
        "already de-allocated",
        "borrow handles",
        "while borrowed",
        "active lends",
        "from a borrow",
        "end to `",
        "cannot drop busy",
        "cannot remove busy",
        "being notified",
        "after previous",
        "is pending",
    ];
    if says(HANDLES) {
        return Some("it used a handle that it does not have, or in a way that it may not");
    }
    says(&["discriminant"]).then_some("it handed over a value that the contract does not have")
}

fn reason(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => "it gave up (panic or abort)".into(),
        Trap::MemoryOutOfBounds => "it reached outside its memory".into(),
        Trap::IntegerDivisionByZero => "it divided by zero".into(),
        other => other.to_string(),
    }
}

fn words(time: std::time::Duration) -> String {
    let ms = time.as_millis();
    if ms < 1000 { format!("{ms} ms") } else { format!("{} s", time.as_secs()) }
}
