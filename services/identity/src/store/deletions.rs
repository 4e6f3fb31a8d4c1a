//! The deletion of tenants: what goes of identity's own, and what other services have said.

use chassis::TenantId;
use contract::identity::v1::DeletedRows;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::domain::workload::SpiffeId;
use crate::error::Error;

/// What another service has said.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) service: String,
    pub(crate) done_at: OffsetDateTime,
    pub(crate) rows: Vec<DeletedRows>,
}

/// Notes what a service has deleted: false if it had said so before, none if no such tenant is being deleted.
pub(crate) async fn add_report(
    connection: &mut PgConnection,
    tenant: &TenantId,
    service: &str,
    done_at: OffsetDateTime,
    rows: &[DeletedRows],
) -> Result<Option<bool>, Error> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM tenant WHERE id = $1 AND deleting_at IS NOT NULL FOR KEY SHARE",
        tenant.as_str()
    )
    .fetch_optional(&mut *connection)
    .await?;
    if found.is_none() {
        return Ok(None);
    }
    let kinds: Vec<String> = rows.iter().map(|row| row.kind.clone()).collect();
    let counts: Vec<i64> = rows.iter().map(|row| i64::try_from(row.count).unwrap_or(i64::MAX)).collect();
    let done = sqlx::query!(
        "INSERT INTO tenant_deletion_report (tenant, service, done_at, kinds, counts) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT tenant_deletion_report_tenant_service_pkey DO NOTHING",
        tenant.as_str(),
        service,
        done_at,
        &kinds,
        &counts
    )
    .execute(connection)
    .await?;
    Ok(Some(done.rows_affected() == 1))
}

/// What the other services have said of a tenant.
pub(crate) async fn reports(pool: &PgPool, tenant: &TenantId) -> Result<Vec<Report>, Error> {
    let rows = sqlx::query!(
        "SELECT service, done_at, kinds, counts FROM tenant_deletion_report WHERE tenant = $1 ORDER BY service",
        tenant.as_str()
    )
    .fetch_all(pool)
    .await?;
    let report = |service, done_at, kinds: Vec<String>, counts: Vec<i64>| {
        let counts = counts.into_iter().map(|count| u64::try_from(count).unwrap_or(0));
        let rows = kinds.into_iter().zip(counts).map(|(kind, count)| DeletedRows { kind, count }).collect();
        Report { service, done_at, rows }
    };
    Ok(rows.into_iter().map(|row| report(row.service, row.done_at, row.kinds, row.counts)).collect())
}

/// Unbinds some workloads of a tenant; answers their names.
pub(crate) async fn delete_workloads(
    connection: &mut PgConnection,
    tenant: &TenantId,
    rows: i64,
) -> Result<Vec<SpiffeId>, Error> {
    let gone = sqlx::query_scalar!(
        "DELETE FROM workload WHERE spiffe_id = ANY (ARRAY(SELECT spiffe_id FROM workload WHERE tenant = $1 LIMIT $2))
         RETURNING spiffe_id",
        tenant.as_str(),
        rows
    )
    .fetch_all(connection)
    .await?;
    Ok(gone.into_iter().map(SpiffeId::from_store).collect())
}

/// Deletes some credentials of a tenant's clients.
pub(crate) async fn delete_client_credentials(
    connection: &mut PgConnection,
    tenant: &TenantId,
    rows: i64,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "DELETE FROM client_credential
         WHERE id = ANY (ARRAY(SELECT id FROM client_credential WHERE tenant = $1 LIMIT $2))",
        tenant.as_str(),
        rows
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes some API keys of a tenant.
pub(crate) async fn delete_api_keys(connection: &mut PgConnection, tenant: &TenantId, rows: i64) -> Result<u64, Error> {
    let done = sqlx::query!(
        "DELETE FROM api_key WHERE id = ANY (ARRAY(SELECT id FROM api_key WHERE tenant = $1 LIMIT $2))",
        tenant.as_str(),
        rows
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes some users and service accounts of a tenant, which have nothing any more.
pub(crate) async fn delete_subjects(connection: &mut PgConnection, tenant: &TenantId, rows: i64) -> Result<u64, Error> {
    let done = sqlx::query!(
        "DELETE FROM subject WHERE ctid = ANY (ARRAY(SELECT ctid FROM subject WHERE tenant = $1 LIMIT $2))",
        tenant.as_str(),
        rows
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
