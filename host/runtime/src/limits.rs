//! Every limit of a call, with its unit and its reason.
//!
//! Lives here: numbers only. Must not live here: what enforces them.
//! Invariant: a limit of the runtime that is not in this file is a bug; `self_test` proves that these bite.

use kamld_policy::Quota;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The limits of every call of a plug-in. Sizes and times carry their unit in their name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Linear memory of one call, all memories of the instance together. 256 MiB: interpreters need 64, a parser
    /// that works in windows needs 10; above 4,096 nothing can be addressed.
    pub memory_mib: u64,
    /// Memory of all guests together, in MiB: their linear memories and tables, and what the host holds for their calls.
    /// 0 takes an eighth of what this machine or its container has, at least 512 MiB and at most 4 GiB: the rest is for
    /// queries, the search index and the system's cache of files. One plug-in has at most half of it.
    pub guests_memory_mib: u64,
    /// How long a call waits for memory while all of it is in use. 2 s: most calls end within that time, and a person
    /// still waits.
    pub memory_wait_ms: u64,
    /// Elements of one table. 20,000: the largest interpreters have some ten thousand functions.
    pub table_elements: u32,
    /// Core instances of one component, and as many tables. 80: a Python component links some 40 libraries.
    pub parts: u32,
    /// Stack of the guest. 512 KiB is what engines give; recursion deeper than that is a mistake.
    pub stack_kib: u64,
    /// Processor time of one command. 30 s: bulk work belongs to the host, a guest points at it.
    pub command_cpu_ms: u64,
    /// Time on the clock of one command, waiting for the host included. 10 minutes: a long query or import.
    pub command_wall_ms: u64,
    /// Processor time to describe or draw one object: a person waits for it, or a million objects do.
    pub look_cpu_ms: u64,
    /// Time on the clock to describe or draw one object.
    pub look_wall_ms: u64,
    /// How long a guest runs before it is looked at and others get their turn. Budgets are exact to one slice.
    pub slice_ms: u64,
    /// What a guest may hand to the host in one call, and the largest answer. 8 MiB: eight chunks of the largest size.
    pub host_call_mib: u64,
    /// Random bytes that a guest may ask for at once.
    pub random_kib: u64,
    /// Open handles (readers, writers, queries, tasks) of one call.
    pub handles: usize,
    /// Readers and writers that one call may have open. 64: each holds a buffer of 256 KiB, 16 MiB in all.
    pub streams: u64,
    /// SQL queries that one call may have open: each holds its plan and its first rows.
    pub queries: u64,
    /// What one plug-in may keep as key-values, in MiB: it all lies in the host's own database.
    pub kv_mib: u64,
    /// Calls of one plug-in that may begin within a second; more wait for their turn. 20,000: more than one plug-in
    /// can answer; a grant that gives less makes room for others.
    pub calls_per_second: u64,
    /// How long calls of a version go on that was replaced by another one. 5 s: an upgrade drops no call that would have
    /// ended soon, and what sleeps does not keep the old version for ever.
    pub drain_ms: u64,
    /// Log lines of one plug-in in a second, over all its calls; what is above is counted and dropped.
    pub log_lines_per_s: u32,
    /// Bytes of one log line; the rest of it is dropped.
    pub log_line_bytes: usize,
    /// What one plug-in may write to the log at once, in KiB, after it was quiet. 1 MiB: some thousand lines, which is what
    /// an import that fails row by row has to say.
    pub log_burst_kib: u64,
    /// What it may write in the long run, in KiB in a minute; what is above is counted and dropped. 60 KiB: 84 MiB in a day,
    /// where the lines of each second alone would be 17 GB.
    pub log_kib_per_minute: u64,
    /// Calls of one plug-in at the same time.
    pub concurrent_calls: usize,
    /// Calls of one plug-in that may wait for their turn; the next one is refused at once.
    pub queued_calls: usize,
    /// How deep calls may nest (a view that draws a view).
    pub nesting: usize,
    /// Faults within `fault_window_s` after which a plug-in is put into quarantine.
    pub faults: usize,
    /// Over which time faults count together.
    pub fault_window_s: u64,
    /// Pause of a plug-in after its second fault in a row; doubles with each further one.
    pub backoff_ms: u64,
    /// The longest pause.
    pub backoff_max_ms: u64,
    /// Instances that are held ready, over all plug-ins; 0 takes one for each 32 MiB of the machine's memory, at most 1,000.
    pub instances: u32,
    /// Threads that run calls of a moment, and as many again for calls that compute for long, which stand behind all
    /// others; 0 takes as many as there are processors.
    pub guest_threads: usize,
    /// Processor time of one compilation: compilers have inputs that keep them busy for hours.
    pub compile_cpu_s: u64,
    /// Address space of one compilation.
    pub compile_memory_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mib: 256,
            guests_memory_mib: 0,
            memory_wait_ms: 2000,
            table_elements: 20_000,
            parts: 80,
            stack_kib: 512,
            command_cpu_ms: 30_000,
            command_wall_ms: 600_000,
            look_cpu_ms: 10_000,
            look_wall_ms: 60_000,
            slice_ms: 10,
            host_call_mib: 8,
            random_kib: 1024,
            handles: 4096,
            streams: 64,
            queries: 16,
            kv_mib: 64,
            calls_per_second: 20_000,
            drain_ms: 5000,
            log_lines_per_s: 200,
            log_line_bytes: 1024,
            log_burst_kib: 1024,
            log_kib_per_minute: 60,
            concurrent_calls: 64,
            queued_calls: 256,
            nesting: 4,
            faults: 5,
            fault_window_s: 600,
            backoff_ms: 1000,
            backoff_max_ms: 60_000,
            instances: 0,
            guest_threads: 0,
            compile_cpu_s: 60,
            compile_memory_mib: 1536,
        }
    }
}

