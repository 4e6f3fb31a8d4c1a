//! Logs, as JSON for machines or in lines for people.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, TelemetryConfig};
use crate::start::StartError;

/// Begins to log to standard output. Once in a process; later calls change nothing.
///
/// # Errors
/// If the filter cannot be read.
pub(crate) fn begin(config: &TelemetryConfig) -> Result<(), StartError> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .map_err(|error| StartError::Config(format!("telemetry.log_filter: {error}")))?;
    let registry = tracing_subscriber::registry().with(filter);
    // A process that logs already (a test with several services) goes on as it does.
    let _ = match config.log_format {
        LogFormat::Json => registry
            .with(fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false))
            .try_init(),
        LogFormat::Pretty => registry.with(fmt::layer().with_target(true).compact()).try_init(),
    };
    Ok(())
}
