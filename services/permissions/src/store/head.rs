//! The head: the newest revision of the one stream that every write takes part in.

use chassis::{Database, DatabaseError};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::rows::{column, digest, revision};
use crate::domain::digest::Digest;
use crate::domain::revision::{Head, Point};

/// Where commits are told of, so that other replicas need not wait for the next time they look.
pub(crate) const CHANNEL: &str = "revision_head";

/// The newest revision.
pub(crate) async fn read(database: &Database) -> Result<Head, DatabaseError> {
    read_in(database.pool()).await
}

/// The newest revision, as of a transaction's moment.
pub(crate) async fn read_in(executor: impl PgExecutor<'_>) -> Result<Head, DatabaseError> {
    let row =
        sqlx::query!(r#"SELECT epoch, revision, digest, floor, clock_timestamp() AS "read_at!" FROM revision_head"#)
            .fetch_one(executor)
            .await?;
    Ok(Head {
        point: Point { epoch: row.epoch, number: revision(row.revision), digest: digest(row.digest)? },
        floor: revision(row.floor),
        read_at: row.read_at,
    })
}

/// The newest revision, and nobody else's turn to write until the transaction ends.
///
/// A statement of its own, and the transaction's first: under READ COMMITTED a later statement sees everything that was
/// committed before the lock was had, while one that locks and reads at once sees only what was there when it began.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<Point, DatabaseError> {
    let row =
        sqlx::query!("SELECT epoch, revision, digest FROM revision_head FOR UPDATE").fetch_one(connection).await?;
    Ok(Point { epoch: row.epoch, number: revision(row.revision), digest: digest(row.digest)? })
}

/// Moves the locked head on, marks where it stands now, and tells the other replicas when it is committed. A mark that a
/// careless restore left behind is replaced.
pub(crate) async fn advance(connection: &mut PgConnection, to: u64, digest: Digest) -> Result<(), DatabaseError> {
    sqlx::query!(
        r#"WITH moved AS (
               UPDATE revision_head SET revision = $1, digest = $2, at = clock_timestamp()
               RETURNING revision, digest, at
           ), marked AS (
               INSERT INTO revision_mark (revision, digest, at) SELECT revision, digest, at FROM moved
               ON CONFLICT (revision) DO UPDATE SET digest = EXCLUDED.digest, at = EXCLUDED.at
           )
           SELECT pg_notify($3, '')::text AS told"#,
        column(to),
        digest.0.as_slice(),
        CHANNEL
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// Begins another life of the database, of which commits may be lost.
pub(crate) async fn begin_epoch(connection: &mut PgConnection) -> Result<(), DatabaseError> {
    sqlx::query!("UPDATE revision_head SET epoch = gen_random_uuid()").execute(connection).await?;
    Ok(())
}

/// Begins another life of the database, unless another replica was faster: what was given out in the one that is lost must
/// not be taken for something of this one.
pub(crate) async fn renew_epoch(database: &Database, lost: Uuid) -> Result<(), DatabaseError> {
    sqlx::query!("UPDATE revision_head SET epoch = gen_random_uuid() WHERE epoch = $1", lost)
        .execute(database.pool())
        .await?;
    Ok(())
}
