//! What happens to a call before its handler: the one list, outermost first.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use contract::rpc::Bulk;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{Layer, Service};

use crate::admission::Admission;
use crate::aside::Aside;
use crate::auth::Authenticator;
use crate::clock::SharedClock;
use crate::layers::{
    Request, Response, access_log, aside, authenticate, authorize, catch_panic, deadline, limit, metrics, request_id,
    trace,
};
use crate::metrics::RpcMetrics;
use crate::traces::Traces;
use crate::web;

/// What the layers need: one for all calls.
#[derive(Debug)]
pub(crate) struct Layers {
    pub(crate) service: &'static str,
    pub(crate) clock: SharedClock,
    pub(crate) request_ids: request_id::Ids,
    pub(crate) traces: Traces,
    pub(crate) metrics: Arc<RpcMetrics>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) authenticator: Authenticator,
    pub(crate) draining: CancellationToken,
    pub(crate) aside: Aside,
    /// What is answered over plain HTTP.
    pub(crate) web: axum::Router,
}

/// A call through all layers to its handler. Reads from the outside in; a test holds the order.
async fn through(layers: &Arc<Layers>, mut routes: Routes, request: Request) -> Response {
    // First of all, so that even a refusal can be found again.
    request_id::layer(layers, request, |call, request| {
        // The span that everything within logs under; and, if the call is sampled, is told under.
        trace::layer(layers, call, request, |call, request| {
            // Rate, errors, duration, of refused calls too.
            metrics::layer(layers, call, request, |call, request| {
                // One line a call, with its outcome; within the span, so that it carries the ids.
                access_log::layer(call, request, |call, request| {
                    // A handler's mistake ends its own call, and is still counted and logged.
                    catch_panic::layer(call, request, |call, request| {
                        // Too many at once are refused before they cost a signature check.
                        limit::layer(layers, call, request, |call, request| {
                            // Everything within, verification too, ends when the caller stops waiting.
                            deadline::layer(call, request, |call, request, deadline| {
                                // Who is calling, from what they show; nothing is decided yet.
                                authenticate::layer(layers, call, request, move |call, request, shown| {
                                    let bulk = call.rpc.map_or(Bulk::Nothing, |rpc| rpc.bulk);
                                    // Every answer from here on is a decision about a known caller.
                                    authorize::layer(layers, call, request, deadline, shown, move |request| {
                                        // What is large is read, worked on and written where it holds up nobody.
                                        aside::layer(&layers.aside, bulk, request, async move |request| {
                                            match routes.call(*request).await {
                                                Ok(response) => response,
                                                Err(never) => match never {},
                                            }
                                        })
                                    })
                                })
                            })
                        })
                    })
                })
            })
        })
    })
    .await
}

/// Puts routes behind the layers.
#[derive(Clone, Debug)]
pub(crate) struct Stack(pub(crate) Arc<Layers>);

/// Routes behind the layers.
#[derive(Clone, Debug)]
pub(crate) struct Layered {
    layers: Arc<Layers>,
    routes: Routes,
}

impl Layer<Routes> for Stack {
    type Service = Layered;

    fn layer(&self, routes: Routes) -> Layered {
        Layered { layers: Arc::clone(&self.0), routes }
    }
}

impl Service<http::Request<Body>> for Layered {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // What is too much is refused within, by name.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (layers, request) = (Arc::clone(&self.layers), Box::new(request));
        if let Some(path) = web::find(layers.service, request.uri().path()) {
            let router = layers.web.clone();
            return Box::pin(async move { Ok(web::through(&layers, path, router, request).await) });
        }
        let routes = self.routes.clone();
        Box::pin(async move { Ok(through(&layers, routes, request).await) })
    }
}

#[cfg(test)]
mod tests;
