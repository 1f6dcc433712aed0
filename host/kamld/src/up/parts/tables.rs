//! Rows of tables and results a window at a time, in the words of the server.

use async_trait::async_trait;
use kamld_metadata::sql::{Arrangement, Everything, Sql, Window, WindowQuery};
use kamld_server::parts::{RowsQuery, RowsWindow, Tables};
use kamld_types::{Address, Problem, problem::Result};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How long a window waits for rows that are not drawn yet. Long enough for most jumps, short enough for a page to show
/// that it works on it.
const WAIT: Duration = Duration::from_secs(5);

pub struct ObjectTables(pub Arc<Sql>);

pub(super) fn asked_for(asked: &RowsQuery) -> Result<WindowQuery> {
    Ok(WindowQuery {
        start: asked.start,
        count: asked.count,
        arrangement: Arrangement::new(asked.sort.iter().map(String::as_str), &asked.filter)?,
        statistics: asked.statistics,
        wait: WAIT,
    })
}

pub(super) fn told(window: Window) -> Result<RowsWindow> {
    let columns: Vec<Value> = window
        .columns
        .iter()
        .map(|column| json!({"name": column.name, "type": column.r#type, "nullable": column.nullable}))
        .collect();
    let statistics = window
        .statistics
        .map(|statistics| Ok((statistics.rows, serde_json::to_value(&statistics.columns)?)))
        .transpose()
        .map_err(|error: serde_json::Error| Problem::internal(format!("statistics cannot be written: {error}")))?;
    Ok(RowsWindow {
        columns: Value::Array(columns),
        rows: window.rows,
        total: Some(window.total),
        complete: window.complete,
        bytes: window.bytes,
        problem: window.problem,
        statistics,
        tag: window.tag,
    })
}

#[async_trait]
impl Tables for ObjectTables {
    async fn window(&self, table: &Address, asked: &RowsQuery) -> Result<RowsWindow> {
        // The server has checked the right of the person in the project, as for the bytes of the object.
        told(self.0.table_window(table, &Everything, &asked_for(asked)?).await?)
    }
}
