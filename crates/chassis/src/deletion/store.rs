//! What a service notes of the tenants that are deleted.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::database::{Database, DatabaseError};
use crate::subject::TenantId;

/// How many tenants are taken in hand in one go.
const TENANTS_AT_ONCE: i64 = 100;

/// How far a service is with a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// When nothing was left.
    pub done_at: Option<OffsetDateTime>,
    /// How many rows of which kind are gone.
    pub counts: Vec<(String, u64)>,
}

/// Notes that a tenant is deleted; false if that was known.
///
/// # Errors
/// If the database cannot be reached.
pub async fn begin(
    connection: &mut PgConnection,
    tenant: &TenantId,
    asked_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query!(
        "INSERT INTO tenant_deletion (tenant, asked_at, begun_at) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT tenant_deletion_tenant_pkey DO NOTHING",
        tenant.as_str(),
        asked_at,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a tenant is deleted, as far as this service knows.
///
/// # Errors
/// If the database cannot be reached.
pub async fn is_begun(connection: &mut PgConnection, tenant: &TenantId) -> Result<bool, DatabaseError> {
    let found = sqlx::query_scalar!("SELECT tenant FROM tenant_deletion WHERE tenant = $1", tenant.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// How far this service is with a tenant; none if it knows nothing of its deletion.
///
/// # Errors
/// If the database cannot be reached.
pub async fn of(database: &Database, tenant: &TenantId) -> Result<Option<Deletion>, DatabaseError> {
    let rows = sqlx::query!(
        "SELECT deletion.done_at, gone.kind AS \"kind?\", gone.rows AS \"rows?\" FROM tenant_deletion AS deletion
         LEFT JOIN tenant_deletion_count AS gone ON gone.tenant = deletion.tenant
         WHERE deletion.tenant = $1 ORDER BY gone.kind",
        tenant.as_str()
    )
    .fetch_all(database.pool())
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let done_at = first.done_at;
    let counts = rows.into_iter().filter_map(|row| Some((row.kind?, u64::try_from(row.rows?).unwrap_or(0))));
    Ok(Some(Deletion { done_at, counts: counts.collect() }))
}

/// Some tenants of whom something may be left.
pub(super) async fn pending(database: &Database) -> Result<Vec<TenantId>, DatabaseError> {
    let tenants = sqlx::query_scalar!(
        "SELECT tenant FROM tenant_deletion WHERE reported_at IS NULL AND done_at IS NULL ORDER BY begun_at LIMIT $1",
        TENANTS_AT_ONCE
    )
    .fetch_all(database.pool())
    .await?;
    tenants.iter().map(|tenant| read(tenant)).collect()
}

/// Some tenants of whom nothing is left, which identity does not know yet.
pub(super) async fn unreported(database: &Database) -> Result<Vec<(TenantId, Deletion)>, DatabaseError> {
    let tenants = sqlx::query_scalar!(
        "SELECT tenant FROM tenant_deletion WHERE reported_at IS NULL AND done_at IS NOT NULL ORDER BY begun_at LIMIT $1",
        TENANTS_AT_ONCE
    )
    .fetch_all(database.pool())
    .await?;
    let mut unreported = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let tenant = read(&tenant)?;
        let deletion = of(database, &tenant).await?.unwrap_or_default();
        unreported.push((tenant, deletion));
    }
    Ok(unreported)
}

/// Takes a tenant's deletion in hand until the end of the transaction, and answers when it was begun; none if it is another's, or done.
pub(super) async fn lock(
    connection: &mut PgConnection,
    tenant: &TenantId,
) -> Result<Option<OffsetDateTime>, DatabaseError> {
    Ok(sqlx::query_scalar!(
        "SELECT begun_at FROM tenant_deletion WHERE tenant = $1 AND done_at IS NULL FOR UPDATE SKIP LOCKED",
        tenant.as_str()
    )
    .fetch_optional(connection)
    .await?)
}

/// Forgets some answers that were remembered for the tenant's callers.
pub(super) async fn delete_idempotency_keys(
    connection: &mut PgConnection,
    tenant: &TenantId,
    rows_max: u32,
) -> Result<u64, DatabaseError> {
    let done = sqlx::query!(
        "DELETE FROM idempotency WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency WHERE tenant = $1 LIMIT $2))",
        tenant.as_str(),
        i64::from(rows_max)
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Counts what is gone.
pub(super) async fn count(
    connection: &mut PgConnection,
    tenant: &TenantId,
    counts: &[(&'static str, u64)],
) -> Result<(), DatabaseError> {
    for (kind, rows) in counts {
        sqlx::query!(
            "INSERT INTO tenant_deletion_count AS gone (tenant, kind, rows) VALUES ($1, $2, $3)
             ON CONFLICT ON CONSTRAINT tenant_deletion_count_tenant_kind_pkey DO UPDATE SET rows = gone.rows + excluded.rows",
            tenant.as_str(),
            kind,
            i64::try_from(*rows).unwrap_or(i64::MAX)
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Notes that nothing is left.
pub(super) async fn finish(
    connection: &mut PgConnection,
    tenant: &TenantId,
    now: OffsetDateTime,
) -> Result<(), DatabaseError> {
    sqlx::query!("UPDATE tenant_deletion SET done_at = $2 WHERE tenant = $1", tenant.as_str(), now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that identity knows.
pub(super) async fn note_reported(
    database: &Database,
    tenant: &TenantId,
    now: OffsetDateTime,
) -> Result<(), DatabaseError> {
    sqlx::query!("UPDATE tenant_deletion SET reported_at = $2 WHERE tenant = $1", tenant.as_str(), now)
        .execute(database.pool())
        .await?;
    Ok(())
}

fn read(tenant: &str) -> Result<TenantId, DatabaseError> {
    tenant.parse().map_err(|_| DatabaseError::Unexpected(sqlx::Error::Decode("tenant_deletion.tenant".into())))
}
