//! Answers one tenant.

use std::sync::Arc;

use chassis::subject::IdInvalid;
use chassis::{Context, TenantId};
use contract::identity::v1::{GetTenantRequest, GetTenantResponse};

use super::messages;
use crate::error::Thing;
use crate::store::tenants;
use crate::{Error, Identity};

pub(crate) async fn get_tenant(
    service: Arc<Identity>,
    _ctx: Context,
    request: GetTenantRequest,
) -> Result<GetTenantResponse, Error> {
    let id: TenantId = request.tenant_id.parse().map_err(|error: IdInvalid| error.at("tenant_id"))?;

    let tenant = tenants::find(service.database.pool(), &id).await?;

    let tenant = tenant.ok_or(Error::NotFound(Thing::Tenant))?;
    let deletion = service.deletion_of(&tenant).await?;

    Ok(GetTenantResponse { tenant: Some(messages::tenant_with(&tenant, deletion)) })
}
