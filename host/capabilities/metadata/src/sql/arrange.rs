//! Rows that the host has, once more, sorted or filtered by the engine and within its limits of memory and disk.
//!
//! Must not live here: keeping what comes of it. Invariant: reads nothing but the rows that it is made from.

use super::{
    engine::Engine,
    place::Source,
    plan::{Planned, Work},
    values,
    worker::Link,
};
use arrow::{
    array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringArray},
    compute::{can_cast_types, cast, filter_record_batch, kernels::comparison::ilike, or, prep_null_mask_filter},
    datatypes::{DataType, SchemaRef},
};
use datafusion::{
    catalog::streaming::StreamingTable,
    datasource::provider_as_source,
    error::{DataFusionError, Result as PlanResult},
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{LogicalPlanBuilder, SortExpr},
    physical_plan::{stream::RecordBatchStreamAdapter, streaming::PartitionStream},
    prelude::{Column, Expr},
};
use futures::stream;
use kamld_types::{Problem, problem};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

/// Columns to sort by; more say nothing to anybody.
const MAX_KEYS: usize = 8;
/// Characters to filter by.
const MAX_FILTER: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    Ascending,
    Descending,
}

/// In which order rows are shown, and which of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Arrangement {
    /// Columns by name, the first decides first. Missing values come last either way.
    sort: Vec<(String, Direction)>,
    /// Only rows with this text in one of their columns, whatever the case of its letters. Empty for all.
    filter: String,
}

impl Arrangement {
    /// `keys` are names of columns, with `-` before those that count downwards.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a str>, filter: &str) -> problem::Result<Self> {
        let sort: Vec<_> = keys
            .into_iter()
            .filter(|key| !key.is_empty())
            .map(|key| match key.strip_prefix('-') {
                Some(key) => (key.to_owned(), Direction::Descending),
                None => (key.to_owned(), Direction::Ascending),
            })
            .collect();
        if sort.len() > MAX_KEYS {
            return Err(Problem::limit(format!("rows are sorted by at most {MAX_KEYS} columns")));
        }
        if filter.chars().count() > MAX_FILTER {
            return Err(Problem::limit(format!("rows are filtered by at most {MAX_FILTER} characters"))
                .help("a query with a where can say more"));
        }
        Ok(Self { sort, filter: filter.to_owned() })
    }

    /// The same rows in another order.
    pub(crate) fn keeps_all(&self) -> bool {
        self.filter.is_empty()
    }

    pub fn is_plain(&self) -> bool {
        self.sort.is_empty() && self.filter.is_empty()
    }
}

/// A short name that stands for it, within this process.
impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        write!(f, ".{:016x}", hasher.finish())
    }
}

pub(crate) async fn arrange(
    engine: &Engine,
    link: &Arc<Link>,
    schema: SchemaRef,
    arrangement: &Arrangement,
) -> Result<Planned, Problem> {
    // Columns of a join may share a name: they are told apart while the engine has them.
    let apart = values::named_apart(&schema);
    let mut sort = Vec::new();
    for (key, direction) in &arrangement.sort {
        if apart.column_with_name(key).is_none() {
            return Err(Problem::invalid(format!("there is no column '{key}' to sort by")));
        }
        let ascending = *direction == Direction::Ascending;
        sort.push(SortExpr::new(Expr::Column(Column::new_unqualified(key)), ascending, false));
    }
    let scan = HostRows { link: link.clone(), schema: apart.clone(), filter: arrangement.filter.clone() };
    let failed = |error: DataFusionError| Problem::invalid(super::wrong::plain_text(&error));
    let planned = async {
        let table = StreamingTable::try_new(apart, vec![Arc::new(scan)])?;
        let mut logical = LogicalPlanBuilder::scan("kept", provider_as_source(Arc::new(table)), None)?;
        if !sort.is_empty() {
            logical = logical.sort(sort)?;
        }
        let logical = logical.build()?;
        let state = engine.session("kamld", Vec::new(), Default::default())?;
        let physical = state.create_physical_plan(&logical).await?;
        Ok(Work::Plan { physical, state: Box::new(state) })
    };
    let work = planned.await.map_err(failed)?;
    Ok(Planned { work, schema, source: Source::new("", Vec::new()), tables: Vec::new() })
}

/// The rows that the host sends, once.
struct HostRows {
    link: Arc<Link>,
    schema: SchemaRef,
    filter: String,
}

impl fmt::Debug for HostRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("kept rows")
    }
}

impl PartitionStream for HostRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let state = (self.link.clone(), self.schema.clone(), self.filter.clone());
        let rows = stream::try_unfold(state, |(link, schema, filter)| async move {
            let told = |problem: Problem| DataFusionError::External(Box::new(problem));
            while let Some(batch) = link.rows().await.map_err(told)? {
                let batch = matching(&batch, &filter).map_err(told)?;
                if batch.num_rows() > 0 {
                    let batch = renamed(&batch, &schema)?;
                    return Ok(Some((batch, (link, schema, filter))));
                }
            }
            Ok(None)
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}

fn renamed(batch: &RecordBatch, schema: &SchemaRef) -> PlanResult<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
}

/// The rows that have the text in one of their columns.
fn matching(batch: &RecordBatch, filter: &str) -> Result<RecordBatch, Problem> {
    if filter.is_empty() {
        return Ok(batch.clone());
    }
    let fault = |error: arrow::error::ArrowError| Problem::internal(format!("rows cannot be filtered: {error}"));
    let escaped: String =
        filter.chars().flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])).collect();
    let pattern = StringArray::new_scalar(format!("%{escaped}%"));
    let mut found: Option<BooleanArray> = None;
    for column in values::flat(batch)?.columns() {
        let matches = ilike(&text(column)?, &pattern).map_err(fault)?;
        // A missing value matches nothing, and is not unknown.
        let matches = if matches.null_count() > 0 { prep_null_mask_filter(&matches) } else { matches };
        found = Some(match found {
            Some(found) => or(&found, &matches).map_err(fault)?,
            None => matches,
        });
    }
    match found {
        Some(found) => filter_record_batch(batch, &found).map_err(fault),
        None => Ok(batch.slice(0, 0)),
    }
}

/// As it is shown.
fn text(column: &ArrayRef) -> Result<ArrayRef, Problem> {
    let binary = matches!(
        column.data_type(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    );
    match cast(column, &DataType::Utf8) {
        Ok(texts) if !binary && can_cast_types(column.data_type(), &DataType::Utf8) => Ok(texts),
        _ => values::as_text(column),
    }
}
