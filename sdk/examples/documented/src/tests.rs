//! What needs no host: the report has the declared shape, and each thing that is missing is said with what to do.

use super::*;
use kamld_sdk::schema::check;

#[test]
fn a_report_says_of_each_asset_what_is_missing_for_programs_and_for_people() {
    let outcome = report(vec![([true; 4], "birds/strikes".into()), ([true, false, true, false], "birds/songs".into())]);
    let outcome = outcome.unwrap();
    let commands = Plugin::commands();
    let command = commands.declared().next().unwrap();
    assert_eq!(command.words().join("-"), "docs-check", "the rows of lists offer it by this name");
    check(command.output_schema(), outcome.data()).unwrap();
    assert_eq!(outcome.data()["assets"][1]["missing"], json!(["A licence", "A version"]));
    let table = &outcome.nodes()[0];
    assert!(table.props.contains("4 of 4") && table.props.contains("2 of 4"), "{}", table.props);
}
