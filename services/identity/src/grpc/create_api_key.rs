//! Creates an API key for a subject of the caller's tenant.

use std::sync::Arc;

use chassis::api_key::ApiKey;
use chassis::idempotency::{Claimed, IdempotencyKey};
use chassis::{AuditEvent, Context, Subject, UnitOfWork};
use contract::identity::v1::{CreateApiKeyRequest, CreateApiKeyResponse};

use super::{events, messages};
use crate::domain::api_key::{ApiKeyRecord, check_expires_at};
use crate::domain::display_name::DisplayName;
use crate::domain::scope::Scopes;
use crate::store::{api_keys, subjects, tenants};
use crate::{Error, Identity};

pub(crate) async fn create_api_key(
    service: Arc<Identity>,
    ctx: Context,
    request: CreateApiKeyRequest,
) -> Result<CreateApiKeyResponse, Error> {
    let key = IdempotencyKey::read(&request.idempotency_key, &request)?;
    let owner = Subject::from_proto(request.owner.as_ref(), "owner")?;
    let display_name = DisplayName::read_or_empty(&request.display_name)?;
    let scopes = Scopes::read(&request.scopes)?;
    let expires_at = messages::read_time(request.expires_at.as_ref(), "expires_at")?;

    if let Some(key) = &key
        && let Some(earlier) = key.earlier(&service.database, &ctx).await?
    {
        return Ok(earlier);
    }
    let found = subjects::find(service.database.pool(), ctx.tenant(), &owner).await?;

    let expires_at = check_expires_at(expires_at, ctx.now)?;
    let held = ctx.subject().map_or(&[][..], |caller| &caller.scopes);
    if let Some(scope) = scopes.first_not_givable(held) {
        return Err(Error::ScopeNotHeld(scope.to_owned()));
    }
    let owner = found.ok_or(Error::NotFound(owner.kind.into()))?.record.subject;
    let api_key = ApiKey::generate(&*service.entropy);
    let record = ApiKeyRecord {
        id: api_key.id().clone(),
        tenant: ctx.tenant().clone(),
        owner,
        display_name,
        scopes,
        created_at: ctx.now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let mut response = CreateApiKeyResponse { api_key: Some(messages::api_key(&record)), secret: String::new() };

    let work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let mut work = match IdempotencyKey::claim(key.as_ref(), work, &service.database, &ctx, &response).await? {
        Claimed::First(work) => work,
        Claimed::Earlier(earlier) => return Ok(earlier),
    };
    tenants::hold(work.connection(), ctx.tenant()).await?;
    if !subjects::hold(work.connection(), ctx.tenant(), &record.owner).await? {
        return Err(Error::NotFound(record.owner.kind.into()));
    }
    api_keys::insert(work.connection(), &record, &service.secrets.hash(&api_key)).await?;
    work.publish(&events::api_key_created(&record));
    work.commit(AuditEvent::of(&ctx, format!("api_key:{}", record.id))).await?;

    // Only now: what the idempotency key remembers must not hold it.
    api_key.expose().clone_into(&mut response.secret);
    Ok(response)
}
