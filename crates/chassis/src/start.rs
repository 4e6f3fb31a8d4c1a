//! Why a service does not start.

use contract::Reason;

use crate::error::ServiceError;

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong. The message says where and how.
    #[error("configuration: {0}")]
    Config(String),
    /// A secret file is missing or of no use.
    #[error(transparent)]
    Secret(#[from] crate::secret::SecretError),
    /// The database cannot be reached or used.
    #[error("the database cannot be used")]
    Database(#[from] sqlx::Error),
    /// A statement failed.
    #[error(transparent)]
    Statement(#[from] crate::database::DatabaseError),
    /// A migration failed.
    #[error("a migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A key or certificate is of no use.
    #[error("{0}")]
    Credential(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: is something else there?")]
    Listen {
        /// Which address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something of the service's own.
    #[error("{0}")]
    Service(String),
}

impl ServiceError for StartError {
    fn reason(&self) -> Reason {
        Reason::Internal
    }
}
