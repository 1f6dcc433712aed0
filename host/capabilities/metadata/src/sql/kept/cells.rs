//! Rows as the page takes them: one JSON array each, without a number that JavaScript would round.
//!
//! Must not live here: other formats. Invariant: what is shown is what is there; a value that JSON numbers cannot hold
//! safely is a text of all its digits.

use crate::sql::values;
use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray},
    compute::cast,
    datatypes::{DataType, Field, Int64Type, Schema, UInt64Type},
};
use kamld_types::Problem;
use std::sync::Arc;

/// The largest integer up to which JavaScript tells all of them apart.
const SAFE: u64 = 1 << 53;

fn fault(error: arrow::error::ArrowError) -> Problem {
    Problem::internal(format!("rows cannot be written: {error}"))
}

/// Decimals as texts, dictionaries as what they stand for.
fn plain(array: &ArrayRef) -> Result<ArrayRef, Problem> {
    match array.data_type() {
        DataType::Dictionary(_, values) => plain(&cast(array, values).map_err(fault)?),
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            cast(array, &DataType::Utf8).map_err(fault)
        }
        DataType::Int64 => {
            let numbers = array.as_primitive::<Int64Type>();
            match numbers.iter().flatten().any(|number| number.unsigned_abs() > SAFE) {
                true => Ok(texts(numbers.iter().map(|n| n.map(|n| n.to_string())))),
                false => Ok(array.clone()),
            }
        }
        DataType::UInt64 => {
            let numbers = array.as_primitive::<UInt64Type>();
            match numbers.iter().flatten().any(|number| number > SAFE) {
                true => Ok(texts(numbers.iter().map(|n| n.map(|n| n.to_string())))),
                false => Ok(array.clone()),
            }
        }
        _ => Ok(array.clone()),
    }
}

/// All of a column as text where one number needs it: one kind of value is easier for a reader than two.
fn texts(numbers: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(StringArray::from_iter(numbers))
}

pub(super) fn rows(batch: &RecordBatch) -> Result<Vec<String>, Problem> {
    let columns: Vec<ArrayRef> = batch.columns().iter().map(plain).collect::<Result<_, _>>()?;
    let fields: Vec<Field> = batch
        .schema_ref()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(fault)?;
    values::json_rows(&batch)
}

/// One value as the same JSON.
pub(crate) fn value(array: &ArrayRef) -> Result<serde_json::Value, Problem> {
    let field = Field::new("value", array.data_type().clone(), true);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array.clone()]).map_err(fault)?;
    let row = rows(&batch)?.into_iter().next().unwrap_or_else(|| "[null]".into());
    let mut row: Vec<serde_json::Value> =
        serde_json::from_str(&row).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(row.pop().unwrap_or_default())
}
