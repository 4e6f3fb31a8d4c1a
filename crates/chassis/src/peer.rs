//! Clients of other services: the caller's deadline goes along, and an error says which service it came from.

use std::future::Future;
use std::time::Duration;

use contract::{Reason, header};
use tokio::time::Instant;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::config::PeerConfig;
use crate::context::Context;
use crate::error::{ServiceError, reason_of};
use crate::start::StartError;
use crate::tls::Tls;

const CONNECT: Duration = Duration::from_secs(2);
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Another service of the plane. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Peer {
    name: &'static str,
    channel: Channel,
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
}

impl Bounds {
    /// The bounds of the call in `context`, for its own tenant.
    pub fn of(context: &Context) -> Self {
        Self {
            deadline: context.deadline,
            request_id: context.request_id.clone(),
            tenant: context.tenant.as_ref().map(ToString::to_string),
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
        let refuse = |error: &dyn std::fmt::Display| StartError::Config(format!("peers.{name}.address: {error}"));
        let channel = Endpoint::from_shared(config.address.clone())
            .map_err(|error| refuse(&error))?
            .tls_config(tls.client(name))
            .map_err(|error| refuse(&error))?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(CONNECT)
            .keep_alive_while_idle(true)
            .connect_lazy();
        Ok(Self { name, channel })
    }

    /// Makes one call within the bounds.
    ///
    /// # Errors
    /// If it refuses, or does not answer by the deadline.
    pub async fn call<M, R, F, Fut>(&self, bounds: &Bounds, message: M, call: F) -> Result<R, PeerError>
    where
        F: FnOnce(Channel, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let mut request = Request::new(message);
        request.set_timeout(bounds.deadline.saturating_duration_since(Instant::now()));
        let metadata = request.metadata_mut();
        for (name, value) in [(header::REQUEST_ID, Some(&bounds.request_id)), (header::TENANT, bounds.tenant.as_ref())]
        {
            if let Some(value) = value.and_then(|value| MetadataValue::try_from(value.as_str()).ok()) {
                metadata.insert(name, value);
            }
        }
        match tokio::time::timeout_at(bounds.deadline, call(self.channel.clone(), request)).await {
            Ok(answer) => answer.map(Response::into_inner).map_err(|status| PeerError::new(self.name, &status)),
            Err(_) => Err(PeerError::new(self.name, &Status::deadline_exceeded("no answer by the deadline"))),
        }
    }

    /// Opens a stream that outlives any call.
    ///
    /// # Errors
    /// If it refuses, or cannot be reached.
    pub async fn open<M, R, F, Fut>(&self, message: M, call: F) -> Result<R, PeerError>
    where
        F: FnOnce(Channel, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let answer = call(self.channel.clone(), Request::new(message)).await;
        answer.map(Response::into_inner).map_err(|status| PeerError::new(self.name, &status))
    }
}
