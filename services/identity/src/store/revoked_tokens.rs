//! Access tokens that were ended before their time, until they would have ended by themselves.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::error::Error;

/// Notes that a token is ended; false if it was before.
pub(crate) async fn add(connection: &mut PgConnection, id: &str, expires_at: OffsetDateTime) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO revoked_token (id, expires_at) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT revoked_token_id_pkey DO NOTHING",
        id,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether one of these was ended: tokens, API keys and clients' credentials, of which no two have one id.
pub(crate) async fn is_any_ended(pool: &PgPool, ids: &[String]) -> Result<bool, Error> {
    let ended = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM revoked_token WHERE id = ANY ($1))
             OR EXISTS (SELECT FROM client_credential WHERE id = ANY ($1) AND revoked_at IS NOT NULL)
             OR EXISTS (SELECT FROM api_key WHERE id = ANY ($1) AND revoked_at IS NOT NULL) AS \"ended!\"",
        ids
    )
    .fetch_one(pool)
    .await?;
    Ok(ended)
}

/// Forgets those that would have ended before this.
pub(crate) async fn forget(pool: &PgPool, ended_before: OffsetDateTime) -> Result<u64, Error> {
    let done = sqlx::query!("DELETE FROM revoked_token WHERE expires_at < $1", ended_before).execute(pool).await?;
    Ok(done.rows_affected())
}
