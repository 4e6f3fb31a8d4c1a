//! Access tokens (RFC 9068): what one says, how long it lives, and the one place that makes them.

use assertion::{ACCESS_TOKEN_SECONDS_MAX, AccessTokenClaims, Actor, Expectation};
use chassis::signing::SigningKey;
use chassis::{Subject, TenantId};
use time::OffsetDateTime;

use super::scope::Scopes;

/// What a token is to say.
#[derive(Clone, Debug)]
pub(crate) struct Grant<'a> {
    /// Whose tenant.
    pub(crate) tenant: &'a TenantId,
    /// Who.
    pub(crate) subject: &'a Subject,
    /// Which client asked.
    pub(crate) client_id: String,
    /// The id of what it showed.
    pub(crate) credential: String,
    /// What it may be used for.
    pub(crate) scopes: &'a Scopes,
    /// Whom it is for.
    pub(crate) audience: &'a str,
    /// When what was shown ends: no token outlives it.
    pub(crate) ends_at: Option<OffsetDateTime>,
    /// Who acts for the subject.
    pub(crate) actor: Option<Box<Actor>>,
    /// What else the token ends with.
    pub(crate) ends_with: Vec<String>,
}

/// A token, signed.
#[derive(Clone)]
pub(crate) struct AccessToken {
    pub(crate) text: String,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AccessToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Makes a token of 5 minutes, or of as long as what was shown lives; none if that has not even a second left.
pub(crate) fn make(
    key: &SigningKey,
    issuer: &str,
    grant: &Grant<'_>,
    token_id: String,
    now: OffsetDateTime,
) -> Result<Option<AccessToken>, String> {
    let issued_at = now.unix_timestamp();
    let longest = issued_at + ACCESS_TOKEN_SECONDS_MAX;
    let expires_at = grant.ends_at.map_or(longest, |ends_at| longest.min(ends_at.unix_timestamp()));
    if expires_at <= issued_at {
        return Ok(None);
    }
    let claims = AccessTokenClaims {
        issuer: issuer.to_owned(),
        audience: grant.audience.to_owned(),
        subject: grant.subject.to_string(),
        client_id: grant.client_id.clone(),
        credential: grant.credential.clone(),
        tenant: grant.tenant.to_string(),
        scope: grant.scopes.as_slice().join(" "),
        token_id,
        issued_at,
        expires_at,
        actor: grant.actor.clone(),
        ends_with: grant.ends_with.clone(),
    };
    let token_type = Expectation::access_token(issuer, grant.audience).token_type();
    let text = key.sign(token_type, &claims).map_err(|error| error.to_string())?;
    Ok(Some(AccessToken { text, issued_at, expires_at }))
}
