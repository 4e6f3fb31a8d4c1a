//! Lists the API keys of the caller's tenant: of one owner, or of all.

use std::sync::Arc;

use chassis::page::PageRequest;
use chassis::{Context, Subject};
use contract::identity::v1::{ListApiKeysRequest, ListApiKeysResponse};

use super::messages;
use crate::store::api_keys;
use crate::{Error, Identity};

pub(crate) async fn list_api_keys(
    service: Arc<Identity>,
    ctx: Context,
    request: ListApiKeysRequest,
) -> Result<ListApiKeysResponse, Error> {
    let owner = request.owner.as_ref().map(|owner| Subject::from_proto(Some(owner), "owner")).transpose()?;
    let list = owner.as_ref().map(ToString::to_string).unwrap_or_default();
    let page = PageRequest::read(&ctx, request.page_size, &request.page_token, &[&list])?;

    let pool = service.database.pool();
    let mut api_keys = api_keys::list(pool, ctx.tenant(), owner.as_ref(), &page.after, page.rows()).await?;

    let next_page_token = page.next(&mut api_keys, |key| key.id.to_string());

    Ok(ListApiKeysResponse { api_keys: api_keys.iter().map(messages::api_key).collect(), next_page_token })
}
