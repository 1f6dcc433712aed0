//! Any JSON object as facts and tables: what the host answers about itself has no view of its own.
//!
//! Lives here: the guess from a key to the type of its value. Must not live here: views of plug-ins.

use super::{
    items,
    style::{Style, Tone, clean},
    table::{CellType, Column, Table},
};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Sizes, counts and times go by the name of their key.
fn guess(key: &str, value: &Value) -> CellType {
    let whole = value.is_u64() || value.is_i64();
    let ends = |endings: &[&str]| {
        endings.iter().any(|ending| {
            key == *ending || key.ends_with(&format!("_{ending}")) || key.ends_with(&format!("-{ending}"))
        })
    };
    match value {
        _ if whole && ends(&["bytes", "size", "resident", "capacity"]) => CellType::Bytes,
        _ if whole && ends(&["time", "at", "created", "modified", "started", "since"]) => CellType::Time,
        // A process or a port is a name made of digits, not a count of something.
        _ if whole && !ends(&["pid", "port", "format", "seq", "generation", "broken_at"]) => CellType::Count,
        Value::Array(_) => CellType::Tags,
        _ => CellType::Text,
    }
}

fn label(key: &str) -> String {
    key.replace(['_', '-'], " ")
}

/// The plain members of an object in one line, for a step of long work.
pub fn line(value: &Value) -> String {
    let style = Style::of_stderr();
    let members = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_object() && !value.is_array());
    let words = members.map(|(key, value)| {
        let text = super::table::cell(value, guess(key, value), &style);
        format!("{} {text}", clean(&label(key)))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Draws `value` under the heading of its key, objects inside objects below it.
pub fn draw(value: &Value, style: &Style) -> String {
    let mut out = String::new();
    section(&mut out, None, value, style);
    out
}

fn section(out: &mut String, heading: Option<&str>, value: &Value, style: &Style) {
    let mut body = String::new();
    let mut below: Vec<(String, &Value)> = Vec::new();
    match value {
        Value::Object(object) => {
            let mut facts = Vec::new();
            for (key, value) in object {
                match value {
                    Value::Null => {}
                    Value::Object(inner) if !inner.is_empty() => below.push((label(key), value)),
                    Value::Array(rows) if rows.iter().any(Value::is_object) => below.push((label(key), value)),
                    Value::Object(_) => {}
                    value => facts.push(json!({"label": label(key), "value": value, "type": name(guess(key, value))})),
                }
            }
            let facts: Vec<_> = facts.into_iter().filter_map(|fact| serde_json::from_value(fact).ok()).collect();
            items::facts(&mut body, &facts, style);
        }
        Value::Array(rows) if rows.iter().any(Value::is_object) => table(&mut body, rows, style),
        other => {
            let _ = writeln!(body, "{}", super::table::cell(other, guess("", other), style));
        }
    }
    if !body.is_empty() {
        if !out.is_empty() {
            out.push('\n');
        }
        if let Some(heading) = heading {
            let _ = writeln!(out, "{}", style.paint(Tone::Strong, &clean(heading)));
        }
        out.push_str(&body);
    }
    for (key, value) in below {
        let heading = heading.map_or_else(|| key.clone(), |above| format!("{above}: {key}"));
        section(out, Some(&heading), value, style);
    }
}

/// The name that `Fact` reads a type from.
fn name(r#type: CellType) -> &'static str {
    match r#type {
        CellType::Bytes => "bytes",
        CellType::Count => "count",
        CellType::Time => "time",
        CellType::Tags => "tags",
        CellType::Path => "path",
        CellType::Text => "text",
    }
}

/// A table whose columns are the keys of its rows, in the order of their first appearance.
pub fn table(out: &mut String, rows: &[Value], style: &Style) {
    let rows: Vec<Map<String, Value>> = rows.iter().filter_map(Value::as_object).cloned().collect();
    let mut columns: Vec<Column> = Vec::new();
    for row in &rows {
        for (key, value) in row {
            if !value.is_null() && !columns.iter().any(|column| column.key == *key) {
                columns.push(Column::new(key, &label(key), guess(key, value)));
            }
        }
    }
    let table = Table::new(columns, &rows, style);
    table.head(out);
    table.rows(out, &rows);
}

#[cfg(test)]
mod tests {
    use super::{super::style::tests::*, *};

    #[test]
    fn any_answer_of_the_host_reads_as_facts_and_tables() {
        let status = json!({
            "version": "0.1.0", "pid": 12345, "resident_bytes": 200_000_000, "plugins": [
                {"id": "kamld/search", "state": "active", "calls": 1200},
                {"id": "kamld/sql", "state": "active", "calls": 3, "note": "x\x1by"},
            ],
            "storage": {"objects": 3201, "bytes": 520_000_000}, "nothing": null,
        });
        assert_eq!(
            draw(&status, &pipe()),
            "\
version         0.1.0
pid             12345
resident bytes  200 MB

plugins
id            state   calls  note
kamld/search  active  1,200
kamld/sql     active      3  x\\u{1b}y

storage
objects  3,201
bytes    520 MB
"
        );
    }
}
