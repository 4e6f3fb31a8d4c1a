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

    let user = subjects::find(service.database.pool(), ctx.tenant(), &subject).await?;

    let user = user.ok_or(Error::NotFound(Thing::User))?;

    Ok(GetUserResponse { user: Some(messages::user(&user)) })
}
