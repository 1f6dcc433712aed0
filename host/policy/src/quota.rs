//! The arithmetic of limits: what a manifest requests ∩ what a grant gives ∩ what the host can spare.
//!
//! Must not live here: anything that enforces a limit: `allowance` does for what a call holds open, the runtime for the
//! rest.
//! Invariant: the result never exceeds the host's most, nor the grant where it says something.

use crate::document::Section;
use kamld_types::problem::Result;
use serde::{Deserialize, Serialize};

/// Names every limit once: the field, the name that people write, and what it bounds.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $field:ident = $name:literal,)+) => {
        /// Limits as a manifest requests them or a grant gives them; what is left out is not spoken about.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Limits {
            $($(#[doc = $doc])+
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $field: Option<u64>,)+
        }

        /// Limits that are all there: those of one plug-in, or the host's defaults and maxima.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Quota {
            $($(#[doc = $doc])+
            pub $field: u64,)+
        }

        /// The names of the limits as people write them, in the order of [`Limits::list`].
        pub const NAMES: [&str; COUNT] = [$($name),+];

        const COUNT: usize = [$($name),+].len();

        impl Limits {
            pub fn list(&self) -> [Option<u64>; COUNT] {
                [$(self.$field),+]
            }

            fn from_list([$($field),+]: [Option<u64>; COUNT]) -> Self {
                Self { $($field),+ }
            }
        }

        impl Quota {
            pub fn list(&self) -> [u64; COUNT] {
                [$(self.$field),+]
            }

            fn from_list([$($field),+]: [u64; COUNT]) -> Self {
                Self { $($field),+ }
            }
        }
    };
}

limits! {
    /// The linear memory of one instance, in MiB.
    memory_mib = "memory-mib",
    /// Time that one call may compute, in milliseconds; waiting for the host does not count.
    cpu_ms = "cpu-ms",
    /// Time from the start to the end of one call, in milliseconds.
    wall_ms = "wall-ms",
    /// Calls at the same time.
    concurrency = "concurrency",
    /// Calls of the plug-in that may begin within a second, whoever makes them; more wait for their turn. What the
    /// plug-in asks of the host within a call is bounded by the processor time of the call.
    calls_per_second = "calls-per-second",
    /// Readers and writers that one call may have open at the same time.
    streams = "streams",
    /// SQL queries that one call may have open at the same time.
    queries = "queries",
    /// What the plug-in may keep as key-values, in MiB.
    kv_mib = "kv-mib",
}

/// For each limit who decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides([Side; COUNT]);

impl Sides {
    /// The host decided everything.
    pub const HOST: Self = Self([Side::Host; COUNT]);

    /// Of a limit by its name; of a name that no limit has, the host.
    pub fn of(&self, name: &str) -> Side {
        NAMES.iter().position(|other| *other == name).map_or(Side::Host, |place| self.0[place])
    }

    /// Name, amount and who decided it, in the order of [`NAMES`].
    pub fn with(&self, quota: &Quota) -> impl Iterator<Item = (&'static str, u64, Side)> {
        let (amounts, sides) = (quota.list(), self.0);
        NAMES.into_iter().zip(amounts).zip(sides).map(|((name, amount), side)| (name, amount, side))
    }

    /// What a person would change to get more, in words. `setting` is the key of the host's configuration.
    pub fn raise(&self, name: &str, setting: &str) -> String {
        match self.of(name) {
            Side::Grant => format!("an admin can raise {name} in its grant"),
            Side::Manifest => format!("its manifest asks for no more than that: {name}"),
            Side::Default | Side::Host => format!("an admin can raise {setting}"),
        }
    }
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

impl Limits {
    pub(crate) fn read(section: Option<Section<'_>>) -> Result<Self> {
        let Some(section) = section else { return Ok(Self::default()) };
        section.only(&NAMES)?;
        let mut values = [None; COUNT];
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
    pub const UNLIMITED: Self = {
        let all = u64::MAX;
        Self {
            memory_mib: all,
            cpu_ms: all,
            wall_ms: all,
            concurrency: all,
            calls_per_second: all,
            streams: all,
            queries: all,
            kv_mib: all,
        }
    };

    /// What a plug-in gets, and for each limit (in the order of [`NAMES`]) who decided it. A grant that speaks
    /// about a limit the manifest is silent about gives that much, so an admin can raise a default.
    pub fn of(requested: &Limits, granted: &Limits, default: &Quota, most: &Quota) -> (Quota, Sides) {
        let mut values = [0; COUNT];
        let mut sides = [Side::Default; COUNT];
        for place in 0..COUNT {
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
        (Self::from_list(values), Sides(sides))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Quota = Quota {
        memory_mib: 64,
        cpu_ms: 1_000,
        wall_ms: 10_000,
        concurrency: 8,
        calls_per_second: 100,
        streams: 16,
        queries: 4,
        kv_mib: 8,
    };
    const MOST: Quota = Quota { memory_mib: 512, queries: 8, ..DEFAULT };

    fn memory(requested: Option<u64>, granted: Option<u64>) -> (u64, Side) {
        let limits = |memory_mib| Limits { memory_mib, ..Limits::default() };
        let (quota, sides) = Quota::of(&limits(requested), &limits(granted), &DEFAULT, &MOST);
        assert_eq!(quota, Quota { memory_mib: quota.memory_mib, ..DEFAULT });
        (quota.memory_mib, sides.of("memory-mib"))
    }

    #[test]
    fn each_limit_is_decided_by_itself() {
        let granted = Limits { queries: Some(20), streams: Some(2), ..Limits::default() };
        let requested = Limits { streams: Some(9), kv_mib: Some(1), ..Limits::default() };
        let (quota, sides) = Quota::of(&requested, &granted, &DEFAULT, &MOST);
        assert_eq!(quota, Quota { streams: 2, queries: 8, kv_mib: 1, ..DEFAULT });
        let decided: Vec<_> = sides.with(&quota).filter(|(_, _, side)| *side != Side::Default).collect();
        assert_eq!(decided, [("streams", 2, Side::Grant), ("queries", 8, Side::Host), ("kv-mib", 1, Side::Manifest)]);
        assert_eq!(sides.raise("queries", "limits.queries"), "an admin can raise limits.queries");
        assert_eq!(sides.raise("streams", "limits.streams"), "an admin can raise streams in its grant");
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
        let new = Limits { memory_mib: Some(128), cpu_ms: Some(10), wall_ms: Some(5), ..Limits::default() };
        assert_eq!(new.beyond(&old), Limits { memory_mib: Some(128), wall_ms: Some(5), ..Limits::default() });
    }
}
