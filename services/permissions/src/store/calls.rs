//! Calls that tell when any replica has committed.

use chassis::{Database, DatabaseError};
use sqlx::postgres::PgListener;

use super::head::CHANNEL;

/// A connection that hears them.
#[derive(Debug)]
pub(crate) struct Calls(PgListener);

impl Calls {
    /// Hears every call from now on. Takes a connection of the pool for as long as it lives.
    pub(crate) async fn hear(database: &Database) -> Result<Self, DatabaseError> {
        let mut listener = PgListener::connect_with(database.pool()).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Result<(), DatabaseError> {
        self.0.recv().await?;
        Ok(())
    }
}
