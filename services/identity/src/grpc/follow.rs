//! Follows the feed: what came after the given number, then what comes, and a heartbeat each second.
//!
//! Nothing is read ahead of the caller but one batch: a slow one slows its own stream and nobody else.

use std::sync::Arc;

use chassis::call::Messages;
use chassis::feed::{Item, Position, tail};
use chassis::{Context, FieldInvalid};
use contract::identity::v1::{Event, FollowRequest, FollowResponse};
use futures::{Stream, StreamExt as _};
use prost::Message as _;

use crate::{Error, Identity};

pub(crate) async fn follow(
    service: Arc<Identity>,
    _ctx: Context,
    mut requests: Messages<FollowRequest>,
) -> Result<impl Stream<Item = Result<FollowResponse, Error>> + Send + 'static, Error> {
    let missing = || FieldInvalid::new("", "the one message of this call is missing");
    let request = requests.next().await.and_then(Result::ok).ok_or_else(missing)?;

    // Another epoch, or a number that the feed does not reach, begins from the first event: the feed sees to both.
    let from = Position { epoch: request.epoch, number: request.after };
    let items = tail(service.database.clone(), from);

    Ok(items.map(|item| response(item?)).take_until(service.tasks.ending()))
}

fn response(item: Item) -> Result<FollowResponse, Error> {
    match item {
        Item::Heartbeat(position) => Ok(FollowResponse { epoch: position.epoch, number: position.number, event: None }),
        Item::Entry { epoch, entry } => {
            let event = Event::decode(entry.payload.as_slice()).map_err(Error::FeedUnreadable)?;
            Ok(FollowResponse { epoch, number: entry.number, event: Some(event) })
        }
    }
}
