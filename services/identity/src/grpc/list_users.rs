//! Lists the users of the caller's tenant.

use std::sync::Arc;

use chassis::page::PageRequest;
use chassis::{Context, SubjectKind};
use contract::identity::v1::{ListUsersRequest, ListUsersResponse};

use super::messages;
use crate::store::subjects;
use crate::{Error, Identity};

pub(crate) async fn list_users(
    service: Arc<Identity>,
    ctx: Context,
    request: ListUsersRequest,
) -> Result<ListUsersResponse, Error> {
    let page = PageRequest::read(&ctx, request.page_size, &request.page_token, &[])?;

    let pool = service.database.pool();
    let mut kept = subjects::list(pool, ctx.tenant(), SubjectKind::User, &page.after, page.rows()).await?;

    let next_page_token = page.next(&mut kept, |user| user.record.subject.id.clone());
    let users = service.open_users(ctx.tenant(), kept).await?;

    Ok(ListUsersResponse { users: users.iter().map(messages::user).collect(), next_page_token })
}
