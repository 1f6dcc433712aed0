//! A stop that is heard in the middle of a step: an expression that is worked out again and again looks each time whether
//! anybody still waits.
//!
//! Must not live here: when a query is stopped, and which expressions look. Invariant: an expression that heeds a stop
//! answers what it answers without.

use arrow::{
    datatypes::{DataType, FieldRef, Schema},
    record_batch::RecordBatch,
};
use datafusion::{common::exec_err, error::Result, logical_expr::ColumnarValue, physical_expr::PhysicalExpr};
use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Whether a query is to stop. Set when the one that is kept for it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen(self.0.clone())
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.now();
    }
}

/// What those see of it who are to stop.
#[derive(Clone, Debug)]
pub(crate) struct Seen(Arc<AtomicBool>);

impl Seen {
    /// The expression, which fails once the stop is set.
    pub(crate) fn by(&self, inner: Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
        Arc::new(Heeding { inner, stop: self.clone() })
    }
}

/// An expression that is not worked out any more once nobody waits for it.
#[derive(Debug)]
struct Heeding {
    inner: Arc<dyn PhysicalExpr>,
    stop: Seen,
}

impl PartialEq for Heeding {
    fn eq(&self, other: &Self) -> bool {
        *self.inner == *other.inner
    }
}

impl Eq for Heeding {}

impl Hash for Heeding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Heeding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner, out)
    }
}

impl PhysicalExpr for Heeding {
    fn data_type(&self, input: &Schema) -> Result<DataType> {
        self.inner.data_type(input)
    }

    fn nullable(&self, input: &Schema) -> Result<bool> {
        self.inner.nullable(input)
    }

    fn return_field(&self, input: &Schema) -> Result<FieldRef> {
        self.inner.return_field(input)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.stop.0.load(Ordering::Relaxed) {
            return exec_err!("the query was stopped");
        }
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        match <[_; 1]>::try_from(children) {
            Ok([inner]) => Ok(Arc::new(Self { inner, stop: self.stop.clone() })),
            Err(children) => exec_err!("one expression is heeded, not {}", children.len()),
        }
    }

    fn fmt_sql(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(out)
    }
}
