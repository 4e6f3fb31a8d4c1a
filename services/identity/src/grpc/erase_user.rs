//! Erases a user of the caller's tenant: what is known of the person goes, their keys end, the id stays.

use std::sync::Arc;

use chassis::{AuditEvent, Context, Subject, SubjectKind, UnitOfWork};
use contract::identity::v1::{EraseUserRequest, EraseUserResponse};

use super::{events, messages};
use crate::error::Thing;
use crate::store::{api_keys, subjects};
use crate::{Error, Identity};

/// How many keys one transaction ends: their ends are told in the feed, whose head it locks.
const KEYS_AT_ONCE: i64 = 500;

pub(crate) async fn erase_user(
    service: Arc<Identity>,
    ctx: Context,
    request: EraseUserRequest,
) -> Result<EraseUserResponse, Error> {
    let subject = Subject::new(SubjectKind::User, &request.user_id).map_err(|error| error.at("user_id"))?;

    let found = subjects::find(service.database.pool(), ctx.tenant(), &subject).await?;

    found.ok_or(Error::NotFound(Thing::User))?;

    // The person first: should this end half-way, nothing is known of them any more, and the same call again ends the other keys.
    loop {
        let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
        let is_new = subjects::erase(work.connection(), ctx.tenant(), &subject.id, ctx.now).await?;
        let ended = api_keys::erase_of_owner(work.connection(), ctx.tenant(), &subject, ctx.now, KEYS_AT_ONCE).await?;
        if !is_new && ended.is_empty() {
            break;
        }
        for key in &ended {
            work.publish(&events::api_key_ended(key, ctx.tenant()));
        }
        work.commit(AuditEvent::of(&ctx, subject.to_string())).await?;
    }

    let kept = subjects::find(service.database.pool(), ctx.tenant(), &subject).await?;
    let kept = kept.ok_or(Error::NotFound(Thing::User))?;
    Ok(EraseUserResponse { user: Some(messages::user(&kept.record)) })
}
