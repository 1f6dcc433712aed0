//! Values and types as they are shown: SQL type names, rows as JSON.
//!
//! Numbers stay numbers, also beyond 2^53 (a reader that needs each digit parses them as integers); NaN and the
//! infinities are null; times are ISO 8601; bytes are hex digits; what JSON has no word for is text.

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray},
    datatypes::{DataType, Field, FieldRef, IntervalUnit, Schema, SchemaRef},
    json::writer::{EncoderOptions, NullableEncoder, make_encoder},
    util::display::{ArrayFormatter, FormatOptions},
};
use kamld_types::Problem;
use std::sync::Arc;

/// Such as `BIGINT`, `DOUBLE`, `VARCHAR`, `STRUCT(a BIGINT)`.
pub fn sql_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "NULL".into(),
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Int8 => "TINYINT".into(),
        DataType::Int16 => "SMALLINT".into(),
        DataType::Int32 => "INTEGER".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::UInt8 => "TINYINT UNSIGNED".into(),
        DataType::UInt16 => "SMALLINT UNSIGNED".into(),
        DataType::UInt32 => "INTEGER UNSIGNED".into(),
        DataType::UInt64 => "BIGINT UNSIGNED".into(),
        DataType::Float16 | DataType::Float32 => "REAL".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "VARBINARY".into()
        }
        DataType::Date32 | DataType::Date64 => "DATE".into(),
        DataType::Time32(_) | DataType::Time64(_) => "TIME".into(),
        DataType::Timestamp(_, None) => "TIMESTAMP".into(),
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE".into(),
        DataType::Duration(_) => "INTERVAL".into(),
        DataType::Interval(IntervalUnit::YearMonth | IntervalUnit::DayTime | IntervalUnit::MonthDayNano) => {
            "INTERVAL".into()
        }
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("DECIMAL({precision}, {scale})"),
        DataType::List(inner)
        | DataType::LargeList(inner)
        | DataType::ListView(inner)
        | DataType::LargeListView(inner)
        | DataType::FixedSizeList(inner, _) => format!("{}[]", sql_type(inner.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|field| format!("{} {}", field.name(), sql_type(field.data_type()))).collect();
            format!("STRUCT({})", fields.join(", "))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                format!("MAP({}, {})", sql_type(fields[0].data_type()), sql_type(fields[1].data_type()))
            }
            _ => "MAP".into(),
        },
        DataType::Dictionary(_, values) => sql_type(values),
        DataType::RunEndEncoded(_, values) => sql_type(values.data_type()),
        DataType::Union(..) => "UNION".into(),
    }
}

pub(crate) fn columns(schema: &Schema) -> Vec<crate::Column> {
    let column = |field: &FieldRef| crate::Column {
        name: field.name().clone(),
        r#type: sql_type(field.data_type()),
        nullable: field.is_nullable(),
    };
    schema.fields().iter().map(column).collect()
}

fn options() -> EncoderOptions {
    EncoderOptions::default().with_explicit_nulls(true)
}

fn fault(error: arrow::error::ArrowError) -> Problem {
    Problem::internal(format!("rows cannot be written: {error}"))
}

/// Columns that JSON has no word for, as text.
fn tellable(batch: &RecordBatch) -> Result<(Vec<FieldRef>, Vec<ArrayRef>), Problem> {
    let options = options();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut arrays = Vec::with_capacity(batch.num_columns());
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if make_encoder(field, array, &options).is_ok() {
            fields.push(field.clone());
            arrays.push(array.clone());
        } else {
            fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
            arrays.push(as_text(array)?);
        }
    }
    Ok((fields, arrays))
}

pub(crate) fn as_text(array: &ArrayRef) -> Result<ArrayRef, Problem> {
    let format = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &format).map_err(fault)?;
    let texts = (0..array.len()).map(|row| array.is_valid(row).then(|| formatter.value(row).to_string()));
    Ok(Arc::new(StringArray::from_iter(texts)))
}

fn put(encoder: &mut NullableEncoder<'_>, row: usize, out: &mut Vec<u8>) {
    if encoder.is_null(row) { out.extend_from_slice(b"null") } else { encoder.encode(row, out) }
}

