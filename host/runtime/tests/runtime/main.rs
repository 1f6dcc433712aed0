//! The runtime as the rest of the host sees it, with real guests from `tests/programs`.
//!
//! One binary for all suites, because linking the engine costs more than running them.

mod cache;
mod calls;
mod faults;
mod limits;
mod quotas;
mod stage;
mod surfaces;
mod waiting;

use std::collections::BTreeSet;

/// Programs that are measured and not tested: `tests/bench` runs them.
const MEASURED: &[&str] = &["bench_reads"];

#[test]
fn every_program_is_claimed_by_the_suite_it_is_named_after() {
    let claimed: BTreeSet<String> =
        [limits::PROGRAMS, faults::PROGRAMS, calls::PROGRAMS, quotas::PROGRAMS, surfaces::PROGRAMS, MEASURED]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect();
    let there: BTreeSet<String> = std::fs::read_dir(stage::programs_source())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(there, claimed);
}
