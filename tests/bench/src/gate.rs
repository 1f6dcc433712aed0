//! The policy check alone: one host call's share of it, and what it allocates.

use crate::table::{Table, short};
use kamld_policy::{Gate, Grant, Manifest, Verb};
use std::{hint::black_box, time::Instant};

const CALLS: u32 = 1_000_000;

/// As many needs as the largest first-party plug-in has.
const MANIFEST: &str = r#"
schema = 1
id = "bench/gate"
version = "1.0.0"
title = "Gate"
summary = "a plug-in with several needs"
licence = "Apache-2.0"
[[needs]]
interface = "kamld:storage/objects"
verbs = ["read", "list", "create"]
resources = ["birds/*/2019/**", "**"]
reason = "to measure how long a decision takes"
[[needs]]
interface = "kamld:storage/assets"
verbs = ["read", "list"]
resources = ["**"]
reason = "to measure how long a decision takes"
[[needs]]
interface = "kamld:metadata/catalog"
verbs = ["read", "modify"]
resources = ["**"]
reason = "to measure how long a decision takes"
"#;

pub fn measure(table: &mut Table) {
    let Ok(manifest) = Manifest::parse(MANIFEST) else {
        eprintln!("the manifest of the bench is not valid");
        return;
    };
    let gate = Gate::compile(&manifest, Some(&Grant::from_needs(&manifest)), 0);
    let start = Instant::now();
    for _ in 0..CALLS {
        black_box(gate.check(
            black_box("kamld:storage/objects"),
            Verb::Read,
            black_box("birds/strikes/2020/january.csv"),
        ));
    }
    let each = start.elapsed() / CALLS;
    let start = Instant::now();
    for _ in 0..CALLS {
        black_box(black_box("birds/strikes/2020/january.csv") == black_box("birds/strikes/2020/january.cs_"));
    }
    let floor = start.elapsed() / CALLS;
    table.row(
        "policy check",
        "3 needs",
        short(each),
        format!("string comparison {}", short(floor)),
        "below 1.5 us, no allocation (a test)",
    );
}