/// Each row as one JSON array.
pub fn json_rows(batch: &RecordBatch) -> Result<Vec<String>, Problem> {
    let options = options();
    let (fields, arrays) = tellable(batch)?;
    let mut encoders = Vec::with_capacity(arrays.len());
    for (field, array) in fields.iter().zip(&arrays) {
        encoders.push(make_encoder(field, array, &options).map_err(fault)?);
    }
    let mut rows = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let mut out = vec![b'['];
        for (place, encoder) in encoders.iter_mut().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            put(encoder, row, &mut out);
        }
        out.push(b']');
        rows.push(String::from_utf8(out).map_err(|error| Problem::internal(format!("a row is not UTF-8: {error}")))?);
    }
    Ok(rows)
}

/// Appends each row as a JSON object; `before` is called before each with whether it is the first.
pub(crate) fn json_objects(
    batch: &RecordBatch,
    out: &mut Vec<u8>,
    mut before: impl FnMut(&mut Vec<u8>),
) -> Result<(), Problem> {
    let options = options();
    let (fields, arrays) = tellable(batch)?;
    let mut encoders = Vec::with_capacity(arrays.len());
    for (field, array) in fields.iter().zip(&arrays) {
        let name = serde_json::to_vec(field.name()).map_err(|error| Problem::internal(error.to_string()))?;
        encoders.push((name, make_encoder(field, array, &options).map_err(fault)?));
    }
    for row in 0..batch.num_rows() {
        before(out);
        out.push(b'{');
        for (place, (name, encoder)) in encoders.iter_mut().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name);
            out.push(b':');
            put(encoder, row, out);
        }
        out.push(b'}');
    }
    Ok(())
}

/// What CSV can hold: nested values become their JSON text.
pub(crate) fn flat(batch: &RecordBatch) -> Result<RecordBatch, Problem> {
    let nested = |data_type: &DataType| {
        data_type.is_nested() || matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
    };
    if !batch.schema_ref().fields().iter().any(|field| nested(field.data_type())) {
        return Ok(batch.clone());
    }
    let options = options();
    let (told, arrays) = tellable(batch)?;
    let mut fields = Vec::new();
    let mut flat: Vec<ArrayRef> = Vec::new();
    for (field, array) in told.iter().zip(&arrays) {
        if !nested(field.data_type()) {
            fields.push(field.clone());
            flat.push(array.clone());
            continue;
        }
        let mut encoder = make_encoder(field, array, &options).map_err(fault)?;
        let texts = (0..array.len()).map(|row| {
            array.is_valid(row).then(|| {
                let mut out = Vec::new();
                encoder.encode(row, &mut out);
                String::from_utf8_lossy(&out).into_owned()
            })
        });
        flat.push(Arc::new(StringArray::from_iter(texts)));
        fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), flat).map_err(fault)
}

/// The same columns under names that differ, as files need them.
pub(crate) fn named_apart(schema: &SchemaRef) -> SchemaRef {
    let names = super::layout::unique(schema.fields().iter().map(|field| field.name().clone()));
    let fields: Vec<Field> =
        schema.fields().iter().zip(names).map(|(field, name)| field.as_ref().clone().with_name(name)).collect();
    Arc::new(Schema::new(fields))
}

/// Bytes of these very rows, as near as it is cheap to know.
pub(crate) fn size(batch: &RecordBatch) -> usize {
    let column = |column: &ArrayRef| {
        let views = match column.data_type() {
            DataType::Utf8View => column.as_string_view().total_bytes_len(),
            DataType::BinaryView => column.as_binary_view().total_bytes_len(),
            _ => 0,
        };
        let data = column.to_data();
        views + data.get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
    };
    batch.columns().iter().map(column).sum()
}

/// Without the texts of rows that are not in it: views share what they point into.
pub(crate) fn compact(batch: &RecordBatch) -> Result<RecordBatch, Problem> {
    let columns: Vec<ArrayRef> = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
            DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
            _ => column.clone(),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options).map_err(fault)
}
