//! What service accounts authenticate with as OAuth 2 clients: a secret, kept as API keys are, or a public key.

use chassis::api_key::ApiKeyId;
use chassis::{LimitExceeded, Subject, TenantId};
use time::OffsetDateTime;

use super::audience::Audiences;
use super::client_id::ClientId;
use super::client_key::ClientKey;
use super::display_name::DisplayName;
use super::scope::Scopes;

/// How many living credentials one service account may have.
pub(crate) const LIVING_MAX: u64 = 16;

/// A client's credential, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientCredential {
    pub(crate) id: ApiKeyId,
    pub(crate) tenant: TenantId,
    pub(crate) account: Subject,
    pub(crate) display_name: DisplayName,
    pub(crate) scopes: Scopes,
    pub(crate) audiences: Audiences,
    /// The public key; none if the credential is a secret.
    pub(crate) key: Option<ClientKey>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) expires_at: Option<OffsetDateTime>,
    pub(crate) revoked_at: Option<OffsetDateTime>,
}

impl ClientCredential {
    /// Whether the credential may be used at this time. Every use of one asks here.
    pub(crate) fn is_active(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// What its owner is called as a client.
    pub(crate) fn client_id(&self) -> ClientId {
        ClientId { tenant: self.tenant.clone(), account: self.account.clone() }
    }
}

/// Refuses one credential more than an account may have.
pub(crate) fn has_room(living: u64) -> Result<(), LimitExceeded> {
    if living < LIVING_MAX {
        return Ok(());
    }
    Err(LimitExceeded { limit: "client_credentials_per_service_account_max", max: LIVING_MAX, given: living + 1 })
}
