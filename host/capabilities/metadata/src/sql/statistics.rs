//! What the columns of kept rows are like: how many values differ, what is missing, the ends, and how they lie. Found out
//! in a worker, from rows that the host hands it.
//!
//! Must not live here: drawing; only rows that are drawn are looked at. Invariant: the number of rows that were looked
//! at is told with what was found.

use super::{kept::cells, worker::Link};
use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array},
    compute::cast,
    datatypes::{DataType, Float64Type, SchemaRef},
};
use datafusion::{
    common::hash_utils::{HLL_RANDOM_STATE, create_hashes},
    functions_aggregate::min_max::{MaxAccumulator, MinAccumulator},
    logical_expr::Accumulator,
};
use kamld_types::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Rows that are looked at: two million tell what a column is like, and take a second or two.
pub(crate) const MOST: u64 = 2_000_000;
const BARS: usize = 20;
/// The smallest hashes of a column that are remembered: up to as many different values the count is exact, above it is
/// within about 3 %.
const SKETCH: usize = 1024;
/// Texts that are counted; of a column with more, what is frequent is frequent early.
const TEXTS: usize = 10_000;
/// Characters of a text that are told.
const SHOWN: usize = 200;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// How many rows were looked at.
    pub rows: u64,
    /// In the order of the columns.
    pub columns: Vec<ColumnStatistics>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnStatistics {
    /// Different values, about, when there are many.
    pub distinct: u64,
    pub nulls: u64,
    pub min: Value,
    pub max: Value,
    /// Of numbers and times: how many values lie in each of up to 20 equal parts from `min` to `max`. Of texts: how often
    /// each of `top` occurs.
    pub bars: Vec<u64>,
    /// The most frequent texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<String>,
}

struct Column {
    nulls: u64,
    values: u64,
    hashes: BTreeSet<u64>,
    ends: Option<(MinAccumulator, MaxAccumulator)>,
    /// Of numbers and times.
    range: Option<(f64, f64)>,
    texts: Option<HashMap<String, u64>>,
    bars: Vec<u64>,
}

/// Numbers and times as numbers; none for what has no place on a line.
fn line(array: &ArrayRef) -> Option<Float64Array> {
    let number = match array.data_type() {
        kind if kind.is_numeric() => array.clone(),
        DataType::Date32 | DataType::Time32(_) => cast(array, &DataType::Int32).ok()?,
        DataType::Date64 | DataType::Time64(_) | DataType::Timestamp(..) | DataType::Duration(_) => {
            cast(array, &DataType::Int64).ok()?
        }
        _ => return None,
    };
    Some(cast(&number, &DataType::Float64).ok()?.as_primitive::<Float64Type>().clone())
}

