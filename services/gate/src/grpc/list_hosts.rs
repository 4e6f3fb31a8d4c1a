//! `HostService/ListHosts`: the hosts of all tenants, by name.

use std::sync::Arc;

use chassis::Context;
use chassis::page::PageRequest;
use contract::gate::v1::{Host, ListHostsRequest, ListHostsResponse};

use crate::Gate;
use crate::error::Error;
use crate::store::hosts;

pub(crate) async fn list_hosts(
    gate: Arc<Gate>,
    context: Context,
    request: ListHostsRequest,
) -> Result<ListHostsResponse, Error> {
    let page = PageRequest::read(&context, request.page_size, &request.page_token, &[])?;

    let mut rows = hosts::page(&gate.database, &page.after, page.rows()).await?;

    let next_page_token = page.next(&mut rows, |row| row.host.clone());
    let hosts = rows.into_iter().map(|row| Host { host: row.host, tenant_id: row.tenant }).collect();
    Ok(ListHostsResponse { hosts, next_page_token })
}
