//! Client assertions that were used, until they end.

use sqlx::PgPool;
use time::OffsetDateTime;

use crate::domain::client_assertion::Verified;
use crate::error::Error;

/// Notes that an assertion is used; false if it was before.
pub(crate) async fn use_once(pool: &PgPool, assertion: &Verified) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO client_assertion (digest, expires_at) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT client_assertion_digest_pkey DO NOTHING",
        assertion.digest.as_slice(),
        assertion.expires_at
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets those that ended before this, which no one would believe any more, and answers how many those were.
pub(crate) async fn forget(pool: &PgPool, ended_before: OffsetDateTime) -> Result<u64, Error> {
    let done = sqlx::query!("DELETE FROM client_assertion WHERE expires_at < $1", ended_before).execute(pool).await?;
    Ok(done.rows_affected())
}

/// How many there are, counted up to this.
pub(crate) async fn count(pool: &PgPool, at_most: i64) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM (SELECT FROM client_assertion LIMIT $1) AS remembered",
        at_most
    )
    .fetch_one(pool)
    .await?;
    Ok(count)
}