/// Time that one call may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// While the guest runs, and the host for it on the same thread.
    pub cpu: Duration,
    /// From the request to the answer.
    pub wall: Duration,
    /// The key of `Limits` that an admin would change.
    pub cpu_key: &'static str,
    pub wall_key: &'static str,
}

impl Budget {
    /// No more time than a plug-in may have.
    pub fn within(self, quota: &Quota) -> Self {
        let (cpu, wall) = (Duration::from_millis(quota.cpu_ms), Duration::from_millis(quota.wall_ms));
        Self { cpu: self.cpu.min(cpu), wall: self.wall.min(wall), ..self }
    }
}

impl Limits {
    /// What a plug-in may have when neither its manifest nor its grant says less.
    pub fn quota(&self) -> Quota {
        Quota {
            memory_mib: self.memory_mib,
            cpu_ms: self.command_cpu_ms.max(self.look_cpu_ms),
            wall_ms: self.command_wall_ms.max(self.look_wall_ms),
            concurrency: self.concurrent_calls as u64,
            calls_per_second: self.calls_per_second,
            streams: self.streams,
            queries: self.queries,
            kv_mib: self.kv_mib,
        }
    }

    pub fn command(&self) -> Budget {
        Budget {
            cpu: Duration::from_millis(self.command_cpu_ms),
            wall: Duration::from_millis(self.command_wall_ms),
            cpu_key: "limits.command_cpu_ms",
            wall_key: "limits.command_wall_ms",
        }
    }

    pub fn look(&self) -> Budget {
        Budget {
            cpu: Duration::from_millis(self.look_cpu_ms),
            wall: Duration::from_millis(self.look_wall_ms),
            cpu_key: "limits.look_cpu_ms",
            wall_key: "limits.look_wall_ms",
        }
    }

    /// Bytes of linear memory that one call may have.
    pub fn memory_bytes(&self) -> usize {
        let bytes = self.memory_mib.min(4096) << 20;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Bytes that may cross to the host in one call.
    pub fn host_call_bytes(&self) -> usize {
        usize::try_from(self.host_call_mib << 20).unwrap_or(usize::MAX)
    }
}
