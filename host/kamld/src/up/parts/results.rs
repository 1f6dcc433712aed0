//! Rows that a plug-in handed over, on their way to the person whose call made them.

use async_trait::async_trait;
use kamld_metadata::sql::{Format, Sql};
use kamld_server::parts::{ResultBody, ResultFormat, Results};
use kamld_types::{Person, problem::Result};
use std::sync::Arc;

pub struct QueryResults(pub Arc<Sql>);

fn format(format: ResultFormat) -> Format {
    match format {
        ResultFormat::Json => Format::Json,
        ResultFormat::Jsonl => Format::JsonLines,
        ResultFormat::Csv => Format::Csv,
        ResultFormat::Parquet => Format::Parquet,
        ResultFormat::Arrow => Format::Arrow,
    }
}

#[async_trait]
impl Results for QueryResults {
    async fn open(&self, id: &str, as_format: ResultFormat, person: &Person) -> Result<ResultBody> {
        let format = format(as_format);
        let body = self.0.result_stream(id, &person.id, format).await?;
        Ok(ResultBody { media_type: format.media_type().into(), body })
    }

    async fn cancel(&self, id: &str, person: &Person) -> Result<()> {
        self.0.cancel_result(id, &person.id).await
    }
}
