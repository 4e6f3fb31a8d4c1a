//! Ends an API key of the caller's tenant.

use std::sync::Arc;

use chassis::{AuditEvent, Context, UnitOfWork};
use contract::identity::v1::{RevokeApiKeyRequest, RevokeApiKeyResponse};

use super::{events, messages};
use crate::error::Thing;
use crate::store::api_keys;
use crate::{Error, Identity};

pub(crate) async fn revoke_api_key(
    service: Arc<Identity>,
    ctx: Context,
    request: RevokeApiKeyRequest,
) -> Result<RevokeApiKeyResponse, Error> {
    let id = messages::read_api_key_id(&request.api_key_id)?;

    let found = api_keys::find(service.database.pool(), ctx.tenant(), &id).await?;

    let mut record = found.ok_or(Error::NotFound(Thing::ApiKey))?;

    if record.revoked_at.is_none() {
        let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
        if api_keys::revoke(work.connection(), ctx.tenant(), &id, ctx.now).await? {
            record.revoked_at = Some(ctx.now);
            work.publish(&events::api_key_revoked(&record));
            work.commit(AuditEvent::of(&ctx, format!("api_key:{id}"))).await?;
        } else {
            // Another call was faster: the key ended at its time.
            drop(work);
            let found = api_keys::find(service.database.pool(), ctx.tenant(), &id).await?;
            record = found.ok_or(Error::NotFound(Thing::ApiKey))?;
        }
    }

    Ok(RevokeApiKeyResponse { api_key: Some(messages::api_key(&record)) })
}
