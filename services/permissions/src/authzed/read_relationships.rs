//! Lists relationships as a stream, all at the revision of the first.

use std::sync::Arc;

use chassis::call::Messages;
use chassis::{Context, FieldInvalid};
use contract::authzed::api::v1::{Cursor, ReadRelationshipsRequest, ReadRelationshipsResponse};
use contract::permissions::v1 as ours;
use futures::{Stream, StreamExt as _, TryStreamExt as _, future, stream};

use super::errors::Error;
use super::messages;
use crate::Permissions;
use crate::grpc::read_relationships as pages;

/// How many are read at a time if the request has no limit.
const PAGE_SIZE: u32 = chassis::page::SIZE_MAX;

type Item = Result<ReadRelationshipsResponse, Error>;

pub(crate) async fn read_relationships(
    service: Arc<Permissions>,
    ctx: Context,
    mut messages: Messages<ReadRelationshipsRequest>,
) -> Result<impl Stream<Item = Item> + Send + 'static, Error> {
    let request = messages.next().await.and_then(Result::ok).unwrap_or_default();
    let filter = request.relationship_filter.ok_or_else(|| FieldInvalid::new("relationship_filter", "is missing"))?;
    let filter = messages::filter(filter, "relationship_filter")?;
    let cursor = request.optional_cursor.map(|cursor| cursor.token).unwrap_or_default();
    // A cursor pins its revision, whatever the request says besides.
    let consistency = messages::consistency(request.consistency.filter(|_| cursor.is_empty()));
    let unlimited = request.optional_limit == 0;
    let first = ours::ReadRelationshipsRequest {
        consistency,
        filter: Some(filter.clone()),
        page_size: if unlimited { PAGE_SIZE } else { request.optional_limit },
        page_token: cursor,
    };

    let (items, next) = page(Arc::clone(&service), ctx.clone(), first).await?;

    let next = if unlimited { next } else { String::new() };
    let following = stream::try_unfold(next, move |page_token| {
        let (service, ctx) = (Arc::clone(&service), ctx.clone());
        let request = ours::ReadRelationshipsRequest {
            consistency: None,
            filter: Some(filter.clone()),
            page_size: PAGE_SIZE,
            page_token,
        };
        async move {
            if request.page_token.is_empty() {
                return Ok(None);
            }
            page(service, ctx, request).await.map(Some)
        }
    });
    let pages = stream::once(future::ready(Ok(items))).chain(following);
    Ok(pages.map_ok(|items| stream::iter(items.into_iter().map(Ok))).try_flatten())
}

/// One page, and the token of the next.
async fn page(
    service: Arc<Permissions>,
    ctx: Context,
    request: ours::ReadRelationshipsRequest,
) -> Result<(Vec<ReadRelationshipsResponse>, String), Error> {
    let answer = pages::read_relationships(service, ctx.clone(), request.clone()).await?;
    let read_at = messages::token(answer.read_at.clone());
    let tokens = pages::tokens_after(&ctx, &request, &answer)?;
    let item = |(relationship, token)| ReadRelationshipsResponse {
        read_at: read_at.clone(),
        relationship: Some(messages::relationship_of(relationship)),
        after_result_cursor: Some(Cursor { token }),
    };
    Ok((answer.relationships.into_iter().zip(tokens).map(item).collect(), answer.next_page_token))
}
