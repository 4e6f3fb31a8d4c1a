//! The service's own PostgreSQL database: its pool, and what its errors mean.

use std::sync::Arc;
use std::time::Duration;

use contract::Reason;
use opentelemetry::trace::FutureExt as _;
use sqlx::Postgres;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::aside::done;
use crate::config::DatabaseConfig;
use crate::error::ServiceError;
use crate::feed;
use crate::secret::Secret;
use crate::service::Service;
use crate::start::StartError;

/// The tables that every service has: feed, outbox, idempotency.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// The database of one service. Clones share one pool.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
    written: Arc<Notify>,
    /// The runtime that calls are served on.
    serving: Handle,
}

/// A connection, as it is handed to what works in somebody else's transaction.
pub type Connection = sqlx::PgConnection;

/// What went wrong in the database, as far as a caller may know it.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It could not be reached, or not in time.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// It answered something that the service did not reckon with.
    #[error("the database refused a statement, or answered something unexpected")]
    Unexpected(#[source] sqlx::Error),
}

impl Database {
    /// Opens the pool, without connecting yet. Its connections live on the runtime that it is opened on.
    ///
    /// # Errors
    /// If the URL or the password file cannot be read.
    pub fn open(config: &DatabaseConfig) -> Result<Self, StartError> {
        let pool = PgPoolOptions::new()
            .max_connections(config.connections_max)
            .acquire_timeout(Duration::from_millis(config.acquire_ms_max))
            // Nearly halves a point read; a connection that died is found at its first statement, and the call is refused
            // as unavailable.
            .test_before_acquire(false)
            .connect_lazy_with(connect_options(config)?);
        Ok(Self { pool, written: Arc::new(Notify::new()), serving: Handle::current() })
    }

    /// The pool, for reads.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A connection, for reads on threads that give way. It is opened on those that do not, since others will have it next.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn connection(&self) -> Result<PoolConnection<Postgres>, DatabaseError> {
        let pool = self.pool.clone();
        Ok(self.serving(async move { pool.acquire().await }).await?)
    }

    /// What a future comes to on the threads that serve calls, wherever it is asked for: others wait for it too.
    pub async fn serving<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        if Handle::current().id() == self.serving.id() {
            return future.await;
        }
        let future = future.in_current_span().with_current_context();
        done(AbortOnDropHandle::new(self.serving.spawn(future)).await)
    }

    /// Rings when this process has committed something to the feed. Only wakes early: readers poll all the same.
    pub(crate) fn written(&self) -> &Notify {
        &self.written
    }

    /// The pool's connections: all, and idle ones.
    pub(crate) fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }
}

/// Brings the chassis' tables and the service's own up to date, as the role that owns them.
///
/// # Errors
/// If the database cannot be reached, or a migration fails: then that one is undone, and those before it stay.
pub async fn migrate(config: &DatabaseConfig, service: &Migrator) -> Result<(), StartError> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(connect_options(config)?).await?;
    MIGRATOR.run(&pool).await?;
    service.run(&pool).await?;
    pool.close().await;
    Ok(())
}

/// Begins another life of the database: a new epoch of its feed, and of what the service itself numbers.
///
/// # Errors
/// If the database cannot be reached: then nothing has changed.
pub async fn begin_epoch<S: Service>(config: &DatabaseConfig) -> Result<(), StartError> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(connect_options(config)?).await?;
    let mut transaction = pool.begin().await?;
    feed::begin_epoch(&mut transaction).await?;
    S::begin_epoch(&mut transaction).await?;
    transaction.commit().await?;
    pool.close().await;
    Ok(())
}

fn connect_options(config: &DatabaseConfig) -> Result<PgConnectOptions, StartError> {
    let mut options: PgConnectOptions = config.url.as_str().parse()?;
    if let Some(file) = &config.password_file {
        options = options.password(Secret::read(file)?.expose_text());
    }
    Ok(options)
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        let lost = matches!(
            &error,
            sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed
                | sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
        );
        // Class 08 is a lost connection, 57P a server that is going away, 53 one that is short of something.
        let code = error.as_database_error().and_then(|error| error.code());
        let unavailable =
            lost || code.is_some_and(|code| ["08", "57P", "53"].iter().any(|class| code.starts_with(class)));
        if unavailable { Self::Unavailable(error) } else { Self::Unexpected(error) }
    }
}

impl ServiceError for DatabaseError {
    fn reason(&self) -> Reason {
        match self {
            Self::Unavailable(_) => Reason::DatabaseUnavailable,
            Self::Unexpected(_) => Reason::Internal,
        }
    }
}

/// The constraint that a statement broke, by its name in the migrations.
pub fn broken_constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(|error| error.constraint())
}
