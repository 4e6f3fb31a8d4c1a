//! Takes away what no revision needs that can still be asked at.

use chassis::{Database, DatabaseError};

use super::claims::{self, Claim};
use super::rows::{column, revision};

/// The newest revision that is older than so many seconds; none if that is collected already.
pub(crate) async fn due(database: &Database, seconds: f64) -> Result<Option<u64>, DatabaseError> {
    let due = sqlx::query_scalar!(
        "SELECT max(mark.revision) FROM revision_mark AS mark, revision_head AS head
         WHERE mark.at < clock_timestamp() - make_interval(secs => $1) AND mark.revision > head.floor",
        seconds
    )
    .fetch_one(database.pool())
    .await?;
    Ok(due.map(revision))
}

/// Says that nothing before a revision can be asked at any more. False if the job is another's by now.
pub(crate) async fn raise_floor(database: &Database, claim: &Claim, floor: u64) -> Result<bool, DatabaseError> {
    let mut transaction = database.pool().begin().await?;
    if !claims::hold(&mut transaction, claim).await? {
        return Ok(false);
    }
    sqlx::query!("UPDATE revision_head SET floor = $1 WHERE floor < $1 AND revision >= $1", column(floor))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Takes away up to so many relationships that were deleted by the floor. Answers how many; none if the job is another's by now.
pub(crate) async fn relationships(
    database: &Database,
    claim: &Claim,
    rows_max: i64,
) -> Result<Option<u64>, DatabaseError> {
    let mut transaction = database.pool().begin().await?;
    if !claims::hold(&mut transaction, claim).await? {
        return Ok(None);
    }
    let gone = sqlx::query!(
        "DELETE FROM relationship WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM relationship
             WHERE deleted_revision <= (SELECT floor FROM revision_head) ORDER BY deleted_revision LIMIT $1
         ))",
        rows_max
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Some(gone.rows_affected()))
}

/// Takes away the schemas that were replaced by the floor, and the marks before it. False if the job is another's by now.
pub(crate) async fn schemas_and_marks(database: &Database, claim: &Claim) -> Result<bool, DatabaseError> {
    let mut transaction = database.pool().begin().await?;
    if !claims::hold(&mut transaction, claim).await? {
        return Ok(false);
    }
    sqlx::query!(
        "DELETE FROM schema_version AS old USING schema_version AS new, revision_head AS head
         WHERE new.tenant = old.tenant AND new.revision > old.revision AND new.revision <= head.floor"
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("DELETE FROM revision_mark WHERE revision < (SELECT floor FROM revision_head)")
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(true)
}
