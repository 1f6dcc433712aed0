//! What a call may have open and keep, through the contract.

#[allow(dead_code, reason = "each test file uses its part of it")]
#[path = "sql/memory.rs"]
mod memory;
mod world;

use kamld_bindings::{
    Error,
    imports::kamld::metadata::{
        kv::Host as Kv,
        sql::{Host, HostQuery, Options, Query},
    },
};
use kamld_metadata::{MetadataHost, sql::Sql};
use kamld_policy::{Allowance, Call, Gate, Limits, Opened, Quota, Rights, allowance::Memory};
use kamld_types::{Person, PluginId, Problem};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use wasmtime::component::{Resource, ResourceTable};
use world::World;

/// Counts what is held.
#[derive(Default)]
struct Taken(AtomicU64);

impl Memory for Taken {
    fn take(&self, bytes: u64) -> Result<(), Problem> {
        self.0.fetch_add(bytes, Ordering::AcqRel);
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::AcqRel);
    }
}

fn call(granted: Limits, memory: Arc<Taken>) -> Arc<Call> {
    let (quota, sides) = Quota::of(&Limits::default(), &granted, &Quota::UNLIMITED, &Quota::UNLIMITED);
    Arc::new(Call {
        plugin: PluginId::new("acme/test").unwrap(),
        person: Person::local(),
        rights: Rights::Everything,
        project: Some("birds".parse().unwrap()),
        trace: "0".repeat(32),
        deadline: Instant::now() + Duration::from_secs(60),
        gate: Arc::new(Gate::open()),
        generation: 0,
        current_generation: Arc::new(AtomicU64::new(0)),
        denials: None,
        allowance: Allowance::new(quota, sides, memory),
    })
}

fn host<'a>(
    world: &'a World,
    sql: &'a Arc<Sql>,
    call: &'a Arc<Call>,
    table: &'a mut ResourceTable,
) -> MetadataHost<'a> {
    let kamld_metadata::Embedded { catalog, descriptions, projects, kv, .. } = &world.embedded;
    MetadataHost { table, call, catalog, descriptions, projects, kv, search: &world.search, sql }
}

async fn run(host: &mut MetadataHost<'_>, text: &str) -> Result<u32, Error> {
    Host::run(host, text.into(), Options { project: None }).await.unwrap().map(|query| query.rep())
}

fn query(rep: u32) -> Resource<Query> {
    Resource::new_own(rep)
}

const TEXT: &str = "select species from strikes.\"2019.csv\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_no_more_queries_open_than_it_may() {
    let (world, sql) = (World::new(), Arc::new(memory::sql(memory::strikes())));
    let taken = Arc::new(Taken::default());
    let call = call(Limits { queries: Some(2), ..Limits::default() }, taken.clone());
    let mut table = ResourceTable::new();
    let mut host = host(&world, &sql, &call, &mut table);
    let (first, second) = (run(&mut host, TEXT).await.unwrap(), run(&mut host, TEXT).await.unwrap());
    assert!(taken.0.load(Ordering::Acquire) > 0, "what the host holds for them counts");
    let Err(Error::Limit(refused)) = run(&mut host, TEXT).await else { panic!("a third is open") };
    assert!(refused.message.contains("has 2 queries open"), "{refused:?}");
    HostQuery::drop(&mut host, query(first)).await.unwrap();
    for _ in 0..3 {
        assert!(
            matches!(run(&mut host, "select nothing from nowhere").await, Err(error) if !matches!(error, Error::Limit(_)))
        );
    }
    let third = run(&mut host, TEXT).await.unwrap();
    // One that is handed over is the person's, not the call's.
    host.hand_over(query(second)).await.unwrap().unwrap();
    assert!(run(&mut host, TEXT).await.is_ok());
    assert_eq!(host.next(query(third), 10).await.unwrap().unwrap().len(), 3);
    drop(table);
    assert_eq!((call.allowance.count(Opened::Query), taken.0.load(Ordering::Acquire)), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_of_a_query_holds_a_bounded_number_of_bytes_and_the_next_goes_on() {
    let (world, sql) = (World::new(), Arc::new(memory::sql(memory::numbers(600))));
    let call = call(Limits::default(), Arc::default());
    let mut table = ResourceTable::new();
    let mut host = host(&world, &sql, &call, &mut table);
    let wide = run(&mut host, "select n, repeat('x', 50000) as x from big.\"n.csv\" order by n").await.unwrap();
    let mut seen = Vec::new();
    loop {
        let rows = host.next(query(wide), 10_000).await.unwrap().unwrap();
        if rows.is_empty() {
            break;
        }
        let bytes: usize = rows.iter().map(String::len).sum();
        assert!(bytes < 8 << 20, "{bytes} bytes in {} rows", rows.len());
        seen.extend(rows.iter().map(|row| row[1..].split(',').next().unwrap().parse::<usize>().unwrap()));
    }
    assert_eq!(seen, (0..600).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_keeps_no_more_key_values_than_it_may() {
    let (world, sql) = (World::new(), Arc::new(memory::sql(memory::strikes())));
    let call = call(Limits { kv_mib: Some(1), ..Limits::default() }, Arc::default());
    let mut table = ResourceTable::new();
    let mut host = host(&world, &sql, &call, &mut table);
    let mut put = async |key: &str, bytes: usize| Kv::put(&mut host, key.into(), vec![7; bytes], None).await.unwrap();
    put("a", 400 << 10).await.unwrap();
    put("b", 400 << 10).await.unwrap();
    let Err(Error::Limit(refused)) = put("c", 400 << 10).await else { panic!("it keeps more than 1 MiB") };
    assert!(refused.message.contains("1048576 are allowed"), "{refused:?}");
    put("b", 10).await.unwrap();
    put("c", 400 << 10).await.unwrap();
}
