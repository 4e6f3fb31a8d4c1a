//! Traces: what a call did in each service, and in which order, as spans for a collector (OTLP over gRPC).
//!
//! Whether a call is traced, whoever began its trace has decided (W3C Trace Context, the flag `sampled`); for a call that comes
//! without a trace, a share of all is. That is looked at before anything is made: a call that is not sampled has no span here,
//! and costs no more than reading the header. The context of one that is goes along with its future, and whoever wants to tell
//! of a part of it finds it there. A span holds ids, names of RPCs and SQL without values; never a secret.

mod queue;
mod statements;
mod traceparent;

use std::borrow::Cow;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::{
    FutureExt as _, Span as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_otlp::{SpanExporter, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanExporter as _};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;

use crate::config::{TelemetryConfig, TlsConfig};
use crate::start::StartError;
use crate::tls::{Dial, Tls};

pub(crate) use queue::Counts;
pub(crate) use statements::{OfSampledCalls, Statements};
pub use traceparent::TraceParent;
pub(crate) use traceparent::{TRACEPARENT, TRACESTATE};

/// How long the collector may take to take what is left at the end.
const LAST_MAX: Duration = Duration::from_secs(2);

/// How long a connection to the collector may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// Whoever makes the spans of this process, if any are made. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<Exporting>>);

#[derive(Debug)]
struct Exporting {
    tracer: SdkTracer,
    choice: Choice,
    counts: Counts,
    ending: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
    /// What the collector is connected to with, if it is another machine.
    tls: Option<Tls>,
}

impl Traces {
    /// Begins to send the spans of the process of `service` that listens at `instance` where the configuration says; to nowhere if
    /// it says nothing. On the runtime that calls are served on.
    ///
    /// # Errors
    /// If the collector's address or the certificate is of no use.
    pub fn begin(
        service: &'static str,
        instance: SocketAddr,
        tls: &TlsConfig,
        config: &TelemetryConfig,
    ) -> Result<Self, StartError> {
        let Some(endpoint) = &config.otlp_endpoint else { return Ok(Self::default()) };
        let refuse = |error: &dyn std::fmt::Display| StartError::Config(format!("telemetry.otlp_endpoint: {error}"));
        let plain = Endpoint::from_shared(endpoint.clone()).map_err(|error| refuse(&error))?;
        let (channel, tls) = match (plain.uri().scheme_str(), plain.uri().host()) {
            (Some("https"), Some(host)) => {
                let tls = Tls::load(tls)?;
                let dial = Dial::to(host.trim_matches(['[', ']']), &tls).map_err(|error| refuse(&error))?;
                (dial.channel(endpoint, |endpoint| endpoint).map_err(|error| refuse(&error))?, Some(tls))
            }
            _ => (plain.connect_timeout(CONNECT_MAX).connect_lazy(), None),
        };
        let exporter = SpanExporter::builder().with_tonic().with_channel(channel).build();
        let mut exporter = exporter.map_err(|error| refuse(&error))?;
        let resource = Resource::builder_empty().with_service_name(service).with_attributes([
            KeyValue::new("service.namespace", "bailiwick"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance.to_string()),
        ]);
        let resource = resource.build();
        exporter.set_resource(&resource);
        Ok(Self::to(exporter, resource, config, tls))
    }

    fn to(
        exporter: impl opentelemetry_sdk::trace::SpanExporter + 'static,
        resource: Resource,
        config: &TelemetryConfig,
        tls: Option<Tls>,
    ) -> Self {
        let (counts, ending) = (Counts::default(), CancellationToken::new());
        let (queue, waiting) = queue::Queue::new(config.spans_waiting_max, counts.clone());
        // What is not to be sampled never gets here.
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn).with_resource(resource);
        let tracer = provider.with_span_processor(queue).build().tracer("chassis");
        let export = queue::export(exporter, waiting, counts.clone(), ending.clone());
        #[expect(clippy::disallowed_methods, reason = "it outlives the drain, whose spans it sends, and is waited for")]
        let task = Mutex::new(Some(tokio::spawn(export)));
        let choice = Choice::new(config.sample_ratio);
        Self(Some(Arc::new(Exporting { tracer, choice, counts, ending, task, tls })))
    }

    /// Whether spans are made at all.
    pub(crate) fn are_made(&self) -> bool {
        self.0.is_some()
    }

    /// The certificates that the collector is shown, for the rest of the process to share.
    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.0.as_ref()?.tls.as_ref()
    }

    /// What is counted of them.
    pub(crate) fn counts(&self) -> Counts {
        self.0.as_ref().map(|exporting| exporting.counts.clone()).unwrap_or_default()
    }

    /// Sends what is left. What ends later is lost.
    pub async fn end(&self) {
        let Some(exporting) = &self.0 else { return };
        exporting.ending.cancel();
        let task = exporting.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && timeout(LAST_MAX, task).await.is_err()
        {
            tracing::warn!("the last spans are lost: telemetry.otlp_endpoint takes too long");
        }
    }

    /// The span of a call, if it is sampled: in the trace of its caller, or in a new one.
    pub(crate) fn enter(&self, rpc: Entering<'_>) -> Option<Context> {
        let exporting = self.0.as_ref()?;
        let caller = match rpc.parent {
            Some(parent) if parent.is_sampled() => Context::new().with_remote_span_context(parent.remote(rpc.headers)),
            None if !rpc.is_probe && exporting.choice.next() => Context::new(),
            Some(_) | None => return None,
        };
        let builder = SpanBuilder::from_name(rpc.name).with_kind(SpanKind::Server).with_attributes([
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", rpc.name),
            KeyValue::new("bailiwick.request_id", rpc.request_id.to_owned()),
        ]);
        let span = exporting.tracer.build_with_context(builder, &caller);
        Some(Context::new().with_value(exporting.tracer.clone()).with_span(span))
    }
}

