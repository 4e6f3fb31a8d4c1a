//! Clients of other services: calls take turns over a service's endpoints, the caller's deadline goes along, what may be sent
//! again is within a budget, and an error says which service it came from.

mod connect;
mod endpoints;
mod line;
mod metrics;
mod names;
mod retries;

use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use contract::{Reason, header};
use tokio::time::Instant;
use tonic::metadata::MetadataValue;
use tonic::{Code, ConnectError, Request, Response, Status};

use crate::config::PeerConfig;
use crate::context::Context;
use crate::error::{ServiceError, reason_of};
use crate::start::StartError;
use crate::subject::TenantId;
use crate::tasks::Tasks;
use crate::tls::Tls;
use crate::traces::{TRACEPARENT, TraceParent};

use connect::Connector;
use endpoints::{Endpoints, Place, Tried};
pub use line::Line;
use metrics::OfPeer;
pub(crate) use metrics::PeerMetrics;
use retries::Retries;

/// How much less time a callee is given than its caller has, at the most: a twentieth, but no more than this.
const MARGIN_MAX: Duration = Duration::from_millis(50);

/// How often one call may meet a connection that is ending: twice in a row is bad luck, more is no luck any more.
const ANEW_MAX: u32 = 2;

/// How long a stream may take to open.
const OPEN: Duration = Duration::from_secs(5);

/// Another service of the plane, at one or several endpoints. Clones share the connections, and what is known of them.
#[derive(Clone, Debug)]
pub struct Peer {
    name: &'static str,
    endpoints: Endpoints,
    retries: Retries,
    metrics: OfPeer,
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

/// What becomes of a call after an attempt.
enum Next<R> {
    /// It is over.
    Done(Result<R, Status>),
    /// It has done nothing there, so that another endpoint may be asked, whatever it asks.
    Elsewhere(Status),
    /// The connection was ending, and it was not served there: it can be asked again at once, over another.
    Anew(Status),
    /// It may be asked again, if the budget has room.
    Again(Status),
}

impl Peer {
    /// The service with this name, without connecting yet. What its configuration has names for is looked up for as long as the
    /// service runs.
    pub(crate) fn new(
        name: &'static str,
        config: &PeerConfig,
        tls: &Tls,
        tasks: &Tasks,
        metrics: &PeerMetrics,
    ) -> Result<Self, StartError> {
        let connector = Connector::new(name, tls)?;
        let connect = |address: &String| Ok((address.clone(), connector.connect(address)?));
        let channels = config.address.all().iter().map(connect).collect::<Result<Vec<_>, StartError>>()?;
        let (endpoints, metrics) = (Endpoints::new(channels), metrics.of(name));
        metrics.has_endpoints(endpoints.count());
        if let Some(names) = names::of(config.address.all()) {
            tasks.spawn("names of a peer", names.keep(connector, endpoints.clone(), metrics.clone()));
        }
        Ok(Self { name, endpoints, retries: Retries::default(), metrics })
    }

    /// Makes one call within the bounds, at the endpoint whose turn it is. If that one cannot be reached or is not ready, or breaks
    /// while it is asked something that may be asked again, another one is asked.
    ///
    /// # Errors
    /// If it refuses, or does not answer by the deadline.
    pub async fn call<M, R, F, Fut>(&self, bounds: &Bounds, message: M, call: F) -> Result<R, PeerError>
    where
        M: Clone,
        F: Fn(Line, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let began = Instant::now();
        let answer = self.ask(bounds.deadline, || bounded(bounds, message.clone()), call).await;
        self.metrics.called(answer.as_ref().map_or_else(Status::code, |_| Code::Ok), began.elapsed());
        answer.map_err(|status| PeerError::new(self.name, &status))
    }

