//! A call of the laptop's one person, as host code gets it.

use kamld_policy::{Allowance, Call, Gate, Rights};
use kamld_types::{Person, PluginId};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

pub fn call(gate: Gate, allowance: Allowance) -> Arc<Call> {
    Arc::new(Call {
        plugin: PluginId::new("acme/test").unwrap(),
        person: Person::local(),
        rights: Rights::Everything,
        project: None,
        trace: "0".repeat(32),
        deadline: Instant::now() + Duration::from_secs(60),
        gate: Arc::new(gate),
        generation: 0,
        current_generation: Arc::new(AtomicU64::new(0)),
        denials: None,
        allowance,
    })
}
