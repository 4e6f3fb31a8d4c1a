//! Creates a tenant with its first administrator and that one's API key.

use std::sync::Arc;

use chassis::api_key::ApiKey;
use chassis::idempotency::{Claimed, IdempotencyKey};
use chassis::{AuditEvent, Context, FieldInvalid, UnitOfWork};
use contract::identity::v1::{CreateTenantRequest, CreateTenantResponse};

use super::{events, messages};
use crate::domain::data_key::DataKey;
use crate::domain::founding::Wish;
use crate::domain::scope::Scopes;
use crate::store::tenants;
use crate::{Error, Identity};

pub(crate) async fn create_tenant(
    service: Arc<Identity>,
    ctx: Context,
    request: CreateTenantRequest,
) -> Result<CreateTenantResponse, Error> {
    let key = IdempotencyKey::read(&request.idempotency_key, &request)?.ok_or_else(|| {
        FieldInvalid::new("idempotency_key", "is missing: it is 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
    })?;
    let wish = Wish::read(&request.tenant_id, &request.display_name, &request.administrator_id)?;

    let work = UnitOfWork::begin(&service.database, ctx.now).await?;

    let api_key = ApiKey::generate(&*service.entropy);
    let founding = wish.found(&api_key, Scopes::of_tenant(), ctx.now);
    let mut response = CreateTenantResponse {
        tenant: Some(messages::tenant(&founding.tenant)),
        administrator: Some(messages::service_account(&founding.administrator)),
        api_key: Some(messages::api_key(&founding.api_key)),
        api_key_secret: String::new(),
    };

    let mut work = match IdempotencyKey::claim(Some(&key), work, &service.database, &ctx, &response).await? {
        Claimed::First(work) => work,
        Claimed::Earlier(earlier) => return Ok(earlier),
    };
    let data_key = DataKey::make(&service.seal_keys, &founding.tenant.id, &*service.entropy);
    tenants::found(work.connection(), &founding, &service.secrets.hash(&api_key), &data_key).await?;
    work.publish(&events::tenant_created(&founding, false));
    work.publish(&events::api_key_created(&founding.api_key));
    work.commit(AuditEvent::of(&ctx, format!("tenant:{}", founding.tenant.id))).await?;

    // Only now: what the idempotency key remembers must not hold it.
    api_key.expose().clone_into(&mut response.api_key_secret);
    Ok(response)
}
