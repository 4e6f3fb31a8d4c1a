//! Creates a service account in the caller's tenant.

use std::sync::Arc;

use chassis::idempotency::{Claimed, IdempotencyKey};
use chassis::{AuditEvent, Context, SubjectKind, UnitOfWork};
use contract::identity::v1::{CreateServiceAccountRequest, CreateServiceAccountResponse};

use super::messages;
use crate::domain::display_name::DisplayName;
use crate::domain::subject::{SubjectRecord, read_new};
use crate::store::{subjects, tenants};
use crate::{Error, Identity};

pub(crate) async fn create_service_account(
    service: Arc<Identity>,
    ctx: Context,
    request: CreateServiceAccountRequest,
) -> Result<CreateServiceAccountResponse, Error> {
    let key = IdempotencyKey::read(&request.idempotency_key, &request)?;
    let subject = read_new(
        SubjectKind::ServiceAccount,
        &request.service_account_id,
        "service_account_id",
        ctx.now,
        &*service.entropy,
    )?;
    let display_name = DisplayName::read(&request.display_name)?;

    let work = UnitOfWork::begin(&service.database, ctx.now).await?;

    let service_account = SubjectRecord { subject, display_name, created_at: ctx.now, erased_at: None };
    let response = CreateServiceAccountResponse { service_account: Some(messages::service_account(&service_account)) };

    let mut work = match IdempotencyKey::claim(key.as_ref(), work, &service.database, &ctx, &response).await? {
        Claimed::First(work) => work,
        Claimed::Earlier(earlier) => return Ok(earlier),
    };
    tenants::hold(work.connection(), ctx.tenant()).await?;
    subjects::insert(work.connection(), ctx.tenant(), &service_account, None).await?;
    work.commit(AuditEvent::of(&ctx, service_account.subject.to_string())).await?;

    Ok(response)
}
