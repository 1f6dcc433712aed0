//! How a call that failed is told to a person, and whether the plug-in is to blame.
//!
//! Lives here: every way in which a call can end badly, in words: which limit, how much, what an admin can do.
//! Invariant: a person never sees an engine's error; the log of the host has it.

use crate::{
    limits::{Budget, Limits},
    meter::{Halt, Meter},
};
use kamld_types::{PluginId, Problem};
use std::sync::atomic::Ordering;
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
    pub budget: Budget,
    pub meter: &'a Meter,
}

impl Subject<'_> {
    /// The guest or the engine ended the call.
    pub fn trapped(&self, error: &Error) -> Diagnosis {
        let limits = self.limits;
        if let Some(halt) = error.downcast_ref::<Halt>() {
            return match halt {
                Halt::Cpu => self
                    .over(format!("used more than {} of processor time", words(self.budget.cpu)), self.budget.cpu_key),
                Halt::Revoked => Diagnosis {
                    problem: Problem::denied(format!(
                        "{} was stopped: the grant of plug-in {} was changed while it was running",
                        self.doing, self.plugin
                    ))
                    .help("what it had done before that is kept; run it again under the new grant"),
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
            return self.over(
                format!(
                    "needed more than {} MiB of memory (it asked for {} MiB)",
                    limits.memory_mib,
                    refused.div_ceil(1 << 20)
                ),
                "limits.memory_mib",
            );
        }
        match trap {
            Some(trap) => self.fault(reason(*trap)),
            None => {
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
            format!("an admin can raise {}", self.budget.wall_key)
        };
        let problem = Problem::limit(format!("{} took longer than {} and was stopped", self.doing, words(allowed)))
            .help(format!("what it had done before that is kept; {how}"));
        // Slow back ends look the same, so the clock alone proves nothing against a plug-in.
        Diagnosis { problem, fault: false }
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
        let problem = Problem::limit(format!("{}: plug-in {} {what} and was stopped", self.doing, self.plugin))
            .help(format!("what it had done before that is kept; an admin can raise {key}"));
        Diagnosis { problem, fault: true }
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