/// A call that begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entering<'a> {
    /// `package.Service/Rpc`.
    pub(crate) name: &'static str,
    pub(crate) request_id: &'a str,
    pub(crate) parent: Option<TraceParent>,
    pub(crate) headers: &'a HeaderMap,
    /// Whether it is one that only asks whether the service is there.
    pub(crate) is_probe: bool,
}

/// Ends the span of a call.
pub(crate) fn leave(context: &Context, code: &'static str, is_fault: bool) {
    let span = context.span();
    span.set_attribute(KeyValue::new("rpc.response.status_code", code));
    // Left open otherwise: that a call was answered does not mean that all is well with whoever made it.
    if is_fault {
        span.set_status(Status::error(code));
    }
    span.end();
}

/// A call to another service, in a span of its own that ends when this is dropped; none outside of a sampled call. It goes into
/// the headers.
pub(crate) fn ask(name: String, headers: &mut HeaderMap) -> Option<Context> {
    let context = Context::current();
    let tracer = context.get::<SdkTracer>()?;
    let builder = SpanBuilder::from_name(name.clone())
        .with_kind(SpanKind::Client)
        .with_attributes([KeyValue::new("rpc.system.name", "grpc"), KeyValue::new("rpc.method", name)]);
    let span = tracer.build_with_context(builder, &context);
    headers.insert(TRACEPARENT, TraceParent::of(span.span_context()).value());
    let state = span.span_context().trace_state().header();
    if let Some(state) = HeaderValue::try_from(state).ok().filter(|state| !state.is_empty()) {
        headers.insert(TRACESTATE, state);
    }
    Some(context.with_span(span))
}

/// Whether this is a part of a sampled call.
pub fn is_sampled() -> bool {
    Context::map_current(|context| context.has_active_span() && context.span().span_context().is_sampled())
}

/// Says something of the call in its span, if it has one: an id or a name out of a closed list, never a secret.
pub fn note<V: Into<Value>>(name: &'static str, value: impl FnOnce() -> V) {
    if is_sampled() {
        Context::current().span().set_attribute(KeyValue::new(name, value()));
    }
}

/// The call's span, for work that another task does for it.
#[derive(Clone, Debug, Default)]
pub struct Carried(Option<Context>);

impl Carried {
    /// That of the call that this is part of; none if it is not sampled.
    pub fn here() -> Self {
        Self(is_sampled().then(Context::current))
    }

    /// Whether the call is sampled.
    pub fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// Does work that several calls may wait for: in a span under the first of those that are sampled, with links to the others.
    pub async fn within<'a, T>(
        name: &'static str,
        calls: impl IntoIterator<Item = &'a Self>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut sampled = calls.into_iter().filter_map(|call| call.0.as_ref());
        let first = sampled.next().and_then(|first| Some((first, first.get::<SdkTracer>()?)));
        let Some((first, tracer)) = first else { return work.await };
        let span = first.with_span(tracer.build_with_context(SpanBuilder::from_name(Cow::Borrowed(name)), first));
        for other in sampled {
            span.span().add_link(other.span().span_context().clone(), Vec::new());
        }
        work.with_context(span).await
    }
}

/// Which of the calls that come without a trace are sampled.
#[derive(Debug)]
struct Choice {
    /// Of all numbers, those below.
    below: u64,
    calls: AtomicU64,
}

impl Choice {
    fn new(ratio: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the configuration has it from 0 to 1"
        )]
        let below = (ratio * u64::MAX as f64) as u64;
        Self { below, calls: AtomicU64::new(0) }
    }

    fn next(&self) -> bool {
        self.below > 0 && scattered(self.calls.fetch_add(1, Ordering::Relaxed)) <= self.below
    }
}

/// Numbers that count on, scattered over all there are (SplitMix64): calls that come in turns must not be sampled in turns.
fn scattered(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests;
