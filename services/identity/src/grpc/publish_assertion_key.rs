//! Publishes in the feed a key that gate signs assertions with, or that it lives longer.

use std::sync::Arc;

use chassis::{AuditEvent, Context, FieldInvalid, UnitOfWork};
use contract::identity::v1::{KeyUse, PublishAssertionKeyRequest, PublishAssertionKeyResponse};

use super::{events, messages};
use crate::domain::verification_key::VerificationKey;
use crate::store::verification_keys::{self, Kept};
use crate::{Error, Identity};

pub(crate) async fn publish_assertion_key(
    service: Arc<Identity>,
    ctx: Context,
    request: PublishAssertionKeyRequest,
) -> Result<PublishAssertionKeyResponse, Error> {
    let key = request.key.ok_or_else(|| FieldInvalid::new("key", "is missing"))?;
    match key.r#use() {
        KeyUse::Assertion => {}
        KeyUse::Unspecified | KeyUse::AccessToken => {
            return Err(FieldInvalid::new("key.use", "must be ASSERTION").into());
        }
    }
    let not_after = messages::read_time(key.not_after.as_ref(), "key.not_after")?;
    let key = VerificationKey::read_assertion_key(&key.key_id, &key.jwk, not_after, ctx.now)?;

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let kept = verification_keys::keep(work.connection(), &key, key.told_if_after()).await?;

    match kept {
        Kept::AsItWas => {}
        Kept::InOtherUse => return Err(FieldInvalid::new("key.key_id", "is the key of access tokens").into()),
        Kept::Changed => {
            work.publish(&events::key_published(&key));
            work.commit(AuditEvent::of(&ctx, format!("key:{}", key.key.key_id()))).await?;
        }
    }

    Ok(PublishAssertionKeyResponse {})
}
