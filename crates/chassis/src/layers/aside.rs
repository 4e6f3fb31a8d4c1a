//! Serves what is large on threads that give way: read, worked on and written there, it holds up no short call.

use bytes::{Buf as _, Bytes};
use contract::rpc::Bulk;
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use opentelemetry::trace::FutureExt as _;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::body::Body;
use tracing::Instrument as _;

use super::{Request, Response, pass};
use crate::aside::Aside;

/// The largest message that is read where short calls are served, in bytes: some hundred questions.
const MESSAGE_BYTES_ON_THE_SPOT: u32 = 16 * 1024;

/// How many parts of an answer, of some ten kilobytes each, wait to be sent.
const PARTS_WAITING: usize = 4;

type Part = Result<Frame<Bytes>, Status>;

pub(crate) async fn layer<F: Future<Output = Response> + Send>(
    aside: &Aside,
    bulk: Bulk,
    mut request: Request,
    next: impl FnOnce(Request) -> F + Send + 'static,
) -> Response {
    pass(&request, "aside");
    let is_large = match bulk {
        Bulk::Nothing => false,
        Bulk::Message => has_large_message(&mut request).await,
        Bulk::Answer => true,
    };
    if !is_large {
        return next(request).await;
    }
    let threads = aside.clone();
    let serve = async move { next(request).await.map(|answer| written_by(&threads, answer)) };
    aside.run(serve.in_current_span().with_current_context()).await
}

/// Whether the message, of which only the beginning is read, says that it is long, or does not say how long it is.
async fn has_large_message(request: &mut Request) -> bool {
    let mut rest = std::mem::take(request.body_mut());
    let first = rest.frame().await;
    let is_large = match &first {
        Some(Ok(frame)) => {
            frame.data_ref().and_then(message_bytes).is_none_or(|bytes| bytes > MESSAGE_BYTES_ON_THE_SPOT)
        }
        // There is none, or it broke off: whoever reads it finds out.
        Some(Err(_)) | None => false,
    };
    *request.body_mut() = Body::new(StreamBody::new(stream::iter(first).chain(BodyStream::new(rest))));
    is_large
}

/// What a message says of its length before it begins: a byte for whether it is compressed, and four for its bytes.
fn message_bytes(beginning: &Bytes) -> Option<u32> {
    Some(beginning.get(1..5)?.get_u32())
}

/// The same answer, made by those threads and only sent by whoever asks for it.
fn written_by(threads: &Aside, mut answer: Body) -> Body {
    let (parts, sent) = mpsc::channel::<Part>(PARTS_WAITING);
    threads.begin_task(async move {
        let send = async {
            while let Some(part) = answer.frame().await {
                if parts.send(part).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            // Nobody waits for the rest, and it may be long until there is any.
            () = parts.closed() => {}
            () = send => {}
        }
    });
    Body::new(StreamBody::new(ReceiverStream::new(sent)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// A message of so many bytes, in frames of which the first has so many.
    fn message(bytes: u32, first: usize) -> Request {
        let mut all = vec![0];
        all.extend(bytes.to_be_bytes());
        all.extend(std::iter::repeat_n(7, bytes as usize));
        let rest = all.split_off(first.min(all.len()));
        let frames = [all, rest].map(|data| Ok::<_, Status>(Frame::data(Bytes::from(data))));
        Box::new(http::Request::new(Body::new(StreamBody::new(stream::iter(frames)))))
    }

    /// Answers with the message, and says in a header which thread it was read on.
    async fn echo(request: Request) -> Response {
        let read = request.into_body().collect().await.unwrap().to_bytes();
        let mut response =
            http::Response::new(Body::new(http_body_util::Full::new(read).map_err(|never| match never {})));
        let thread = std::thread::current().name().unwrap_or_default().parse().unwrap();
        response.headers_mut().insert("thread", thread);
        response
    }

    async fn served(bulk: Bulk, bytes: u32, first: usize) -> String {
        // To the end of the answer, which its threads write.
        let aside = Aside::begin("aside");
        let answer = layer(&aside, bulk, message(bytes, first), echo).await;
        let thread = answer.headers()["thread"].to_str().unwrap().to_owned();
        let echoed = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(echoed.len(), 5 + bytes as usize);
        assert!(echoed[5..].iter().all(|byte| *byte == 7));
        thread
    }

    #[tokio::test]
    async fn a_long_message_is_read_aside_and_a_short_one_where_calls_are_served() {
        assert_eq!(served(Bulk::Message, MESSAGE_BYTES_ON_THE_SPOT + 1, 1_000).await, "aside");
        assert_ne!(served(Bulk::Message, MESSAGE_BYTES_ON_THE_SPOT, 1_000).await, "aside");
    }

    #[tokio::test]
    async fn a_message_that_begins_with_less_than_its_length_is_taken_for_a_long_one() {
        assert_eq!(served(Bulk::Message, 10, 3).await, "aside");
    }

    #[tokio::test]
    async fn an_rpc_whose_answer_is_large_is_served_aside_and_one_with_nothing_large_never() {
        assert_eq!(served(Bulk::Answer, 10, 15).await, "aside");
        assert_ne!(served(Bulk::Nothing, 100_000, 1_000).await, "aside");
    }

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_any_more_ends_aside_too() {
        let (begun, ended) = (Arc::new(Notify::new()), CancellationToken::new());
        let (begins, ends) = (Arc::clone(&begun), ended.clone().drop_guard());
        let next = async move |_| {
            let _ends = ends;
            begins.notify_one();
            std::future::pending().await
        };
        let aside = Aside::begin("aside");
        tokio::select! {
            _ = layer(&aside, Bulk::Answer, message(1, 6), next) => panic!("it never answers"),
            () = begun.notified() => {}
        }
        ended.cancelled().await;
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_any_more_ends_though_there_is_no_more_of_it() {
        let (never_ending, dropped) = mpsc::channel::<Part>(1);
        let next = async move |_| http::Response::new(Body::new(StreamBody::new(ReceiverStream::new(dropped))));
        let answer = layer(&Aside::begin("aside"), Bulk::Answer, message(1, 6), next).await;
        drop(answer);
        never_ending.closed().await;
    }
}
