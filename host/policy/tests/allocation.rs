//! An allowed check allocates nothing, whatever the rules look like, and is quick. A file of its own, since it counts
//! the allocations of the whole process: its one test must run alone.

use kamld_policy::{Call, Gate, Grant, Manifest, Rights, Verb, functions};
use kamld_types::{Person, PluginId, ProjectName, Right};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: hands everything to the system's allocator unchanged; counting touches no memory that it manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

/// A plug-in that needs every interface, and an admin who allows it object by object.
fn manifest() -> Manifest {
    let mut text = String::from(
        "id = \"test/wide\"\nversion = \"0.1.0\"\ntitle = \"t\"\nsummary = \"s\"\nlicence = \"Apache-2.0\"\n",
    );
    for interface in functions::interfaces() {
        text += &format!(
            "[[needs]]\ninterface = \"{interface}\"\nverbs = [\"read\", \"list\", \"create\", \"modify\", \"delete\"]\n\
             resources = [\"bees/**\", \"moths/*\", \"birds/other/**\", \"birds/strikes/*.parquet\", \"birds/strikes/2019-*/*.csv\"]\n\
             reason = \"for the measurement\"\n"
        );
    }
    Manifest::parse(&text).unwrap()
}

#[test]
fn an_allowed_check_allocates_nothing_and_takes_less_than_1500_ns() {
    let manifest = manifest();
    let gate = Arc::new(Gate::compile(&manifest, Some(&Grant::from_needs(&manifest)), 7));
    let rights = (0..1_000).map(|i| (ProjectName::new(format!("p{i}")).unwrap(), Right::Viewer));
    let rights = rights.chain([(ProjectName::new("birds").unwrap(), Right::Editor)]).collect();
    let call = Call {
        plugin: PluginId::new("test/wide").unwrap(),
        person: Person::local(),
        rights: Rights::Projects(rights),
        project: None,
        trace: "0".repeat(32),
        deadline: Instant::now(),
        gate: gate.clone(),
        generation: 7,
        current_generation: Arc::new(AtomicU64::new(7)),
        denials: None,
        allowance: kamld_policy::Allowance::unlimited(),
    };
    let resource = "birds/strikes/2019-january/counts by county and species.csv";
    let long = format!("birds/other/{}", "a-part-of-a-path/".repeat(58) + "x.csv");
    for resource in [resource, long.as_str()] {
        let count = allocations(|| {
            for _ in 0..1_000 {
                call.admit(black_box("kamld:storage/objects"), Verb::Read, black_box(resource)).unwrap();
                call.admit_listing(black_box("kamld:storage/assets"), Verb::List).unwrap();
                assert!(call.may_see(black_box("kamld:storage/objects"), black_box(resource)));
            }
        });
        assert_eq!(count, 0, "allocations in 3,000 allowed checks of {resource}");
    }
    assert!(allocations(|| drop(gate.check("kamld:storage/objects", Verb::Read, "wasps/x"))) > 0, "the counter counts");

    // The best of many rounds: what the machine does beside must not decide a test.
    let best = |work: &dyn Fn()| {
        let round = || {
            let start = Instant::now();
            (0..2_000).for_each(|_| work());
            start.elapsed().as_nanos() / 2_000
        };
        (0..60).map(|_| round()).min().unwrap()
    };
    let check =
        best(&|| drop(black_box(gate.check(black_box("kamld:storage/objects"), Verb::Read, black_box(resource)))));
    let admit = best(&|| call.admit(black_box("kamld:storage/objects"), Verb::Read, black_box(resource)).unwrap());
    let worst = best(&|| call.admit(black_box("kamld:storage/objects"), Verb::Read, black_box(long.as_str())).unwrap());
    let plain = Manifest::parse(
        "id = \"test/plain\"\nversion = \"0.1.0\"\ntitle = \"t\"\nsummary = \"s\"\nlicence = \"Apache-2.0\"\n[[needs]]\n\
         interface = \"kamld:storage/objects\"\nverbs = [\"read\"]\nresources = [\"**\"]\nreason = \"for the measurement\"\n",
    )
    .unwrap();
    let plain = Gate::compile(&plain, Some(&Grant::from_needs(&plain)), 1);
    let simple =
        best(&|| drop(black_box(plain.check(black_box("kamld:storage/objects"), Verb::Read, black_box(resource)))));
    println!(
        "check of one pattern '**' {simple} ns, of ten patterns {check} ns, admit {admit} ns, admit of the longest path {worst} ns, 0 allocations"
    );
    assert!(check < 1_500 && admit < 1_500 && worst < 3_000, "check {check} ns, admit {admit} ns, longest {worst} ns");
}
