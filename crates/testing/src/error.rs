//! What goes wrong between a test and its parts.

use std::io;

/// The result of anything here.
pub type Result<T> = std::result::Result<T, Error>;

/// Something could not be installed, made or started. The message says what, and where there is something to do, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The database refused something.
    #[error("{doing}")]
    Database {
        /// What was being done.
        doing: String,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
    /// The migrations do not run.
    #[error("a migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A key or a certificate could not be made.
    #[error("a key or certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// A call failed.
    #[error("{call} answered {:?}: {}", status.code(), status.message())]
    Call {
        /// Which RPC.
        call: &'static str,
        /// What it answered.
        status: Box<tonic::Status>,
    },
    /// Everything else.
    #[error("{0}")]
    Message(String),
}

impl Error {
    /// An error that is only a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }

    /// The message with everything that led to it.
    pub fn with_causes(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.fold(self.to_string(), |message, cause| format!("{message}: {cause}"))
    }
}

/// Says what was being done when the operating system or the database refused.
pub trait Doing<T> {
    /// Adds what was being done.
    ///
    /// # Errors
    /// If there was one.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io { doing: format!("cannot {}", what()), source })
    }
}

impl<T> Doing<T> for std::result::Result<T, sqlx::Error> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Database { doing: format!("cannot {}", what()), source })
    }
}

impl<T> Doing<T> for nix::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(io::Error::from).doing(what)
    }
}
