//! What can go wrong in identity, and the public reason of each.

use chassis::idempotency::IdempotencyError;
use chassis::page::PageError;
use chassis::{DatabaseError, FieldInvalid, LimitExceeded, Reason, ServiceError};

use crate::domain::seal::WrongSeal;

/// What can go wrong in identity.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field is missing or not of its form.
    #[error(transparent)]
    Field(#[from] FieldInvalid),
    /// The request holds more than a limit allows.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// The page cannot be answered.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The idempotency key cannot be used.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// There is no such thing in the caller's tenant.
    #[error("there is no such {0}")]
    NotFound(Thing),
    /// There is such a thing already.
    #[error("there is such a {0} already, or was: ids are never used again")]
    Exists(Thing),
    /// The workload's name is bound otherwise; nobody is told to whom.
    #[error("the workload's name is bound otherwise: unbind it first")]
    WorkloadBound,
    /// The API key is unknown, malformed, expired or revoked; nobody is told which.
    #[error("the credential is not valid")]
    CredentialInvalid,
    /// The bootstrap secret is wrong, or there is none.
    #[error("the bootstrap secret is wrong, or identity has none")]
    BootstrapSecretInvalid,
    /// The installation has its first administrator.
    #[error("the installation has its first administrator: use that one's key")]
    BootstrapDone,
    /// A token cannot renew itself.
    #[error("the call was made with a token: make it with the API key")]
    ExchangeNeedsApiKey,
    /// The request would give a scope that the caller's credential does not have.
    #[error("the caller's own credential does not have the scope {0}")]
    ScopeNotHeld(String),
    /// The token could not be signed.
    #[error("the token could not be signed: {0}")]
    Signing(String),
    /// An entry of the feed is no event.
    #[error("an entry of the feed is no event")]
    FeedUnreadable(#[source] prost::DecodeError),
    /// A key to sign tokens with could not be made or opened.
    #[error("a key to sign tokens with: {0}")]
    SigningKey(String),
    /// What is known of a person cannot be opened.
    #[error("what is known of a person cannot be read: {0}")]
    PersonalData(String),
    /// There is no key to sign tokens with yet.
    #[error("there is no key to sign tokens with yet")]
    NoSigningKey,
    /// The database could not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The kinds of things that identity keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A tenant.
    Tenant,
    /// A user.
    User,
    /// A service account.
    ServiceAccount,
    /// An API key.
    ApiKey,
    /// A credential of an OAuth 2 client.
    ClientCredential,
}

impl Thing {
    /// Its name in errors' metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::ServiceAccount => "service_account",
            Self::ApiKey => "api_key",
            Self::ClientCredential => "client_credential",
        }
    }
}

impl From<chassis::SubjectKind> for Thing {
    fn from(kind: chassis::SubjectKind) -> Self {
        match kind {
            chassis::SubjectKind::User => Self::User,
            chassis::SubjectKind::ServiceAccount => Self::ServiceAccount,
        }
    }
}

impl std::fmt::Display for Thing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

impl From<WrongSeal> for Error {
    fn from(wrong: WrongSeal) -> Self {
        Self::PersonalData(wrong.to_string())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl ServiceError for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Field(error) => error.reason(),
            Self::Limit(error) => error.reason(),
            Self::Page(error) => error.reason(),
            Self::Idempotency(error) => error.reason(),
            Self::NotFound(_) => Reason::ResourceNotFound,
            Self::Exists(_) | Self::WorkloadBound => Reason::ResourceExists,
            Self::CredentialInvalid => Reason::CredentialInvalid,
            Self::BootstrapSecretInvalid => Reason::BootstrapSecretInvalid,
            Self::BootstrapDone => Reason::BootstrapDone,
            Self::ExchangeNeedsApiKey => Reason::ExchangeNeedsApiKey,
            Self::ScopeNotHeld(_) => Reason::ScopeNotHeld,
            Self::Signing(_) | Self::FeedUnreadable(_) | Self::SigningKey(_) | Self::PersonalData(_) => {
                Reason::Internal
            }
            Self::NoSigningKey => Reason::NotReady,
            Self::Database(error) => error.reason(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Field(error) => error.metadata(),
            Self::Limit(error) => error.metadata(),
            Self::Page(error) => error.metadata(),
            Self::Idempotency(error) => error.metadata(),
            Self::NotFound(thing) | Self::Exists(thing) => vec![("type", thing.name().to_owned())],
            Self::ScopeNotHeld(scope) => vec![("scope", scope.clone())],
            Self::Database(error) => error.metadata(),
            Self::WorkloadBound => vec![("type", "workload".to_owned())],
            Self::CredentialInvalid
            | Self::BootstrapSecretInvalid
            | Self::BootstrapDone
            | Self::ExchangeNeedsApiKey
            | Self::FeedUnreadable(_)
            | Self::SigningKey(_)
            | Self::PersonalData(_)
            | Self::NoSigningKey
            | Self::Signing(_) => Vec::new(),
        }
    }
}
