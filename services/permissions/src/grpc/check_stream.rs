//! Answers questions as they come on a stream.

use std::sync::Arc;
use std::time::Duration;

use chassis::call::Messages;
use chassis::error::ServiceError as _;
use chassis::{Context, LimitExceeded};
use contract::permissions::v1::{CheckBulkError, CheckBulkRequest, CheckStreamRequest, CheckStreamResponse};
use futures::{Stream, StreamExt as _};
use tokio::time::Instant;

use super::check_bulk;
use crate::Permissions;
use crate::error::Error;

/// How many questions one message may have: what the answers before them wait for is bounded by it.
const STREAM_ITEMS_MAX: usize = 1_000;

/// How long a stream may go on. Whoever opens the next one is looked at again, so one who was shut out is gone by then.
const STREAM_LIFE_MAX: Duration = Duration::from_secs(60);

/// How many messages are answered at once; their answers are sent in order. More wait in the connection's window.
const MESSAGES_AT_ONCE: usize = 16;

pub(crate) async fn check_stream(
    service: Arc<Permissions>,
    ctx: Context,
    requests: Messages<CheckStreamRequest>,
) -> Result<impl Stream<Item = Result<CheckStreamResponse, Error>>, Error> {
    let answer_within = ctx.deadline.saturating_duration_since(Instant::now());
    let answer = move |request| {
        let (service, mut ctx) = (Arc::clone(&service), ctx.clone());
        ctx.deadline = Instant::now() + answer_within;
        async move { Ok(answer(service, ctx, request?).await) }
    };

    let answers = requests.map(answer).buffered(MESSAGES_AT_ONCE);

    Ok(answers.take_until(tokio::time::sleep(STREAM_LIFE_MAX)))
}

async fn answer(service: Arc<Permissions>, ctx: Context, request: CheckStreamRequest) -> CheckStreamResponse {
    let CheckStreamRequest { consistency, items } = request;
    let bounded = if items.len() <= STREAM_ITEMS_MAX {
        Ok(CheckBulkRequest { consistency, items })
    } else {
        let (max, given) = (STREAM_ITEMS_MAX as u64, items.len() as u64);
        Err(LimitExceeded { limit: "stream_items_max", max, given }.into())
    };
    let answered = match bounded {
        Ok(request) => check_bulk::check_bulk(service, ctx, request).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(answers) => CheckStreamResponse { results: answers.results, checked_at: answers.checked_at, error: None },
        Err(error) => {
            let error = CheckBulkError { reason: error.reason().name().to_owned(), message: error.to_string() };
            CheckStreamResponse { error: Some(error), ..CheckStreamResponse::default() }
        }
    }
}
