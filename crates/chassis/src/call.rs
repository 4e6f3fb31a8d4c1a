//! The two shapes of a handler, and the only place where gRPC's own types meet them.
//!
//! - **unary**: context and message → one result.
//! - **stream**: context and a stream of messages → a stream of results.
//!
//! A generated trait's method is one line: `call::unary(&self.0, request, create_user::create_user).await`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use tonic::{Extensions, Request, Response, Status, Streaming};

use crate::context::Context;
use crate::error::{ServiceError, to_status};
use crate::stack::Layers;

/// The largest message that a service takes, in bytes: the largest schema or list of questions, with room around it.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The messages of a stream, as they come.
pub type Messages<M> = Pin<Box<dyn Stream<Item = Result<M, StreamBroken>> + Send>>;

/// The results of a stream, as gRPC sends them.
pub type Results<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// The caller's side of a stream ended without saying so, or sent something that is no message.
#[derive(Debug, thiserror::Error)]
#[error("the caller's stream broke off: {0}")]
pub struct StreamBroken(String);

/// Runs a unary handler.
///
/// # Errors
/// The handler's error, as a status.
pub async fn unary<S, M, R, E, F, Fut>(service: &Arc<S>, request: Request<M>, handler: F) -> Result<Response<R>, Status>
where
    F: FnOnce(Arc<S>, Context, M) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    E: ServiceError,
{
    let (_, mut extensions, message) = request.into_parts();
    let Admitted { context, .. } = take(&mut extensions)?;
    let request_id = Arc::clone(&context.request_id);
    match handler(Arc::clone(service), context, message).await {
        Ok(result) => Ok(Response::new(result)),
        Err(error) => Err(to_status(&error, &request_id)),
    }
}

/// Runs a stream handler on a stream of messages.
///
/// # Errors
/// The error of opening it, as a status. Later ones end the stream.
pub async fn stream<S, M, R, E, F, Fut, T>(
    service: &Arc<S>,
    request: Request<Streaming<M>>,
    handler: F,
) -> Result<Response<Results<R>>, Status>
where
    M: Send + 'static,
    F: FnOnce(Arc<S>, Context, Messages<M>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    T: Stream<Item = Result<R, E>> + Send + 'static,
    E: ServiceError,
{
    let (_, extensions, messages) = request.into_parts();
    let messages = messages.map(|message| message.map_err(|status| StreamBroken(status.message().to_owned())));
    run_stream(service, extensions, Box::pin(messages), handler).await
}

/// Runs a stream handler on the one message of a call that only answers with a stream.
///
/// # Errors
/// As [`stream`].
pub async fn stream_of_one<S, M, R, E, F, Fut, T>(
    service: &Arc<S>,
    request: Request<M>,
    handler: F,
) -> Result<Response<Results<R>>, Status>
where
    M: Send + 'static,
    F: FnOnce(Arc<S>, Context, Messages<M>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    T: Stream<Item = Result<R, E>> + Send + 'static,
    E: ServiceError,
{
    let (_, extensions, message) = request.into_parts();
    let messages = futures::stream::once(async move { Ok(message) });
    run_stream(service, extensions, Box::pin(messages), handler).await
}

/// What the layers put beside a message: the one value of theirs.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) context: Context,
    /// They know when the service drains.
    pub(crate) layers: Arc<Layers>,
}

async fn run_stream<S, M, R, E, F, Fut, T>(
    service: &Arc<S>,
    mut extensions: Extensions,
    messages: Messages<M>,
    handler: F,
) -> Result<Response<Results<R>>, Status>
where
    F: FnOnce(Arc<S>, Context, Messages<M>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    T: Stream<Item = Result<R, E>> + Send + 'static,
    E: ServiceError,
{
    let Admitted { context, layers } = take(&mut extensions)?;
    let request_id = Arc::clone(&context.request_id);
    let results =
        handler(Arc::clone(service), context, messages).await.map_err(|error| to_status(&error, &request_id))?;
    let results = results.map(move |result| result.map_err(|error| to_status(&error, &request_id)));
    // A stream that would go on for ever ends then, and its reader begins again elsewhere.
    let results = results.take_until(layers.draining.clone().cancelled_owned());
    Ok(Response::new(Box::pin(results)))
}

/// The layers put it there; a service that is served without them refuses every call.
fn take(extensions: &mut Extensions) -> Result<Admitted, Status> {
    extensions.remove().ok_or_else(|| Status::internal("the call did not pass the layers"))
}
