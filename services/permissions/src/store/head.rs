//! The head: the newest revision of the one stream that every write takes part in.

use chassis::{Database, DatabaseError};
use sqlx::PgConnection;

use super::rows::{column, revision};
use crate::domain::revision::Revision;

/// The newest revision.
pub(crate) async fn read(database: &Database) -> Result<Revision, DatabaseError> {
    let head = sqlx::query!("SELECT epoch, revision FROM revision_head").fetch_one(database.pool()).await?;
    Ok(Revision { epoch: head.epoch, number: revision(head.revision) })
}

/// The newest revision, and nobody else's turn to write until the transaction ends.
///
/// A statement of its own, and the transaction's first: under READ COMMITTED a later statement sees everything that was
/// committed before the lock was had, while one that locks and reads at once sees only what was there when it began.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<Revision, DatabaseError> {
    let head = sqlx::query!("SELECT epoch, revision FROM revision_head FOR UPDATE").fetch_one(connection).await?;
    Ok(Revision { epoch: head.epoch, number: revision(head.revision) })
}

/// Moves the locked head on.
pub(crate) async fn advance(connection: &mut PgConnection, to: u64) -> Result<(), DatabaseError> {
    sqlx::query!("UPDATE revision_head SET revision = $1, at = clock_timestamp()", column(to))
        .execute(connection)
        .await?;
    Ok(())
}
