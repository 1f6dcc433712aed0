//! What plug-ins add to the lists of others: which columns and commands, and what of their cells is taken.

use crate::stage::{Stage, caller, id, limits, program, version};
use kamld_policy::Gate;
use kamld_types::{Kind, Problem, surface::Place};
use serde_json::{Value, json};

pub const PROGRAMS: &[&str] = &["surfaces_add", "surfaces_amiss"];

async fn cells(stage: &Stage, column: &str, addresses: &[String]) -> Result<Vec<Value>, Problem> {
    let at = Place { surface: column.into(), address: "birds".into(), ..Place::default() };
    stage.runtime.surface_cells(&id("surfaces_add"), caller(), &at, addresses).await
}

fn birds(many: usize) -> Vec<String> {
    (0..many).map(|number| format!("birds/{number}")).collect()
}

#[tokio::test]
async fn a_column_says_how_its_cells_are_drawn_and_a_slot_of_a_later_page_is_left_out() {
    let stage = Stage::playing(limits(), "surfaces_add").await;
    let offers: Vec<_> =
        stage.runtime.surfaces().into_iter().map(|of| (of.offer.name, of.offer.slot, of.offer.cells)).collect();
    assert_eq!(offers[0], ("letters".into(), "asset-column".into(), "count".into()));
    assert_eq!(offers.len(), 6);
}

#[tokio::test]
async fn cells_come_in_the_order_of_the_addresses() {
    let stage = Stage::playing(limits(), "surfaces_add").await;
    let asked = ["birds/strikes".to_owned(), "birds/songs".to_owned()];
    assert_eq!(cells(&stage, "letters", &asked).await.unwrap(), [json!(18), json!(16)]);
    assert_eq!(cells(&stage, "letters", &birds(200)).await.unwrap().len(), 200);
}

#[tokio::test]
async fn cells_that_break_the_contract_are_not_taken_and_the_author_is_told_why() {
    let stage = Stage::playing(limits(), "surfaces_add").await;
    for (column, many, kind, says) in [
        ("few", 2, Kind::Invalid, "plug-in test/surfaces-add cannot show 'few': it answered 0 cells where 2 were"),
        ("words", 1, Kind::Invalid, "one of its cells is not JSON"),
        ("much", 1, Kind::Limit, "larger than 256 KiB"),
        ("refuses", 1, Kind::Denied, "not for you"),
        ("letters", 0, Kind::Invalid, "1 to 200 rows"),
        ("letters", 201, Kind::Invalid, "1 to 200 rows"),
        ("unknown", 1, Kind::NotFound, "has no surface 'unknown'"),
    ] {
        let problem = cells(&stage, column, &birds(many)).await.unwrap_err();
        assert!(problem.kind == kind && problem.message.contains(says), "{column}: {problem:?}");
    }
    assert_eq!(stage.status("surfaces_add").account.errors, 4);
}

#[tokio::test]
async fn a_plugin_offers_only_its_own_commands_for_rows() {
    let stage = Stage::new(limits());
    let amiss = program("surfaces_amiss");
    let problem = stage.runtime.load(id("amiss"), version(&amiss, Gate::open())).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Invalid);
    assert!(problem.message.contains("'docs-check' for rows, which is none of its commands"), "{problem:?}");
}
