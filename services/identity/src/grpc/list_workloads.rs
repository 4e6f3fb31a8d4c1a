//! Lists the bound workloads of all tenants.

use std::sync::Arc;

use chassis::Context;
use chassis::page::PageRequest;
use contract::identity::v1::{ListWorkloadsRequest, ListWorkloadsResponse};

use super::messages;
use crate::store::workloads;
use crate::{Error, Identity};

pub(crate) async fn list_workloads(
    service: Arc<Identity>,
    ctx: Context,
    request: ListWorkloadsRequest,
) -> Result<ListWorkloadsResponse, Error> {
    let page = PageRequest::read(&ctx, request.page_size, &request.page_token, &[])?;

    let mut workloads = workloads::list(service.database.pool(), &page.after, page.rows()).await?;

    let next_page_token = page.next(&mut workloads, |workload| workload.spiffe_id.as_str().to_owned());

    Ok(ListWorkloadsResponse { workloads: workloads.iter().map(messages::workload).collect(), next_page_token })
}
