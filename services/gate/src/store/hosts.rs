//! Hosts and their owners.

use std::collections::HashSet;

use chassis::{Database, DatabaseError, TenantId};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// A host and its owner.
#[derive(Clone, Debug)]
pub(crate) struct HostRow {
    pub(crate) host: String,
    pub(crate) tenant: String,
}

/// Gives a free host to a tenant. Answers false if it has an owner already.
pub(crate) async fn assign(
    connection: &mut PgConnection,
    host: &str,
    tenant: &TenantId,
    now: OffsetDateTime,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query!(
        "INSERT INTO host (host, tenant, assigned_at) VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT host_host_pkey DO NOTHING",
        host,
        tenant.as_str(),
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes some hosts from a tenant, which has no routes for them any more.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    tenant: &TenantId,
    rows_max: u32,
) -> Result<u64, DatabaseError> {
    let done = sqlx::query!(
        "DELETE FROM host WHERE host = ANY (ARRAY(SELECT host FROM host WHERE tenant = $1 LIMIT $2))",
        tenant.as_str(),
        i64::from(rows_max)
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// The owner of a host.
pub(crate) async fn owner(connection: &mut PgConnection, host: &str) -> Result<Option<String>, DatabaseError> {
    Ok(sqlx::query_scalar!("SELECT tenant FROM host WHERE host = $1", host).fetch_optional(connection).await?)
}

/// The hosts of a tenant.
pub(crate) async fn of_tenant(database: &Database, tenant: &str) -> Result<HashSet<String>, DatabaseError> {
    let hosts =
        sqlx::query_scalar!("SELECT host FROM host WHERE tenant = $1", tenant).fetch_all(database.pool()).await?;
    Ok(hosts.into_iter().collect())
}

/// Every tenant that has a host.
pub(crate) async fn tenants(database: &Database) -> Result<Vec<String>, DatabaseError> {
    Ok(sqlx::query_scalar!("SELECT DISTINCT tenant FROM host ORDER BY tenant").fetch_all(database.pool()).await?)
}

/// Hosts by name, after one.
pub(crate) async fn page(database: &Database, after: &str, rows: i64) -> Result<Vec<HostRow>, DatabaseError> {
    let rows =
        sqlx::query_as!(HostRow, "SELECT host, tenant FROM host WHERE host > $1 ORDER BY host LIMIT $2", after, rows);
    Ok(rows.fetch_all(database.pool()).await?)
}
