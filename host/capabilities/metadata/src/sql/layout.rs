//! The columns of text: what their types seem to be, and how types widen when a later row does not fit.
//!
//! Must not live here: reading. Invariant: widening only ever goes up (nothing, BOOLEAN | BIGINT → DOUBLE |
//! DATE → TIMESTAMP, VARCHAR), so what was read under a narrower type reads the same under a wider one.

use super::{
    format::Format,
    records::{Field, record},
};
use arrow::{
    compute::kernels::cast_utils::{Parser, string_to_datetime},
    datatypes::{
        DataType, Date32Type, Field as ArrowField, Fields, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit,
    },
    json::reader::infer_json_schema_from_iterator,
};
use kamld_types::{Hash, Problem};
use parking_lot::Mutex;
use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// Words that every data frame library takes for a missing value. They count where a column is otherwise not text.
const MISSING: &[&str] =
    &["NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "#N/A", "#NA"];

pub(crate) fn is_missing(text: &str) -> bool {
    text.is_empty() || MISSING.contains(&text)
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub name: String,
    /// `Null` while no value was seen.
    pub data_type: DataType,
    /// Values need trimming, or words stand for missing ones: they are read as text first.
    pub untidy: bool,
}

/// Layouts of texts by content: a text is looked at once.
#[derive(Default)]
pub(crate) struct Layouts(Mutex<Known>);

#[derive(Default)]
struct Known {
    layouts: HashMap<(Hash, Format), Layout>,
    /// Oldest first.
    order: VecDeque<(Hash, Format)>,
}

/// Entries are small (a name and a type a column).
const MAX_LAYOUTS: usize = 4096;

impl Layouts {
    pub(crate) fn get(&self, hash: Hash, format: Format) -> Option<Layout> {
        self.0.lock().layouts.get(&(hash, format)).cloned()
    }

    pub(crate) fn put(&self, hash: Hash, layout: Layout) {
        let key = (hash, layout.format);
        let Known { layouts, order } = &mut *self.0.lock();
        if layouts.insert(key, layout).is_none() {
            order.push_back(key);
            if order.len() > MAX_LAYOUTS
                && let Some(oldest) = order.pop_front()
            {
                layouts.remove(&oldest);
            }
        }
    }
}

/// How the text of one object is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub format: Format,
    pub columns: Vec<Column>,
    /// Every row was looked at.
    pub complete: bool,
}

impl Layout {
    pub(crate) fn delimiter(&self) -> u8 {
        if self.format == Format::Tsv { b'\t' } else { b',' }
    }

    /// As a query sees it.
    pub(crate) fn schema(&self) -> SchemaRef {
        let fields: Vec<ArrowField> =
            self.columns.iter().map(|column| ArrowField::new(&column.name, settled(&column.data_type), true)).collect();
        Arc::new(Schema::new(fields))
    }

    pub(crate) fn is_delimited(&self) -> bool {
        matches!(self.format, Format::Csv | Format::Tsv)
    }

    /// The smallest layout that both fit; an error names the column that has none.
    pub(crate) fn join(&self, other: &Layout) -> Result<Layout, Problem> {
        if self.is_delimited() {
            let columns = self.columns.iter().zip(&other.columns).map(|(a, b)| Column {
                name: a.name.clone(),
                data_type: join_scalar(&a.data_type, &b.data_type),
                untidy: a.untidy || b.untidy,
            });
            return Ok(Layout { columns: columns.collect(), ..*self });
        }
        let mut columns = self.columns.clone();
        for column in &other.columns {
            match columns.iter_mut().find(|known| known.name == column.name) {
                Some(known) => known.data_type = join_nested(&known.data_type, &column.data_type, &column.name)?,
                None => columns.push(column.clone()),
            }
        }
        Ok(Layout { columns, ..*self })
    }
}

/// What is read when no value was seen: text.
pub(crate) fn settled(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Null | DataType::Utf8 => DataType::Utf8View,
        DataType::List(field) => {
            DataType::List(Arc::new(ArrowField::new(field.name(), settled(field.data_type()), true)))
        }
        DataType::Struct(fields) => DataType::Struct(
            fields.iter().map(|field| ArrowField::new(field.name(), settled(field.data_type()), true)).collect(),
        ),
        other => other.clone(),
    }
}