impl Column {
    fn new(kind: &DataType) -> Self {
        let texts = matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean)
            || matches!(kind, DataType::Dictionary(_, values) if values.is_string());
        let ends = (!kind.is_nested())
            .then(|| Some((MinAccumulator::try_new(kind).ok()?, MaxAccumulator::try_new(kind).ok()?)))
            .flatten();
        let texts = texts.then(HashMap::new);
        Self { nulls: 0, values: 0, hashes: BTreeSet::new(), ends, range: None, texts, bars: Vec::new() }
    }

    fn look(&mut self, array: &ArrayRef, hashes: &mut Vec<u64>) {
        let missing = array.logical_null_count() as u64;
        self.nulls += missing;
        self.values += array.len() as u64 - missing;
        hashes.clear();
        hashes.resize(array.len(), 0);
        if let Ok(hashes) = create_hashes([array], &HLL_RANDOM_STATE, hashes) {
            let nulls = array.logical_nulls();
            let largest = |known: &BTreeSet<u64>| known.last().copied().unwrap_or(u64::MAX);
            let mut bound = if self.hashes.len() < SKETCH { u64::MAX } else { largest(&self.hashes) };
            for (row, hash) in hashes.iter().enumerate() {
                if *hash > bound || nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                    continue;
                }
                if self.hashes.insert(*hash) && self.hashes.len() > SKETCH {
                    self.hashes.pop_last();
                    bound = largest(&self.hashes);
                }
            }
        }
        if let Some((min, max)) = &mut self.ends {
            let values = std::slice::from_ref(array);
            if min.update_batch(values).and_then(|()| max.update_batch(values)).is_err() {
                self.ends = None;
            }
        }
        if let Some(numbers) = line(array) {
            for number in numbers.iter().flatten().filter(|number| number.is_finite()) {
                let (low, high) = self.range.unwrap_or((number, number));
                self.range = Some((low.min(number), high.max(number)));
            }
        }
        if let Some(counts) = &mut self.texts
            && let Ok(texts) = cast(array, &DataType::Utf8)
        {
            for text in texts.as_string::<i32>().iter().flatten() {
                if let Some(count) = counts.get_mut(text) {
                    *count += 1;
                } else if counts.len() < TEXTS && text.len() <= SHOWN * 4 {
                    counts.insert(text.to_owned(), 1);
                }
            }
        }
    }

    fn distinct(&self) -> u64 {
        match self.hashes.last() {
            // The smallest hashes lie as densely as all of them do.
            Some(last) if self.hashes.len() >= SKETCH => {
                let dense = (SKETCH - 1) as f64 / (*last as f64 / u64::MAX as f64);
                (dense as u64).min(self.values)
            }
            _ => self.hashes.len() as u64,
        }
    }

    /// How many bars there will be, when the values lie on a line.
    fn prepare(&mut self) {
        if let Some((low, high)) = self.range {
            let bars = if high > low { usize::try_from(self.distinct()).unwrap_or(BARS).clamp(2, BARS) } else { 1 };
            self.bars = vec![0; bars];
        }
    }

    fn count(&mut self, array: &ArrayRef) {
        let (Some((low, high)), Some(numbers)) = (self.range, line(array)) else { return };
        let bars = self.bars.len();
        for number in numbers.iter().flatten().filter(|number| number.is_finite()) {
            let part = if high > low { (number - low) / (high - low) } else { 0.0 };
            self.bars[((part * bars as f64) as usize).min(bars - 1)] += 1;
        }
    }

    fn finish(mut self) -> ColumnStatistics {
        let distinct = self.distinct();
        let (min, max) = match &mut self.ends {
            Some((min, max)) => (end(min), end(max)),
            None => (Value::Null, Value::Null),
        };
        let mut top: Vec<(String, u64)> = self.texts.unwrap_or_default().into_iter().collect();
        top.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        top.truncate(BARS);
        // Where nothing occurs twice nothing is frequent.
        if top.first().is_some_and(|(_, count)| *count == 1) && distinct > BARS as u64 {
            top.clear();
        }
        let bars = if top.is_empty() { self.bars } else { top.iter().map(|(_, count)| *count).collect() };
        let top = top.into_iter().map(|(text, _)| text.chars().take(SHOWN).collect()).collect();
        ColumnStatistics { distinct, nulls: self.nulls, min, max, bars, top }
    }
}

fn end(of: &mut impl Accumulator) -> Value {
    let value = of.evaluate().ok().and_then(|value| value.to_array().ok());
    match value.and_then(|array| cells::value(&array).ok()) {
        Some(Value::String(text)) => Value::String(text.chars().take(SHOWN).collect()),
        Some(value) => value,
        None => Value::Null,
    }
}

/// The host hands the same rows out twice: the bars need the ends first. What an error keeps from being drawn is not
/// looked at; the windows tell of it.
pub(crate) async fn measure(schema: &SchemaRef, link: &Link) -> Result<Statistics, Problem> {
    let mut columns: Vec<Column> = schema.fields().iter().map(|field| Column::new(field.data_type())).collect();
    let mut rows = 0;
    let mut hashes = Vec::new();
    while let Some(batch) = link.rows().await? {
        rows += batch.num_rows() as u64;
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            column.look(array, &mut hashes);
        }
    }
    columns.iter_mut().for_each(Column::prepare);
    if columns.iter().any(|column| column.range.is_some()) {
        while let Some(batch) = link.rows().await? {
            for (column, array) in columns.iter_mut().zip(batch.columns()) {
                column.count(array);
            }
        }
    }
    Ok(Statistics { rows, columns: columns.into_iter().map(Column::finish).collect() })
}
