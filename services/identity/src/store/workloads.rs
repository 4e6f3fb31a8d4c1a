//! Workloads and the service accounts that they act as.

use chassis::{Subject, SubjectKind, TenantId};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::broken;
use crate::domain::scope::Scopes;
use crate::domain::workload::{SpiffeId, Workload};
use crate::error::Error;

struct Row {
    spiffe_id: String,
    tenant: String,
    account_id: String,
    scopes: Vec<String>,
    bound_at: OffsetDateTime,
}

impl TryFrom<Row> for Workload {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            spiffe_id: SpiffeId::from_store(row.spiffe_id),
            tenant: row.tenant.parse().map_err(broken)?,
            account: Subject::new(SubjectKind::ServiceAccount, &row.account_id).map_err(broken)?,
            scopes: Scopes::from_store(row.scopes),
            bound_at: row.bound_at,
        })
    }
}

/// How many workloads act as the account; none if there is no such account. Until the end of the transaction nobody else binds
/// one to it, so that the count holds.
pub(crate) async fn count_of_account(
    connection: &mut PgConnection,
    tenant: &TenantId,
    account: &Subject,
) -> Result<Option<u64>, Error> {
    let known = sqlx::query_scalar!(
        "SELECT id FROM subject WHERE tenant = $1 AND kind = $2 AND id = $3 FOR NO KEY UPDATE",
        tenant.as_str(),
        account.kind.name(),
        account.id
    )
    .fetch_optional(&mut *connection)
    .await?;
    if known.is_none() {
        return Ok(None);
    }
    let count = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM workload WHERE tenant = $1 AND account_id = $2",
        tenant.as_str(),
        account.id
    )
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(count).ok())
}

/// Binds a workload; false if its name is bound already.
pub(crate) async fn bind(connection: &mut PgConnection, workload: &Workload) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO workload (spiffe_id, tenant, account_id, scopes, bound_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT workload_spiffe_id_pkey DO NOTHING",
        workload.spiffe_id.as_str(),
        workload.tenant.as_str(),
        workload.account.id,
        workload.scopes.as_slice(),
        workload.bound_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Frees a name; false if it is not bound.
pub(crate) async fn unbind(connection: &mut PgConnection, spiffe_id: &SpiffeId) -> Result<bool, Error> {
    let done =
        sqlx::query!("DELETE FROM workload WHERE spiffe_id = $1", spiffe_id.as_str()).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// The workload with this name, if it is bound.
pub(crate) async fn find(pool: &PgPool, spiffe_id: &SpiffeId) -> Result<Option<Workload>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT spiffe_id, tenant, account_id, scopes, bound_at FROM workload WHERE spiffe_id = $1
             AND EXISTS (SELECT FROM tenant WHERE tenant.id = workload.tenant AND tenant.deleting_at IS NULL)",
        spiffe_id.as_str()
    )
    .fetch_optional(pool)
    .await?;
    row.map(Workload::try_from).transpose()
}

/// The workloads after this name, in the order of their names.
pub(crate) async fn list(pool: &PgPool, after: &str, rows: i64) -> Result<Vec<Workload>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT spiffe_id, tenant, account_id, scopes, bound_at FROM workload
         WHERE spiffe_id > $1 ORDER BY spiffe_id LIMIT $2",
        after,
        rows
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Workload::try_from).collect()
}
