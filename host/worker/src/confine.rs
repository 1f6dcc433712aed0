//! Limits that the operating system keeps for a process, set by the process itself before it looks at its input.
//!
//! Must not live here: the bound on memory that is allocated, which is `meter`. Invariant: limits are never raised.

use kamld_types::{Problem, problem::Result};
use rustix::process::{Resource, Rlimit, setrlimit};

/// None: as it is. A worker never leaves a core file, which would hold data of people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Confines {
    /// Seconds of processor time, all threads together.
    pub cpu_seconds: Option<u64>,
    /// Bytes of address space.
    pub address_space: Option<u64>,
    /// Bytes of the largest file that it may write.
    pub file_size: Option<u64>,
}

/// How far a worker stands behind the process that serves: that one answers while workers use every core.
const BEHIND: i32 = 5;

impl Confines {
    pub fn apply(&self) -> Result<()> {
        // Without it a worker competes as an equal, and is no less confined.
        let _ = rustix::process::nice(BEHIND);
        let limits = [
            (Resource::Core, Some(0), 0),
            // At the first of the two the system says why; only a second later does it kill without a word.
            (Resource::Cpu, self.cpu_seconds, 1),
            (Resource::As, self.address_space, 0),
            (Resource::Fsize, self.file_size, 0),
        ];
        for (resource, most, spare) in limits {
            let Some(most) = most else { continue };
            let limit = Rlimit { current: Some(most), maximum: Some(most + spare) };
            setrlimit(resource, limit).map_err(|error| Problem::internal(format!("limits cannot be set: {error}")))?;
        }
        Ok(())
    }
}
