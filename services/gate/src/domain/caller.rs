//! Who is calling, as their credential says.

use chassis::{Subject, TenantId};
use time::OffsetDateTime;

/// Somebody of a tenant, and what their credential may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) tenant: TenantId,
    pub(crate) subject: Subject,
    pub(crate) scopes: Scopes,
}

/// What a credential may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scopes {
    /// For these things.
    These(Vec<String>),
    /// For everything: nobody's credential, but what a test of a route supposes.
    Every,
}

/// A caller with a good credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    pub(crate) kind: CredentialKind,
    /// The API key's id; for an access token, the id of the API key that it was exchanged for; for a client certificate, the
    /// workload's name.
    pub(crate) credential_id: String,
    /// When the credential ends, if it does.
    pub(crate) ends_at: Option<OffsetDateTime>,
}

/// What was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    ApiKey,
    AccessToken,
    ClientCertificate,
}

impl CredentialKind {
    /// Its name in an assertion.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::AccessToken => "access_token",
            Self::ClientCertificate => "client_certificate",
        }
    }
}

impl Scopes {
    /// Whether this scope is among them. Nothing in particular always is.
    pub(crate) fn include(&self, scope: &str) -> bool {
        match self {
            Self::These(scopes) => scope.is_empty() || scopes.iter().any(|held| held == scope),
            Self::Every => true,
        }
    }

    /// Them as an assertion lists them (RFC 6749, 3.3).
    pub(crate) fn joined(&self) -> String {
        match self {
            Self::These(scopes) => scopes.join(" "),
            Self::Every => String::new(),
        }
    }
}
