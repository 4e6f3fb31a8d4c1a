//! Logs, as JSON for machines or in lines for people.

mod json;
mod lines;

use std::io::{Write, stdout};

use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::{LogFormat, TelemetryConfig};
use crate::start::StartError;
use crate::traces::{OfSampledCalls, Statements, Traces};
use json::{JsonFields, JsonLine};
use lines::Lines;

/// Whoever logs holds it: what is not written yet when it is dropped is written then.
#[derive(Debug)]
#[must_use = "lines are written late, and the last ones when this is dropped"]
pub struct Logging(Lines);

/// Begins to log to standard output. Once in a process; later calls change nothing.
///
/// # Errors
/// If the filter cannot be read.
pub(crate) fn begin(config: &TelemetryConfig, traces: &Traces) -> Result<Logging, StartError> {
    begin_to(config, traces, stdout())
}

/// Begins to log elsewhere. Once in a process; later calls change nothing.
///
/// # Errors
/// If the filter cannot be read.
pub fn begin_to(
    config: &TelemetryConfig,
    traces: &Traces,
    out: impl Write + Send + 'static,
) -> Result<Logging, StartError> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .map_err(|error| StartError::Config(format!("telemetry.log_filter: {error}")))?;
    let lines = Lines::begin(out);
    let layer = fmt::layer().with_writer(lines.clone());
    let layer = match config.log_format {
        LogFormat::Json => layer.fmt_fields(JsonFields).event_format(JsonLine).boxed(),
        LogFormat::Pretty => layer.with_target(true).compact().boxed(),
    };
    // A process that logs already (a test with several services) goes on as it does.
    let _ = if traces.are_made() {
        // Spans are made of more than is logged, so the filter is that of the lines alone.
        let registry = tracing_subscriber::registry().with(layer.with_filter(filter));
        registry.with(Statements.with_filter(OfSampledCalls)).try_init()
    } else {
        tracing_subscriber::registry().with(layer).with(filter).try_init()
    };
    Ok(Logging(lines))
}

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.write_out();
    }
}
