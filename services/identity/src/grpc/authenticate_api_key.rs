//! Says whose an API key is, to gate. One and the same refusal for everything that is wrong with it.

use std::sync::Arc;

use chassis::api_key::ApiKey;
use chassis::{Context, timestamp};
use contract::identity::v1::{AuthenticateApiKeyRequest, AuthenticateApiKeyResponse};
use zeroize::Zeroizing;

use crate::store::api_keys;
use crate::{Error, Identity};

pub(crate) async fn authenticate_api_key(
    service: Arc<Identity>,
    ctx: Context,
    request: AuthenticateApiKeyRequest,
) -> Result<AuthenticateApiKeyResponse, Error> {
    let text = Zeroizing::new(request.api_key);
    let key = ApiKey::parse(&text).map_err(|_| Error::CredentialInvalid)?;
    // Before it is looked up, so that an unknown key takes as long as a known one.
    let shown = service.secrets.hash_shown(&key);

    let found = api_keys::find_to_authenticate(service.database.pool(), key.id()).await?;

    let (record, kept) = found.ok_or(Error::CredentialInvalid)?;
    // The secret before all else: whoever has only an id learns nothing of its state.
    let genuine = service.secrets.verify(&shown, &kept).ok_or(Error::CredentialInvalid)?;
    if !record.is_active(ctx.now) {
        return Err(Error::CredentialInvalid);
    }

    if let Some(renewed) = genuine.renewed {
        api_keys::renew_hash(service.database.pool(), &record.id, &kept, &renewed).await?;
    }

    Ok(AuthenticateApiKeyResponse {
        api_key_id: record.id.to_string(),
        tenant_id: record.tenant.to_string(),
        subject: Some(record.owner.to_proto()),
        scopes: record.scopes.as_slice().to_vec(),
        expires_at: record.expires_at.map(timestamp::to_proto),
    })
}
