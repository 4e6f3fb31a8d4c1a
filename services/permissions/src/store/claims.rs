//! Jobs that one replica does for all.

use chassis::{Database, DatabaseError};
use sqlx::PgConnection;
use uuid::Uuid;

/// A job that this replica does until somebody else has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    job: &'static str,
    fence: i64,
}

/// Takes a job for so many seconds, or keeps it for as many more; none if another replica has it.
pub(crate) async fn take(
    database: &Database,
    job: &'static str,
    holder: Uuid,
    seconds: f64,
) -> Result<Option<Claim>, DatabaseError> {
    let fence = sqlx::query_scalar!(
        "INSERT INTO job_claim AS present (job, holder, fence, until)
         VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
         ON CONFLICT (job) DO UPDATE
             SET holder = EXCLUDED.holder, until = EXCLUDED.until,
                 fence = present.fence + (present.holder <> EXCLUDED.holder)::int
             WHERE present.holder = EXCLUDED.holder OR present.until < clock_timestamp()
         RETURNING fence",
        job,
        holder,
        seconds
    )
    .fetch_optional(database.pool())
    .await?;
    Ok(fence.map(|fence| Claim { job, fence }))
}

/// Whether the job is still this replica's; if so, nobody else takes it before the transaction ends.
pub(super) async fn hold(connection: &mut PgConnection, claim: &Claim) -> Result<bool, DatabaseError> {
    let held = sqlx::query_scalar!(
        r#"SELECT true AS "held!" FROM job_claim WHERE job = $1 AND fence = $2 FOR SHARE"#,
        claim.job,
        claim.fence
    )
    .fetch_optional(connection)
    .await?;
    Ok(held.is_some())
}