    /// How many endpoints it has now.
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
        self.retries.called();
        let all = self.endpoints.all();
        let (mut tried, mut attempts, mut anew) = (Tried::default(), 0, 0);
        let mut last = Status::unavailable("calls_under_way_max: every endpoint has as many calls under way as it may");
        while let Some(place) = self.endpoints.choose(&all, &mut tried) {
            attempts += 1;
            let line = Line::new(place.channel());
            let Ok(answer) = tokio::time::timeout_at(deadline, call(line.clone(), request())).await else {
                self.endpoints.broke(&place);
                return Err(Status::deadline_exceeded("no answer by the deadline"));
            };
            last = match self.judge(&place, answer, line.may_repeat()) {
                Next::Done(answer) => return answer,
                Next::Elsewhere(status) => status,
                Next::Anew(status) => {
                    if anew < ANEW_MAX {
                        anew += 1;
                        tried = Tried::default();
                    }
                    status
                }
                Next::Again(status) => {
                    if !self.retries.may_repeat() {
                        self.metrics.retry_refused();
                        return Err(status);
                    }
                    let pause = self.retries.pause();
                    if Instant::now() + pause >= deadline {
                        return Err(status);
                    }
                    self.metrics.retried();
                    tokio::time::sleep(pause).await;
                    // A lone endpoint is asked once more, over a new connection.
                    if all.len() == 1 && attempts == 1 {
                        tried = Tried::default();
                    }
                    status
                }
            };
        }
        Err(last)
    }

    /// What an answer says of the endpoint, and of the call.
    fn judge<R>(&self, place: &Place, answer: Result<Response<R>, Status>, may_repeat: bool) -> Next<R> {
        let status = match answer {
            Ok(answer) => {
                self.endpoints.answered(place);
                return Next::Done(Ok(answer.into_inner()));
            }
            Err(status) => status,
        };
        let reason = reason_of(&status);
        // It has only just begun, and has done nothing: another one may be ready.
        if reason == Some(Reason::NotReady) {
            self.endpoints.broke(place);
            return Next::Elsewhere(status);
        }
        // It was refused before anything was done; but all of them may be as busy.
        if reason == Some(Reason::Overloaded) {
            self.endpoints.answered(place);
            return Next::Again(status);
        }
        // What the service itself says has no source: the endpoint works, unless it says nothing but that it cannot.
        if status.source().is_none() {
            let is_outage = matches!(status.code(), Code::Unavailable | Code::Internal | Code::Unknown);
            if !is_outage {
                self.endpoints.answered(place);
            } else if self.endpoints.answered_with_an_outage(place) {
                self.metrics.left_out();
            }
            return Next::Done(Err(status));
        }
        if was_not_served(&status) {
            return Next::Anew(status);
        }
        self.endpoints.broke(place);
        self.metrics.left_out();
        if had_no_connection(&status) {
            Next::Elsewhere(status)
        } else if may_repeat {
            Next::Again(status)
        } else {
            Next::Done(Err(status))
        }
    }
}

/// How long the callee has: less than its caller waits, so that an answer that comes at its very end still arrives in time.
fn budget(remaining: Duration) -> Duration {
    remaining.saturating_sub((remaining / 20).min(MARGIN_MAX))
}

fn bounded<M>(bounds: &Bounds, message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(budget(bounds.deadline.saturating_duration_since(Instant::now())));
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

/// The causes of an answer that the transport made, the nearest first.
fn causes(status: &Status) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(status.source(), |&error| error.source())
}

/// Whether there was no connection to send the call over.
fn had_no_connection(status: &Status) -> bool {
    causes(status).any(|cause| cause.is::<ConnectError>())
}

/// Whether the connection was ending, and the other end has not begun with the call: it was not sent at all, refused as a stream, or
/// is one of those that a GOAWAY says are not served (RFC 9113, 6.8 and 8.7).
fn was_not_served(status: &Status) -> bool {
    causes(status).any(|cause| {
        let was_not_sent = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled);
        let was_turned_away = cause.downcast_ref::<h2::Error>().is_some_and(|error| {
            let is_goodbye = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
            error.is_remote() && (is_goodbye || error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM))
        });
        was_not_sent || was_turned_away
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callee_is_given_less_time_than_its_caller_has() {
        for (remaining_ms, budget_ms) in [(0, 0), (20, 19), (1_000, 950), (60_000, 59_950)] {
            assert_eq!(budget(Duration::from_millis(remaining_ms)), Duration::from_millis(budget_ms));
        }
    }
}
