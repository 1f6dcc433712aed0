//! The builders of `kamld_sdk::view` are those of the catalogue, and the catalogue is one whole.

#[path = "support/generate.rs"]
mod generate;

use serde_json::Value;
use std::{fs, path::Path, process::Command};

fn catalogue() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/ui/catalogue.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_builders_are_those_of_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/view/catalogue.rs");
    let folder = std::env::temp_dir().join(format!("kamld-catalogue-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let fresh = folder.join("catalogue.rs");
    fs::write(&fresh, generate::generate(&catalogue())).unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rustfmt.toml");
    let formatted = Command::new("rustfmt").arg("--config-path").arg(config).arg(&fresh).status().unwrap();
    assert!(formatted.success(), "rustfmt refused the generated module");
    let fresh_text = fs::read_to_string(&fresh).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    if std::env::var_os("KAMLD_REGENERATE").is_some() {
        fs::write(&path, &fresh_text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(committed == fresh_text, "src/view/catalogue.rs is stale: set KAMLD_REGENERATE=1 and run this test again");
}

#[test]
fn every_kind_is_checked_by_the_schema_of_a_node() {
    let catalogue = catalogue();
    let checked = catalogue["$defs"]["node"]["allOf"].as_array().unwrap();
    let checked: Vec<_> =
        checked.iter().map(|rule| rule["if"]["properties"]["kind"]["const"].as_str().unwrap()).collect();
    let kinds: Vec<_> = catalogue["kinds"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(checked, kinds);
    for rule in catalogue["$defs"]["node"]["allOf"].as_array().unwrap() {
        let kind = rule["if"]["properties"]["kind"]["const"].as_str().unwrap();
        assert_eq!(rule["then"]["properties"]["props"]["$ref"], format!("#/kinds/{kind}"));
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let catalogue = catalogue();
    let mut found = Vec::new();
    references(&catalogue, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(catalogue.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
