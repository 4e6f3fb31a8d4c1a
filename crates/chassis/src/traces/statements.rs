//! SQL as spans: the driver tells of each statement when it is done, and how long it took. Never of the values in it.
//!
//! Outside of a sampled call nobody listens, and the driver does not even put its words together.

use std::fmt::Debug;
use std::time::Duration;

use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{self, Filter};

use super::is_sampled;

/// Where the driver tells of statements.
const TARGET: &str = "sqlx::query";

/// How much of a statement stands in its span, in bytes.
const TEXT_BYTES_MAX: usize = 1_024;

/// Makes a span of each statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statements;

/// Lets through only statements, and only those of sampled calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfSampledCalls;

impl<S> Filter<S> for OfSampledCalls {
    fn enabled(&self, about: &Metadata<'_>, _: &layer::Context<'_, S>) -> bool {
        about.target() == TARGET && is_sampled()
    }

    fn callsite_enabled(&self, about: &'static Metadata<'static>) -> Interest {
        if about.target() == TARGET { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }
}

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let context = Context::current();
        let Some(tracer) = context.get::<SdkTracer>() else { return };
        let mut statement = Statement::default();
        event.record(&mut statement);
        let end = opentelemetry::time::now();
        let builder = SpanBuilder::from_name(statement.name())
            .with_kind(SpanKind::Client)
            .with_start_time(end.checked_sub(statement.took).unwrap_or(end))
            .with_attributes(statement.attributes());
        tracer.build_with_context(builder, &context).end_with_timestamp(end);
    }
}

/// What the driver says.
#[derive(Debug, Default)]
struct Statement {
    /// Its first words.
    summary: String,
    /// All of it, if that is more.
    text: String,
    took: Duration,
    rows: u64,
}

impl Statement {
    fn name(&self) -> String {
        self.summary.trim_end_matches([' ', '…']).to_owned()
    }

    fn attributes(&self) -> [KeyValue; 3] {
        let text = if self.text.is_empty() { &self.summary } else { &self.text };
        // On one line, as far as it goes.
        let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        [
            KeyValue::new("db.system.name", "postgresql"),
            KeyValue::new("db.query.text", text),
            KeyValue::new("db.response.returned_rows", i64::try_from(self.rows).unwrap_or(i64::MAX)),
        ]
    }
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.text),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            self.rows = value;
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.took = Duration::try_from_secs_f64(value).unwrap_or_default();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
