//! Descriptions and views of tables, and of files that should be tables and are not. Pure.

use kamld_sdk::{
    Description, Error, Result,
    describe::{Column, MAX_TEXT},
    format,
    metadata::sql::Shape,
    view::{self, Align, Rows, Tone, View},
};
use serde_json::Value;

/// The longest text of one cell that is shown.
const CELL: usize = 200;

/// What people call the format of a media type; JSON alone may also be something other than a table.
fn format_of(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or(media_type).trim() {
        "text/csv" => "CSV",
        "text/tab-separated-values" => "TSV",
        "application/vnd.apache.parquet" => "Parquet",
        "application/vnd.apache.arrow.file" | "application/vnd.apache.arrow.stream" => "Arrow",
        "application/json" => "JSON",
        _ => "JSON Lines",
    }
}

pub fn empty(media_type: &str) -> Description {
    Description::new(format!("{}, empty", format_of(media_type)))
}

pub fn nothing() -> View {
    view::text("the file is empty").tone(Tone::Muted).into()
}

/// A file that is no table says why. JSON that is none is left to whoever describes other JSON.
pub fn no_table(media_type: &str, error: Error) -> Result<Description> {
    let format = format_of(media_type);
    if format == "JSON" {
        return Err(error);
    }
    Ok(Description::new(format!("{format}, cannot be read as a table")).fact("Reason", reason(&error)))
}

pub fn unreadable(media_type: &str, error: Error) -> Result<View> {
    let format = format_of(media_type);
    if format == "JSON" {
        return Err(error);
    }
    let view = View::new()
        .show(
            view::text(format!("this {format} file cannot be read as a table: {}", reason(&error))).tone(Tone::Warning),
        )
        .show_some(error.help_text().map(view::hint));
    Ok(view.show(view::hint("the file itself is kept as it is").command("kamld get ADDRESS")))
}

fn reason(error: &Error) -> String {
    match error.position() {
        Some((line, column)) if !error.message().contains("line") => {
            format!("{} (line {line}, column {column})", error.message())
        }
        _ => error.message().to_owned(),
    }
}

pub fn description(shape: Shape, rows: &[String]) -> Description {
    let Shape { format, columns, rows: count } = shape;
    let described = format::counted(columns.len() as u64, "column", "columns");
    let counted = format::counted(count, "row", "rows");
    let summary = format!("{}, {described}, {counted}", as_people_say(&format));
    let text = words(rows);
    Description::new(summary).rows(count).columns(columns).text(&text)
}

/// The host names formats as they are written in a query.
fn as_people_say(format: &str) -> &str {
    match format {
        "csv" => "CSV",
        "tsv" => "TSV",
        "json" => "JSON",
        "jsonl" => "JSON Lines",
        "parquet" => "Parquet",
        "arrow" => "Arrow",
        other => other,
    }
}

/// The words in the rows, each value once, as much as a description may carry.
fn words(rows: &[String]) -> String {
    let mut seen = std::collections::HashSet::new();
    let mut text = String::new();
    for row in rows {
        let Ok(Value::Array(cells)) = serde_json::from_str(row) else { continue };
        for cell in cells {
            if let Value::String(word) = cell
                && !word.is_empty()
                && text.len() + word.len() < MAX_TEXT
                && seen.insert(word.clone())
            {
                text.push_str(&word);
                text.push('\n');
            }
        }
    }
    text
}

/// For a page, which fetches rows and columns by itself.
pub fn pointed_at(address: &str) -> View {
    let name = address.rsplit('/').next().unwrap_or(address);
    let source = view::Source::new().object(address);
    view::table().source(source).label(format!("Rows of {name}")).filter("Filter rows").statistics(true).into()
}

/// `whole` is whether these are as many rows as were asked for, so that more may follow.
pub fn view(columns: &[Column], rows: &[String], address: &str, start: u64, whole: bool) -> Result<View> {
    // Keys by place: two columns may have the same name.
    let shown = columns.iter().enumerate().map(|(place, column)| {
        let align = if is_number(&column.type_) { Align::End } else { Align::Start };
        view::Column::new(place.to_string(), &column.name).align(align)
    });
    let none = if start == 0 { "no rows" } else { "no rows so far down" };
    let mut table = Rows::new(shown).empty(none);
    for row in rows {
        let cells: Vec<Value> = serde_json::from_str(row)?;
        table.push(cells.into_iter().map(cell));
    }
    let from = (start > 0 && !rows.is_empty())
        .then(|| view::text(format!("from row {}", format::count(start + 1))).tone(Tone::Muted));
    let next = start + rows.len() as u64;
    let more =
        whole.then(|| view::hint("more rows may follow").command(format!("kamld preview {address} --start {next}")));
    Ok(View::new().show_some(from).show(table).show_some(more))
}

