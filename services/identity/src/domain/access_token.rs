//! Access tokens (RFC 9068): what one says, and how long it lives.

use assertion::{ACCESS_TOKEN_SECONDS_MAX, AccessTokenClaims};
use chassis::auth::{ACCESS_TOKEN_AUDIENCE, ACCESS_TOKEN_ISSUER};
use time::OffsetDateTime;

use super::api_key::ApiKeyRecord;
use super::scope::Scopes;

/// The claims of a token for this key's owner. It lives 5 minutes, but no longer than the key; none if the key has not
/// even a second left.
pub(crate) fn claims(
    key: &ApiKeyRecord,
    scopes: &Scopes,
    token_id: String,
    now: OffsetDateTime,
) -> Option<AccessTokenClaims> {
    let issued_at = now.unix_timestamp();
    let longest = issued_at + ACCESS_TOKEN_SECONDS_MAX;
    let expires_at = key.expires_at.map_or(longest, |key_ends| longest.min(key_ends.unix_timestamp()));
    (expires_at > issued_at).then(|| AccessTokenClaims {
        issuer: ACCESS_TOKEN_ISSUER.to_owned(),
        audience: ACCESS_TOKEN_AUDIENCE.to_owned(),
        subject: key.owner.to_string(),
        client_id: key.id.to_string(),
        tenant: key.tenant.to_string(),
        scope: scopes.as_slice().join(" "),
        token_id,
        issued_at,
        expires_at,
    })
}
