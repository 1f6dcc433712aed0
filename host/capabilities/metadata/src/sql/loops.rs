//! Nested loops, as joins without an equality are done, kept from what they do wrong.
//!
//! When their left side does not fit into memory they run it once more and write it to disk. A plan that was run holds
//! what it did: the second time another one is run. Joins that tell which left rows found none tell it once for each
//! part of the right side then: they end with an error instead, as long as the engine counts wrong.
//!
//! Must not live here: other joins. Invariant: a plan that was kept answers what it answers without, or an error.

use datafusion::{
    common::{
        JoinType, resources_err,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    error::Result,
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::PhysicalExpr,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
        execution_plan::reset_plan_states,
        joins::{NestedLoopJoinExec, NestedLoopJoinExecBuilder},
    },
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The plan, with its nested loops kept.
pub(crate) fn keep(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let kept = |plan: Arc<dyn ExecutionPlan>| {
        let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() else { return Ok(Transformed::no(plan)) };
        let left = Left {
            inner: join.left().clone(),
            again: counts_right(*join.join_type(), join.right().output_partitioning().partition_count()),
            begun: AtomicBool::new(false),
        };
        let join = NestedLoopJoinExecBuilder::new(Arc::new(left), join.right().clone(), *join.join_type())
            .with_filter(join.filter().cloned())
            .with_projection_ref(join.projection().clone())
            .build()?;
        Ok(Transformed::yes(Arc::new(join) as Arc<dyn ExecutionPlan>))
    };
    Ok(plan.transform_up(kept)?.data)
}

/// Whether a join from disk tells each left row without a match once.
fn counts_right(join: JoinType, right_parts: usize) -> bool {
    right_parts == 1
        || !matches!(
            join,
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark | JoinType::Full
        )
}

/// The left side of a nested loop, which is run a second time when memory does not hold it.
#[derive(Debug)]
struct Left {
    inner: Arc<dyn ExecutionPlan>,
    /// Whether that ends well.
    again: bool,
    begun: AtomicBool,
}

impl DisplayAs for Left {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LeftOfLoop")
    }
}

impl ExecutionPlan for Left {
    fn name(&self) -> &str {
        "LeftOfLoop"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.inner]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let inner = children.pop().unwrap_or_else(|| self.inner.clone());
        Ok(Arc::new(Self { inner, again: self.again, begun: AtomicBool::new(false) }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if !self.begun.swap(true, Ordering::Relaxed) {
            return self.inner.execute(partition, context);
        }
        if !self.again {
            return resources_err!("the left side of a join without an equality does not fit into memory");
        }
        reset_plan_states(self.inner.clone())?.execute(partition, context)
    }
}
