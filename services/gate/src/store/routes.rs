//! The routes in force, as their messages.

use chassis::database::broken_constraint;
use chassis::{Database, DatabaseError, TenantId};
use contract::gate::v1::Route;
use prost::Message as _;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::error::Error;

/// The version in force; held still until the end of the transaction. 0 if nothing was ever applied.
pub(crate) async fn lock_version(
    connection: &mut PgConnection,
    tenant: &TenantId,
    now: OffsetDateTime,
) -> Result<u64, DatabaseError> {
    // Two who are the first must not both be: the row is there before it is locked.
    sqlx::query!(
        "INSERT INTO route_set (tenant, version, applied_at) VALUES ($1, 0, $2) ON CONFLICT ON CONSTRAINT route_set_tenant_pkey DO NOTHING",
        tenant.as_str(),
        now
    )
    .execute(&mut *connection)
    .await?;
    let version = sqlx::query_scalar!("SELECT version FROM route_set WHERE tenant = $1 FOR UPDATE", tenant.as_str())
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(version).unwrap_or(0))
}

/// Puts these in the place of all that the tenant has.
pub(crate) async fn replace(
    connection: &mut PgConnection,
    tenant: &TenantId,
    version: u64,
    routes: &[Route],
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!("DELETE FROM route WHERE tenant = $1", tenant.as_str()).execute(&mut *connection).await?;
    let names: Vec<String> = routes.iter().map(|route| route.name.clone()).collect();
    let hosts: Vec<String> = routes.iter().map(|route| route.host.clone()).collect();
    let messages: Vec<Vec<u8>> = routes.iter().map(prost::Message::encode_to_vec).collect();
    let inserted = sqlx::query!(
        "INSERT INTO route (tenant, name, host, message) SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bytea[])",
        tenant.as_str(),
        &names,
        &hosts,
        &messages
    )
    .execute(&mut *connection)
    .await;
    if let Err(error) = inserted {
        let lost = broken_constraint(&error) == Some("route_host_tenant_fkey");
        return Err(if lost { Error::HostLost } else { error.into() });
    }
    sqlx::query!(
        "UPDATE route_set SET version = $2, applied_at = $3 WHERE tenant = $1",
        tenant.as_str(),
        i64::try_from(version).unwrap_or(i64::MAX),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes some routes of a tenant.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    tenant: &TenantId,
    rows_max: u32,
) -> Result<u64, DatabaseError> {
    let done = sqlx::query!(
        "DELETE FROM route WHERE ctid = ANY (ARRAY(SELECT ctid FROM route WHERE tenant = $1 LIMIT $2))",
        tenant.as_str(),
        i64::from(rows_max)
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes the version of a tenant's routes, which are gone.
pub(crate) async fn delete_set(connection: &mut PgConnection, tenant: &TenantId) -> Result<u64, DatabaseError> {
    let done = sqlx::query!("DELETE FROM route_set WHERE tenant = $1", tenant.as_str()).execute(connection).await?;
    Ok(done.rows_affected())
}

/// The version in force and every route of it, by name.
pub(crate) async fn of_tenant(database: &Database, tenant: &TenantId) -> Result<(u64, Vec<Route>), DatabaseError> {
    page(database, tenant, "", i64::MAX).await
}

/// The version in force and its routes by name, after one, as they are at one moment.
pub(crate) async fn page(
    database: &Database,
    tenant: &TenantId,
    after: &str,
    rows: i64,
) -> Result<(u64, Vec<Route>), DatabaseError> {
    let rows = sqlx::query!(
        "SELECT route_set.version, route.message AS \"message?\" FROM route_set
         LEFT JOIN route ON route.tenant = route_set.tenant AND route.name > $2
         WHERE route_set.tenant = $1 ORDER BY route.name LIMIT $3",
        tenant.as_str(),
        after,
        rows
    )
    .fetch_all(database.pool())
    .await?;
    let version = rows.first().map_or(0, |row| u64::try_from(row.version).unwrap_or(0));
    let routes = rows.iter().filter_map(|row| row.message.as_deref()).map(decode).collect::<Result<_, _>>()?;
    Ok((version, routes))
}

fn decode(message: &[u8]) -> Result<Route, DatabaseError> {
    Route::decode(message).map_err(|error| DatabaseError::Unexpected(sqlx::Error::Decode(error.into())))
}
