//! What does not lie under the current keys: for the operator to know when an earlier one can go.

use sqlx::PgPool;

use crate::domain::key_id::KeyId;
use crate::error::Error;
use crate::metrics::Count;

/// How many secrets of keys that were not revoked lie under which other pepper.
pub(crate) async fn secrets(pool: &PgPool, current: &KeyId) -> Result<Vec<Count>, Error> {
    // Each part by its index, which has little to tell when all is current.
    let rows = sqlx::query!(
        "SELECT pepper_id, count(*) AS \"rows!\" FROM (
             SELECT pepper_id FROM api_key
             WHERE (pepper_id < $1 OR pepper_id > $1 OR pepper_id IS NULL) AND revoked_at IS NULL
                 AND (expires_at IS NULL OR expires_at > now())
             UNION ALL
             SELECT pepper_id FROM client_credential
             WHERE (pepper_id < $1 OR pepper_id > $1 OR pepper_id IS NULL) AND revoked_at IS NULL
                 AND secret_hash IS NOT NULL AND (expires_at IS NULL OR expires_at > now())
         ) AS outdated GROUP BY pepper_id",
        current.as_str()
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.pepper_id, row.rows)).collect())
}

/// How much is sealed with which other key.
pub(crate) async fn sealed(pool: &PgPool, current: &KeyId) -> Result<Vec<Count>, Error> {
    let rows = sqlx::query!(
        "SELECT seal_key_id, count(*) AS \"rows!\" FROM (
             SELECT seal_key_id FROM signing_key WHERE seal_key_id IS DISTINCT FROM $1
             UNION ALL
             SELECT data_key_seal_id FROM tenant
             WHERE data_key IS NOT NULL AND data_key_seal_id IS DISTINCT FROM $1
         ) AS outdated GROUP BY seal_key_id",
        current.as_str()
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.seal_key_id, row.rows)).collect())
}
