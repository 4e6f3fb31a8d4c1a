//! Lists who has which role in the caller's tenant.

use std::sync::Arc;

use chassis::Context;
use chassis::page::{PageError, PageRequest};
use contract::permissions::v1::{ListRolesRequest, ListRolesResponse};

use super::roles::assignment_message;
use crate::Permissions;
use crate::domain::role::Assignment;
use crate::error::Error;
use crate::freshness::in_time;
use crate::store::roles::{After, list};

pub(crate) async fn list_roles(
    service: Arc<Permissions>,
    ctx: Context,
    request: ListRolesRequest,
) -> Result<ListRolesResponse, Error> {
    let page = PageRequest::read(&ctx, request.page_size, &request.page_token, &[])?;
    let after = after(&page)?;

    let mut rows = in_time(&ctx, list(&service.database, ctx.tenant(), after, page.rows())).await?;

    let next_page_token = page.next(&mut rows, |last| place(&ctx, last));
    Ok(ListRolesResponse { assignments: rows.iter().map(assignment_message).collect(), next_page_token })
}

fn place(ctx: &Context, last: &Assignment) -> String {
    let subject = &last.subject;
    format!("{} {} {}", last.role.relation(), subject.kind.name(), subject.system_object_id(ctx.tenant()))
}

fn after(page: &PageRequest) -> Result<After<'_>, Error> {
    if page.after.is_empty() {
        return Ok(("", "", ""));
    }
    let mut parts = page.after.splitn(3, ' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(relation), Some(kind), Some(id)) if !page.after.contains('\0') => Ok((relation, kind, id)),
        (Some(_) | None, _, _) => Err(PageError::TokenInvalid.into()),
    }
}
