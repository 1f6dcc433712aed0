//! Measurements, each beside its floor or peer of the same run: `cargo run -p kamld-bench [NAME...]`.
//!
//! Lives here: the choice of what is measured. Must not live here: a verdict that fails a build; a machine under load
//! would make it lie. Every row says what it measured, the target of DESIGN.md, and the floor beside it.

mod gate;
mod guest;
mod process;
mod search;
mod sql;
mod store;
mod table;
mod windows;

use table::Table;

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let mut table = Table::default();
    if runs("gate") {
        gate::measure(&mut table);
    }
    if runs("guest") {
        tokio::runtime::Runtime::new()?.block_on(guest::measure(&mut table))?;
    }
    if runs("store") {
        tokio::runtime::Runtime::new()?.block_on(store::measure(&mut table))?;
    }
    if runs("search") {
        tokio::runtime::Runtime::new()?.block_on(search::measure(&mut table))?;
    }
    if runs("sql") {
        sql::measure(&mut table)?;
    }
    if runs("windows") {
        windows::measure(&mut table)?;
    }
    if runs("process") {
        process::measure(&mut table)?;
    }
    table.print();
    Ok(())
}
