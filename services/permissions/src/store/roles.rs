//! Who has which role: rows of the system namespace.

use chassis::{Database, DatabaseError, TenantId};
use sqlx::PgConnection;

use crate::domain::role::{Assignment, Role};

/// Where the next page of assignments begins: after this relation, subject type and subject id.
pub(crate) type After<'a> = (&'a str, &'a str, &'a str);

/// The assignments of a tenant after a place, in the order of role, kind and id.
pub(crate) async fn list(
    database: &Database,
    tenant: &TenantId,
    after: After<'_>,
    rows_max: i64,
) -> Result<Vec<Assignment>, DatabaseError> {
    let relations = Role::ALL.map(|role| role.relation().to_owned());
    let rows = sqlx::query!(
        "SELECT relation, subject_type, subject_id FROM relationship
         WHERE tenant = $1 AND resource_type = 'tenant' AND resource_id = $2 AND relation = ANY($3)
             AND deleted_revision IS NULL AND (relation, subject_type, subject_id) > ($4, $5, $6)
         ORDER BY relation, subject_type, subject_id LIMIT $7",
        contract::SYSTEM_TENANT,
        tenant.as_str(),
        &relations,
        after.0,
        after.1,
        after.2,
        rows_max
    )
    .fetch_all(database.pool())
    .await?;
    Ok(rows
        .iter()
        .filter_map(|row| Assignment::from_row(tenant, &row.relation, &row.subject_type, &row.subject_id))
        .collect())
}

/// How many administrators a tenant has, up to two: more makes no difference. Under the head's lock.
pub(crate) async fn administrators(connection: &mut PgConnection, tenant: &TenantId) -> Result<usize, DatabaseError> {
    let rows = sqlx::query_scalar!(
        "SELECT subject_id FROM relationship
         WHERE tenant = $1 AND resource_type = 'tenant' AND resource_id = $2 AND relation = $3
             AND deleted_revision IS NULL
         LIMIT 2",
        contract::SYSTEM_TENANT,
        tenant.as_str(),
        Role::Administrator.relation()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.len())
}
