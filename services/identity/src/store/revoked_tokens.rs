//! Access tokens that were ended before their time, until they would have ended by themselves.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::domain::client_id::ClientId;
use crate::error::Error;

/// Notes that a client has ended a token; false if it was ended before.
pub(crate) async fn add(
    connection: &mut PgConnection,
    id: &str,
    client: &ClientId,
    expires_at: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO revoked_token (id, client, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT revoked_token_id_pkey DO NOTHING",
        id,
        client.to_string(),
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many tokens a client has ended that would live still.
pub(crate) async fn count_of_client(pool: &PgPool, client: &ClientId, now: OffsetDateTime) -> Result<u64, Error> {
    let count = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM revoked_token WHERE client = $1 AND expires_at > $2",
        client.to_string(),
        now
    )
    .fetch_one(pool)
    .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Whether one of these was ended (tokens, API keys and clients' credentials, of which no two have one id), or the tenant was deleted.
pub(crate) async fn is_any_ended(pool: &PgPool, ids: &[String], tenant: &str) -> Result<bool, Error> {
    let ended = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM revoked_token WHERE id = ANY ($1))
             OR EXISTS (SELECT FROM client_credential WHERE id = ANY ($1) AND revoked_at IS NOT NULL)
             OR EXISTS (SELECT FROM api_key WHERE id = ANY ($1) AND revoked_at IS NOT NULL)
             OR EXISTS (SELECT FROM tenant WHERE id = $2 AND deleting_at IS NOT NULL) AS \"ended!\"",
        ids,
        tenant
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
