//! Lists the service accounts of the caller's tenant.

use std::sync::Arc;

use chassis::page::PageRequest;
use chassis::{Context, SubjectKind};
use contract::identity::v1::{ListServiceAccountsRequest, ListServiceAccountsResponse};

use super::messages;
use crate::store::subjects;
use crate::{Error, Identity};

pub(crate) async fn list_service_accounts(
    service: Arc<Identity>,
    ctx: Context,
    request: ListServiceAccountsRequest,
) -> Result<ListServiceAccountsResponse, Error> {
    let page = PageRequest::read(&ctx, request.page_size, &request.page_token, &[])?;

    let pool = service.database.pool();
    let mut service_accounts =
        subjects::list(pool, ctx.tenant(), SubjectKind::ServiceAccount, &page.after, page.rows()).await?;

    let next_page_token = page.next(&mut service_accounts, |kept| kept.record.subject.id.clone());

    Ok(ListServiceAccountsResponse {
        service_accounts: service_accounts.iter().map(|kept| messages::service_account(&kept.record)).collect(),
        next_page_token,
    })
}