pub(crate) const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn is_timestamp_with_zone(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, Some(_)))
}

/// The smallest type that both read as.
pub(crate) fn join_scalar(a: &DataType, b: &DataType) -> DataType {
    use DataType::{Date32, Float64, Int64, Null, Utf8View};
    match (a, b) {
        (a, b) if a == b => a.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (Int64, Float64) | (Float64, Int64) => Float64,
        (Date32, other) | (other, Date32) if *other == TIMESTAMP => TIMESTAMP,
        (Date32, other) | (other, Date32) if is_timestamp_with_zone(other) => Utf8View,
        _ => Utf8View,
    }
}

fn join_nested(a: &DataType, b: &DataType, name: &str) -> Result<DataType, Problem> {
    use DataType::{List, Null, Struct};
    Ok(match (a, b) {
        (Null, other) | (other, Null) => other.clone(),
        (Struct(a), Struct(b)) => {
            let mut fields: Vec<ArrowField> = a.iter().map(|field| field.as_ref().clone()).collect();
            for field in b {
                match fields.iter_mut().find(|known| known.name() == field.name()) {
                    Some(known) => {
                        let inner =
                            join_nested(known.data_type(), field.data_type(), &format!("{name}.{}", field.name()))?;
                        *known = ArrowField::new(field.name(), inner, true);
                    }
                    None => fields.push(field.as_ref().clone()),
                }
            }
            Struct(Fields::from(fields))
        }
        (List(a), List(b)) => {
            List(Arc::new(ArrowField::new(a.name(), join_nested(a.data_type(), b.data_type(), name)?, true)))
        }
        (a, b) if a.is_nested() || b.is_nested() => {
            return Err(Problem::invalid(format!(
                "column '{name}' holds {} in one row and {} in another",
                super::values::sql_type(&settled(a)),
                super::values::sql_type(&settled(b))
            ))
            .help("give every row the same shape"));
        }
        (a, b) => join_scalar(a, b),
    })
}

/// The type that one value seems to have, and whether it is untidy under it.
pub(crate) fn classify(text: &str) -> (DataType, bool) {
    if text.is_empty() {
        return (DataType::Null, false);
    }
    let tidy = text.trim();
    let data_type = classify_tidy(tidy);
    let untidy = data_type != DataType::Utf8View && (tidy.len() != text.len() || data_type == DataType::Null);
    (data_type, untidy)
}

fn classify_tidy(text: &str) -> DataType {
    if is_missing(text) {
        return DataType::Null;
    }
    let first = text.as_bytes()[0];
    if first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.' | b'i' | b'I') {
        if Int64Type::parse(text).is_some() {
            return DataType::Int64;
        }
        // A number of 20 digits is an id: as a DOUBLE it would be another one.
        let digits = text.trim_start_matches(['-', '+']).bytes().all(|byte| byte.is_ascii_digit());
        if !digits && Float64Type::parse(text).is_some() {
            return DataType::Float64;
        }
        let bytes = text.as_bytes();
        if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' {
            if bytes.len() == 10 && Date32Type::parse(text).is_some() {
                return DataType::Date32;
            }
            if bytes.len() >= 16 && string_to_datetime(&chrono::Utc, text).is_ok() {
                let zone = text.ends_with(['Z', 'z']) || text[16..].contains(['+', '-']);
                let zone = zone.then(|| Arc::from("+00:00"));
                return DataType::Timestamp(TimeUnit::Microsecond, zone);
            }
        }
        return DataType::Utf8View;
    }
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return DataType::Boolean;
    }
    DataType::Utf8View
}

/// Whether a value reads as a type.
pub(crate) fn fits(text: &str, column: &Column) -> bool {
    let (found, untidy) = classify(text);
    (column.untidy || !untidy) && settled(&join_scalar(&column.data_type, &found)) == settled(&column.data_type)
}

