//! The keys that access tokens are signed with, sealed.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::domain::seal::Sealed;
use crate::domain::signing_key::SealedKey;
use crate::error::Error;

/// The keys that sign now or will, the oldest first.
pub(crate) async fn living(pool: &PgPool) -> Result<Vec<SealedKey>, Error> {
    let rows = sqlx::query!(
        "SELECT generation, id, sealed, seal_key_id, signs_from, signs_until FROM signing_key
         ORDER BY generation DESC LIMIT 4"
    )
    .fetch_all(pool)
    .await?;
    let keys = rows.into_iter().rev().map(|row| SealedKey {
        generation: row.generation,
        id: row.id,
        sealed: Sealed { key: row.seal_key_id, bytes: row.sealed },
        signs_from: row.signs_from,
        signs_until: row.signs_until,
    });
    Ok(keys.collect())
}

/// Adds a key; false if another replica has added one in its place.
pub(crate) async fn add(connection: &mut PgConnection, key: &SealedKey) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO signing_key (generation, id, sealed, seal_key_id, signs_from, signs_until)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT signing_key_generation_pkey DO NOTHING",
        key.generation,
        key.id,
        key.sealed.bytes,
        key.sealed.key,
        key.signs_from,
        key.signs_until
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps a key under another seal.
pub(crate) async fn renew(pool: &PgPool, key: &SealedKey) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE signing_key SET sealed = $2, seal_key_id = $3 WHERE generation = $1 AND id = $4",
        key.generation,
        key.sealed.bytes,
        key.sealed.key,
        key.id
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets the private halves of keys that have retired, but for the newest: their numbers are not given again.
pub(crate) async fn forget(pool: &PgPool, retired_before: OffsetDateTime) -> Result<(), Error> {
    sqlx::query!(
        "DELETE FROM signing_key
         WHERE signs_until < $1 AND generation < (SELECT max(generation) FROM signing_key)",
        retired_before
    )
    .execute(pool)
    .await?;
    Ok(())
}
