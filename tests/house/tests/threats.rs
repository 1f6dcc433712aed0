//! Each rule of the threat model has a test that is there.

use kamld_house::root;
use std::fs;

/// The spans in backticks of a text.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What a row of the threat model names that is not there: each span that is a path is a file, and each span behind it a
/// test in that file.
fn missing(row: &str) -> Vec<String> {
    let Some(tests) = row.trim().trim_matches('|').rsplit('|').next() else { return vec!["no tests".into()] };
    let (mut file, mut found, mut wrong) = (None::<(String, String)>, 0, Vec::new());
    for span in spans(tests) {
        if span.contains('/') && !span.contains(' ') {
            match fs::read_to_string(root().join(span)) {
                Ok(text) => file = Some((span.to_owned(), text)),
                Err(error) => wrong.push(format!("{span}: {error}")),
            }
        } else if let Some((path, text)) = &file {
            let there = [format!("fn {span}("), format!("test(\"{span}\""), format!("test('{span}'")];
            if there.iter().any(|head| text.contains(head)) {
                found += 1;
            } else {
                wrong.push(format!("{path} has no test '{span}'"));
            }
        }
    }
    if found == 0 {
        wrong.push(format!("no test is named in: {row}"));
    }
    wrong
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let text = fs::read_to_string(root().join("host/policy/THREATS.md")).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| it wants") && !line.starts_with("| they want"))
        .collect();
    assert!(rows.len() > 30, "{} rows", rows.len());
    let wrong: Vec<String> = rows.iter().flat_map(|row| missing(row)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    let row = |tests: &str| format!("| it wants | a rule | {tests} |");
    let there = "`tests/house/tests/threats.rs` `a_test_that_is_not_there_is_noticed`";
    assert!(missing(&row(there)).is_empty(), "{:?}", missing(&row(there)));
    for tests in
        ["", "`tests/house/tests/threats.rs`", "`tests/house/tests/threats.rs` `gone`", "`tests/none.rs` `gone`"]
    {
        assert!(!missing(&row(tests)).is_empty(), "{tests}");
    }
}
