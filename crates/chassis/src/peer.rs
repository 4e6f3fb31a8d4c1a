//! Clients of other services: calls take turns over a service's endpoints, the caller's deadline goes along, and an error says
//! which service it came from.

mod endpoints;
mod line;

use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use contract::{Reason, header};
use tokio::time::Instant;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, ConnectError, Request, Response, Status};

use crate::config::PeerConfig;
use crate::context::Context;
use crate::error::{ServiceError, reason_of};
use crate::start::StartError;
use crate::subject::TenantId;
use crate::tls::Tls;
use crate::traces::{TRACEPARENT, TraceParent};

use endpoints::{Endpoints, Tried};
pub use line::Line;

const CONNECT: Duration = Duration::from_secs(2);
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How long a stream may take to open.
const OPEN: Duration = Duration::from_secs(5);

/// Another service of the plane, at one or several endpoints. Clones share the connections, and what is known of them.
#[derive(Clone, Debug)]
pub struct Peer {
    name: &'static str,
    endpoints: Endpoints,
}

/// What a call to another service passes on of the call that it is made for.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// When nobody waits any more.
    pub deadline: Instant,
    /// The id of the request, for the logs of both.
    pub request_id: String,
    /// The tenant that is asked for, if the callee's RPC is about one.
    pub tenant: Option<String>,
    /// The trace that the call is part of.
    pub trace: Option<TraceParent>,
}

impl Bounds {
    /// The bounds of the call in `context`, for its own tenant.
    pub fn of(context: &Context) -> Self {
        Self {
            deadline: context.deadline,
            request_id: context.request_id.as_ref().to_owned(),
            tenant: context.tenant.as_ref().map(ToString::to_string),
            trace: context.trace,
        }
    }
}

/// Another service refused, or did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{peer}: {message}")]
pub struct PeerError {
    /// Which service.
    pub peer: &'static str,
    /// The status code that it answered, or that its silence stands for.
    pub code: Code,
    /// The reason in its answer's `google.rpc.ErrorInfo`, if it has one of ours.
    pub refused: Option<Reason>,
    /// The text of its answer. For the log: it may hold what the caller may not know.
    pub message: String,
}

impl PeerError {
    fn new(peer: &'static str, status: &Status) -> Self {
        let refused = reason_of(status);
        Self { peer, code: status.code(), refused, message: format!("{:?}: {}", status.code(), status.message()) }
    }

    /// Whether the service could not answer, as opposed to having refused.
    pub fn is_outage(&self) -> bool {
        matches!(
            self.code,
            Code::Unavailable
                | Code::DeadlineExceeded
                | Code::Cancelled
                | Code::Internal
                | Code::Unknown
                | Code::ResourceExhausted
        ) && self.refused.is_none_or(|reason| reason.code() == Code::Unavailable || reason == Reason::Internal)
    }
}

impl ServiceError for PeerError {
    fn reason(&self) -> Reason {
        Reason::PeerUnavailable
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("peer", self.peer.to_owned())]
    }
}

impl Peer {
    /// The service with this name, without connecting yet.
    pub(crate) fn new(name: &'static str, config: &PeerConfig, tls: &Tls) -> Result<Self, StartError> {
        let channels = config.address.all().iter().map(|address| channel(name, address, tls));
        Ok(Self { name, endpoints: Endpoints::new(channels.collect::<Result<_, _>>()?) })
    }

    /// Makes one call within the bounds, at the endpoint whose turn it is. If that one cannot be reached or is not ready, or breaks
    /// while it is asked something that may be asked again, the next one is asked.
    ///
    /// # Errors
    /// If it refuses, or does not answer by the deadline.
    pub async fn call<M, R, F, Fut>(&self, bounds: &Bounds, message: M, call: F) -> Result<R, PeerError>
    where
        M: Clone,
        F: Fn(Line, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let answer = self.ask(bounds.deadline, || bounded(bounds, message.clone()), call).await;
        answer.map_err(|status| PeerError::new(self.name, &status))
    }

    /// How many endpoints it has.
    pub fn endpoints(&self) -> usize {
        self.endpoints.count()
    }

    /// Opens a stream that outlives any call, at the endpoint whose turn it is, about this tenant if the RPC is about one. When
    /// it ends, the next one that is opened comes from another endpoint, if there is one.
    ///
    /// # Errors
    /// If it refuses, or cannot be reached.
    pub async fn open<M, R, F, Fut>(&self, tenant: Option<&TenantId>, message: M, call: F) -> Result<R, PeerError>
    where
        M: Clone,
        F: Fn(Line, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let request = || {
            let mut request = Request::new(message.clone());
            tell(&mut request, header::TENANT, tenant.map(TenantId::as_str));
            request
        };
        let answer = self.ask(Instant::now() + OPEN, request, call).await;
        answer.map_err(|status| PeerError::new(self.name, &status))
    }

    async fn ask<M, R, F, Fut>(&self, deadline: Instant, request: impl Fn() -> Request<M>, call: F) -> Result<R, Status>
    where
        F: Fn(Line, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let mut tried = Tried::default();
        let mut broken = Status::unavailable("there is no endpoint");
        while let Some(index) = self.endpoints.choose(&mut tried) {
            let line = Line::new(self.endpoints.channel(index));
            let status = match tokio::time::timeout_at(deadline, call(line.clone(), request())).await {
                Ok(Ok(answer)) => {
                    self.endpoints.answered(index);
                    return Ok(answer.into_inner());
                }
                Ok(Err(status)) => status,
                Err(_) => {
                    self.endpoints.broke(index);
                    return Err(Status::deadline_exceeded("no answer by the deadline"));
                }
            };
            // It has only just begun, and has done nothing: another one may be ready.
            if reason_of(&status) == Some(Reason::NotReady) {
                self.endpoints.broke(index);
                broken = status;
                continue;
            }
            // What the service itself says has no source: the endpoint works.
            if status.source().is_none() {
                self.endpoints.answered(index);
                return Err(status);
            }
            self.endpoints.broke(index);
            if !was_never_sent(&status) && !line.may_repeat() {
                return Err(status);
            }
            broken = status;
        }
        Err(broken)
    }
}

fn channel(name: &str, address: &str, tls: &Tls) -> Result<Channel, StartError> {
    let refuse = |error: &dyn std::fmt::Display| StartError::Config(format!("peers.{name}.address: {error}"));
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|error| refuse(&error))?
        .tls_config(tls.client(name))
        .map_err(|error| refuse(&error))?
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(CONNECT)
        .keep_alive_while_idle(true);
    Ok(endpoint.connect_lazy())
}

fn bounded<M>(bounds: &Bounds, message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(bounds.deadline.saturating_duration_since(Instant::now()));
    tell(&mut request, header::REQUEST_ID, Some(&bounds.request_id));
    tell(&mut request, header::TENANT, bounds.tenant.as_deref());
    // If the call is sampled, the line puts the span of this very attempt in its place.
    tell(&mut request, TRACEPARENT, bounds.trace.map(|trace| trace.to_string()).as_deref());
    request
}

fn tell<M>(request: &mut Request<M>, name: &'static str, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| MetadataValue::try_from(value).ok()) {
        request.metadata_mut().insert(name, value);
    }
}

/// Whether there was no connection to send the call over.
fn was_never_sent(status: &Status) -> bool {
    let mut causes = std::iter::successors(status.source(), |&error| error.source());
    causes.any(|cause| cause.is::<ConnectError>())
}
