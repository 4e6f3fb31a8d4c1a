//! Turns the API key that the call was made with into a short access token (RFC 9068). Writes nothing.

use std::sync::Arc;

use chassis::api_key::ApiKeyId;
use chassis::auth::ACCESS_TOKEN_AUDIENCE;
use chassis::context::Credential;
use chassis::{Context, timestamp};
use contract::identity::v1::{ExchangeApiKeyRequest, ExchangeApiKeyResponse};
use time::OffsetDateTime;

use crate::domain::access_token::Grant;
use crate::domain::scope::Scopes;
use crate::store::api_keys;
use crate::{Error, Identity};

pub(crate) async fn exchange_api_key(
    service: Arc<Identity>,
    ctx: Context,
    request: ExchangeApiKeyRequest,
) -> Result<ExchangeApiKeyResponse, Error> {
    let wanted = Scopes::read(&request.scopes)?;
    let caller = ctx.subject().ok_or(Error::CredentialInvalid)?;
    match caller.credential {
        Credential::ApiKey => {}
        Credential::AccessToken | Credential::ClientCertificate => return Err(Error::ExchangeNeedsApiKey),
    }
    let id: ApiKeyId = caller.credential_id.parse().map_err(|_| Error::CredentialInvalid)?;

    let found = api_keys::find(service.database.pool(), ctx.tenant(), &id).await?;

    // Gate's word may be a minute old, and the key ended since: a token would stretch that to six.
    let key = found.filter(|key| key.is_active(ctx.now) && key.owner == caller.subject);
    let key = key.ok_or(Error::CredentialInvalid)?;
    if let Some(scope) = wanted.first_not_among(key.scopes.as_slice()) {
        return Err(Error::ScopeNotHeld(scope.to_owned()));
    }
    let scopes = if wanted.as_slice().is_empty() { &key.scopes } else { &wanted };
    let grant = Grant {
        tenant: &key.tenant,
        subject: &key.owner,
        client_id: key.id.to_string(),
        credential: key.id.to_string(),
        scopes,
        audience: ACCESS_TOKEN_AUDIENCE,
        ends_at: key.expires_at,
        actor: None,
        ends_with: Vec::new(),
    };
    let token = service.make_token(&grant, ctx.now)?.ok_or(Error::CredentialInvalid)?;

    let expires_at = OffsetDateTime::from_unix_timestamp(token.expires_at).ok().map(timestamp::to_proto);
    Ok(ExchangeApiKeyResponse { access_token: token.text, expires_at })
}
