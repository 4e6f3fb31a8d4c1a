//! `RouteService/ListRoutes`: the routes in force, by name.

use std::sync::Arc;

use chassis::Context;
use chassis::page::PageRequest;
use contract::gate::v1::{ListRoutesRequest, ListRoutesResponse};

use crate::Gate;
use crate::error::Error;
use crate::store::routes;

pub(crate) async fn list_routes(
    gate: Arc<Gate>,
    context: Context,
    request: ListRoutesRequest,
) -> Result<ListRoutesResponse, Error> {
    let page = PageRequest::read(&context, request.page_size, &request.page_token, &[])?;

    let (version, mut routes) = routes::page(&gate.database, context.tenant(), &page.after, page.rows()).await?;

    let next_page_token = page.next(&mut routes, |route| route.name.clone());
    Ok(ListRoutesResponse { routes, version, next_page_token })
}
