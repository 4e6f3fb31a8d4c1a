//! The public keys that the feed has told of.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::domain::verification_key::VerificationKey;
use crate::error::Error;

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is new, or lives longer now: the feed must tell of it.
    Changed,
    /// It was told of already, with this end or nearly so, or a later one.
    AsItWas,
    /// The same key verifies something else.
    InOtherUse,
}

/// Keeps a key, unless it is kept until after `told_if_after` already. An end is never moved back: what was signed with the key
/// may still be under way.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    key: &VerificationKey,
    told_if_after: OffsetDateTime,
) -> Result<Kept, Error> {
    // Two replicas at once meet at the row: the second sees what the first has written.
    let written = sqlx::query!(
        "INSERT INTO verification_key (id, use, jwk, not_after) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT verification_key_id_pkey DO UPDATE SET not_after = excluded.not_after
         WHERE verification_key.use = excluded.use AND verification_key.not_after <= $5",
        key.key.key_id(),
        key.key_use.name(),
        key.key.jwk(),
        key.not_after,
        told_if_after
    )
    .execute(&mut *connection)
    .await?;
    if written.rows_affected() > 0 {
        return Ok(Kept::Changed);
    }
    let key_use = sqlx::query_scalar!("SELECT use FROM verification_key WHERE id = $1", key.key.key_id())
        .fetch_one(connection)
        .await?;
    Ok(if key_use == key.key_use.name() { Kept::AsItWas } else { Kept::InOtherUse })
}

/// The ids and JSON Web Keys of the keys that access tokens are verified with now, those first that are believed for longest.
pub(crate) async fn living_token_keys(pool: &PgPool, now: OffsetDateTime) -> Result<Vec<(String, String)>, Error> {
    let rows = sqlx::query!(
        "SELECT id, jwk FROM verification_key WHERE use = 'access_token' AND not_after > $1
         ORDER BY not_after DESC, id LIMIT 64",
        now
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.jwk)).collect())
}
