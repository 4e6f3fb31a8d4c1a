//! Logs, as JSON for machines or in lines for people.

mod json;
mod lines;

use std::io::{Write, stdout};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, TelemetryConfig};
use crate::start::StartError;
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
pub(crate) fn begin(config: &TelemetryConfig) -> Result<Logging, StartError> {
    begin_to(config, stdout())
}

/// Begins to log elsewhere. Once in a process; later calls change nothing.
///
/// # Errors
/// If the filter cannot be read.
pub fn begin_to(config: &TelemetryConfig, out: impl Write + Send + 'static) -> Result<Logging, StartError> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .map_err(|error| StartError::Config(format!("telemetry.log_filter: {error}")))?;
    let lines = Lines::begin(out);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(lines.clone());
    // A process that logs already (a test with several services) goes on as it does.
    let _ = match config.log_format {
        LogFormat::Json => registry.with(layer.fmt_fields(JsonFields).event_format(JsonLine)).try_init(),
        LogFormat::Pretty => registry.with(layer.with_target(true).compact()).try_init(),
    };
    Ok(Logging(lines))
}

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.write_out();
    }
}
