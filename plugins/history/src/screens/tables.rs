//! Two states of a table: columns that came and went, rows that are only on one side.
//!
//! The rows come from SQL, `except` both ways; a row that stands there twice counts once. Must not live here: reading
//! rows of the objects themselves.

use super::here::Here;
use kamld_sdk::row;
use kamld_sdk::{
    Error, Result, format,
    metadata::{
        sql::{self, Options, Shape},
        types::Column as SqlColumn,
    },
    storage::types::Object,
    view::{self, Align, Column, Node, Rows, Table, Tone, ValueType},
};
use serde_json::{Map, Value};

/// Larger objects are not looked into: counting their rows alone takes long.
const BYTES: u64 = 64 << 20;
/// More rows are not compared: both sides are held in memory to do so.
const ROWS: u64 = 1_000_000;
/// Rows that are shown of each side.
const SHOWN: usize = 200;
/// Bytes of the rows that are shown of each side: a view has 256 KiB in all.
const WEIGHT: usize = 50_000;
/// Columns and characters of a cell that are shown.
const COLUMNS: usize = 30;
const CELL: usize = 200;

/// What is known of both sides.
pub struct Difference {
    pub before: Shape,
    pub after: Shape,
    pub rows: Result<Sides, String>,
}

pub struct Sides {
    /// The columns of both sides, in the order of the newer one.
    pub columns: Vec<SqlColumn>,
    pub removed: Part,
    pub added: Part,
}

/// Rows that are only on one side: the first of them, and how many there are.
pub struct Part {
    pub rows: Vec<String>,
    pub count: u64,
}

