//! Rows of results and of tables, some of which end with an error.

use super::Host;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use kamld_server::parts::{ResultBody, ResultFormat, Results, RowsQuery, RowsWindow, Tables};
use kamld_types::{Address, Person, Problem, problem::Result};
use serde_json::json;

#[async_trait]
impl Results for Host {
    async fn open(&self, id: &str, format: ResultFormat, person: &Person) -> Result<ResultBody> {
        self.ask(format!("result {id} {format:?} {}", person.id));
        let body: Vec<Result<Bytes>> = match id {
            "rows" => vec![Ok("a,b\n".into()), Ok("1,2\n".into())],
            "none" => Vec::new(),
            "late" => vec![Err(Problem::limit("the query needs more memory than it may have"))],
            "cut" => vec![Ok("a,b\n".into()), Err(Problem::corrupt("a file lies"))],
            _ => return Err(Problem::not_found("there is no such result")),
        };
        Ok(ResultBody { media_type: "text/csv".into(), body: stream::iter(body).boxed() })
    }

    async fn window(&self, id: &str, asked: &RowsQuery, person: &Person) -> Result<RowsWindow> {
        self.ask(format!("rows {id} {} {} {}", asked.start, asked.count, person.id));
        match id {
            "rows" => Ok(some_rows()),
            _ => Err(Problem::not_found("there is no such result")),
        }
    }

    async fn cancel(&self, id: &str, _person: &Person) -> Result<()> {
        self.ask(format!("cancel {id}"));
        Ok(())
    }
}

fn some_rows() -> RowsWindow {
    RowsWindow {
        columns: json!([{"name": "a", "type": "BIGINT", "nullable": true}]),
        rows: vec!["[1]".into(), "[2]".into()],
        total: Some(2),
        complete: true,
        tag: Some("rows.0-100".into()),
        ..RowsWindow::default()
    }
}

#[async_trait]
impl Tables for Host {
    async fn window(&self, table: &Address, asked: &RowsQuery) -> Result<RowsWindow> {
        self.ask(format!("table {table} {:?} {}", asked.sort, asked.filter));
        Ok(RowsWindow { complete: false, tag: None, ..some_rows() })
    }
}
