//! A collector of spans, as services and Envoy send them (OTLP over gRPC): the newest are kept in memory, for stories and for a
//! person to look at.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde::Serialize;
use tokio::sync::oneshot;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use crate::certificates::{self, CertificateFiles};
use crate::error::{Doing, Result};

/// How many spans are kept; the oldest go first.
pub const SPANS_MAX: usize = 20_000;

/// The attribute by which a service says its name.
const SERVICE_NAME: &str = "service.name";

/// A collector that listens until it is dropped: on a thread of its own, since a test's runtime ends with the test.
#[derive(Debug)]
pub struct Collector {
    kept: Kept,
    port: u16,
    _end: oneshot::Sender<()>,
}

/// What it has. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Kept(Arc<Mutex<VecDeque<Span>>>);

/// What one service did for one call.
#[derive(Clone, Debug, Serialize)]
pub struct Span {
    /// The trace, in hexadecimal digits.
    pub trace_id: String,
    /// Itself, in hexadecimal digits.
    pub span_id: String,
    /// The span that it is a part of; empty if it is the first.
    pub parent_id: String,
    /// Whose it is.
    pub service: String,
    /// What was done.
    pub name: String,
    /// `internal`, `server` or `client`.
    pub kind: &'static str,
    /// When it began, in microseconds since 1970.
    pub start_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Whether it says that it failed.
    pub is_fault: bool,
    /// What else it says.
    pub attributes: BTreeMap<String, String>,
}

impl Collector {
    /// Listens on this port of the machine; on a free one if it is 0.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn begin(port: u16) -> Result<Self> {
        Self::serve(port, Server::builder())
    }

    /// Listens on a free port, to those alone who have a certificate of this authority.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn begin_for_peers(certificate: &CertificateFiles, authority: &Path) -> Result<Self> {
        let doing = || "serve the collector over TLS".to_owned();
        let identity =
            Identity::from_pem(certificates::read(&certificate.certificate)?, certificates::read(&certificate.key)?);
        let tls = ServerTlsConfig::new()
            .identity(identity)
            .client_ca_root(Certificate::from_pem(certificates::read(authority)?));
        Self::serve(0, Server::builder().tls_config(tls).map_err(std::io::Error::other).doing(doing)?)
    }

    fn serve(port: u16, mut server: Server) -> Result<Self> {
        let doing = || format!("listen on port {port}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).doing(doing)?;
        listener.set_nonblocking(true).doing(doing)?;
        let port = listener.local_addr().doing(doing)?.port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing(doing)?;
        let (kept, (end, ended)) = (Kept::default(), oneshot::channel::<()>());
        let server = server.add_service(TraceServiceServer::new(kept.clone()));
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                served = server.serve_with_incoming(TcpIncoming::from(listener)) => served?,
                // Its owner is gone.
                _ = ended => {}
            }
            Ok::<(), Box<dyn std::error::Error>>(())
        };
        let listen = move || {
            if let Err(error) = runtime.block_on(serve) {
                eprintln!("the collector of spans ended: {error}");
            }
        };
        std::thread::Builder::new().name("spans".to_owned()).spawn(listen).doing(doing)?;
        Ok(Self { kept, port, _end: end })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }
}

impl Kept {
    /// All spans, in the order in which they came.
    pub fn all(&self) -> Vec<Span> {
        self.locked().iter().cloned().collect()
    }

    /// The spans of one trace, in the order in which they began.
    pub fn trace(&self, id: &str) -> Vec<Span> {
        let mut spans: Vec<Span> = self.locked().iter().filter(|span| span.trace_id == id).cloned().collect();
        spans.sort_by_key(|span| span.start_us);
        spans
    }

    fn add(&self, spans: impl Iterator<Item = Span>) {
        let mut kept = self.locked();
        for span in spans {
            if kept.len() == SPANS_MAX {
                kept.pop_front();
            }
            kept.push_back(span);
        }
    }

    fn locked(&self) -> MutexGuard<'_, VecDeque<Span>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> std::result::Result<Response<ExportTraceServiceResponse>, Status> {
        for group in request.into_inner().resource_spans {
            let resource = attributes(group.resource.unwrap_or_default().attributes);
            let service = resource.get(SERVICE_NAME).cloned().unwrap_or_default();
            let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.add(spans.map(|span| read(&service, span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn read(service: &str, span: opentelemetry_proto::tonic::trace::v1::Span) -> Span {
    use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
    let kind = match span.kind() {
        SpanKind::Server | SpanKind::Consumer => "server",
        SpanKind::Client | SpanKind::Producer => "client",
        SpanKind::Unspecified | SpanKind::Internal => "internal",
    };
    Span {
        trace_id: hexadecimal(&span.trace_id),
        span_id: hexadecimal(&span.span_id),
        parent_id: hexadecimal(&span.parent_span_id),
        service: service.to_owned(),
        kind,
        start_us: span.start_time_unix_nano / 1_000,
        took_us: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1_000,
        is_fault: span.status.is_some_and(|status| status.code() == StatusCode::Error),
        attributes: attributes(span.attributes),
        name: span.name,
    }
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|pair| (pair.key, text(pair.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes what is written to it");
        text
    })
}
