//! The arithmetic of limits: what a manifest requests ∩ what a grant gives ∩ what the host can spare.
//!
//! Must not live here: anything that enforces a limit; the runtime does.
//! Invariant: the result never exceeds the host's most, nor the grant where it says something.

use crate::document::Section;
use kamld_types::problem::Result;
use serde::{Deserialize, Serialize};

/// Limits as a manifest requests them or a grant gives them; what is left out is not spoken about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limits {
    /// The linear memory of one instance, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    /// Time that one call may compute, in milliseconds; waiting for the host does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// Time from the start to the end of one call, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u64>,
    /// Calls at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u64>,
}

/// Limits that are all there: those of one plug-in, or the host's defaults and maxima.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Quota {
    pub memory_mib: u64,
    pub cpu_ms: u64,
    pub wall_ms: u64,
    pub concurrency: u64,
}

/// Who decided how much it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Nobody asked for anything: the host's default.
    Default,
    Manifest,
    Grant,
    Host,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Default => "default",
            Side::Manifest => "manifest",
            Side::Grant => "grant",
            Side::Host => "host",
        }
    }
}

/// The names of the limits as people write them, in the order of [`Limits::list`].
pub const NAMES: [&str; 4] = ["memory-mib", "cpu-ms", "wall-ms", "concurrency"];

impl Limits {
    pub(crate) fn read(section: Option<Section<'_>>) -> Result<Self> {
        let Some(section) = section else { return Ok(Self::default()) };
        section.only(&NAMES)?;
        let mut values = [None; 4];
        for (value, name) in values.iter_mut().zip(NAMES) {
            let Some(field) = section.number(name)? else { continue };
            // A limit of nothing would be a plug-in that can never run: disable it instead.
            if field.value == 0 {
                return Err(field.problem(format!("'{name}' must be at least 1")));
            }
            *value = Some(field.value);
        }
        Ok(Self::from_list(values))
    }

    pub fn list(&self) -> [Option<u64>; 4] {
        [self.memory_mib, self.cpu_ms, self.wall_ms, self.concurrency]
    }

    fn from_list([memory_mib, cpu_ms, wall_ms, concurrency]: [Option<u64>; 4]) -> Self {
        Self { memory_mib, cpu_ms, wall_ms, concurrency }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Only those that exceed what `old` had or that `old` did not speak about.
    pub fn beyond(&self, old: &Limits) -> Limits {
        let mut new = self.list();
        for (new, old) in new.iter_mut().zip(old.list()) {
            if old.is_some_and(|old| new.is_none_or(|new| new <= old)) {
                *new = None;
            }
        }
        Self::from_list(new)
    }
}

impl Quota {
    fn list(&self) -> [u64; 4] {
        [self.memory_mib, self.cpu_ms, self.wall_ms, self.concurrency]
    }

    /// What a plug-in gets, and for each limit (in the order of [`NAMES`]) who decided it. A grant that speaks
    /// about a limit the manifest is silent about gives that much, so an admin can raise a default.
    pub fn of(requested: &Limits, granted: &Limits, default: &Quota, most: &Quota) -> (Quota, [Side; 4]) {
        let mut values = [0; 4];
        let mut sides = [Side::Default; 4];
        for place in 0..4 {
            let (wanted, side) = match (requested.list()[place], granted.list()[place]) {
                (None, None) => (default.list()[place], Side::Default),
                (Some(requested), None) => (requested, Side::Manifest),
                (None, Some(granted)) => (granted, Side::Grant),
                (Some(requested), Some(granted)) if granted < requested => (granted, Side::Grant),
                (Some(requested), Some(_)) => (requested, Side::Manifest),
            };
            let most = most.list()[place];
            (values[place], sides[place]) = if wanted > most { (most, Side::Host) } else { (wanted, side) };
        }
        let [memory_mib, cpu_ms, wall_ms, concurrency] = values;
        (Quota { memory_mib, cpu_ms, wall_ms, concurrency }, sides)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Quota = Quota { memory_mib: 64, cpu_ms: 1_000, wall_ms: 10_000, concurrency: 8 };
    const MOST: Quota = Quota { memory_mib: 512, cpu_ms: 60_000, wall_ms: 600_000, concurrency: 64 };

    fn memory(requested: Option<u64>, granted: Option<u64>) -> (u64, Side) {
        let limits = |memory_mib| Limits { memory_mib, ..Limits::default() };
        let (quota, sides) = Quota::of(&limits(requested), &limits(granted), &DEFAULT, &MOST);
        assert_eq!((quota.cpu_ms, quota.wall_ms, quota.concurrency), (1_000, 10_000, 8));
        (quota.memory_mib, sides[0])
    }

    #[test]
    fn the_least_of_manifest_grant_and_host_holds() {
        assert_eq!(memory(None, None), (64, Side::Default));
        assert_eq!(memory(Some(128), None), (128, Side::Manifest));
        assert_eq!(memory(Some(128), Some(32)), (32, Side::Grant));
        assert_eq!(memory(Some(128), Some(256)), (128, Side::Manifest));
        assert_eq!(memory(None, Some(256)), (256, Side::Grant));
        assert_eq!(memory(Some(4096), Some(2048)), (512, Side::Host));
        assert_eq!(memory(Some(u64::MAX), None), (512, Side::Host));
    }

    #[test]
    fn only_what_grew_is_beyond() {
        let old = Limits { memory_mib: Some(64), cpu_ms: Some(10), ..Limits::default() };
        let new = Limits { memory_mib: Some(128), cpu_ms: Some(10), wall_ms: Some(5), concurrency: None };
        assert_eq!(new.beyond(&old), Limits { memory_mib: Some(128), wall_ms: Some(5), ..Limits::default() });
    }
}
