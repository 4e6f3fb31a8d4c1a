//! Creates a user in the caller's tenant.

use std::sync::Arc;

use chassis::idempotency::{Claimed, IdempotencyKey};
use chassis::{AuditEvent, Context, SubjectKind, UnitOfWork};
use contract::identity::v1::{CreateUserRequest, CreateUserResponse};

use super::messages;
use crate::domain::display_name::DisplayName;
use crate::domain::subject::{SubjectRecord, read_new};
use crate::store::subjects;
use crate::{Error, Identity};

pub(crate) async fn create_user(
    service: Arc<Identity>,
    ctx: Context,
    request: CreateUserRequest,
) -> Result<CreateUserResponse, Error> {
    let key = IdempotencyKey::read(&request.idempotency_key, &request)?;
    let subject = read_new(SubjectKind::User, &request.user_id, "user_id", ctx.now, &*service.entropy)?;
    let display_name = DisplayName::read(&request.display_name)?;

    let work = UnitOfWork::begin(&service.database, ctx.now).await?;

    let user = SubjectRecord { subject, display_name, created_at: ctx.now };
    let response = CreateUserResponse { user: Some(messages::user(&user)) };

    let mut work = match IdempotencyKey::claim(key.as_ref(), work, &service.database, &ctx, &response).await? {
        Claimed::First(work) => work,
        Claimed::Earlier(earlier) => return Ok(earlier),
    };
    subjects::insert(work.connection(), ctx.tenant(), &user).await?;
    work.commit(AuditEvent::of(&ctx, user.subject.to_string())).await?;

    Ok(response)
}
