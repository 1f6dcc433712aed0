//! Logs to standard error and, when configured, traces by OTLP over HTTP.
//!
//! Invariant: what is logged names no content, no token and no query text; spans carry ids, sizes and times.

use anyhow::Context;
use kamld::config::Log;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

/// Sends what is still waiting when it is dropped.
pub struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown()
        {
            eprintln!("the last traces could not be sent: {error}");
        }
    }
}

/// Must be called outside of an async runtime: the exporter sends from a thread of its own.
pub fn start(log: &Log) -> anyhow::Result<Traces> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| format!("log.level '{}' cannot be read", log.level))?;
    let text = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let text: Box<dyn Layer<Registry> + Send + Sync> = match log.format.as_str() {
        "json" => text.json().with_filter(filter).boxed(),
        "text" => text.with_target(true).with_filter(filter).boxed(),
        other => anyhow::bail!("log.format '{other}' is neither text nor json"),
    };
    let mut layers = vec![text];
    let mut provider = None;
    if !log.otlp.is_empty() {
        let endpoint = format!("{}/v1/traces", log.otlp.trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(&endpoint)
            .build()
            .with_context(|| format!("log.otlp '{}' cannot be used", log.otlp))?;
        let built = SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name("kamld").build())
            .with_batch_exporter(exporter)
            .build();
        let spans = tracing_opentelemetry::layer().with_tracer(built.tracer("kamld"));
        layers.push(spans.with_filter(EnvFilter::new("info,hyper=off,reqwest=off,opentelemetry=off")).boxed());
        provider = Some(built);
    }
    tracing_subscriber::registry().with(layers).try_init().context("logging was started twice")?;
    Ok(Traces(provider))
}
