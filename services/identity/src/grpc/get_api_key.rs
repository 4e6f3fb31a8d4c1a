//! Answers one API key of the caller's tenant, without its secret.

use std::sync::Arc;

use chassis::Context;
use contract::identity::v1::{GetApiKeyRequest, GetApiKeyResponse};

use super::messages;
use crate::error::Thing;
use crate::store::api_keys;
use crate::{Error, Identity};

pub(crate) async fn get_api_key(
    service: Arc<Identity>,
    ctx: Context,
    request: GetApiKeyRequest,
) -> Result<GetApiKeyResponse, Error> {
    let id = messages::read_api_key_id(&request.api_key_id)?;

    let key = api_keys::find(service.database.pool(), ctx.tenant(), &id).await?;

    let key = key.ok_or(Error::NotFound(Thing::ApiKey))?;

    Ok(GetApiKeyResponse { api_key: Some(messages::api_key(&key)) })
}
