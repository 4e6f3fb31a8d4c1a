//! A channel that remembers whether what was asked over it may be asked again, and tells of a sampled call what was asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use contract::rpc;
use opentelemetry::Context as Span;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::transport::{Channel, Error};

use crate::traces;

/// One endpoint of another service, for one call.
#[derive(Clone, Debug)]
pub struct Line {
    channel: Channel,
    asked: Arc<Asked>,
}

/// What was asked. When the last who holds it lets go of it, the span of the asking ends.
#[derive(Debug, Default)]
struct Asked {
    may_repeat: AtomicBool,
    span: OnceLock<Span>,
}

impl Line {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, asked: Arc::default() }
    }

    /// Whether the RPC that was called says that it may be sent again after an unknown outcome.
    pub(super) fn may_repeat(&self) -> bool {
        self.asked.may_repeat.load(Ordering::Relaxed)
    }
}

impl Service<http::Request<Body>> for Line {
    type Response = http::Response<Body>;
    type Error = Error;
    type Future = <Channel as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Service::poll_ready(&mut self.channel, context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let may_repeat = rpc::find(request.uri().path()).is_some_and(|rpc| rpc.idempotent);
        self.asked.may_repeat.store(may_repeat, Ordering::Relaxed);
        if traces::is_sampled() {
            let name = request.uri().path().trim_start_matches('/').to_owned();
            if let Some(span) = traces::ask(name, request.headers_mut()) {
                // One call is made over a line, so there is no other span yet.
                let _ = self.asked.span.set(span);
            }
        }
        self.channel.call(request)
    }
}