/// Whether an object is a table that SQL reads, by its name.
pub fn is_table(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".csv", ".tsv", ".parquet", ".arrow", ".feather", ".jsonl", ".ndjson", ".json"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Compares both; none when one side is too large to be looked into, an error when one is no table.
pub fn compare(here: &Here, path: &str, from: (&str, &Object), to: (&str, &Object)) -> Result<Option<Difference>> {
    if from.1.size > BYTES || to.1.size > BYTES {
        return Ok(None);
    }
    let before = sql::describe(&format!("{}@{}/{path}", here.id(), from.0))?;
    let after = sql::describe(&format!("{}@{}/{path}", here.id(), to.0))?;
    let rows = sides(here, path, (from.0, &before), (to.0, &after));
    Ok(Some(Difference { before, after, rows }))
}

fn sides(here: &Here, path: &str, from: (&str, &Shape), to: (&str, &Shape)) -> Result<Sides, String> {
    if from.1.rows > ROWS || to.1.rows > ROWS {
        return Err(format!("Rows are compared up to {} of them; here there are more.", format::count(ROWS)));
    }
    let columns = common(&from.1.columns, &to.1.columns);
    if columns.is_empty() {
        return Err("The two have no column in common, so that no row is on both sides.".into());
    }
    let (old, new) = (table_name(here, from.0, path), table_name(here, to.0, path));
    let part = |one: &str, other: &str| part(&except(&columns, one, other)).map_err(said);
    Ok(Sides { removed: part(&old, &new)?, added: part(&new, &old)?, columns })
}

fn said(error: Error) -> String {
    format!("The rows could not be compared: {}.", error.message())
}

fn part(query: &str) -> Result<Part> {
    let options = Options { project: None };
    let running = sql::run(&format!("{query} limit {}", SHOWN + 1), &options)?;
    let mut rows: Vec<String> = Vec::new();
    while rows.len() <= SHOWN {
        let some = running.next((SHOWN + 1 - rows.len()) as u32)?;
        if some.is_empty() {
            break;
        }
        rows.extend(some);
    }
    if rows.len() <= SHOWN {
        return Ok(Part { count: rows.len() as u64, rows });
    }
    rows.truncate(SHOWN);
    let counting = sql::run(&format!("select count(*) from ({query}) as d"), &options)?;
    let count = counting.next(1)?.first().and_then(|row| serde_json::from_str::<Vec<Value>>(row).ok());
    let count = count.and_then(|row| row.first().and_then(Value::as_u64)).unwrap_or(rows.len() as u64);
    Ok(Part { rows, count })
}

fn common(before: &[SqlColumn], after: &[SqlColumn]) -> Vec<SqlColumn> {
    after.iter().filter(|new| before.iter().any(|old| old.name == new.name)).cloned().collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn table_name(here: &Here, at: &str, path: &str) -> String {
    let asset = format!("{}@{at}", here.asset);
    format!("{}.{}.{}", quoted(&here.project), quoted(&asset), quoted(path))
}

fn except(columns: &[SqlColumn], one: &str, other: &str) -> String {
    let columns: Vec<_> = columns.iter().map(|column| quoted(&column.name)).collect();
    let columns = columns.join(", ");
    format!("select {columns} from {one} except select {columns} from {other}")
}

/// Everything that is to be said about both, from the top down.
pub fn nodes(difference: &Difference) -> Vec<Node> {
    let Difference { before, after, rows } = difference;
    let mut nodes = vec![columns(&before.columns, &after.columns).into()];
    let counts = match (before.rows, after.rows) {
        (old, new) if old == new => format::counted(new, "row on both sides", "rows on both sides"),
        (old, new) => format!("{} before, {} now", format::counted(old, "row", "rows"), format::count(new)),
    };
    let mut section = view::section("Rows").note(format!("{counts}. Rows that are alike count once."));
    match rows {
        Err(why) => section = section.show(view::text(why).tone(Tone::Muted)),
        Ok(sides) if sides.removed.count == 0 && sides.added.count == 0 => {
            section = section.show(view::text("Both sides hold the same rows.").tone(Tone::Good));
        }
        Ok(sides) => {
            for (part, what, is) in [(&sides.removed, "gone", "only before"), (&sides.added, "new", "only now")] {
                section = section.show(Node::from(rows_of(&sides.columns, part, what, is)).named(what));
            }
        }
    }
    nodes.push(section.into());
    nodes
}

fn columns(before: &[SqlColumn], after: &[SqlColumn]) -> view::Section {
    let mut rows = Rows::new([
        Column::new("name", "Column"),
        Column::new("what", "What happened"),
        Column::new("before", "Type before"),
        Column::new("after", "Type now"),
    ]);
    for old in before {
        match after.iter().find(|new| new.name == old.name) {
            None => rows.push(row![old.name, "removed", old.type_, None::<&str>]),
            Some(new) if new.type_ != old.type_ => rows.push(row![old.name, "another type", old.type_, new.type_]),
            Some(_) => {}
        }
    }
    for new in after.iter().filter(|new| before.iter().all(|old| old.name != new.name)) {
        rows.push(row![new.name, "added", None::<&str>, new.type_]);
    }
    let section = view::section("Columns");
    if rows.is_empty() {
        let same =
            format!("The same {} with the same types.", format::counted(after.len() as u64, "column", "columns"));
        return section.show(view::text(same).tone(Tone::Muted));
    }
    section.show(Table::from(rows).label("Columns that differ"))
}

fn rows_of(columns: &[SqlColumn], part: &Part, what: &str, is: &str) -> view::Details {
    let title = format!("{} {what} ({is})", format::counted(part.count, "row is", "rows are"));
    let details = view::details(title).open(part.count > 0);
    if part.count == 0 {
        return details.show(view::text("None.").tone(Tone::Muted));
    }
    let shown = columns.iter().take(COLUMNS).enumerate().map(|(place, column)| {
        let shown = Column::new(format!("c{place}"), &column.name);
        if is_number(&column.type_) { shown.r#type(ValueType::Number).align(Align::End) } else { shown }
    });
    let (mut rows, mut weight) = (Vec::new(), 0);
    for row in &part.rows {
        let row = cells(row);
        weight += serde_json::to_string(&row).map_or(0, |text| text.len());
        if weight > WEIGHT {
            break;
        }
        rows.push(row);
    }
    let mut left = Vec::new();
    if (rows.len() as u64) < part.count {
        left.push(format!("These are the first {}.", rows.len()));
    }
    if columns.len() > COLUMNS {
        left.push(format!("The first {COLUMNS} of {} columns are shown.", columns.len()));
    }
    let note = (!left.is_empty()).then(|| view::text(left.join(" ")).tone(Tone::Muted));
    let details = details.show(view::table().columns(shown).rows(rows).label(format!("Rows that are {what}")));
    match note {
        Some(note) => details.show(note),
        None => details,
    }
}

fn cells(row: &str) -> Map<String, Value> {
    let values: Vec<Value> = serde_json::from_str(row).unwrap_or_default();
    let shown = values.into_iter().take(COLUMNS).enumerate().filter(|(_, value)| !value.is_null());
    shown
        .map(|(place, value)| {
            let value = match value {
                Value::String(text) => Value::String(format::shorten(&text, CELL)),
                Value::Array(_) | Value::Object(_) => Value::String(format::shorten(&value.to_string(), CELL)),
                other => other,
            };
            (format!("c{place}"), value)
        })
        .collect()
}

fn is_number(type_: &str) -> bool {
    let name = type_.to_ascii_uppercase();
    ["TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "REAL", "DECIMAL", "UNSIGNED"]
        .iter()
        .any(|number| name.starts_with(number) || name.ends_with(number))
}

#[cfg(test)]
mod tests {
    use super::{super::here::tests::here, *};

    fn column(name: &str, type_: &str) -> SqlColumn {
        SqlColumn { name: name.into(), type_: type_.into(), nullable: true }
    }

    fn shape(columns: &[(&str, &str)], rows: u64) -> Shape {
        let columns = columns.iter().map(|(name, type_)| column(name, type_)).collect();
        Shape { format: "csv".into(), columns, rows }
    }

    fn flat(nodes: Vec<Node>) -> String {
        let nodes = kamld_sdk::Screen::from(Node::from(view::stack()).with(nodes)).nodes();
        nodes.into_iter().map(|node| format!("{} {}\n", node.kind, node.props)).collect()
    }

    #[test]
    fn a_query_keeps_whatever_names_hold() {
        let query = except(
            &[column("a", "BIGINT"), column("b \"c\"", "VARCHAR")],
            &table_name(&here(None), "v1", "2019/may 1.csv"),
            &table_name(&here(None), "main", "2019/may 1.csv"),
        );
        assert_eq!(
            query,
            "select \"a\", \"b \"\"c\"\"\" from \"birds\".\"strikes@v1\".\"2019/may 1.csv\" \
             except select \"a\", \"b \"\"c\"\"\" from \"birds\".\"strikes@main\".\"2019/may 1.csv\""
        );
    }

    #[test]
    fn columns_and_rows_that_differ_are_told_apart() {
        let difference = Difference {
            before: shape(&[("a", "BIGINT"), ("gone", "VARCHAR")], 3),
            after: shape(&[("a", "DOUBLE"), ("new", "VARCHAR")], 4),
            rows: Ok(Sides {
                columns: vec![column("a", "DOUBLE")],
                removed: Part { rows: vec![], count: 0 },
                added: Part { rows: vec!["[1.5]".into(), "[null]".into()], count: 7 },
            }),
        };
        let text = flat(nodes(&difference));
        for part in ["removed", "another type", "added", "3 rows before, 4 now", "7 rows are new", "first 2."] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains(r#""rows":[{"c0":1.5},{}]"#), "{text}");
    }

    #[test]
    fn what_could_not_be_compared_is_said() {
        let side = || shape(&[("a", "BIGINT")], 3);
        let text = flat(nodes(&Difference { before: side(), after: side(), rows: Err("too large".into()) }));
        assert!(text.contains("too large") && text.contains("3 rows on both sides"));
    }

    #[test]
    fn rows_never_break_the_budget_of_a_view() {
        let wide = serde_json::to_string(&vec!["x".repeat(5000); 100]).unwrap();
        let columns: Vec<_> = (0..100).map(|n| column(&format!("c{n}"), "VARCHAR")).collect();
        let part = || Part { rows: vec![wide.clone(); SHOWN], count: 1000 };
        let sides = Sides { removed: part(), added: part(), columns: columns.clone() };
        let whole = Shape { format: "csv".into(), columns, rows: 1000 };
        let text = flat(nodes(&Difference { before: whole.clone(), after: whole, rows: Ok(sides) }));
        assert!(text.len() < 150_000, "{}", text.len());
        assert!(text.contains("first 30 of 100 columns"));
    }

    #[test]
    fn tables_are_known_by_their_names() {
        assert!(is_table("a/2019.CSV") && is_table("x.parquet") && is_table("y.jsonl.gz"));
        assert!(!is_table("x.md") && !is_table("csv"));
    }
}
