//! Rows that a plug-in handed over, on their way to the person whose call made them.

use super::tables::{asked_for, told};
use async_trait::async_trait;
use futures::StreamExt;
use kamld_metadata::sql::{Output, Sql};
use kamld_server::parts::{ResultBody, ResultFormat, Results, RowsQuery, RowsWindow};
use kamld_types::{Person, problem::Result};
use std::sync::Arc;

pub struct QueryResults(pub Arc<Sql>);

fn output(format: ResultFormat) -> Output {
    match format {
        ResultFormat::Json => Output::Json,
        ResultFormat::Jsonl => Output::JsonLines,
        ResultFormat::Csv => Output::Csv,
        ResultFormat::Parquet => Output::Parquet,
        ResultFormat::Arrow => Output::Arrow,
    }
}

#[async_trait]
impl Results for QueryResults {
    async fn open(&self, id: &str, format: ResultFormat, person: &Person) -> Result<ResultBody> {
        let output = output(format);
        let rows = self.0.result_stream(id, &person.id, output)?;
        Ok(ResultBody { media_type: output.media_type().into(), body: rows.boxed() })
    }

    async fn window(&self, id: &str, asked: &RowsQuery, person: &Person) -> Result<RowsWindow> {
        told(self.0.result_window(id, &person.id, &asked_for(asked)?).await?)
    }

    async fn cancel(&self, id: &str, person: &Person) -> Result<()> {
        self.0.cancel(id, &person.id)
    }
}
