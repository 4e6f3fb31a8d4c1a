//! Answers one user of the caller's tenant.

use std::sync::Arc;

use chassis::{Context, Subject, SubjectKind};
use contract::identity::v1::{GetUserRequest, GetUserResponse};

use super::messages;
use crate::error::Thing;
use crate::store::subjects;
use crate::{Error, Identity};

pub(crate) async fn get_user(
    service: Arc<Identity>,
    ctx: Context,
    request: GetUserRequest,
) -> Result<GetUserResponse, Error> {
    let subject = Subject::new(SubjectKind::User, &request.user_id).map_err(|error| error.at("user_id"))?;

    let kept = subjects::find(service.database.pool(), ctx.tenant(), &subject).await?;

    let kept = kept.ok_or(Error::NotFound(Thing::User))?;
    let users = service.open_users(ctx.tenant(), vec![kept]).await?;

    Ok(GetUserResponse { user: users.first().map(messages::user) })
}
