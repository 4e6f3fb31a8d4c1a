//! Lists tenants.

use std::sync::Arc;

use chassis::Context;
use chassis::page::PageRequest;
use contract::identity::v1::{ListTenantsRequest, ListTenantsResponse};

use super::messages;
use crate::store::tenants;
use crate::{Error, Identity};

pub(crate) async fn list_tenants(
    service: Arc<Identity>,
    ctx: Context,
    request: ListTenantsRequest,
) -> Result<ListTenantsResponse, Error> {
    let page = PageRequest::read(&ctx, request.page_size, &request.page_token, &[])?;

    let mut tenants = tenants::list(service.database.pool(), &page.after, page.rows()).await?;

    let next_page_token = page.next(&mut tenants, |tenant| tenant.id.to_string());

    Ok(ListTenantsResponse { tenants: tenants.iter().map(messages::tenant).collect(), next_page_token })
}