/// The columns that a header names: none is empty, none twice.
pub(crate) fn header(fields: &[Field<'_>]) -> Vec<String> {
    unique(fields.iter().map(|field| field.text().trim().to_owned()))
}

/// Names in which nothing is empty or twice.
pub(crate) fn unique(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut unique: Vec<String> = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        let name = if name.is_empty() { format!("column_{}", place + 1) } else { name };
        let mut candidate = name.clone();
        while taken.contains_key(&candidate) {
            let count = taken.entry(name.clone()).or_insert(1);
            *count += 1;
            candidate = format!("{name}_{count}");
        }
        taken.insert(candidate.clone(), 1);
        unique.push(candidate);
    }
    unique
}

/// What the rows of a chunk of CSV say about the columns. Rows of another width are left to the decoder.
pub(crate) fn infer_delimited(layout: &Layout, rows: &[u8]) -> Layout {
    let mut columns = layout.columns.clone();
    let mut at = 0;
    while let Some((fields, next)) = record(rows, at, layout.delimiter()) {
        at = next;
        if fields.len() != columns.len() {
            continue;
        }
        for (column, field) in columns.iter_mut().zip(&fields) {
            if column.data_type == DataType::Utf8View {
                continue;
            }
            let (found, untidy) = classify(&field.text());
            column.data_type = join_scalar(&column.data_type, &found);
            // Text is read as it stands, whatever else was among it.
            column.untidy = column.data_type != DataType::Utf8View && (column.untidy || untidy);
        }
    }
    Layout { columns, ..*layout }
}

/// What the rows of a chunk of JSON say about the columns; columns stand in the order in which they appear.
pub(crate) fn infer_json(format: Format, rows: &[u8]) -> Result<Layout, Problem> {
    let values: Vec<Value> = serde_json::Deserializer::from_slice(rows)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| Problem::invalid(error.to_string()))?;
    let schema = infer_json_schema_from_iterator(values.iter().map(Ok))
        .map_err(|error| Problem::invalid(error.to_string().to_lowercase()))?;
    let mut order: HashMap<&str, usize> = HashMap::new();
    for key in values.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
        let next = order.len();
        order.entry(key).or_insert(next);
    }
    let mut columns: Vec<Column> = schema
        .fields()
        .iter()
        .map(|field| Column { name: field.name().clone(), data_type: sorted(field.data_type()), untidy: false })
        .collect();
    columns.sort_by_key(|column| order.get(column.name.as_str()).copied());
    Ok(Layout { format, columns, complete: false })
}

/// Inferred fields come in no order of their own: nested ones are sorted, so that one text has one type.
fn sorted(data_type: &DataType) -> DataType {
    match data_type {
        DataType::List(field) => {
            DataType::List(Arc::new(ArrowField::new(field.name(), sorted(field.data_type()), true)))
        }
        DataType::Struct(fields) => {
            let mut fields: Vec<ArrowField> =
                fields.iter().map(|field| ArrowField::new(field.name(), sorted(field.data_type()), true)).collect();
            fields.sort_by(|a, b| a.name().cmp(b.name()));
            DataType::Struct(fields.into())
        }
        DataType::Utf8 => DataType::Utf8View,
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_look_like() {
        for (text, data_type, untidy) in [
            ("12", DataType::Int64, false),
            (" 12", DataType::Int64, true),
            ("1e5", DataType::Float64, false),
            ("12345678901234567890", DataType::Utf8View, false),
            ("NA", DataType::Null, true),
            ("", DataType::Null, false),
            ("-", DataType::Utf8View, false),
            ("True", DataType::Boolean, false),
            ("2020-02-30", DataType::Utf8View, false),
            ("2020-02-29", DataType::Date32, false),
            ("2020-02-29 10:00:00", TIMESTAMP, false),
            ("2020-02-29T10:00:00Z", DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())), false),
            ("10-20-3000", DataType::Utf8View, false),
        ] {
            assert_eq!(classify(text), (data_type, untidy), "{text}");
        }
    }

    #[test]
    fn headers_are_made_unique() {
        let names = ["a", "", "a", "a_2", "a"].map(str::to_owned);
        assert_eq!(unique(names), ["a", "column_2", "a_2", "a_2_2", "a_3"]);
    }
}