fn is_number(sql_type: &str) -> bool {
    let head = sql_type.split(['(', ' ']).next().unwrap_or(sql_type).to_ascii_uppercase();
    let numbers = ["TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "FLOAT", "REAL", "DOUBLE", "DECIMAL", "NUMERIC"];
    numbers.contains(&head.strip_prefix('U').unwrap_or(&head)) || numbers.contains(&head.as_str())
}

/// What stands in a cell: numbers and texts as they are, the rest as JSON, all of it short.
fn cell(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(format::shorten(&text, CELL)),
        Value::Array(_) | Value::Object(_) => Value::String(format::shorten(&value.to_string(), CELL)),
        Value::Bool(flag) => Value::String(flag.to_string()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let column = |name: &str, sql: &str| Column { name: name.into(), type_: sql.into(), nullable: true };
        vec![column("species", "VARCHAR"), column("n", "BIGINT"), column("n", "DOUBLE")]
    }

    #[test]
    fn a_table_is_summed_up_in_one_line() {
        let shape = Shape { format: "CSV".into(), columns: columns(), rows: 3201 };
        assert_eq!(description(shape, &[]).summary(), "CSV, 3 columns, 3,201 rows");
        let shape = Shape { format: "CSV".into(), columns: columns()[..1].to_vec(), rows: 1 };
        assert_eq!(description(shape, &[]).summary(), "CSV, 1 column, 1 row");
    }

    #[test]
    fn what_is_no_table_says_why_and_json_is_left_to_others() {
        let error = || Error::invalid("row 7 has 3 fields, not 12").at(7, 1);
        let described = no_table("text/csv; charset=utf-8", error()).unwrap();
        assert_eq!(described.summary(), "CSV, cannot be read as a table");
        assert_eq!(described.facts()[0], ("Reason".into(), "row 7 has 3 fields, not 12 (line 7, column 1)".into()));
        assert_eq!(no_table("application/json", error()).unwrap_err().kind(), kamld_sdk::Kind::Invalid);
        assert!(unreadable("application/json", error()).is_err());
        assert!(unreadable("text/csv", error()).is_ok());
    }

    #[test]
    fn columns_of_the_same_name_keep_their_cells_apart() {
        let view =
            view(&columns(), &[r#"["crow",1,2.5]"#.into(), r#"[null,2,null]"#.into()], "b/s/x", 0, false).unwrap();
        let rows = &view.nodes()[0].props["rows"];
        assert_eq!(rows[0].to_string(), r#"{"0":"crow","1":1,"2":2.5}"#);
        assert_eq!(rows[1].to_string(), r#"{"1":2}"#);
        assert_eq!(view.nodes()[0].props["columns"][1]["align"], "end");
    }

    #[test]
    fn a_page_is_pointed_at_the_rows_and_carries_none() {
        let view = pointed_at("birds/strikes@v1/2019.csv");
        let props = &view.nodes()[0].props;
        assert_eq!(props["source"], serde_json::json!({ "object": "birds/strikes@v1/2019.csv" }));
        assert!(props.get("rows").is_none() && props["label"] == "Rows of 2019.csv");
    }

    #[test]
    fn each_word_is_given_to_the_search_once_and_never_too_much() {
        let rows = [r#"["crow",1]"#.to_owned(), r#"["crow","gull"]"#.to_owned()];
        assert_eq!(words(&rows), "crow\ngull\n");
        let long = format!("[{:?}]", "x".repeat(MAX_TEXT));
        assert_eq!(words(&[long]), "");
    }

    #[test]
    fn nested_values_are_shown_as_json() {
        assert_eq!(cell(serde_json::json!({"a": [1]})), Value::String("{\"a\":[1]}".into()));
    }

    #[test]
    fn numbers_stand_at_the_end_of_their_column() {
        for number in ["BIGINT", "DECIMAL(10, 2)", "double", "UINTEGER", "INT UNSIGNED"] {
            assert!(is_number(number), "{number}");
        }
        for other in ["VARCHAR", "TIMESTAMP", "UUID", ""] {
            assert!(!is_number(other), "{other}");
        }
    }
}
