//! Functions that make much out of little, kept from making more than memory holds.
//!
//! Must not live here: other functions; what grows only with its input is bounded by its input. Invariant: what a
//! call would make is added up before it is made; above the bound it is an error, whoever wrote the query.

use arrow::{
    array::AsArray,
    compute::cast,
    datatypes::{DataType, Field, FieldRef, Int64Type},
};
use datafusion::{
    common::exec_err,
    error::Result,
    execution::{FunctionRegistry, SessionState},
    logical_expr::{
        ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    },
};
use std::sync::Arc;

/// Bytes that one call may make for one batch of rows: far above what a table needs, far below what a host has.
const MOST: u128 = 256 << 20;

/// How large the result of a row is, from its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Growth {
    /// The text of the first as often as the second says.
    Repeat,
    /// A text of as many characters as the second says.
    Pad,
    /// As many elements as the argument of this place says.
    Elements(usize),
    /// Numbers from the first to the second, by the third.
    Range,
}

const BOUNDED: &[(&str, Growth)] = &[
    ("repeat", Growth::Repeat),
    ("lpad", Growth::Pad),
    ("rpad", Growth::Pad),
    ("array_repeat", Growth::Elements(1)),
    ("array_resize", Growth::Elements(1)),
    ("range", Growth::Range),
    ("generate_series", Growth::Range),
];

/// Puts the bounds around the functions of a session.
pub(crate) fn bound(state: &mut SessionState) -> Result<()> {
    for (name, growth) in BOUNDED {
        if let Some(inner) = state.scalar_functions().get(*name).cloned() {
            state.register_udf(Arc::new(ScalarUDF::new_from_impl(Bounded { inner, growth: *growth })))?;
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

fn number(args: &[ColumnarValue], place: usize, rows: usize) -> Option<Vec<Option<i64>>> {
    let array = args.get(place)?.to_array(rows).ok()?;
    let array = cast(&array, &DataType::Int64).ok()?;
    Some(array.as_primitive::<Int64Type>().iter().collect())
}

impl Bounded {
    fn size(&self, args: &[ColumnarValue], rows: usize) -> u128 {
        // Constants make one value, which stands for every row.
        let rows = if args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_))) { 1 } else { rows };
        let count = |place| number(args, place, rows).unwrap_or_default();
        let positive = |number: Option<i64>| u128::from(number.unwrap_or(0).max(0).unsigned_abs());
        match self.growth {
            Growth::Repeat => {
                let lengths: Vec<usize> = match args.first().and_then(|arg| arg.to_array(rows).ok()) {
                    Some(texts) => match cast(&texts, &DataType::Utf8View) {
                        Ok(texts) => texts.as_string_view().iter().map(|text| text.map_or(0, str::len)).collect(),
                        Err(_) => vec![1; rows],
                    },
                    None => return 0,
                };
                count(1).into_iter().zip(lengths).map(|(count, length)| positive(count) * length as u128).sum()
            }
            Growth::Pad => count(1).into_iter().map(|count| positive(count) * 4).sum(),
            Growth::Elements(place) => count(place).into_iter().map(|count| positive(count) * 16).sum(),
            Growth::Range => {
                let (first, second, step) = (count(0), count(1), count(2));
                let (from, to) = if args.len() == 1 { (Vec::new(), first) } else { (first, second) };
                let row = |row: usize| {
                    let at = |list: &[Option<i64>], otherwise| {
                        i128::from(list.get(row).copied().flatten().unwrap_or(otherwise))
                    };
                    let step = at(&step, 1).unsigned_abs().max(1);
                    (at(&to, 0) - at(&from, 0)).unsigned_abs() / step * 8
                };
                (0..to.len()).map(row).sum()
            }
        }
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = types.iter().map(|kind| Arc::new(Field::new("", kind.clone(), true))).collect();
        let arguments = vec![None; fields.len()];
        let field =
            self.inner.return_field_from_args(ReturnFieldArgs { arg_fields: &fields, scalar_arguments: &arguments })?;
        Ok(field.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let size = self.size(&args.args, args.number_rows);
        if size > MOST {
            return exec_err!(
                "{} would make {} MiB at once, and {} MiB are the most",
                self.name(),
                size >> 20,
                MOST >> 20
            );
        }
        self.inner.invoke_with_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}
