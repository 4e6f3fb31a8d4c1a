//! An OAuth 2 client that has shown who it is, and what its credential allows it.

use time::OffsetDateTime;

use super::audience::Audiences;
use super::client_credential::ClientCredential;
use super::client_id::ClientId;
use super::scope::Scopes;

/// A client, by one of its credentials.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    /// The id of what it showed.
    pub(crate) credential: String,
    pub(crate) scopes: Scopes,
    pub(crate) audiences: Audiences,
    /// When what it showed ends.
    pub(crate) ends_at: Option<OffsetDateTime>,
}

impl From<ClientCredential> for Client {
    fn from(credential: ClientCredential) -> Self {
        Self {
            id: credential.client_id(),
            credential: credential.id.to_string(),
            scopes: credential.scopes,
            audiences: credential.audiences,
            ends_at: credential.expires_at,
        }
    }
}
