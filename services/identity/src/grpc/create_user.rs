//! Creates a user in the caller's tenant.

use std::sync::Arc;

use chassis::idempotency::{Claimed, IdempotencyKey};
use chassis::{AuditEvent, Context, Subject, SubjectKind, UnitOfWork};
use contract::identity::v1::{CreateUserRequest, CreateUserResponse, User};

use super::messages;
use crate::domain::display_name::DisplayName;
use crate::domain::subject::{SubjectRecord, read_new};
use crate::store::{subjects, tenants};
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

    let user = SubjectRecord { subject, display_name, created_at: ctx.now, erased_at: None };
    let shown = messages::user(&user);
    // What is remembered of the call must not be the one place where the name lies in clear.
    let remembered = CreateUserResponse { user: Some(User { display_name: String::new(), ..shown.clone() }) };

    let mut work = match IdempotencyKey::claim(key.as_ref(), work, &service.database, &ctx, &remembered).await? {
        Claimed::First(work) => work,
        Claimed::Earlier(earlier) => return with_name(&service, &ctx, earlier).await,
    };
    let tenant = ctx.tenant();
    let data_key = tenants::held_data_key(work.connection(), tenant, || service.new_data_key(tenant)).await?;
    let sealed_name = service.open_data_key(tenant, &data_key)?.seal_name(tenant, &user.subject, &user.display_name);
    subjects::insert(work.connection(), ctx.tenant(), &user, Some(&sealed_name)).await?;
    work.commit(AuditEvent::of(&ctx, user.subject.to_string())).await?;

    Ok(CreateUserResponse { user: Some(shown) })
}

/// What an earlier call answered, with the name that the user has.
async fn with_name(
    service: &Identity,
    ctx: &Context,
    earlier: CreateUserResponse,
) -> Result<CreateUserResponse, Error> {
    let id = earlier.user.as_ref().map(|user| user.id.as_str()).unwrap_or_default();
    let subject = Subject::new(SubjectKind::User, id).map_err(|error| error.at("user_id"))?;
    let kept = subjects::find(service.database.pool(), ctx.tenant(), &subject).await?;
    let user = service.open_users(ctx.tenant(), kept.into_iter().collect()).await?;
    Ok(CreateUserResponse { user: user.first().map(messages::user).or(earlier.user) })
}
