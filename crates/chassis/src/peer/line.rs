//! A channel that remembers whether what was asked over it may be asked again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use contract::rpc;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::transport::{Channel, Error};

/// One endpoint of another service, for one call.
#[derive(Clone, Debug)]
pub struct Line {
    channel: Channel,
    may_repeat: Arc<AtomicBool>,
}

impl Line {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, may_repeat: Arc::default() }
    }

    /// Whether the RPC that was called says that it may be sent again after an unknown outcome.
    pub(super) fn may_repeat(&self) -> bool {
        self.may_repeat.load(Ordering::Relaxed)
    }
}

impl Service<http::Request<Body>> for Line {
    type Response = http::Response<Body>;
    type Error = Error;
    type Future = <Channel as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Service::poll_ready(&mut self.channel, context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let may_repeat = rpc::find(request.uri().path()).is_some_and(|rpc| rpc.idempotent);
        self.may_repeat.store(may_repeat, Ordering::Relaxed);
        self.channel.call(request)
    }
}
